"""Write the tables of a run's plain text: accuracy by subset, and the answers that are not correct."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from qwq_nb.core.outcomes import is_failure
from qwq_nb.core.run_record import GroupRow, SampleView, SubsetRow
from qwq_nb.run.group_table import GROUP_HEADS, group_cells, told_apart
from qwq_nb.run.table_columns import cell, columns_of, folded, head, short_of
from qwq_nb.trace.drawn_marks import read_marks
from qwq_nb.view.clean import one_line
from qwq_nb.view.tables import text_table
from qwq_nb.view.wording import (
    UNKNOWN,
    WORDS,
    outcome_counts,
    sample_key,
)

__all__ = ["failure_lines", "group_lines", "result_lines"]

_FAILURES: Final = 20
_ROWS: Final = 60
_NAME: Final = 24
_CAUSE: Final = 200


def result_lines(rows: list[SubsetRow], times: bool) -> list[str]:
    """Return the lines of the table, one a subset and one for all of each benchmark; speeds with `times` only."""
    if not rows:
        return []
    columns = columns_of(rows, times=times)
    heads = ["", *(head(name, rows, short=True) for name in columns)]
    grid: list[list[str]] = []
    # Of a very long table the benchmarks' totals.
    shown = rows if len(rows) <= _ROWS else [row for row in rows if row.subset == "all"][:_ROWS]
    for benchmark, group in groupby(shown, key=lambda row: row.benchmark):
        members = list(group)
        metric = next((one_line(row.metric, _NAME) for row in members if row.metric), "")
        grid.append([one_line(benchmark, _NAME) + (f" (mean {metric})" if metric else "")])
        grid += [["  " + one_line(row.subset, _NAME), *(cell(name, row) for name in columns)] for row in members]
    lines = text_table(heads, grid)
    notes = [note for note in (folded(rows), short_of(rows)) if note]
    return [*lines, *(f"({note})" for note in notes)]


def group_lines(rows: Iterable[GroupRow]) -> list[str]:
    """Return the lines of a table by difficulty, platform and month; empty if there is nothing to tell apart."""
    told = told_apart(rows)
    if not told:
        return []
    grid: list[list[str]] = []
    for (benchmark, by), group in groupby(told, key=lambda row: (row.benchmark, row.by)):
        grid.append([one_line(f"{benchmark} by {by}", 2 * _NAME)])
        grid += [["  " + one_line(row.name, _NAME), *group_cells(row)] for row in group]
    return text_table(["", *GROUP_HEADS], grid)


def failure_lines(views: Iterable[SampleView]) -> list[str]:
    """Return a line a failure, the first ones, and how many there are."""
    failed = sorted((view for view in views if is_failure(view)), key=sample_key)
    if not failed:
        return []
    lines = [f"Not correct: {outcome_counts(failed)}"]
    for view in failed[:_FAILURES]:
        repeat = f" repeat {view.repeat}" if view.repeat else ""
        values = f"gold {one_line(view.gold, 60) or UNKNOWN}, extracted {one_line(view.extracted, 60) or UNKNOWN}"
        if view.execution is not None or view.calls:
            values = one_line(view.why, _CAUSE)
        if view.outcome == "error":
            values = one_line(view.error, _CAUSE) or "no cause is known"
        marks = "".join(f", {one_line(name, 40).replace('_', ' ')}" for name in dict.fromkeys(_further(view)))
        lines.append(f"  {WORDS[view.outcome]:<12}  {one_line(view.id, 80)}{repeat}: {values}{marks}")
    if len(failed) > _FAILURES:
        lines.append(f"  and {len(failed) - _FAILURES} more")
    return lines


def _further(view: SampleView) -> list[str]:
    """The marks of further measures; those of the package's own would repeat in each line what the table counts."""
    return [mark.name for mark in read_marks(view.analysis)]
