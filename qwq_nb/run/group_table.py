"""Make the cells of the table by difficulty, platform and month, which html and text share."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from qwq_nb.core.formats import CI
from qwq_nb.core.run_record import GroupRow
from qwq_nb.view.wording import UNKNOWN, interval, percent

__all__ = ["GROUP_HEADS", "group_cells", "tests_of", "told_apart"]

GROUP_HEADS: Final = ("problems", "n", "correct", "accuracy", CI, "tests passed")


def told_apart(rows: Iterable[GroupRow]) -> list[GroupRow]:
    """Return the rows of those properties in which the problems differ: one row alone says what the table says."""
    found: list[GroupRow] = []
    for _, group in groupby(rows, key=lambda row: (row.benchmark, row.by)):
        members = list(group)
        found += members if len(members) > 1 else []
    return found


def group_cells(row: GroupRow) -> list[str]:
    """Return the cells of a row after its name."""
    return [
        f"{row.problems:,}",
        f"{row.n:,}",
        f"{row.correct:,}",
        percent(row.accuracy),
        interval(row.ci_low, row.ci_high),
        tests_of(row.tests_passed, row.tests_total),
    ]


def tests_of(passed: int | None, total: int | None) -> str:
    """Return how many tests were passed of how many."""
    return f"{passed or 0:,} of {total:,}" if total else UNKNOWN
