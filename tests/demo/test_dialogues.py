"""Dialogues of the demo endpoint: which reply a conversation gets, in which format its edits are written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from qwq_nb.bench.editing.formats.reply import EDIT_FORMATS, read_reply
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.dialogues import Dialogues, Reply, Said, dialogue_of, edit_format
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.demo.replay import Transcripts, built_in
from qwq_nb.errors import DataError
from qwq_nb.evaluation.solvers.editing_prompts import system_of
from tests.demo.client import post

FILES = {"a.py": "def a():\n    pass\n"}
NEW = {"a.py": "def a():\n    return 1\n"}

ROW: dict[str, Any] = {
    "unique_id": "a/solo",
    "when": ["Write a function", "that returns one"],
    "files": FILES,
    "replies": [
        {"reasoning": "Hm.", "text": "First.", "edits": NEW, "malformed": True},
        {"text": "Second.", "edits": NEW},
        {"text": "Nothing more."},
    ],
}


def found(*messages: tuple[str, str], rows: tuple[dict[str, Any], ...] = (ROW,)) -> Said | None:
    return Dialogues(map(dialogue_of, rows)).find(messages)


def test_a_conversation_gets_the_reply_of_its_turn() -> None:
    asked = ("user", "Write a function\n  that  returns one, please.")
    first = found(asked)
    assert first is not None
    assert (first.key, first.reasoning) == ("a/solo/1", "Hm.")
    second = found(asked, ("assistant", first.answer), ("user", "I cannot read that."))
    assert second is not None
    assert second.key == "a/solo/2"
    replies = [("assistant", "…"), ("user", "And now?")] * 4
    last = found(asked, *replies)
    assert last is not None
    assert (last.key, last.answer) == ("a/solo/3", "Nothing more.")


def test_all_texts_must_be_there_and_the_longest_win() -> None:
    assert found(("user", "Write a function.")) is None
    assert found(("assistant", "Write a function that returns one")) is None, "its own words are no question"
    longer = {**ROW, "unique_id": "longer", "when": [*ROW["when"], "at once"]}
    asked = ("user", "Write a function that returns one at once.")
    said = found(asked, rows=(ROW, longer))
    assert said is not None
    assert said.key == "longer/1"


@pytest.mark.parametrize("format", EDIT_FORMATS)
def test_edits_are_in_the_format_that_is_asked_for(format: str) -> None:
    system = system_of("solo", format, ("```", "```"))
    assert edit_format(system) == format
    asked = ("system", system), ("user", "Write a function that returns one.")
    malformed = found(*asked)
    assert malformed is not None
    files, edit = read_reply(format, malformed.answer, FILES)
    assert edit.malformed
    right = found(*asked, ("assistant", malformed.answer), ("user", edit.malformed))
    assert right is not None
    files, edit = read_reply(format, right.answer, FILES)
    assert not edit.malformed
    assert files == NEW
    said = Reply("", "Prose.").answer(FILES, format)
    assert read_reply(format, said, FILES).edit.files == []


def test_the_endpoint_answers_dialogues_beside_transcripts(
    demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path
) -> None:
    plain = {"unique_id": "tiny", "problem": "Hm?", "reasoning": "A short one.", "answer": "Yes."}
    path = tmp_path / "both.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (ROW, plain)), encoding="utf-8")
    server = demo_endpoint(transcripts=[path])

    def answer(*messages: tuple[str, str]) -> str:
        body = {"model": server.model, "messages": [{"role": r, "content": c} for r, c in messages]}
        response: httpx.Response = post(f"{server.url}/chat/completions", json=body)
        text: str = response.json()["choices"][0]["message"]["content"]
        return text

    asked = ("user", "Write a function that returns one")
    assert answer(asked).startswith("First.")
    assert answer(asked).startswith("First."), "a retry gets the same reply"
    assert answer(asked, ("assistant", "x"), ("user", "Hm?")).startswith("Second.")
    assert answer(("user", "Hm?")) == "Yes."
    assert {key: n["requests"] for key, n in server.log()["prompts"].items()} == {
        "a/solo/1": 2,
        "a/solo/2": 1,
        "tiny": 1,
    }


@pytest.mark.parametrize("role", ["You edit the files", "You are the architect"])
@pytest.mark.parametrize("model", ["QwQ-32B-demo", "Coder-demo"])
def test_the_built_in_dialogues_cover_the_built_in_exercises(role: str, model: str) -> None:
    book = Transcripts.load(built_in())
    lines = PROBLEMS["code_editing"].read_text(encoding="utf-8").splitlines()
    for record in map(json.loads, lines):
        said = book.reply([("system", role), ("user", record["instructions"])], record["instructions"], model)
        assert said.key.startswith(f"{record['id']}/"), record["id"]
        own = "coder" if model.startswith("Coder") and role == "You edit the files" else said.key.split("/")[1]
        assert said.key == f"{record['id']}/{own}/1"


def test_every_plan_has_its_editor_and_every_edit_its_file() -> None:
    """The editor is asked with what the architect said; its first reply is of that plan."""
    book = Transcripts.load(built_in())
    rows = [json.loads(line) for path in built_in() for line in path.read_text(encoding="utf-8").splitlines()]
    dialogues = [row for row in rows if "when" in row]
    for row in dialogues:
        assert all(reply.get("edits", {}).keys() <= row.get("files", {}).keys() for reply in row["replies"])
        if row["unique_id"].endswith("/architect"):
            for number, reply in enumerate(row["replies"], 1):
                said = book.reply([("system", "You are the editor"), ("user", reply["text"])], reply["text"])
                assert said.key == row["unique_id"].replace("architect", f"editor-{number}/1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"when": []}, "`when` is not a list of texts"),
        ({"when": [" "]}, "`when` is not a list of texts"),
        ({"replies": []}, "`replies` is not a list, or is empty"),
        ({"replies": ["x"]}, "a reply is not a JSON object"),
        ({"replies": [{"text": 1}]}, "`reasoning` or `text` of a reply is not a string"),
        ({"replies": [{"edits": {"a.py": 1}}]}, "`edits` is not an object of texts"),
        ({"files": []}, "`files` is not an object of texts"),
    ],
)
def test_a_row_that_is_no_dialogue_says_where(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps({**ROW, **changes}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"line 1: not a transcript: {message}"):
        Transcripts.load([path])
