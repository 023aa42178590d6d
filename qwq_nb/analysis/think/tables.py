"""The tables of `%qwq_think`, as text and as html: cognitive efficiency by level, and the habits' rates."""

from __future__ import annotations

from typing import Final

import msgspec

from qwq_nb.analysis.think.efficiency import ThinkRow
from qwq_nb.analysis.think.examples import SHOWN, Example, render_marks
from qwq_nb.analysis.think.figures import Line, Metric
from qwq_nb.analysis.think.habit_rates import HabitRow
from qwq_nb.core.estimates import Estimate
from qwq_nb.trace.habits import HABITS, Thresholds
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import esc
from qwq_nb.view.wording import flag_word, is_known, number, percent

__all__ = ["METRICS", "ThinkTable", "metrics_of", "render_html", "render_text"]

METRICS: Final = (
    ("reasoning_tokens", "Reasoning tokens", "tokens"),
    ("first_correct_tokens", "First correct tokens", "tokens"),
    ("reflection_tokens", "Reflection tokens", "tokens"),
    ("token_efficiency", "Token efficiency", "share"),
    ("thoughts", "Thoughts", "number"),
    ("accuracy", "Accuracy", "share"),
)
"""Field, heading, unit: in the order of EvalScope's figure."""

_READING: Final = (
    "Means with their 95 % interval. First correct: from the start to the first place where the right answer is "
    "stated; known: answers in which it is. Reflection: the tokens after that place. Efficiency: first correct / all, "
    "0 for a wrong answer."
)


class ThinkTable(msgspec.Struct, kw_only=True):
    """One run's rows."""

    name: str
    model: str
    demo: bool
    rows: list[ThinkRow]
    habits: list[HabitRow]
    marks: list[Example] = []


def metrics_of(tables: list[ThinkTable], benchmark: str) -> list[Metric]:
    """The six panels over the benchmark's subsets, `all` left out where there are others."""
    metrics = []
    for field, heading, unit in METRICS:
        lines = []
        for table in tables:
            rows = [r for r in table.rows if r.benchmark == benchmark]
            rows = [r for r in rows if r.subset != "all"] if len(rows) > 2 else rows[-1:]
            found: list[Estimate] = [getattr(r, field) for r in rows]
            lines.append(
                Line(
                    name=table.model if len({t.model for t in tables}) == len(tables) else table.name,
                    levels=[r.subset for r in rows],
                    values=[e.value for e in found],
                    lows=[e.low for e in found],
                    highs=[e.high for e in found],
                )
            )
        metrics.append(Metric(heading=heading, unit=unit, lines=lines))
    return metrics


def cells_of(row: ThinkRow) -> list[str]:
    """The row's numbers in words, without the subset."""
    shown = [f"{row.n:,}", f"{row.known:,}"]
    for field, _, unit in METRICS:
        shown.append(in_words(getattr(row, field), unit))
    return shown


def in_words(estimate: Estimate, unit: str) -> str:
    if not is_known(estimate.value):
        return "-"
    low, high = estimate.low, estimate.high
    digits = 1 if unit == "number" else 0
    one = percent(estimate.value) if unit == "share" else number(estimate.value, digits)
    if not (is_known(low) and is_known(high)):
        return one
    if unit == "share":
        return f"{one} ({percent(low)[:-2]} - {percent(high)[:-2]})"
    return f"{one} ({number(low, digits)} - {number(high, digits)})"


HEADS: Final = ["", "n", "known", *(heading.lower() for _, heading, _ in METRICS)]


def habit_cells(row: HabitRow) -> list[str]:
    return [*(in_words(row.rates[name], "share") for name in HABITS), number(row.loop_tokens)]


HABIT_HEADS: Final = ["", *(flag_word(name) for name in HABITS), "tokens in loops"]


def title_of(table: ThinkTable) -> str:
    demo = "DEMO (says nothing of any model): " if table.demo else ""
    return f"{demo}{one_line(table.model, 80)}, {one_line(table.name, 120)}"


def named(row: ThinkRow | HabitRow, table: ThinkTable) -> str:
    several = len({r.benchmark for r in table.rows}) > 1
    return one_line(f"{row.benchmark} {row.subset}" if several else row.subset, 60)


def render_text(tables: list[ThinkTable], thresholds: Thresholds) -> str:
    """Nothing in it differs between two runs with the same answers."""
    blocks = []
    for table in tables:
        lines = [title_of(table)]
        if not table.rows:
            lines.append("no reasoning was measured")
        else:
            lines += ["", *aligned([HEADS, *efficiency_grid(table)])]
            lines += ["", *aligned([HABIT_HEADS, *habit_grid(table)])]
        blocks.append("\n".join(lines))
    return "\n\n".join([*blocks, _READING, thresholds.words])


def efficiency_grid(table: ThinkTable) -> list[list[str]]:
    return [[named(row, table), *cells_of(row)] for row in table.rows]


def habit_grid(table: ThinkTable) -> list[list[str]]:
    return [[named(row, table), *habit_cells(row)] for row in table.habits]


def aligned(grid: list[list[str]]) -> list[str]:
    width = [max(len(line[i]) for line in grid) for i in range(len(grid[0]))]
    lines = [
        line[0].ljust(width[0]) + "".join("  " + c.rjust(width[i]) for i, c in enumerate(line[1:], 1)) for line in grid
    ]
    return [line.rstrip() for line in lines]


def render_html(tables: list[ThinkTable], thresholds: Thresholds) -> str:
    """Semantic tables; no script, style sheet or id."""
    parts = []
    for table in tables:
        parts.append(f"<p><strong>{esc(title_of(table))}</strong></p>\n")
        if not table.rows:
            parts.append("<p>no reasoning was measured</p>\n")
            continue
        parts.append(html_table("Cognitive efficiency", HEADS, efficiency_grid(table)))
        parts.append(html_table("Habits: share of answers that show it", HABIT_HEADS, habit_grid(table)))
        parts.append(render_marks(table.marks, max(2, SHOWN // len(tables))))
    return "".join([*parts, f"<p><small>{esc(_READING)} {esc(thresholds.words)}</small></p>\n"])


def html_table(caption: str, heads: list[str], rows: list[list[str]]) -> str:
    head = "".join(f'<th scope="col">{esc(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{esc(row[0])}</th>'
        + "".join(f"<td>{esc(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    top = f'<caption style="text-align:left">{esc(caption)}</caption><thead><tr>{head}</tr></thead>'
    style = 'style="margin-left:0;font-size:0.85em"'
    return f'<div style="overflow-x:auto"><table {style}>{top}<tbody>{body}</tbody></table></div>\n'
