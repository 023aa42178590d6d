"""Read exercises from a folder in Exercism's layout: `exercises/practice/NAME/` with instructions, stub and tests.

Accepted are a track's repository, its `exercises` or `practice` folder, any folder of exercises, and one exercise.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from qwq_nb.bench.regular_file import read_regular
from qwq_nb.errors import DataError

__all__ = ["exercise_files", "exercise_folders", "folder_records"]

_DOCS: Final = ".docs"
_INSTRUCTIONS: Final = ("introduction.md", "instructions.md", "instructions.append.md")
"""In the order in which they are joined."""
_INSIDE: Final = ("", "practice", "exercises/practice")
_MOST_EXERCISES: Final = 2_000
_MOST_FILES: Final = 50
"""Python files of one exercise."""
_LARGEST: Final = 1_000_000
"""Bytes of one file."""


def exercise_folders(root: Path) -> list[Path]:
    """Return the folders of the exercises below a folder, in the order of their names; empty if there are none.

    Raises:
        DataError: there are more than 2,000.
    """
    if _is_exercise(root):
        return [root]
    for inner in _INSIDE:
        found = sorted(folder for folder in _entries(root / inner) if _is_exercise(folder))
        if len(found) > _MOST_EXERCISES:
            raise DataError(f"{root} holds more than {_MOST_EXERCISES:,} exercises: name a folder with fewer.")
        if found:
            return found
    return []


def exercise_files(root: Path) -> list[Path]:
    """Return the files of all exercises below a folder: what is read of them."""
    return [file for folder in exercise_folders(root) for file in (*_docs(folder), *_python_files(folder))]


def folder_records(root: Path) -> list[tuple[dict[str, Any], str]]:
    """Return the exercises below a folder as records of a data file, each with its folder as its position.

    Top-level Python files with `test` in their names are tests, the others are those to edit.

    Raises:
        DataError: a file cannot be read, is too large, or is a link.
    """
    records = []
    for folder in exercise_folders(root):
        sources = {file.name: _text(file) for file in _python_files(folder)}
        record = {
            "id": folder.name,
            "instructions": "\n\n".join(_text(file).strip() for file in _docs(folder)),
            "stub": {name: text for name, text in sources.items() if "test" not in name},
            "tests": {name: text for name, text in sources.items() if "test" in name},
        }
        records.append((record, str(folder)))
    return records


def _is_exercise(folder: Path) -> bool:
    return os.path.isfile(folder / _DOCS / "instructions.md")


def _entries(folder: Path) -> Iterator[Path]:
    """Yield what a folder holds, up to a limit beyond which nobody would call it a folder of exercises."""
    try:
        yield from itertools.islice(folder.iterdir(), 5 * _MOST_EXERCISES)
    except OSError:
        return


def _docs(folder: Path) -> list[Path]:
    return [folder / _DOCS / name for name in _INSTRUCTIONS if os.path.isfile(folder / _DOCS / name)]


def _python_files(folder: Path) -> list[Path]:
    found = sorted(file for file in _entries(folder) if file.suffix == ".py" and os.path.isfile(file))
    if len(found) > _MOST_FILES:
        raise DataError(f"{folder} holds more than {_MOST_FILES} Python files: that is no exercise.")
    return found


def _text(file: Path) -> str:
    if file.is_symlink() or file.parent.is_symlink():
        raise DataError(f"{file} is a link: put the file itself there.")
    data = read_regular(file)
    if len(data) > _LARGEST:
        raise DataError(f"{file} is too large: at most 1 MB are read of a file of an exercise.")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 text (byte {error.start}).") from None
