"""Read BFCL's problems: a data file, the folder `data` of bfcl-eval, or its wheel.

bfcl-eval has each category in a file of its own (`BFCL_v4_multiple.json`), and the calls expected beside it in
`possible_answer/`, by id. A data file has them in each row, with the `category`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qwq_nb.bench.data_formats import Record, read_bytes
from qwq_nb.bench.datafile import read_records
from qwq_nb.bench.regular_file import read_regular
from qwq_nb.bench.tools.checker import IRRELEVANCE
from qwq_nb.bench.tools.functions import called_name, function_fault
from qwq_nb.bench.tools.wheel import is_archive, matching_files
from qwq_nb.core.paths import expand_user
from qwq_nb.errors import DataError, listed

__all__ = ["CATEGORIES", "checked_row", "read_rows"]

CATEGORIES = ("simple", "multiple", "parallel", "parallel_multiple", IRRELEVANCE)
"""BFCL's single-turn categories of Python functions, which are the subsets here."""

_NAMES = {**{name: name for name in CATEGORIES}, "simple_python": "simple"}
"""BFCL's names of them, of the present release and of earlier ones."""

_FILE = re.compile(rf"BFCL_v(\d+)_({'|'.join(_NAMES)})\.json")
_MEMBER = re.compile(rf"(?:[^/]+/)*data/(?:possible_answer/)?{_FILE.pattern}")
_ID = re.compile(r"(.+)_\d+")
_ROLES = ("system", "user", "assistant")


def read_rows(path: str) -> list[Record]:
    """Return the rows with their positions, each with its `category` and `ground_truth`.

    Raises DataError: there is nothing to read, or it cannot be read.
    """
    root = expand_user(path)
    if os.path.isdir(root):
        names = [name for name in sorted(os.listdir(root)) if _FILE.fullmatch(name)]
        if names:
            return _joined(
                root,
                {name: _lines(root / name, read_regular(root / name)) for name in names},
                {file.name: _lines(file, read_regular(file)) for file in _answers(root, names)},
            )
        if os.path.isdir(root / "data") and any(map(_FILE.fullmatch, os.listdir(root / "data"))):
            raise DataError(f"{path} holds BFCL's problems in its folder `data`: --data {root / 'data'}")
    elif is_archive(root):
        return _of_wheel(root)
    return read_records(path, "bfcl_ast")


def _answers(root: Path, names: Iterable[str]) -> list[Path]:
    files = (root / "possible_answer" / name for name in names)
    return [file for file in files if os.path.exists(file)]


def _lines(file: Path, raw: bytes) -> list[Record]:
    """Return the records of one of BFCL's files, which are JSON lines by the name of JSON."""
    return read_bytes(file, raw, suffix=".json" if raw.lstrip()[:1] == b"[" else ".jsonl")


def _of_wheel(file: Path) -> list[Record]:
    members = {name: raw for name, raw in matching_files(file, _MEMBER).items() if "/unused_datasets/" not in name}
    if not members:
        raise DataError(
            f"{file} holds none of BFCL's problems (data/BFCL_v4_multiple.json and its like). bfcl-eval's wheel has "
            "them: pip download --no-deps bfcl-eval"
        )
    questions: dict[str, list[Record]] = {}
    answers: dict[str, list[Record]] = {}
    for path, raw in members.items():
        folder, _, name = path.rpartition("/")
        group = answers if folder.endswith("/possible_answer") else questions
        if name in group:
            raise DataError(f"{file} holds several files named {name}: name the folder with the right ones.")
        group[name] = _lines(Path(file.name) / path, raw)
    return _joined(file, questions, answers)


def _joined(source: Path, questions: dict[str, list[Record]], answers: dict[str, list[Record]]) -> list[Record]:
    """Join the problems with the calls expected, by their ids; of several releases the newest is taken."""
    newest: dict[str, tuple[int, str]] = {}
    for name in questions:
        match = _FILE.fullmatch(name)
        if match:
            category = _NAMES[match[2]]
            newest[category] = max(newest.get(category, (0, "")), (int(match[1]), name))
    rows: list[Record] = []
    for category in CATEGORIES:
        _, name = newest.get(category, (0, ""))
        if not name:
            continue
        expected = {str(row.get("id")): row.get("ground_truth") for row, _ in answers.get(name, [])}
        if category != IRRELEVANCE and not expected:
            raise DataError(f"{source}: the calls expected for {name} are missing (possible_answer/{name}).")
        rows += [
            ({**row, "category": category, "ground_truth": expected.get(str(row.get("id")), [])}, where)
            for row, where in questions[name]
        ]
    return rows


def checked_row(row: dict[str, Any], where: str) -> tuple[str, str]:
    """Check one row; return its category, by this package's name, and its question.

    Raises DataError: what of it cannot be asked, or could not be graded, and where it stands.
    """
    id = row.get("id")
    if not isinstance(id, str | int) or not str(id).strip():
        raise DataError(f"{where}: the row has no `id`.")
    match = _ID.fullmatch(str(id))
    named = row.get("category", match[1] if match else None)
    category = _NAMES.get(named, "") if isinstance(named, str) else ""
    if not category:
        raise DataError(
            f"{where}: the category {named!r} is none of {listed(CATEGORIES)}. Of BFCL these are run here: one turn, "
            "functions in Python, calls that are compared with those expected."
        )
    question = _question(row.get("question"), where)
    functions = row.get("function")
    if not isinstance(functions, list) or not functions:
        raise DataError(f"{where}: `function` is no list of functions with at least one.")
    for function in functions:
        if fault := function_fault(function):
            raise DataError(f"{where}: {fault}.")
    offered = [called_name(function["name"]) for function in functions]
    if category != IRRELEVANCE:
        _check_expected(row.get("ground_truth"), {function["name"] for function in functions}, category, where)
        twice = sorted(name for name in set(offered) if offered.count(name) > 1)
        if twice:
            raise DataError(f"{where}: two functions are offered by the name {twice[0]}.")
    return category, question


def _question(turns: Any, where: str) -> str:
    """Return the user's words of the one turn of a row. Raises DataError if it is none, or several."""
    if not isinstance(turns, list) or len(turns) != 1 or not isinstance(turns[0], list):
        number = f"{len(turns)} turns" if isinstance(turns, list) else "no list"
        raise DataError(f"{where}: `question` holds {number}; one turn, a list with one list of messages, is wanted.")
    said = ""
    for message in turns[0]:
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(content, str) or message.get("role") not in _ROLES:
            raise DataError(
                f"{where}: a message of `question` has no `role` ({listed(_ROLES)}) with a text as `content`."
            )
        if message["role"] == "user":
            said = content
    if not said.strip():
        raise DataError(f"{where}: `question` has no message of the user.")
    return said


def _check_expected(expected: Any, names: Iterable[str], category: str, where: str) -> None:
    """Check the calls expected: objects with one function's name, of each argument a list of the values allowed."""
    known = list(names)
    if not isinstance(expected, list) or not expected:
        raise DataError(f"{where}: there are no calls expected (`ground_truth`), which {category} needs.")
    if len(expected) > 1 and not category.startswith("parallel"):
        raise DataError(f"{where}: {len(expected)} calls are expected; of {category} it is one.")
    for one in expected:
        if not isinstance(one, dict) or len(one) != 1:
            raise DataError(f"{where}: a call expected is no object with one function's name.")
        name, arguments = next(iter(one.items()))
        if name not in known:
            raise DataError(f"{where}: a call of {name!r} is expected, which is not among the functions.")
        if not isinstance(arguments, dict) or not all(isinstance(values, list) for values in arguments.values()):
            raise DataError(f"{where}: the call of {name} expected has no list of values allowed for each argument.")
