"""`%qwq_eval my_prompts` and `hands_on`: prompts of one's own, with references or awaiting a reader's ruling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.prompts.slate import SLATE
from qwq_nb.errors import DataError, OptionError
from qwq_nb.evaluation.evaluate import evaluate
from tests.support.math_problems import write_jsonl

KNOWN = SLATE["knowledge"][0].prompt
"""A prompt that the demo endpoint answers: "Answer: Mercury"."""


def outcomes(data: Any) -> list[str]:
    return list(evaluate("my_prompts", data=data, demo=True, show=False).samples().outcome)


def test_a_list_of_prompts_without_references_awaits_rulings() -> None:
    run = evaluate("my_prompts", data=[KNOWN, "Write a haiku."], demo=True, show=False)
    assert list(run.samples().outcome) == ["awaiting_ruling"] * 2
    assert run.accuracies() == {"my_prompts": None}
    assert "2 await a ruling; 2 of 2" in repr(run)
    run.rule("my_prompts/0", True, note="names the metal")
    run.rule("my_prompts/1", False)
    assert list(run.samples().outcome) == ["correct", "wrong"]
    assert run.accuracies() == {"my_prompts": 0.5}
    run.rule("my_prompts/1", None)
    assert list(run.samples().outcome) == ["correct", "awaiting_ruling"]


def test_the_same_list_is_the_same_run_and_its_line_resumes_it() -> None:
    first = evaluate("my_prompts", data=[KNOWN], demo=True, show=False)
    again = evaluate("my_prompts", data=[KNOWN], demo=True, show=False)
    assert again.path == first.path
    assert first.command.startswith("%qwq_eval my_prompts --data qwq_runs/prompts-")
    other = evaluate("my_prompts", data=[KNOWN, KNOWN], demo=True, show=False)
    assert other.path != first.path


def test_references_are_graded_and_the_rule_is_said(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": KNOWN, "reference": "mercury"},
        {"prompt": KNOWN, "answer": ["quicksilver", "Mercury"], "category": "metals", "id": "second"},
        {"prompt": KNOWN, "expected": "gallium"},
        {"prompt": KNOWN},
    ]
    run = evaluate("my_prompts", data=write_jsonl(tmp_path / "p.jsonl", rows), demo=True, show=False)
    assert dict(zip(run.samples().id, run.samples().outcome, strict=True)) == {
        "my_prompts/0": "correct",
        "my_prompts/1": "wrong",
        "my_prompts/2": "awaiting_ruling",
        "my_prompts/metals/0": "correct",
    }
    assert run.sample("second").why == "right: the answer is the reference, as normalised text"
    assert any("Answers are compared with the references" in note for note in run.manifest.notes)


def test_text_and_csv_files_are_read(tmp_path: Path) -> None:
    text = tmp_path / "prompts.txt"
    text.write_text(f"{KNOWN}\n\nSay hello.\n", encoding="utf-8-sig")
    assert outcomes(text) == ["awaiting_ruling"] * 2
    table = tmp_path / "prompts.csv"
    table.write_text(f'Prompt,Reference\n"{KNOWN}",Mercury\nSay hello.,\n', encoding="utf-8")
    assert outcomes(table) == ["correct", "awaiting_ruling"]


def test_messages_are_sent_as_they_are(tmp_path: Path) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": KNOWN}]
    data = write_jsonl(tmp_path / "p.jsonl", [{"messages": chat}, {"system": "Be brief.", "prompt": KNOWN}])
    run = evaluate("my_prompts", data=data, demo=True, show=False)
    assert [run.sample(id).messages for id in run.samples().id] == [chat, chat]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": " "}, r"p.jsonl:2: there is no text to ask: 'prompt' is empty"),
        ({"reference": "4"}, r"p.jsonl:2: there is no text to ask: a row has `prompt`. The row's fields: 'reference'"),
        ({"prompt": 4}, r"p.jsonl:2: 'prompt' is no text: 4"),
        ({"prompt": None}, r"p.jsonl:2: there is no text to ask"),
        ({"prompt": ["a"]}, r"p.jsonl:2: 'prompt' is no text"),
        ({"prompt": "a", "reference": {"a": 1}}, r"p.jsonl:2: a reference is a text or a number"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, r"p.jsonl:2: `messages` is a list"),
        ({"messages": "hello"}, r"p.jsonl:2: `messages` is a list"),
        ({}, r"p.jsonl:2: there is no text to ask.*none"),
    ],
)
def test_a_row_without_text_is_named(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "p.jsonl", [{"prompt": "Say hello."}, row])
    with pytest.raises(DataError, match=message):
        evaluate("my_prompts", data=data, demo=True, show=False)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", b"\n  \n", "holds no prompts"),
        ("p.txt", b"hello\n\xff\n", "p.txt:2: not UTF-8"),
        ("p.jsonl", b'"hello"\n', "a record is an object with named fields, not a string"),
        ("p.csv", b"prompt\n\n", "holds no records|there is no text"),
    ],
)
def test_a_file_that_holds_no_prompts_is_refused(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        evaluate("my_prompts", data=tmp_path / name, demo=True, show=False)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "data is an empty list"),
        (["hello", ""], "Prompt 2 of the list is empty"),
        (["hello", 3], "Prompt 2 of the list is neither a text nor a record .* but int"),
        (3, "data takes a path or a list of prompts, not int"),
        ({"prompt": "hello"}, "not dict"),
    ],
)
def test_a_list_that_holds_no_prompts_is_refused(data: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        evaluate("my_prompts", data=data, demo=True, show=False)


def test_prompts_need_a_file_and_a_list_is_for_them_alone() -> None:
    with pytest.raises(OptionError, match=r"a list of prompts is for my_prompts"):
        evaluate("math_500", data=["hello"], demo=True, show=False)
    with pytest.raises(OptionError, match="not for my_prompts"):
        evaluate("my_prompts", demo=True, show=False)


def test_the_slate_has_its_parts_and_the_demo_answers_it() -> None:
    run = evaluate("hands_on", demo=True, show=False)
    table = run.table().set_index("subset")
    assert [*table.index] == [*SLATE, "all"]
    assert table.loc["all", "n"] == sum(map(len, SLATE.values())) == 27
    assert table.loc["all", ["correct", "wrong", "awaiting_ruling"]].tolist() == [21, 2, 4]
    wrong = run.samples().query("outcome == 'wrong'")
    assert [*wrong.extracted] == ["5", "3"]
    assert json.loads((run.path / "qwq_record.json").read_text())["state"] == "complete"
