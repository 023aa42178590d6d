"""Rubrics in files: texts, lists of criteria, and what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwq_nb.analysis.judge.rubric import Criterion, read_rubric
from qwq_nb.errors import DataError


def write(tmp_path: Path, name: str, content: str | bytes) -> str:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(file)


def test_a_text_is_taken_as_it_is(tmp_path: Path) -> None:
    rubric = read_rubric(write(tmp_path, "good.md", "\ufeff# Good\n\nIt is short.\n"))
    assert (rubric.name, rubric.text, rubric.criteria) == ("good.md", "# Good\n\nIt is short.", ())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.json", '[{"criterion": "Is short", "points": 2}, "Is polite"]'),
        ("r.json", '{"criteria": [{"text": "Is short", "weight": 2}, {"description": "Is polite"}]}'),
        ("r.yaml", "- criterion: Is short\n  points: 2\n- Is polite\n"),
        ("r.yml", "rubric:\n  - {name: Is short, points: 2.0}\n  - Is   polite\n"),
    ],
)
def test_a_list_has_points(tmp_path: Path, name: str, content: str) -> None:
    rubric = read_rubric(write(tmp_path, name, content))
    assert rubric.criteria == (Criterion(text="Is short", points=2.0), Criterion(text="Is polite"))
    assert rubric.text == "1. Is short [2 points]\n2. Is polite [1 points]"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("r.md", "", "is empty"),
        ("r.md", " \n", "is empty"),
        ("r.md", b"\x89PNG\r\n\0\0", "binary file"),
        ("r.txt", "Größe".encode("latin-1"), "no text in UTF-8 (byte 2)"),
        ("r.md", "x" * 60_000, "60,000 characters"),
        ("r.json", "{", "is no JSON"),
        ("r.json", '"text"', "no list of criteria"),
        ("r.json", "[]", "no list of criteria"),
        ("r.json", "[" * 100_000, "characters"),
        ("r.json", "[" * 40_000, "is no JSON"),
        ("r.yaml", "a: [", "is no YAML"),
        ("r.yaml", "!!python/object/apply:os.system [echo]", "is no YAML"),
        ("r.json", "[3]", "criterion 1: it has no text"),
        ("r.json", '["a", {"points": 1}]', "criterion 2: it has no text"),
        ("r.json", '[{"criterion": "a", "points": "two"}]', "criterion 1: `points` is a number"),
        ("r.json", '[{"criterion": "a", "points": NaN}]', "criterion 1: `points` is a number"),
        ("r.json", '[{"criterion": "a", "points": 0}]', "criterion 1: `points` is a number"),
        ("r.json", '[{"criterion": "a", "points": true}]', "criterion 1: `points` is a number"),
        ("r.json", '[{"criterion": "a", "points": -1}]', "no criterion has points above 0"),
        ("r.json", str(["a"] * 300).replace("'", '"'), "has 300 criteria"),
    ],
)
def test_what_is_no_rubric_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: str | bytes, why: str
) -> None:
    with pytest.raises(DataError) as caught:
        read_rubric(write(tmp_path, name, content))
    assert why in str(caught.value)
    assert name in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no rubric .*none\.md"):
        read_rubric(str(tmp_path / "none.md"))
    with pytest.raises(DataError, match="a folder"):
        read_rubric(str(tmp_path))
