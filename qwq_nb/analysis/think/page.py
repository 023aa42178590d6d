"""Render `%qwq_think` as html: one table of measures with the models side by side, then the answers with a mark.

Numbers by level, and how to read all of it, stand in folds; the figure leads, in an output of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

from qwq_nb.analysis.think.examples import SHOWN, render_marks
from qwq_nb.analysis.think.tables import (
    CORRECTED,
    CORRECTED_HEADS,
    HEADS,
    LITERATURE,
    LITERATURE_HEADS,
    METRICS,
    ThinkTable,
    corrected_grid,
    efficiency_grid,
    further_grid,
    further_heads,
    habit_grid,
    habit_heads,
    in_digits,
    in_words,
    literature_grid,
    reading_notes,
    seen_habits,
    table_title,
)
from qwq_nb.core.estimates import Estimate
from qwq_nb.trace.habits import HABITS
from qwq_nb.trace.thresholds import Thresholds
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import SAVING
from qwq_nb.view.html import Html, esc
from qwq_nb.view.tables import Row, html_table, meter, unbroken
from qwq_nb.view.wording import UNKNOWN, flag_word, is_known, number

__all__ = ["think_html"]

_BAR: Final = ' style="width:4em;vertical-align:middle"'
_ON_ONE_LINE: Final = "white-space:nowrap;text-align:left"


def think_html(tables: Sequence[ThinkTable], thresholds: Thresholds) -> str:
    """Render the whole; no script, style sheet or id is needed to read it."""
    parts = []
    measured = [table for table in tables if table.rows]
    for table in tables:
        if not table.rows:
            parts.append(f"<p><strong>{esc(table_title(table))}</strong>: no reasoning was measured</p>\n")
    if measured:
        parts.append(_side_by_side(measured))
    for table in tables:
        parts += [f"<p>{esc(_of(table, tables))}{esc(one_line(note, 400))}</p>\n" for note in table.notes]
    for table in measured:
        marks = render_marks(table.marks, max(2, SHOWN // len(tables)), table.folder)
        if marks:
            named = f" of {esc(_name(table, tables))}" if len(tables) > 1 else ""
            parts.append(f"<p><strong>Answers{named} with a mark</strong></p>\n{marks}")
    if any(len(table.rows) > 2 for table in measured):
        inner = "".join(_by_level(table) for table in measured)
        parts.append(f"<details><summary>All numbers by subset</summary>\n{inner}</details>\n")
    reading = " ".join([*reading_notes(list(tables)), thresholds.words, f"The figure is plot(). {SAVING}"])
    parts.append(f"<details><summary>How to read this</summary><p><small>{esc(reading)}</small></p></details>\n")
    return "".join(parts)


# -- the models side by side -----------------------------------------------------------------------------------------


def _side_by_side(tables: Sequence[ThinkTable]) -> str:
    demo = "DEMO (says nothing of any model): " if any(table.demo for table in tables) else ""
    benchmarks = list(dict.fromkeys(row.benchmark for table in tables for row in table.rows))
    rows: list[Row] = []
    for benchmark in benchmarks:
        title = f"{one_line(benchmark, 60)}: " if len(benchmarks) > 1 else ""
        for group, measures in _groups(tables, benchmark):
            rows += [f"{title}{group}", *measures] if measures else []
    where = f" on {one_line(benchmarks[0], 60)}" if len(benchmarks) == 1 else ""
    heads = ["", *(_left(_name(table, tables)) for table in tables)]
    seen = seen_habits(tables)
    absent = [one_line(flag_word(name), 60) for name in HABITS if name not in seen]
    none = f"<p><small>Not seen: {esc(', '.join(absent))}.</small></p>\n" if absent else ""
    return html_table(f"{demo}Cognitive efficiency and habits{where}", heads, rows) + none


def _groups(tables: Sequence[ThinkTable], benchmark: str) -> Iterator[tuple[str, list[Row]]]:
    """Make the groups of rows of a benchmark: each row a measure of all its answers, with a cell a model."""
    whole = [_whole(table.rows, benchmark) for table in tables]
    right = [_whole(table.corrected, benchmark) for table in tables]
    corrected = {field for field, _, _ in CORRECTED}
    rows: list[Row] = [
        ["answers measured", *(_left(f"{row.n:,}") if row else UNKNOWN for row in whole)],
        ["right answer stated in", *(_left(f"{row.known:,} of {row.n:,}") if row else UNKNOWN for row in whole)],
    ]
    for field, heading, unit in METRICS:
        rows.append(_line(heading.lower(), [getattr(row, field, None) for row in whole], unit))
        if field in corrected and any(right):
            rows.append(_line(f"{heading.lower()}, corrected", [getattr(row, field, None) for row in right], unit))
    yield "means, with 95 % intervals", rows
    habits = [_whole(table.habits, benchmark) for table in tables]
    rows = []
    for name in seen_habits(tables):
        found = [row.rates.get(name) if row else None for row in habits]
        rows.append(_line(one_line(flag_word(name), 60), found, "share"))
    if any(row.loop_tokens for row in habits if row):
        rows.append(["tokens in loops", *(_left(number(row.loop_tokens)) if row else UNKNOWN for row in habits)])
    yield "habits: share of answers that show it", rows
    named = [_whole(table.literature, benchmark) for table in tables]
    yield (
        "measures that the literature names",
        [_line(heading, [getattr(row, field, None) for row in named], unit) for field, heading, unit in LITERATURE],
    )
    more = [_whole(table.further, benchmark) for table in tables]
    names = dict.fromkeys(name for row in more if row for name in row.columns)
    yield (
        "further measures",
        [
            _line(
                one_line(name.replace("_", " "), 60), [row.columns.get(name) if row else None for row in more], "digits"
            )
            for name in names
        ],
    )


class _Named(Protocol):
    @property
    def benchmark(self) -> str: ...
    @property
    def subset(self) -> str: ...


_Row = TypeVar("_Row", bound=_Named)


def _whole(rows: Sequence[_Row], benchmark: str) -> _Row | None:
    """The row of all of a benchmark."""
    return next((row for row in rows if row.benchmark == benchmark and row.subset == "all"), None)


def _left(cell: str) -> Html:
    """A cell that begins where the bars begin, and that no line break divides."""
    return Html(f'<div style="{_ON_ONE_LINE}">{cell if isinstance(cell, Html) else unbroken(cell)}</div>')


def _line(heading: str, found: Sequence[Estimate | None], unit: str) -> Row:
    """Make a row; its bars are of the share, or of the largest beside it where there is one beside it."""
    known = [estimate.value for estimate in found if estimate is not None and is_known(estimate.value)]
    most = 1.0 if unit == "share" else max(known, default=0.0)
    barred = unit == "share" or (len(known) > 1 and min(known) >= 0 and most > 0)
    say: Callable[[Estimate], str] = in_digits if unit == "digits" else lambda estimate: in_words(estimate, unit)
    cells: list[str] = []
    for estimate in found:
        if estimate is None or not is_known(estimate.value):
            cells.append(UNKNOWN)
            continue
        bar = f"{meter(estimate.value / most, _BAR)}&nbsp;" if barred else ""
        cells.append(_left(Html(f"{bar}{unbroken(say(estimate))}")))
    return [heading, *cells]


def _name(table: ThinkTable, tables: Sequence[ThinkTable]) -> str:
    """Name a run by its model, or by itself where models are the same."""
    return one_line(table.model if len({t.model for t in tables}) == len(tables) else table.name, 60)


def _of(table: ThinkTable, tables: Sequence[ThinkTable]) -> str:
    return f"{_name(table, tables)}: " if len(tables) > 1 else ""


# -- by level --------------------------------------------------------------------------------------------------------


def _by_level(table: ThinkTable) -> str:
    parts = [f"<p><strong>{esc(table_title(table))}</strong></p>\n"]
    parts.append(html_table("Cognitive efficiency", HEADS, _kept(efficiency_grid(table))))
    if table.corrected:
        title = "Corrected for the errors of the places that the rules find"
        parts.append(html_table(title, CORRECTED_HEADS, _kept(corrected_grid(table))))
    if seen_habits([table]):
        title = "Habits: share of answers that show it"
        parts.append(html_table(title, habit_heads(table, seen=True), _kept(habit_grid(table, seen=True))))
    parts.append(html_table("Measures that the literature names", LITERATURE_HEADS, _kept(literature_grid(table))))
    if table.further:
        title = "Further measures: means with their 95 % interval"
        parts.append(html_table(title, further_heads(table), _kept(further_grid(table))))
    return "".join(parts)


def _kept(grid: list[list[str]]) -> list[Row]:
    """Make cells that no line break divides."""
    return [[row[0], *(unbroken(cell) for cell in row[1:])] for row in grid]
