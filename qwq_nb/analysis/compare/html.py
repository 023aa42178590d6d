"""Make the mime bundle of a comparison: html without script, style sheet or id, and plain text, within a budget."""

from __future__ import annotations

from typing import Any, Final

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.games import games_html
from qwq_nb.analysis.compare.record import ComparisonRecord, Flip
from qwq_nb.analysis.compare.side_by_side import pair_html, pair_summary
from qwq_nb.analysis.compare.text import BARRED_P, EXPLORATORY, TableGroup, flip_words, render_comparison_text, table_of
from qwq_nb.analysis.compare.view_record import COMPARE_MIME, compare_view
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.view.budget import saved_size
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import Typesetter, code, esc
from qwq_nb.view.tables import Row, framed, greyed, html_table, unbroken

__all__ = ["COMPARISON_BYTES", "comparison_bundle"]

COMPARISON_BYTES: Final = 950_000
"""The whole output, as it stands in the .ipynb."""

_VIEW_SHARE: Final = 0.4
"""Of it, for what JupyterLab's view draws; the rest is html and text."""

_LEAST: Final = 800
"""Below this a cut reasoning says nothing: rather fewer flips with their texts."""
_ROWS: Final = 300
"""Flips of one kind that are listed."""
_INDENT: Final = 'style="margin-left:1.2em"'

_READING: Final = (
    "Everything is over the pairs: the problems × repeats that both runs answered. Difference and interval (Tango's "
    "score interval, by problem) are in percentage points, positive where the other run is better. Lost: only the "
    "first is right; gained: only the other is. p: exact McNemar test, with repeats the exact sign-flip test by "
    "problem. Tokens are means of reasoning and answer together."
)
_READING_SCORES: Final = (
    " Where a benchmark's score is not 0 or 1, means, difference and interval are of that score, p is that of the "
    "paired t-test by problem, and an answer is right that scores 1."
)


def comparison_bundle(record: ComparisonRecord) -> dict[str, Any]:
    """Return `compare.v1` JSON, text/html and text/plain of at most COMPARISON_BYTES together.

    Texts shrink first, then fewer flips have them.
    """
    view = _view(record)
    most = COMPARISON_BYTES - saved_size(view)
    # Two reasonings a flip is where it begins: a few flips may be whole, and many cost no round for each.
    limit = max(_LEAST, most // (2 * max(1, len(record.flips))))
    opened, rows, pictures = len(record.flips), _ROWS, most // 2
    while True:
        made: dict[str, Any] = {
            "text/html": _render(record, limit, opened, rows, pictures),
            "text/plain": render_comparison_text(record),
        }
        made = {**view, **made}
        over = (saved_size(made) - COMPARISON_BYTES + most) / most
        if over <= 1 or not rows:
            return made
        if opened and limit > _LEAST:
            limit = max(_LEAST, int(limit * max(0.3, 0.95 / over)))
        elif opened:
            opened = min(opened - 1, int(opened * 0.9 / over))
        else:
            rows, pictures = rows // 2, pictures // 2


def _view(record: ComparisonRecord) -> dict[str, Any]:
    """Return the view's JSON; what escaping adds to the texts is seen only in the result."""
    most = int(COMPARISON_BYTES * _VIEW_SHARE)
    budget = most
    while True:
        made: dict[str, Any] = {COMPARE_MIME: compare_view(record, reading(record), budget)}
        over = saved_size(made) - most
        if over <= 0 or budget <= 0:
            return made
        budget -= over + budget // 50


def reading(record: ComparisonRecord) -> str:
    """Return how the table is read, in a few sentences."""
    rows = [row for group in table_of(record)[1] for row, _ in group.rows]
    exploratory = f" {EXPLORATORY}." if any(row.is_exploratory and row.comparable for row in rows) else ""
    scores = _READING_SCORES if any(row.metric for row in rows) else ""
    barred = "" if all(row.comparable for row in rows) else f" {BARRED_P}"
    return f"{_READING}{scores}{exploratory}{barred}"


def _render(record: ComparisonRecord, limit: int, opened: int, rows: int, pictures: int) -> str:
    parts = [
        _warnings(record),
        _conclusions(record),
        _runs(record),
        _table(record),
        _notes(record),
        f"<p>{esc(WITHHELD_NOTE)}</p>\n" if record.withheld else "",
        games_html(record, pictures),
        _flips(record, limit, opened, rows),
    ]
    return f"<div>{''.join(parts)}</div>"


def _warnings(record: ComparisonRecord) -> str:
    """What forbids a conclusion, in a frame, before any."""
    mark = "⚠ DEMO: " if record.demo else "⚠ "
    return "".join(framed(mark, esc(one_line(c.text, 600))) for c in record.caveats[:30] if c.serious)


def _conclusions(record: ComparisonRecord) -> str:
    """A headline for each benchmark and run, the only words in bold; below it, what follows from it."""
    demo = "DEMO: " if record.demo else ""
    parts = []
    for found in record.conclusions:
        parts.append(
            f"<p>{demo}{esc(one_line(found.on, 200))}<br><strong>{esc(one_line(found.headline, 600))}</strong><br>"
            f"{esc(one_line(found.detail, 1_000))}</p>\n"
        )
    return "".join(parts)


def _runs(record: ComparisonRecord) -> str:
    lines = []
    for card in record.runs:
        note = f" ({esc(card.note)})" if card.note else ""
        names = f"{esc(one_line(card.model, 80))}, {code(one_line(card.name, 120))}"
        lines.append(f"<li>{card.letter}: {names}{note}</li>")
    return f"<ul>{''.join(lines)}</ul>\n"


def _notes(record: ComparisonRecord) -> str:
    """What else differs, and what was left out."""
    notes = [esc(one_line(c.text, 600)) for c in record.caveats[:30] if not c.serious]
    notes += [esc(one_line(line, 400)) for line in record.coverage[:20]]
    return f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>\n" if notes else ""


def _table(record: ComparisonRecord) -> str:
    heads, groups = table_of(record)
    if not groups:
        return ""
    tables = []
    for benchmark in dict.fromkeys(group.benchmark for group in groups):
        tables.append(_one_table(benchmark, ["subset", *heads[1:]], [g for g in groups if g.benchmark == benchmark]))
    return "".join(tables) + f"<p><small>{esc(reading(record))}</small></p>\n"


def _one_table(benchmark: str, heads: list[str], groups: list[TableGroup]) -> str:
    lines: list[Row] = []
    for group in groups:
        lines += [group.title, *(_row(row, cells, heads.index("p")) for row, cells in group.rows)]
    return html_table(benchmark, heads, lines)


def _row(row: ComparisonRow, cells: list[str], p: int) -> list[str]:
    # A narrow notebook scrolls the table; broken into three lines, no interval could be read.
    made: list[str] = [unbroken(cell) for cell in cells]
    if not row.comparable:
        made[p] = greyed(cells[p].strip("()"))
    return made


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
        words = esc(flip_words(record, letter, kind))
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
    summary = pair_summary(flip, record.runs, typeset)
    if not limit or (flip.first.question is None and flip.second.question is None):
        return f"<div>{summary}</div>"
    inside = pair_html(flip, record.runs, typeset, limit)
    return f"<details><summary>{summary}</summary><div {_INDENT}>{inside}</div></details>"
