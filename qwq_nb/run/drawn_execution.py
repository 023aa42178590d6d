"""Make from the record of an execution what is drawn of it: counts, marks, and texts cut for a row. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from qwq_nb.core.execution import Execution, middle_cut, without_texts

__all__ = ["DRAWN_MARKS", "DRAWN_TEXT", "drawn_execution", "drawn_test_run"]

DRAWN_TEXT: Final = 600
"""Characters of a failed test's input, outputs and errors in a drawn sample; `run.sample(id)` has more."""

DRAWN_MARKS: Final = 300
"""Tests of a drawn sample that are marked one by one."""

_TEST_OUTPUT: Final = 2_000


def drawn_execution(execution: Execution | None, *, texts: bool = True) -> Execution | None:
    """Return what is drawn of an execution: its marks and the texts of the failed test, as many as a row may have.

    `texts=False`: they stand elsewhere in the row.
    """
    if execution is None:
        return None
    if not texts:
        execution = without_texts(execution) or execution
    first = execution.first_failed
    if first is not None:
        names = ("input", "expected", "got", "stderr")
        cut = {name: middle_cut(getattr(first, name), DRAWN_TEXT) for name in names}
        first = msgspec.structs.replace(first, **cut)
    return msgspec.structs.replace(execution, marks=execution.marks[:DRAWN_MARKS], first_failed=first)


def drawn_test_run(execution: Execution | None) -> Execution | None:
    """Return what is drawn of a test run between two turns: its marks, and the output that went back to the model."""
    if execution is None:
        return None
    first = execution.first_failed
    if first is not None:
        output = middle_cut(first.stderr, _TEST_OUTPUT)
        first = msgspec.structs.replace(first, input="", expected="", got="", line=None, stderr=output)
    return Execution(
        status=execution.status,
        passed=execution.passed,
        total=execution.total,
        marks=execution.marks[:DRAWN_MARKS],
        first_failed=first,
        fault=execution.fault,
    )
