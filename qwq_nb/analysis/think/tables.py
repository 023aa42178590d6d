"""Render the tables of `%qwq_think` as text: cognitive efficiency by level, habits, further measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.think.corrected import CorrectedRow
from qwq_nb.analysis.think.efficiency import ThinkRow
from qwq_nb.analysis.think.examples import Example
from qwq_nb.analysis.think.figures import Metric, ModelLine
from qwq_nb.analysis.think.further import FurtherRow
from qwq_nb.analysis.think.habit_rates import HabitRow
from qwq_nb.analysis.think.literature import LiteratureRow
from qwq_nb.core.estimates import Estimate
from qwq_nb.trace.habits import HABITS
from qwq_nb.trace.place_errors import MEASURED
from qwq_nb.trace.thresholds import Thresholds
from qwq_nb.view.clean import one_line
from qwq_nb.view.tables import text_table
from qwq_nb.view.wording import UNKNOWN, flag_word, is_known, number, percent, range_of, significant

__all__ = [
    "CORRECTED",
    "CORRECTED_HEADS",
    "HEADS",
    "LITERATURE",
    "LITERATURE_HEADS",
    "METRICS",
    "ThinkTable",
    "corrected_grid",
    "efficiency_grid",
    "further_grid",
    "further_heads",
    "habit_grid",
    "habit_heads",
    "in_digits",
    "in_words",
    "literature_grid",
    "metrics_of",
    "reading_notes",
    "seen_habits",
    "table_title",
    "think_text",
]

METRICS: Final = (
    ("reasoning_tokens", "Reasoning tokens", "tokens"),
    ("first_correct_tokens", "Tokens to first correct answer", "tokens"),
    ("reflection_tokens", "Reflection tokens", "tokens"),
    ("token_efficiency", "Token efficiency", "share"),
    ("thoughts", "Thoughts", "number"),
    ("accuracy", "Accuracy", "share"),
)
"""Field, heading, unit: in the order of EvalScope's figure."""

CORRECTED: Final = tuple(
    metric for metric in METRICS if metric[0] in ("first_correct_tokens", "reflection_tokens", "token_efficiency")
)
"""Those of them that are corrected for the errors of the places."""

LITERATURE: Final = (
    ("outcome_efficiency", "ξ_O", "share"),
    ("underthinking_score", "ξ_UT ≥", "share"),
    ("thinkbench_switches", "thinkbench: thought_num", "number"),
    ("thinkbench_keywords", "parts (keywords)", "number"),
    ("thinkbench_separator", "parts (separator)", "number"),
)
"""Field, heading, unit of the measures that the literature names."""

_READING: Final = (
    "Means with their 95 % interval. Tokens to first correct answer: from the start to the first place where it is "
    "stated; “answer stated”: answers in which it is. Reflection: the tokens after that place. Efficiency: tokens to "
    "first correct answer / all, 0 for a wrong answer."
)
_LITERATURE_READING: Final = (
    "ξ_O: outcome efficiency (arXiv:2412.21187), first correct / all, 0 where the right answer is never stated. ξ_UT: "
    "underthinking score (arXiv:2501.18585), of wrong answers the share of the tokens after the right answer was first "
    "stated; at least so much, since a right thought need not state it. thinkbench: its own phrases, counted as its "
    "thought_num, and the parts that its strategies keywords and separator cut."
)


_CORRECTED_READING: Final = (
    "Corrected: what a reader would have found, by the differences on traces labelled by hand (arXiv:2301.09633); the "
    "intervals hold the labels' uncertainty, too. A first place that is marked is a reader's in "
    f"{MEASURED['math'].words} of such answers, of choices in {MEASURED['choice'].words}."
)


class ThinkTable(msgspec.Struct, kw_only=True):
    """Hold one run's rows."""

    name: str
    model: str
    demo: bool
    rows: list[ThinkRow]
    habits: list[HabitRow]
    literature: list[LiteratureRow]
    corrected: list[CorrectedRow] = []
    """Empty where a judge model gave the places."""
    further: list[FurtherRow] = []
    """The columns of further measures; empty where none is registered."""
    folder: str = ""
    """The run's, as seen from the notebook: where its marks lead."""
    marks: list[Example] = []
    notes: list[str] = []


def metrics_of(tables: list[ThinkTable], benchmark: str) -> list[Metric]:
    """Return the six panels over the benchmark's subsets, `all` left out where there are others."""
    metrics = []
    for field, heading, unit in METRICS:
        lines = []
        for table in tables:
            rows = [r for r in table.rows if r.benchmark == benchmark]
            rows = [r for r in rows if r.subset != "all"] if len(rows) > 2 else rows[-1:]
            found: list[Estimate] = [getattr(r, field) for r in rows]
            lines.append(
                ModelLine(
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
    """Format the row's numbers in words, without the subset."""
    shown = [f"{row.n:,}", f"{row.known:,}"]
    for field, _, unit in METRICS:
        shown.append(in_words(getattr(row, field), unit))
    return shown


def in_words(estimate: Estimate, unit: str) -> str:
    """Format an estimate and its interval; UNKNOWN where it is not known. `unit`: `share`, `number` or `tokens`."""
    if not is_known(estimate.value):
        return UNKNOWN
    low, high = estimate.low, estimate.high
    digits = 1 if unit == "number" else 0
    one = percent(estimate.value) if unit == "share" else number(estimate.value, digits)
    if not (is_known(low) and is_known(high)):
        return one
    if unit == "share":
        return f"{one} ({range_of(number(100 * low, 1), number(100 * high, 1))})"
    return f"{one} ({range_of(number(low, digits), number(high, digits))})"


CORRECTED_HEADS: Final = ["", *(f"{heading.lower()}, corrected" for _, heading, _ in CORRECTED)]
LITERATURE_HEADS: Final = ["", *(heading for _, heading, _ in LITERATURE)]
HEADS: Final = ["", "n", "answer stated", *(heading.lower() for _, heading, _ in METRICS)]


def seen_habits(tables: Sequence[ThinkTable]) -> list[str]:
    """Return the marks that at least one answer has."""
    counts = [(name, n) for table in tables for row in table.habits for name, n in row.counts.items()]
    return list(dict.fromkeys(name for name, n in counts if n))


def habit_cells(row: HabitRow, names: Sequence[str]) -> list[str]:
    """Format the shares of a row of habits, and the tokens in loops."""
    return [*(in_words(row.rates[name], "share") for name in names), number(row.loop_tokens)]


def habit_names(table: ThinkTable, *, seen: bool) -> list[str]:
    """Return the marks that the table of habits has a column for: all, or those that were `seen`."""
    return seen_habits([table]) if seen else list(table.habits[0].rates if table.habits else HABITS)


def habit_heads(table: ThinkTable, *, seen: bool = False) -> list[str]:
    """Return the headings of the table of habits."""
    names = habit_names(table, seen=seen)
    return ["", *(one_line(flag_word(name), 60) for name in names), "tokens in loops"]


def further_heads(table: ThinkTable) -> list[str]:
    """Return the headings of the table of further measures."""
    return ["", *(one_line(name.replace("_", " "), 60) for name in table.further[0].columns)]


def further_grid(table: ThinkTable) -> list[list[str]]:
    """Format each mean and the ends of its interval with three digits, since the unit is not known."""
    return [[named(row, table), *map(in_digits, row.columns.values())] for row in table.further]


def in_digits(estimate: Estimate) -> str:
    """Format an estimate and its interval with three digits."""
    if not is_known(estimate.value):
        return UNKNOWN
    known = is_known(estimate.low) and is_known(estimate.high)
    ends = f" ({range_of(significant(estimate.low), significant(estimate.high))})" if known else ""
    return f"{significant(estimate.value)}{ends}"


def table_title(table: ThinkTable) -> str:
    """Return the title of a run's tables: model and run, after the notice of a demo."""
    demo = "DEMO (says nothing of any model): " if table.demo else ""
    return f"{demo}{one_line(table.model, 80)}, {one_line(table.name, 120)}"


def named(row: ThinkRow | CorrectedRow | HabitRow | LiteratureRow | FurtherRow, table: ThinkTable) -> str:
    """Return the name of a row: its subset, after the benchmark where there are several."""
    several = len({r.benchmark for r in table.rows}) > 1
    return one_line(f"{row.benchmark} {row.subset}" if several else row.subset, 60)


def think_text(tables: list[ThinkTable], thresholds: Thresholds) -> str:
    """Render the tables as plain text. Nothing in it differs between two runs with the same answers."""
    blocks = []
    for table in tables:
        lines = [table_title(table)]
        if not table.rows:
            lines.append("no reasoning was measured")
        else:
            lines += ["", *text_table(HEADS, efficiency_grid(table))]
            if table.corrected:
                lines += ["", *text_table(CORRECTED_HEADS, corrected_grid(table))]
            lines += ["", *text_table(habit_heads(table), habit_grid(table))]
            lines += ["", *text_table(LITERATURE_HEADS, literature_grid(table))]
            if table.further:
                lines += ["", *text_table(further_heads(table), further_grid(table))]
        lines += [f"Note: {one_line(note, 400)}" for note in table.notes]
        blocks.append("\n".join(lines))
    return "\n\n".join([*blocks, *reading_notes(tables), thresholds.words])


def reading_notes(tables: list[ThinkTable]) -> list[str]:
    """Return what is to be known to read the tables."""
    corrected = any(table.corrected for table in tables)
    return [_READING, *([_CORRECTED_READING] if corrected else []), _LITERATURE_READING]


def efficiency_grid(table: ThinkTable) -> list[list[str]]:
    """Return the cells of the table of efficiency."""
    return [[named(row, table), *cells_of(row)] for row in table.rows]


def corrected_grid(table: ThinkTable) -> list[list[str]]:
    """Return the cells of the table of corrected means."""
    return [
        [named(row, table), *(in_words(getattr(row, field), unit) for field, _, unit in CORRECTED)]
        for row in table.corrected
    ]


def habit_grid(table: ThinkTable, *, seen: bool = False) -> list[list[str]]:
    """Return the cells of the table of habits."""
    names = habit_names(table, seen=seen)
    return [[named(row, table), *habit_cells(row, names)] for row in table.habits]


def literature_grid(table: ThinkTable) -> list[list[str]]:
    """Return the cells of the table of the measures that the literature names."""
    return [
        [named(row, table), *(in_words(getattr(row, field), unit) for field, _, unit in LITERATURE)]
        for row in table.literature
    ]
