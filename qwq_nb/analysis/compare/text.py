"""Render a comparison as plain text. It holds no times: comparisons of runs with the same answers are equal."""

from __future__ import annotations

from itertools import groupby
from typing import Final, NamedTuple

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.games import games_text
from qwq_nb.analysis.compare.record import ComparisonRecord, Flip
from qwq_nb.analysis.compare.scores import benchmark_title, difference, interval, mean
from qwq_nb.core.formats import CI
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.view.clean import one_line
from qwq_nb.view.tables import Row, text_table
from qwq_nb.view.wording import UNKNOWN, WORDS, number, p_text

__all__ = [
    "BARRED_P",
    "EXPLORATORY",
    "TableGroup",
    "flip_words",
    "render_comparison_text",
    "shown_rows",
    "table_of",
]

BARRED_P: Final = "p in parentheses says nothing about the models: the runs are not comparable there."
EXPLORATORY: Final = "* exploratory: one of several looks at the same answers, not adjusted for that"
_FLIPS: Final = 20
_NAME: Final = 24


def render_comparison_text(record: ComparisonRecord) -> str:
    """Render the comparison as plain text: what bars a conclusion, the conclusion, the numbers, then all else."""
    blocks = [_header(record), _conclusions(record), _table(record), _notes(record)]
    blocks += [games_text(record), *_flips(record)]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)


def _header(record: ComparisonRecord) -> list[str]:
    lines = []
    for card in record.runs:
        note = f" ({card.note})" if card.note else ""
        lines.append(f"{card.letter}: {one_line(card.model, 80)}, {one_line(card.name, 120)}{note}")
    return lines + [f"WARNING: {one_line(c.text, 600)}" for c in record.caveats[:30] if c.serious]


def _conclusions(record: ComparisonRecord) -> list[str]:
    demo = "DEMO: " if record.demo else ""
    lines = []
    for found in record.conclusions:
        lines += [f"{demo}{one_line(found.on, 200)}", f"  {one_line(found.headline, 600)}"]
        lines.append(f"  {one_line(found.detail, 1_000)}")
    return lines


def _notes(record: ComparisonRecord) -> list[str]:
    notes = [one_line(c.text, 600) for c in record.caveats[:30] if not c.serious]
    return [f"Note: {note}" for note in [*notes, *(one_line(line, 400) for line in record.coverage[:20])]]


class TableGroup(NamedTuple):
    """Hold the rows of one benchmark and one run against the first."""

    benchmark: str
    title: str
    rows: list[tuple[ComparisonRow, list[str]]]
    """Each row with its cells."""


def table_of(record: ComparisonRecord) -> tuple[list[str], list[TableGroup]]:
    """Return the heads and the groups of the table, which text, html and the JupyterLab view share."""
    rows = shown_rows(record)
    adjusted, priced = record.family > 1, any(row.cost_a is not None or row.cost_b is not None for row in rows)
    first = one_line(record.title("A"), _NAME)
    other = one_line(record.title("B"), _NAME) if len(record.runs) == 2 else "other"
    heads = ["", "pairs", first, other, "difference, points", CI, "lost", "gained", "p"]
    heads += (["p (Holm)"] if adjusted else []) + ["truncated", "tokens"] + (["cost"] if priced else [])
    groups = [
        TableGroup(
            benchmark=one_line(benchmark, 120),
            title=f"{one_line(benchmark, 2 * _NAME)}: {one_line(record.title(letter), 60)} − {first}",
            rows=[(row, _cells(row, adjusted, priced)) for row in group],
        )
        for (benchmark, letter), group in groupby(rows, key=lambda row: (benchmark_title(row), row.b))
    ]
    return heads, groups


def _table(record: ComparisonRecord) -> list[str]:
    heads, groups = table_of(record)
    if not groups:
        return []
    grid: list[Row] = []
    for group in groups:
        grid.append(group.title)
        grid += [[f"  {cells[0]}", *cells[1:]] for _, cells in group.rows]
    lines = text_table(heads, grid)
    rows = [row for group in groups for row, _ in group.rows]
    if not all(row.comparable for row in rows):
        lines.append(BARRED_P)
    if any(row.is_exploratory and row.comparable for row in rows):
        lines.append(EXPLORATORY)
    return lines


def shown_rows(record: ComparisonRecord) -> list[ComparisonRow]:
    """Select the rows with something in them.

    Where a benchmark has one subset it is left out, since `all` says the same.
    """
    kept = []
    for _, members in groupby(record.rows, key=lambda row: (row.benchmark, row.b)):
        group = list(members)
        if group[-1].pairs:
            kept += group if len(group) > 2 else group[-1:]
    return kept


def _cells(row: ComparisonRow, adjusted: bool, priced: bool) -> list[str]:
    cells = [
        one_line(row.subset, 60),
        f"{row.pairs:,}",
        mean(row, row.paired_a),
        mean(row, row.paired_b),
        difference(row, unit=False),
        interval(row),
        f"{row.only_a:,}",
        f"{row.only_b:,}",
        p_text(row.p_value) + ("*" if row.is_exploratory else "") if row.comparable else f"({p_text(row.p_value)})",
    ]
    cells += [p_text(row.p_holm)] if adjusted else []
    cells += [f"{row.truncated_a:,} / {row.truncated_b:,}"]
    cells += [f"{number(row.mean_tokens_a)} / {number(row.mean_tokens_b)}"]
    return cells + ([f"{number(row.cost_a, 4)} / {number(row.cost_b, 4)}"] if priced else [])


def _flips(record: ComparisonRecord) -> list[list[str]]:
    blocks = []
    for letter in dict.fromkeys(flip.b for flip in record.flips):
        for kind in ("lost", "gained"):
            flips = [flip for flip in record.flips if (flip.b, flip.kind) == (letter, kind)]
            lines = [f"{flip_words(record, letter, kind)} ({len(flips):,})", *map(_flip, flips[:_FLIPS])]
            if len(flips) > _FLIPS:
                lines.append(f"  and {len(flips) - _FLIPS:,} more")
            blocks.append(lines)
    return [*blocks, [WITHHELD_NOTE]] if record.withheld else blocks


def flip_words(record: ComparisonRecord, letter: str, kind: str) -> str:
    """Return what flips of a kind are called: `Lost: QwQ-32B right, qwen-plus not`."""
    first, other = (one_line(record.title(each), 60) for each in ("A", letter))
    return f"Lost: {first} right, {other} not" if kind == "lost" else f"Gained: {other} right, {first} not"


def _flip(flip: Flip) -> str:
    a, b = flip.first, flip.second
    other = b if flip.kind == "lost" else a
    repeat = f" repeat {a.repeat}" if a.repeat else ""
    values = (
        f"gold {one_line(a.gold, 60) or UNKNOWN}, {WORDS[other.outcome]} {one_line(other.extracted, 60) or UNKNOWN}"
    )
    doubt = ", check by hand" if "check_by_hand" in (*a.flags, *b.flags) else ""
    return f"  {one_line(a.id, 80)}{repeat}: {values}{doubt}"
