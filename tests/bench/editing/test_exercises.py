"""Exercises from files and folders: what a sample holds and what not, and what is said of bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench import cache
from qwq_nb.bench.code.tests import TESTS, restored
from qwq_nb.bench.editing.benchmark import CodeEditing
from qwq_nb.bench.editing.exercises import FILES, HIDDEN
from qwq_nb.bench.protocol import LoadedBenchmark, LoadRequest, encode
from qwq_nb.errors import DataError, OptionError, QwqError
from tests.support.math_problems import write_jsonl
from tests.support.sandboxes import skip_unless_here

SECRET = "assertEqual(double(4), 8)"
TEST = f"""import unittest

from double import double


class DoubleTest(unittest.TestCase):
    def test(self):
        self.{SECRET}
"""
ROW: dict[str, Any] = {
    "id": "double",
    "name": "Double",
    "difficulty": 2,
    "instructions": "Double a number.",
    "stub": {"double.py": "def double(x):\n    pass\n"},
    "tests": {"double_test.py": TEST},
    "example": {".meta/example.py": "def double(x):\n    return 2 * x\n"},
}


def loaded(data: Path | None, **options: Any) -> LoadedBenchmark:
    return CodeEditing().load(
        LoadRequest(benchmark="code_editing", data=None if data is None else str(data), **options)
    )


def file_of(folder: Path, *rows: dict[str, Any]) -> Path:
    return write_jsonl(folder / "exercises.jsonl", list(rows))


def test_a_sample_holds_the_exercise_without_its_tests(tmp_path: Path) -> None:
    found = loaded(file_of(tmp_path, ROW))
    (sample,) = found.samples
    assert (sample.id, sample.source_id, sample.index) == ("code_editing/0", "double", 0)
    assert sample.metadata[FILES] == ROW["stub"]
    assert sample.metadata["difficulty"] == 2
    prompt = sample.messages[0]["content"]
    assert prompt.startswith("Double a number.")
    assert "into the file double.py" in prompt
    assert "standard library only" in prompt

    whole = encode(found).decode()
    assert "assertEqual" not in whole, "the tests are nowhere in what a run writes and sends"
    assert "2 * x" not in whole, "nor is the solution"
    assert restored(cache.cache_dir(), sample.metadata)[HIDDEN] == {"double_test.py": TEST}
    assert len(sample.metadata[TESTS]) == 32


def test_ten_exercises_come_with_the_package() -> None:
    found = loaded(None)
    assert len(found.samples) == 10
    assert [sample.source_id for sample in found.samples][:2] == ["two-fer", "leap"]
    assert "MIT" in found.notes[0]
    assert "133" in found.notes[0], "how many there are elsewhere"


def exercism(root: Path, name: str, *, append: str = "") -> Path:
    """A folder as Exercism's track has it."""
    folder = root / name
    (folder / ".docs").mkdir(parents=True)
    (folder / ".meta").mkdir()
    stem = name.replace("-", "_")
    (folder / ".docs" / "introduction.md").write_text("# Introduction\n\nNumbers.\n")
    (folder / ".docs" / "instructions.md").write_text(f"# Instructions\n\nWrite {name}.\n")
    if append:
        (folder / ".docs" / "instructions.append.md").write_text(append)
    (folder / f"{stem}.py").write_text(f"def {stem}(x):\n    pass\n")
    (folder / f"{stem}_test.py").write_text(TEST.replace("double", stem))
    (folder / ".meta" / "example.py").write_text(f"def {stem}(x):\n    return 2 * x\n")
    (folder / ".meta" / "config.json").write_text("{}")
    return folder


@pytest.mark.parametrize("inside", ["exercises/practice", "practice", ""])
def test_a_folder_in_exercisms_layout(tmp_path: Path, inside: str) -> None:
    practice = tmp_path / "python" / inside
    exercism(practice, "triple-it")
    exercism(practice, "double", append="Mind the sign.\n")
    found = loaded(tmp_path / "python")
    assert [sample.source_id for sample in found.samples] == ["double", "triple-it"]
    assert found.samples[0].question == (
        "# Introduction\n\nNumbers.\n\n# Instructions\n\nWrite double.\n\nMind the sign."
    )
    assert found.samples[1].metadata[FILES] == {"triple_it.py": "def triple_it(x):\n    pass\n"}
    assert "2 * x" not in encode(found).decode()


def test_one_exercise_of_a_folder(tmp_path: Path) -> None:
    assert [sample.source_id for sample in loaded(exercism(tmp_path, "double")).samples] == ["double"]


def test_prompts_are_loaded_anew_once_a_file_of_the_folder_changes(tmp_path: Path) -> None:
    folder = exercism(tmp_path / "practice", "double")
    request = LoadRequest(benchmark="code_editing", data=str(tmp_path))
    first = cache.prompt_file(request)
    assert cache.prompt_file(request) == first
    (folder / "double_test.py").write_text(TEST.replace("4", "5").replace("8", "10"))
    assert cache.prompt_file(request) != first


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    folder = exercism(tmp_path / "practice", "double")
    (folder / "double.py").unlink()
    (folder / "double.py").symlink_to(secret)
    with pytest.raises(DataError, match="is a link"):
        loaded(tmp_path / "practice")


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ROW.items() if key != name}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (without("id"), "needs an `id`"),
        ({**ROW, "id": 7}, "needs an `id`"),
        ({**ROW, "id": "x" * 200}, "`id` that is too long"),
        (without("instructions"), "'double' has no `instructions`"),
        ({**ROW, "instructions": " "}, "has no `instructions`"),
        (without("stub"), "has no `stub`: the files to edit"),
        ({**ROW, "stub": {}}, "has no `stub`"),
        ({**ROW, "stub": "def double(x): pass"}, "has no `stub`"),
        ({**ROW, "stub": {"double.py": None}}, "must be a text"),
        ({**ROW, "stub": {"../double.py": ""}}, "a plain name without a folder"),
        ({**ROW, "stub": {"/etc/passwd": ""}}, "a plain name without a folder"),
        ({**ROW, "stub": {"sub/double.py": ""}}, "a plain name without a folder"),
        ({**ROW, "stub": {"": ""}}, "a plain name without a folder"),
        ({**ROW, "stub": {"x\0.py": ""}}, "a plain name without a folder"),
        (without("tests"), "has no `tests`: the files of its unittest tests"),
        ({**ROW, "tests": {"double_test.py": "x = 1\n"}}, "has no tests: `tests` must hold a class"),
        ({**ROW, "tests": {"double_test.py": "def test(:\n"}}, "tests that are no Python"),
        ({**ROW, "tests": {"double.py": TEST}}, "both"),
        ({**ROW, "tests": {"a/double_test.py": TEST}}, "a plain name without a folder"),
    ],
)
def test_a_bad_row_is_told_in_words(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    good = {**ROW, "id": "first"}
    with pytest.raises(DataError) as caught:
        loaded(file_of(tmp_path, good, row))
    message = str(caught.value)
    assert "exercises.jsonl:2" in message
    assert said in message or (said == "both" and "as a file to edit and as a test" in message)


def test_two_exercises_of_one_id(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"exercises.jsonl:2: the exercise 'double' is there already, at .*:1"):
        loaded(file_of(tmp_path, ROW, ROW))


@pytest.mark.parametrize(
    "options",
    [{"few_shot": 3}, {"preset": "qwq"}, {"dataset_args": {"x": 1}}, {"dataset_args": {"edit_format": "patch"}}],
)
def test_options_of_evalscopes_benchmarks_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        loaded(None, **options)


def test_a_file_of_something_else(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "other.jsonl", [{"problem": "1 + 1", "answer": "2"}])
    with pytest.raises(QwqError, match="It has problem, answer"):
        loaded(path)


def test_exercises_that_pass_untouched_are_named(tmp_path: Path) -> None:
    skip_unless_here()
    tidy = {**ROW, "id": "tidy", "stub": {"double.py": "def double(x):\n    y = x\n    return y + x\n"}}
    wrong = {**ROW, "id": "mend", "stub": {"double.py": "def double(x):\n    return x\n"}}
    found = loaded(file_of(tmp_path, ROW, tidy, wrong))
    assert found.notes == [
        "tidy: the untouched file passes its tests, so that an answer without any edit counts as right there, as it "
        "does in aider's benchmark."
    ]
    assert [sample.metadata.get("passes_untouched") for sample in found.samples] == [None, True, None]


def test_what_ships_of_exercism_has_its_licence() -> None:
    from qwq_nb.demo import PROBLEMS

    notice = (PROBLEMS["code_editing"].parent / "LICENSE-exercism.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2021 Exercism" in notice
    assert "MIT License" in notice
    rows = [json.loads(line) for line in PROBLEMS["code_editing"].read_text(encoding="utf-8").splitlines()]
    assert not any("example" in row for row in rows)
