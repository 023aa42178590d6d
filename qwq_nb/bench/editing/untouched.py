"""Find exercises whose untouched files pass their tests, such as those that ask for the code to be made nicer.

An answer that edits nothing passes there, in aider's benchmark as well: they are named in a note of the run. Only
files with more than empty functions can be such, and only those are run, in the sandbox.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterable

from qwq_nb.bench.editing.exercises import Exercise
from qwq_nb.errors import SandboxUnavailable, listed

__all__ = ["passing_untouched", "untouched_note"]

_SECONDS = 10.0
"""CPU time for the tests of one exercise."""
_MOST = 40
"""Exercises that are run: of Exercism's 133, three have such files."""


def passing_untouched(exercises: Iterable[Exercise]) -> frozenset[str]:
    """Return the ids of the exercises whose tests pass as they are; empty where there is no sandbox."""
    from qwq_nb import sandbox
    from qwq_nb.bench.editing.testing import run_tests

    candidates = [exercise for exercise in exercises if any(map(_does_something, exercise.files.values()))][:_MOST]
    if not candidates:
        return frozenset()
    try:
        with sandbox.Sandbox("auto", jobs=1) as box:
            return frozenset(
                exercise.id
                for exercise in candidates
                if run_tests(box.run, exercise.files, exercise.tests, _SECONDS).status == "passed"
            )
    except SandboxUnavailable:
        return frozenset()


def untouched_note(ids: Collection[str]) -> str:
    """Say which exercises pass untouched; empty if none do."""
    if not ids:
        return ""
    one = len(ids) == 1
    return (
        f"{listed(sorted(ids))}: the untouched {'file passes its' if one else 'files pass their'} tests, so that an "
        f"answer without any edit counts as right there, as it does in aider's benchmark."
    )


def _does_something(source: str) -> bool:
    """Return whether a file has a function with more than a docstring, `pass` and the like, or no Python at all."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(
        not all(_is_empty(statement) for statement in node.body)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def _is_empty(statement: ast.stmt) -> bool:
    is_constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    returns_none = isinstance(statement, ast.Return) and (
        statement.value is None or (isinstance(statement.value, ast.Constant) and statement.value.value is None)
    )
    return is_constant or returns_none or isinstance(statement, (ast.Pass, ast.Raise))
