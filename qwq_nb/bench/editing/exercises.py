"""Read exercises from a data file or a folder: what to do, the files to edit, and the tests, which nobody is shown.

A record has `id`, `instructions`, `stub` (name → text) and `tests` (name → source), and may have more. Tests go into
files of their own below the prompt cache (`bench/code/tests.py`): neither samples nor runs nor requests hold them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from qwq_nb.bench.benchmark import new_sample
from qwq_nb.bench.code.tests import TESTS, kept
from qwq_nb.bench.datafile import read_records
from qwq_nb.bench.editing.case_names import case_names
from qwq_nb.bench.editing.folder import exercise_folders, folder_records
from qwq_nb.bench.editing.formats.names import clean_name
from qwq_nb.core.records import Sample
from qwq_nb.errors import DataError, listed, one_line

__all__ = ["FILES", "HIDDEN", "PASSES", "Exercise", "exercise_sample", "read_exercises"]

FILES: Final = "files"
"""Key of a sample's metadata: name → text of the files to edit, as they are before any edit."""
PASSES: Final = "passes_untouched"
"""Key of a sample's metadata that is True where the untouched files pass the tests."""
HIDDEN: Final = "exercise_tests"
"""Name under which the tests are kept."""
_FACTS: Final = ("name", "difficulty", "status", "blurb", "source", "source_url")
"""Of a record, for the run's data and for tables."""
_LARGEST: Final = 1_000_000
"""Characters of one text."""
_LONGEST_ID: Final = 100


class Exercise(NamedTuple):
    """Hold one exercise."""

    id: str
    instructions: str
    files: dict[str, str]
    tests: dict[str, str]
    facts: dict[str, Any]


def read_exercises(path: str, benchmark: str) -> list[Exercise]:
    """Return the exercises of a data file, or of a folder: in Exercism's layout, or one that holds a data file.

    Raises:
        DataError: there are none, two have one id, or one lacks something; the message says where and what.
    """
    root = Path(path)
    records = folder_records(root) if os.path.isdir(root) and exercise_folders(root) else read_records(path, benchmark)
    made: list[Exercise] = []
    places: dict[str, str] = {}
    for record, place in records:
        exercise = _exercise(record, place)
        if exercise.id in places:
            raise DataError(f"{place}: the exercise {exercise.id!r} is there already, at {places[exercise.id]}.")
        places[exercise.id] = place
        made.append(exercise)
    return made


def exercise_sample(exercise: Exercise, folder: Path, untouched: Collection[str] = ()) -> Sample:
    """Return the sample of an exercise, and write its tests below `folder`.

    `untouched`: ids of the exercises whose files pass as they are, which their metadata says.

    Raises:
        DataError: the tests cannot be written.
    """
    digest = kept(folder, {HIDDEN: exercise.tests})
    return new_sample(
        exercise.instructions,
        "",
        prompt=_prompt(exercise),
        source_id=exercise.id,
        metadata={
            FILES: exercise.files,
            TESTS: digest,
            **exercise.facts,
            **({PASSES: True} if exercise.id in untouched else {}),
        },
        source_row={
            "id": exercise.id,
            "instructions": exercise.instructions,
            "stub": exercise.files,
            TESTS: digest,
            **exercise.facts,
        },
    )


def _prompt(exercise: Exercise) -> str:
    names = list(exercise.files)
    which = f"the file {names[0]}" if len(names) == 1 else f"the files {listed(names, 20)}"
    return (
        f"{exercise.instructions.strip()}\n\n####\n\n"
        f"Write the code that these instructions ask for into {which}. "
        f"Do not rename the functions, classes and files that are there: other code uses them under these names. "
        f"Use Python's standard library only, and no other packages."
    )


def _exercise(record: Mapping[str, Any], place: str) -> Exercise:
    name = record.get("id")
    if not isinstance(name, str) or not name.strip():
        raise DataError(f"{place}: an exercise needs an `id`, the text that names it.{_found(record)}")
    name = name.strip()
    where = f"{place}: the exercise {one_line(name, 60)!r}"
    if len(name) > _LONGEST_ID or not name.isprintable():
        raise DataError(f"{where} has an `id` that is too long, or has control characters.")
    instructions = record.get("instructions")
    if not isinstance(instructions, str) or not instructions.strip():
        raise DataError(f"{where} has no `instructions`: a text that says what to do.{_found(record)}")
    files = _texts(record, "stub", where, "the files to edit")
    tests = _texts(record, "tests", where, "the files of its unittest tests")
    if both := sorted(files.keys() & tests.keys()):
        raise DataError(f"{where} has {both[0]!r} as a file to edit and as a test: a test is not shown to the model.")
    try:
        found = case_names(tests)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise DataError(f"{where} has tests that are no Python: {one_line(str(error), 200)}.") from None
    if not found:
        raise DataError(
            f"{where} has no tests: `tests` must hold a class with methods `test…` that is a unittest.TestCase."
        )
    facts = {key: record[key] for key in _FACTS if isinstance(record.get(key), (str, int)) and record[key] != ""}
    return Exercise(name, instructions, files, tests, facts)


def _texts(record: Mapping[str, Any], field: str, where: str, what: str) -> dict[str, str]:
    """Return a record's files: name → text."""
    value = record.get(field)
    if not isinstance(value, dict) or not value:
        raise DataError(f"{where} has no `{field}`: {what}, as an object of names and texts.{_found(record)}")
    made: dict[str, str] = {}
    for name, text in value.items():
        if not name or "/" in name or clean_name(name) != name:
            raise DataError(
                f"{where} has in `{field}` a file {one_line(name, 80)!r}: give a plain name without a folder."
            )
        if not isinstance(text, str) or len(text) > _LARGEST:
            raise DataError(f"{where}: the file {name!r} in `{field}` must be a text of at most 1,000,000 characters.")
        made[name] = text.replace("\r\n", "\n")
    return made


def _found(record: Iterable[str]) -> str:
    names = [one_line(str(name), 40) for name in record]
    return f" It has {listed(names, 12)}." if names else ""
