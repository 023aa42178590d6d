"""Make the mime bundle of a comparison: html without script, style sheet or id, and plain text, within a budget."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.games import games_html
from qwq_nb.analysis.compare.record import ComparisonRecord, Flip
from qwq_nb.analysis.compare.scores import benchmark_title, difference, interval, mean
from qwq_nb.analysis.compare.side_by_side import pair_html, pair_summary
from qwq_nb.analysis.compare.text import BARRED_P, other_head, render_comparison_text, shown_rows
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.view.budget import saved_size
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import Html, Typesetter, code, esc
from qwq_nb.view.tables import Row, framed, greyed, html_table, unbroken
from qwq_nb.view.wording import count, number, p_text

__all__ = ["COMPARISON_BYTES", "comparison_bundle"]

COMPARISON_BYTES: Final = 600_000
"""The whole output, as it stands in the .ipynb."""

_LEAST: Final = 800
"""Below this a cut reasoning says nothing: rather fewer flips with their texts."""
_ROWS: Final = 300
"""Flips of one kind that are listed."""
_INDENT: Final = 'style="margin-left:1.2em"'

_READING: Final = (
    "Everything is over the pairs: the problems × repeats that both runs answered. Difference and interval (Tango's "
    "score interval, by problem) are in percentage points, positive where the other run is better. Lost: only A is "
    "right; gained: only the other is. p: exact McNemar test, with repeats the exact sign-flip test by problem. "
    "Tokens are means of reasoning and answer together."
)
_READING_SCORES: Final = (
    " Where a benchmark's score is not 0 or 1, means, difference and interval are of that score, p is that of the "
    "paired t-test by problem, and an answer is right that scores 1."
)
_EXPLORATORY: Final = " * Exploratory: one of several looks at the same answers, not adjusted for that."


def comparison_bundle(record: ComparisonRecord) -> dict[str, Any]:
    """Return text/html and text/plain of at most COMPARISON_BYTES: texts shrink first, then fewer flips have them."""
    # Two reasonings a flip is where it begins: a few flips may be whole, and many cost no round for each.
    limit = max(_LEAST, COMPARISON_BYTES // (2 * max(1, len(record.flips))))
    opened, rows, pictures = len(record.flips), _ROWS, COMPARISON_BYTES // 2
    while True:
        made: dict[str, Any] = {
            "text/html": _render(record, limit, opened, rows, pictures),
            "text/plain": render_comparison_text(record),
        }
        over = saved_size(made) / COMPARISON_BYTES
        if over <= 1 or not rows:
            return made
        if opened and limit > _LEAST:
            limit = max(_LEAST, int(limit * max(0.3, 0.95 / over)))
        elif opened:
            opened = min(opened - 1, int(opened * 0.9 / over))
        else:
            rows, pictures = rows // 2, pictures // 2


def _render(record: ComparisonRecord, limit: int, opened: int, rows: int, pictures: int) -> str:
    parts = [
        _warnings(record),
        _runs(record),
        "".join(f"<p><strong>{esc(one_line(sentence, 1_200))}</strong></p>\n" for sentence in record.sentences),
        _table(record),
        f"<p>{esc(WITHHELD_NOTE)}</p>\n" if record.withheld else "",
        games_html(record, pictures),
        _flips(record, limit, opened, rows),
    ]
    return f"<div>{''.join(parts)}</div>"


def _warnings(record: ComparisonRecord) -> str:
    """What forbids a conclusion in a frame, all else as a list."""
    serious = [esc(one_line(c.text, 600)) for c in record.caveats[:30] if c.serious]
    notes = [esc(one_line(c.text, 600)) for c in record.caveats[:30] if not c.serious]
    notes += [esc(one_line(line, 400)) for line in record.coverage[:20]]
    mark = "⚠ DEMO: " if record.demo else "⚠ "
    first = "".join(framed(mark, text) for text in serious)
    return first + (f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>\n" if notes else "")


def _runs(record: ComparisonRecord) -> str:
    lines = []
    for card in record.runs:
        note = f" ({esc(card.note)})" if card.note else ""
        names = f"{esc(one_line(card.model, 80))}, {code(one_line(card.name, 120))}"
        lines.append(f"<li><strong>{card.letter}</strong>: {names}{note}</li>")
    return f"<h3>Comparison of {count(len(record.runs), 'run')}</h3>\n<ul>{''.join(lines)}</ul>\n"


def _table(record: ComparisonRecord) -> str:
    rows = shown_rows(record)
    if not rows:
        return ""
    adjusted, priced = record.family > 1, any(row.cost_a is not None or row.cost_b is not None for row in rows)
    tables = []
    for _, group in groupby(sorted(rows, key=_benchmark_order(rows)), key=lambda row: row.benchmark):
        tables.append(_one_table(list(group), other_head(record), adjusted, priced))
    exploratory = _EXPLORATORY if any(row.is_exploratory and row.comparable for row in rows) else ""
    scores = _READING_SCORES if any(row.metric for row in rows) else ""
    barred = "" if all(row.comparable for row in rows) else f" {BARRED_P}"
    return "".join(tables) + f"<p><small>{_READING}{scores}{exploratory}{barred}</small></p>\n"


def _benchmark_order(rows: list[ComparisonRow]) -> Any:
    order = list(dict.fromkeys(row.benchmark for row in rows))
    return lambda row: order.index(row.benchmark)


def _one_table(rows: list[ComparisonRow], other: str, adjusted: bool, priced: bool) -> str:
    heads = ["subset", "pairs", "A", other, "difference", "95 % interval", "lost", "gained", "p"]
    heads += (["p (Holm)"] if adjusted else []) + ["truncated", "tokens"] + (["cost"] if priced else [])
    lines: list[Row] = []
    for letter, group in groupby(rows, key=lambda row: row.b):
        lines += [f"{letter} against A", *(_row(row, adjusted, priced) for row in group)]
    return html_table(one_line(benchmark_title(rows[0]), 120), heads, lines)


def _row(row: ComparisonRow, adjusted: bool, priced: bool) -> list[str]:
    cells = [
        one_line(row.subset, 60),
        f"{row.pairs:,}",
        mean(row, row.paired_a),
        mean(row, row.paired_b),
        difference(row, unit=False),
        interval(row),
        f"{row.only_a:,}",
        f"{row.only_b:,}",
        p_text(row.p_value) + ("*" if row.is_exploratory else "") if row.comparable else greyed(p_text(row.p_value)),
    ]
    cells += [p_text(row.p_holm)] if adjusted else []
    cells += [f"{row.truncated_a:,} / {row.truncated_b:,}"]
    cells += [f"{number(row.mean_tokens_a)} / {number(row.mean_tokens_b)}"]
    cells += [f"{number(row.cost_a, 4)} / {number(row.cost_b, 4)}"] if priced else []
    # A narrow notebook scrolls the table; broken into three lines, no interval could be read.
    strong = row.comparable and not row.is_exploratory
    return [cell if isinstance(cell, Html) else unbroken(cell, strong=strong) for cell in cells]


def _flips(record: ComparisonRecord, limit: int, opened: int, rows: int) -> str:
    """Two lists for each run against A. The first `opened` flips have their texts, the others are rows."""
    typeset = Typesetter()
    # Both lists of every run have their share of the texts.
    groups = {
        (letter, kind): [flip for flip in record.flips if (flip.b, flip.kind) == (letter, kind)]
        for letter in dict.fromkeys(flip.b for flip in record.flips)
        for kind in ("lost", "gained")
    }
    shares = _shares([len(group) for group in groups.values()], opened)
    parts = []
    for ((letter, kind), group), share in zip(groups.items(), shares, strict=True):
        words = f"Lost: A right, {letter} not" if kind == "lost" else f"Gained: {letter} right, A not"
        items = [_flip(record, flip, typeset, limit if i < share else 0) for i, flip in enumerate(group[:rows])]
        if len(group) > rows:
            items.append(f"<p>and {len(group) - rows:,} more: <code>flips()</code> has them all</p>")
        if not group:
            continue
        inner = "\n".join(items)
        title = f"{words} ({len(group):,})"
        parts.append(f"<details><summary>{title}</summary><div {_INDENT}>{inner}</div></details>\n")
    if opened < len(record.flips):
        left_out = "Some flips are listed without their texts, to keep the notebook small"
        parts.append(f"<p>{left_out}: <code>flip(id)</code> shows one.</p>\n")
    return "".join(parts)


def _shares(sizes: list[int], total: int) -> list[int]:
    """`total` dealt out evenly, none getting more than it can use."""
    given = [0] * len(sizes)
    while total > 0:
        open_ = [i for i, size in enumerate(sizes) if given[i] < size]
        if not open_:
            break
        for i in open_[:total]:
            given[i] += 1
        total -= min(total, len(open_))
    return given


def _flip(record: ComparisonRecord, flip: Flip, typeset: Typesetter, limit: int) -> str:
    summary = pair_summary(flip, typeset)
    if not limit or (flip.first.question is None and flip.second.question is None):
        return f"<div>{summary}</div>"
    inside = pair_html(flip, record.runs, typeset, limit)
    return f"<details><summary>{summary}</summary><div {_INDENT}>{inside}</div></details>"
