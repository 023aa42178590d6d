"""Files as hubs ship them: subsets spelt in other ways, gaps, numbers as floats, lists, names in capitals, own ids."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.evalscope import fields
from qwq_nb.errors import DataError
from tests.support.math_problems import write_jsonl

from .conftest import RECORDS

Load = Callable[..., Any]

NAN = float("nan")


@pytest.mark.parametrize(
    "level", ["Level 3", "level 3", " Level  3", 3.0, "3.0", "3", 3, "Level 3.0", "LEVEL_3", "Level Level 3"]
)
def test_levels(load: Load, tmp_path: Path, level: Any) -> None:
    """MATH as EleutherAI and others ship it: `level` is "Level 3". As a table beside a gap it is 3.0."""
    record = {**RECORDS["math_500"][0], "level": level}
    loaded = load("math_500", write_jsonl(tmp_path / "x.jsonl", [record]))
    assert (loaded.subsets, loaded.notes) == (["Level 3"], [])
    # What evalscope reads of the run's own copy is the same to its adapter.
    assert f"Level {loaded.samples[0].source_row['level']}" == "Level 3"
    other = {"problem": "p", "solution": "So \\boxed{4}.", "level": level, "type": "Algebra"}
    assert load("competition_math", write_jsonl(tmp_path / "y.jsonl", [other])).subsets == ["Level 3"]


@pytest.mark.parametrize("level", [None, NAN, "Level ?", "Level 33", "", 0, [3]])
def test_levels_that_there_are_not(load: Load, tmp_path: Path, level: Any) -> None:
    records = [{**RECORDS["math_500"][0], "level": level}]
    with pytest.raises(
        DataError, match=r"x\.jsonl:1: it.* no subset of math_500 \(expected: Level 1, Level 2"
    ) as caught:
        load("math_500", write_jsonl(tmp_path / "x.jsonl", records))
    if level is None:
        assert "its field 'level' is null" in str(caught.value)


def test_a_gap_in_a_column_of_levels(load: Load, tmp_path: Path) -> None:
    """As pandas writes it: the other levels are 1.0, 2.0, 3.0."""
    file = tmp_path / "table.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(RECORDS["math_500"][0]))
        writer.writeheader()
        writer.writerows({**r, "level": "" if n == 4 else float(r["level"])} for n, r in enumerate(RECORDS["math_500"]))
    loaded = load("math_500", file)
    assert loaded.subsets == ["Level 1", "Level 2", "Level 3"]
    assert len(loaded.samples) == 8
    assert loaded.notes[0].startswith("Left out: 1 of 9 records")
    assert "table.csv:6" in loaded.notes[0]


def test_other_subsets(load: Load, tmp_path: Path) -> None:
    record = {**RECORDS["mmlu_pro"][0], "category": "Computer Science"}
    assert load("mmlu_pro", write_jsonl(tmp_path / "x.jsonl", [record])).subsets == ["computer science"]
    record = {**RECORDS["arc"][0], "subset": "arc_easy"}
    assert load("arc", write_jsonl(tmp_path / "y.jsonl", [record])).subsets == ["ARC-Easy"]


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("math_500", {"answer": None}, "the field 'answer' has no value"),
        ("math_500", {"answer": NAN}, "the field 'answer' has no value"),
        ("aime25", {"answer": None, "solution": "Because."}, "the field 'answer' has no value"),
        ("hmmt26", {"answer": None}, "the field 'answer' has no value"),
        ("hmmt26", {"problem": None}, "the field 'problem' has no value"),
        ("gsm8k", {"answer": None}, "the field 'answer' has no value"),
        ("gpqa_diamond", {"Correct Answer": None}, "the field 'Correct Answer' has no value"),
        ("gpqa_diamond", {"Incorrect Answer 2": None}, "the field 'Incorrect Answer 2' has no value"),
        ("arc", {"answerKey": None}, r"answerKey \(null\)"),
        ("arc", {"choices": {"text": None, "label": ["A", "B"]}}, "the field 'choices' holds no choices"),
        ("arc", {"choices": {"text": [], "label": []}}, "the field 'choices' holds no choices"),
        ("mmlu_pro", {"options": None}, "the field 'options' holds no choices"),
        ("mmlu_pro", {"options": []}, "the field 'options' holds no choices"),
        ("math_500", {"answer": ["1", "2"]}, "the field 'answer' is a list of 2 where one text or number"),
        ("aime25", {"answer": ["1", "2"]}, "the field 'answer' is a list of 2"),
        ("hmmt26", {"answer": ["1", "2"]}, "the field 'answer' is a list of 2"),
        ("hmmt26", {"answer": {"value": 1}}, "the field 'answer' is an object"),
        ("math_500", {"answer": []}, "the field 'answer'"),
        ("gsm8k", {"answer": ["#### 1", "#### 2"]}, r"answer \(a list\)"),
        ("math_500", {"answer": " "}, "the field 'answer': the gold answer is empty"),
        ("math_500", {"problem": " "}, "the question is empty"),
        ("mmlu_pro", {"answer": 2}, "the field 'answer' is '2' where one of the letters A to E"),
        ("mmlu_pro", {"answer": "F"}, "the field 'answer' is 'F' where one of the letters A to E"),
    ],
)
def test_values_that_cannot_be_meant(load: Load, tmp_path: Path, name: str, change: dict[str, Any], says: str) -> None:
    """Graded against them, every answer would be wrong: refused with file, line, field and what was expected."""
    whole = RECORDS["aime25" if name == "hmmt26" else name][0]
    file = write_jsonl(tmp_path / "x.jsonl", [whole, {**whole, **change}])
    with pytest.raises(DataError, match=rf"x\.jsonl:2: .*{says}"):
        load(name, file)


@pytest.mark.parametrize(
    ("name", "answer", "gold"),
    [
        ("math_500", ["7"], "7"),
        ("hmmt26", ["7"], "7"),
        ("hmmt26", [7], "7"),
        ("hmmt26", 7.0, "7"),
        ("aime25", [7.0], "7"),
        ("gsm8k", ["So #### 7"], "7"),
    ],
)
def test_a_list_of_one_answer(load: Load, tmp_path: Path, name: str, answer: Any, gold: str) -> None:
    whole = RECORDS["aime25" if name == "hmmt26" else name][0]
    assert load(name, write_jsonl(tmp_path / "x.jsonl", [{**whole, "answer": answer}])).samples[0].gold == gold


@pytest.mark.parametrize("name", ["id", "ID", "Id", "problem_id", "problem_idx", "Question ID"])
def test_a_data_sets_own_id_stays(load: Load, tmp_path: Path, name: str) -> None:
    """AIME's problems are known by ids like these, under several names."""
    record = {name: "2024-I-8", "Problem": "p", "Solution": "s", "Answer": 197}
    (sample,) = load("aime24", write_jsonl(tmp_path / "x.jsonl", [record])).samples
    assert (sample.id, sample.source_id, sample.question, sample.gold) == ("aime24/0", "2024-I-8", "p", "197")


def test_names_that_differ_by_case_only_stay_apart() -> None:
    record = {"Problem": 1, "PROBLEM": 2, "answer": 3}
    assert fields.named_as_needed(record, ["problem", "answer"]) == record
    assert fields.named_as_needed({"Problem": 1, "problem": 2}, ["problem"]) == {"Problem": 1, "problem": 2}


def test_messages_stay_short(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(json.dumps({f"field {n} {'x' * 1000}": 1 for n in range(1000)}))
    with pytest.raises(DataError, match="the record has no field 'problem'") as caught:
        load("math_500", file)
    assert len(str(caught.value)) < 3000
