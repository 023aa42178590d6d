"""TAB in a real kernel: what `complete_request` and `inspect_request` are answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qwq_nb.evaluation.options import EVAL, EXECUTOR


def completed(kernel: Any, code: str) -> dict[str, str]:
    """The words that are offered at the end of `code`, and what each is said to be."""
    content = kernel.client.complete(code, reply=True, timeout=30)["content"]
    assert content["status"] == "ok"
    described = content["metadata"]["_jupyter_types_experimental"]
    assert content["matches"] == [entry["text"] for entry in described]
    return {entry["text"]: entry["type"] for entry in described}


def test_only_ours_on_our_lines(kernel: Any) -> None:
    kinds = {o.name: "flag" if o.kind == "flag" else "option" for o in (*EVAL, *EXECUTOR)}
    assert completed(kernel, "%qwq_eval math_500 --") == kinds
    assert completed(kernel, "run = %qwq_eval math_500 --li") == {"--limit": "option"}
    assert completed(kernel, "%qwq_eval math_500 --lic") == {}
    assert "abs" in completed(kernel, "x = ab")


def test_runs_of_the_configured_folder(kernel: Any) -> None:
    run = Path(kernel.folder, "kept", "math_500-QwQ-32B-1a2b")
    run.mkdir(parents=True)
    (run / "qwq_run.json").write_text("{}", encoding="utf-8")
    assert completed(kernel, "%qwq_show ma") == {}
    kernel.run("%config QwqMagics.out = 'kept'")
    assert completed(kernel, "%qwq_show ma") == {run.name: "run"}
    kernel.run("%config QwqMagics.out = ''")
    assert completed(kernel, "%qwq_show --out kept ma") == {run.name: "run"}


def test_an_option_is_explained(kernel: Any) -> None:
    code = "%qwq_eval math_500 --concurrency"
    content = kernel.client.inspect(code, len(code), reply=True, timeout=30)["content"]
    assert content["found"]
    assert "streams at once" in content["data"]["text/plain"]
