"""Render what a run's confidence is worth, as html and plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from qwq_nb.analysis.confidence.rows import ConfidenceRecord, MeasureRow, VoteRow
from qwq_nb.core.formats import CI
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import esc
from qwq_nb.view.tables import Row, demo_frame, demo_line, html_table, text_table, unbroken
from qwq_nb.view.wording import UNKNOWN, count, interval, is_known, number, percent, points

__all__ = ["confidence_html", "confidence_text"]

_WORDS: Final = {
    "": "one vote an answer (cons@n)",
    "mean_probability": "mean probability of a token",
    "mean": "token confidence, mean",
    "tail": "token confidence, last 2,048 tokens",
    "lowest_group": "token confidence, lowest group",
    "bottom_tenth": "token confidence, lowest tenth of the groups",
}
_HEADS: Final = (
    "benchmark",
    "measure",
    "right answers",
    "wrong answers",
    "AUROC",
    CI,
    "ECE",
    "Brier",
    "n",
)
_VOTE_HEADS: Final = (
    "benchmark",
    "weights",
    "right",
    CI,
    "minus cons@n, points",
    CI,
    "problems",
)
_READING: Final = (
    "Right, wrong: the mean of the measure. AUROC: how often the right one of a right and a wrong answer has the "
    "higher confidence; 0.5 says nothing. ECE and Brier: of the mean probability taken as the probability of being "
    "right. Token confidence and weighted votes as in arXiv:2508.15260; intervals of an AUROC after Newcombe 2006."
)


def confidence_text(made: ConfidenceRecord) -> str:
    """Render as plain text."""
    lines = [demo_line()] if made.demo else []
    lines += [_title(made), *(f"Note: {note}" for note in _notes(made)), ""]
    lines += text_table(_HEADS, [_cells(row) for row in made.rows], "llr")
    if made.votes:
        lines += ["", *text_table(_VOTE_HEADS, [_vote_cells(row) for row in made.votes], "llr")]
    return "\n".join([*lines, "", _READING])


def confidence_html(made: ConfidenceRecord) -> str:
    """Render as html, without script, style sheet or id."""
    parts = [demo_frame()] if made.demo else []
    parts.append(f"<p><strong>{esc(_title(made))}</strong></p>\n")
    parts += [f"<p>{esc(note)}</p>\n" for note in _notes(made)]
    parts.append(html_table("Confidence against verdicts", _HEADS, _unbroken(map(_cells, made.rows))))
    if made.votes:
        rows = _unbroken(map(_vote_cells, made.votes))
        parts.append(html_table("Votes over all answers to a problem", _VOTE_HEADS, rows))
    parts.append(f"<p><small>{esc(_READING)}</small></p>\n")
    return f"<div>{''.join(parts)}</div>"


def _title(made: ConfidenceRecord) -> str:
    return f"Confidence of {one_line(made.run, 100)} against its verdicts"


def _notes(made: ConfidenceRecord) -> list[str]:
    return [f"{count(made.left_out, 'answer')} without log probabilities: left out."] if made.left_out else []


def _unbroken(rows: Iterable[Sequence[str]]) -> list[Row]:
    return [[unbroken(cell) for cell in row] for row in rows]


def _cells(row: MeasureRow) -> list[str]:
    area = row.auroc
    between = f"{number(area.low, 2)} – {number(area.high, 2)}" if is_known(area.low) else UNKNOWN
    return [
        one_line(row.benchmark, 60),
        _WORDS[row.measure],
        number(row.right, 3),
        number(row.wrong, 3),
        number(area.value, 2),
        between,
        number(row.ece, 3),
        number(row.brier, 3),
        f"{row.n:,}",
    ]


def _vote_cells(row: VoteRow) -> list[str]:
    difference = row.difference
    known = is_known(difference.low) and is_known(difference.high)
    return [
        one_line(row.benchmark, 60),
        _WORDS[row.measure],
        percent(row.value.value),
        interval(row.value.low, row.value.high),
        points(difference.value) if row.measure else UNKNOWN,
        f"{points(difference.low)} to {points(difference.high)}" if known else UNKNOWN,
        f"{row.problems:,}",
    ]
