"""Render how much the thoughts of an answer mattered: a strip of them, a table, and their texts, as html and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.anchors.importance import Importance, Rollouts
from qwq_nb.core.formats import CI
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.html import Typesetter, code, esc
from qwq_nb.view.tables import Row, demo_frame, demo_line, html_table, text_table, unbroken
from qwq_nb.view.wording import UNKNOWN, count, number, percent, points

__all__ = ["Picture", "anchors_html", "anchors_text"]

_FORWARD: Final = "#0072B2"
_BACK: Final = "#D55E00"
"""Towards the right answer, and away from it: told apart by those who see few colours, and named beside them."""
_OPENED: Final = 3
"""Thoughts whose text is shown open: those that mattered most."""
_LONGEST: Final = 4_000
_BEGINNING: Final = 90
_HEADS: Final = ("thought", "tokens", "forced before → after", "rollouts before → after", "importance", CI)
_READING: Final = (
    "Importance: of rollouts, the share that is right after the thought minus the share before it; without rollouts, "
    "of the answer that is forced there (100 points: it turned right, −100: it turned wrong). Intervals: Newcombe "
    "1998, one thought at a time; of many thoughts one in twenty lies outside by chance. After arXiv:2506.19143."
)


class Picture(msgspec.Struct, kw_only=True, frozen=True):
    """Hold what is drawn."""

    run: str
    sample: str
    repeat: int
    outcome: str
    demo: bool
    reasoning: str
    withheld: bool
    rows: list[Importance]
    cost: str
    left_out: int
    missing: int


def anchors_text(picture: Picture) -> str:
    """Render as plain text."""
    lines = [demo_line()] if picture.demo else []
    lines += [_title(picture), _sentence(picture), *(f"Note: {note}" for note in _notes(picture)), ""]
    heads = (*_HEADS, "begins")
    lines += text_table(heads, [[*_cells(row), _begins(picture, row)] for row in picture.rows], "rrrrrrl")
    return "\n".join([*lines, "", _READING])


def anchors_html(picture: Picture) -> str:
    """Render as html, without script, style sheet or id."""
    parts = [demo_frame()] if picture.demo else []
    parts.append(f"<p><strong>{esc(_title(picture))}</strong><br>{esc(_sentence(picture))}</p>\n")
    if notes := _notes(picture):
        parts.append(f"<ul>{''.join(f'<li>{esc(note)}</li>' for note in notes)}</ul>\n")
    parts.append(_strip(picture.rows))
    cells: list[Row] = [[unbroken(cell) for cell in _cells(row)] for row in picture.rows]
    parts.append(html_table("How much each thought mattered", _HEADS, cells))
    parts += _texts(picture)
    parts.append(f"<p><small>{esc(_READING)}</small></p>\n")
    return f"<div>{''.join(parts)}</div>"


def _title(picture: Picture) -> str:
    repeat = f" repeat {picture.repeat}" if picture.repeat else ""
    said = picture.outcome.replace("_", " ")
    return f"Thoughts of {one_line(picture.sample, 120)}{repeat} ({said}) in {one_line(picture.run, 80)}"


def _sentence(picture: Picture) -> str:
    """Say which thought mattered most."""
    known = [row for row in picture.rows if row.value is not None]
    if not known:
        return f"Nothing was asked yet. {picture.cost}"
    shown = [row for row in known if row.is_shown]
    if not shown:
        return f"Of {count(len(known), 'thought')} none is shown to have mattered."
    best = max(shown, key=lambda row: abs(row.value or 0.0))
    value = best.value or 0.0
    where = "towards" if value > 0 else "away from"
    verb = "is" if len(shown) == 1 else "are"
    return (
        f"Of {count(len(known), 'thought')} {len(shown):,} {verb} shown to have mattered; "
        f"most thought {best.thought.number} ({points(value)} points, {where} the right answer)."
    )


def _notes(picture: Picture) -> list[str]:
    notes = []
    joined = sum(row.thought.joined for row in picture.rows) - len(picture.rows)
    if joined:
        notes.append(f"{count(joined + len(picture.rows), 'thought')} were joined to {len(picture.rows):,}.")
    if picture.missing and any(row.value is not None for row in picture.rows):
        notes.append(f"{count(picture.missing, 'request')} not asked yet.")
    if picture.left_out:
        notes.append(
            f"{count(picture.left_out, 'answer')} failed, or without proof that the thought arrived: not counted."
        )
    return notes


def _strip(rows: Sequence[Importance]) -> str:
    """Draw the reasoning from left to right: a block a thought, as wide as its tokens, as dark as it mattered."""
    whole = sum(row.thought.tokens for row in rows) or 1.0
    blocks = []
    for row in rows:
        value = row.value
        said = f"thought {row.thought.number}: " + ("not asked" if value is None else f"{points(value)} points")
        colour = _FORWARD if (value or 0.0) >= 0 else _BACK
        sign = "" if not row.is_shown else "▲" if (value or 0.0) > 0 else "▼"
        share = max(0.4, 100 * row.thought.tokens / whole)
        blocks.append(
            f'<span title="{esc(said)}" style="flex:{share:.2f} 0 2px;position:relative;border-right:1px solid '
            f'rgba(128,128,128,0.5);text-align:center;line-height:1.6em">'
            f'<span style="position:absolute;inset:0;background:{colour};opacity:{min(1.0, abs(value or 0.0)):.2f}">'
            f'</span><span style="position:relative">{sign}</span></span>'
        )
    return (
        '<div role="img" aria-label="How much each thought mattered; the table below says the same" '
        'style="display:flex;border:1px solid rgba(128,128,128,0.5);margin:0.5em 0;min-height:1.6em;overflow:hidden">'
        f"{''.join(blocks)}</div>\n"
        f"<p><small>From the first thought to the last, as wide as their tokens. ▲ blue: towards the right answer, ▼ "
        f"orange: away from it; unmarked: not shown.</small></p>\n"
    )


def _texts(picture: Picture) -> list[str]:
    if picture.withheld:
        return ["<p>The text is withheld: its authors ask that it not be published. run.reveal() shows it.</p>\n"]
    ranked = sorted((row for row in picture.rows if row.is_shown), key=lambda row: -abs(row.value or 0.0))
    opened = {row.thought.number for row in ranked[:_OPENED]}
    parts = []
    typeset = Typesetter()
    for row in picture.rows:
        text = picture.reasoning[row.thought.start : row.thought.end].strip()
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]} … {len(text) - _LONGEST:,} more characters"
        value = UNKNOWN if row.value is None else f"{points(row.value)} points"
        summary = f"{row.thought.number} · {value} · {_begins(picture, row)}"
        is_open = " open" if row.thought.number in opened else ""
        parts.append(f"<details{is_open}><summary>{esc(summary)}</summary>{typeset.reasoning(text)}</details>\n")
    return [f"<p><strong>The thoughts</strong> of {code(picture.sample)}</p>\n", *parts]


def _begins(picture: Picture, row: Importance) -> str:
    if picture.withheld:
        return "withheld"
    return one_line(visible(picture.reasoning[row.thought.start : row.thought.end].strip()), _BEGINNING)


def _cells(row: Importance) -> list[str]:
    known = row.low is not None and row.high is not None
    return [
        str(row.thought.number) + (f" ({row.thought.joined} joined)" if row.thought.joined > 1 else ""),
        number(row.thought.tokens),
        f"{_word(row.forced_before)} → {_word(row.forced_after)}",
        f"{_share(row.before)} → {_share(row.after)}",
        UNKNOWN if row.value is None else points(row.value),
        f"{points(row.low)} to {points(row.high)}" if known else UNKNOWN,
    ]


def _word(right: bool | None) -> str:
    return UNKNOWN if right is None else "right" if right else "wrong"


def _share(rollouts: Rollouts) -> str:
    return f"{percent(rollouts[0] / rollouts[1])} of {rollouts[1]:,}" if rollouts[1] else UNKNOWN
