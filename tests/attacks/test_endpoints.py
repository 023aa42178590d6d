"""Attacks on the secrets that are sent in headers: they are looked for in all that a run leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qwq_nb.endpoint.masking import Mask
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.store.manifest import MANIFEST
from tests.support.hostile_server import EVENTS, HostileServer, Reply, event, head

Attack = Callable[[str, str, str], None]

SECRET = "hunter2hunter2-7f3a"  # not of a key's shape, so that only the mask can find it


async def echo(reply: Reply) -> None:
    """Echo a header's secret in every answer, in errors and in the list of models."""
    secret = reply.headers.get("api-key", "nothing")
    if reply.path.endswith("/models"):
        await reply.send(head("application/json"), json.dumps({"data": [{"id": secret}]}).encode())
    elif "item1" in json.dumps(reply.body):
        await reply.send(head("application/json", "400 Bad Request"), json.dumps({"error": secret}).encode())
    else:
        await reply.send(EVENTS, event(reasoning=secret), event(content=f"{secret} \\boxed{{4}}"), event(finish="stop"))


def found_in(folder: Path, text: str) -> list[str]:
    """Return the files below a folder that hold a text."""
    return [file.name for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def test_a_headers_secret_is_in_no_file_however_the_server_echoes_it(
    monkeypatch: pytest.MonkeyPatch, attack: Attack, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_KEY", SECRET)
    rows = [{"problem": f"item{i}: find it.", "answer": "4", "level": 1, "unique_id": f"u{i}"} for i in range(3)]
    data = tmp_path / "own.jsonl"
    data.write_text("".join(json.dumps(row | {"subject": "Algebra", "solution": ""}) + "\n" for row in rows))
    with HostileServer(echo) as server:
        endpoint = server.endpoint(header_env="api-key=AZURE_KEY")
        run = evaluate("math_500", data=data, endpoint=endpoint, show=False)
        shown = f"{run}{run.samples().to_json()}{run.manifest.notes}"
    assert json.loads((run.path / MANIFEST).read_text())["request"]["endpoints"][0]["header_env"] == [
        "api-key=AZURE_KEY"
    ]
    assert run.samples()["outcome"].tolist().count("correct") == 2
    assert found_in(run.path, SECRET) == []
    assert SECRET not in shown

    # The control: without the mask it would be there.
    monkeypatch.setattr(Mask, "note", lambda self, key: None)
    with HostileServer(echo) as server:
        unmasked = evaluate("math_500", data=data, endpoint=server.endpoint(header_env="api-key=AZURE_KEY"), show=False)
    assert found_in(unmasked.path, SECRET) != []
    attack("a server that echoes a header's secret", "masked in answers, errors and files", "0 files")
