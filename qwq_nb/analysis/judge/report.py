"""Render what judges said of a run as html and plain text: counts, shares, whose word the accuracy is, agreement."""

from __future__ import annotations

from typing import Final

import msgspec

from qwq_nb.analysis.judge.agreement import agreement_sentence
from qwq_nb.analysis.judge.opened import opened_html, opened_text
from qwq_nb.analysis.judge.rows import Summary
from qwq_nb.analysis.judge.sides import Held, shown_judge
from qwq_nb.core.formats import CI
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import esc
from qwq_nb.view.tables import demo_frame, demo_line, html_table, text_table, unbroken
from qwq_nb.view.wording import UNKNOWN, interval, is_known, number, p_text, percent

__all__ = ["JudgedRecord", "judged_html", "judged_text"]

_HEADS: Final = (
    "benchmark",
    "judge",
    "n",
    "correct",
    "not correct",
    "no decision",
    "accuracy",
    CI,
    "score",
)
_PAIR_HEADS: Final = (
    "benchmark",
    "judge",
    "against",
    "n",
    "win",
    "tie",
    "loss",
    "inconsistent",
    "no decision",
    "preferred",
    CI,
    "p",
)
_READING: Final = (
    "Accuracy here: share of correct among the answers that this judge decided on. No decision: its reply was no "
    "verdict, which counts as none. Your rulings win over every judge in the run's own accuracy."
)
_PAIR_READING: Final = (
    "Each pair was asked in both orders; inconsistent: the two replies contradict each other, as where the same place "
    "was preferred twice. Preferred: mean of 1 for a win, 0.5 for a tie or inconsistent replies, 0 for a loss. p: "
    "exact sign test of wins and losses."
)


class JudgedRecord(msgspec.Struct, kw_only=True):
    """Hold what is drawn of a run's judges."""

    name: str
    model: str
    demo: bool
    summaries: list[Summary]
    held: list[Held]
    """Each judge of single answers against the rulings, where there are any; then judges against one another."""
    accuracy: list[str]
    """Of each benchmark, whose word its accuracy is."""
    notes: list[str]
    cost: list[str]
    hidden: list[str]
    """Benchmarks whose texts are not shown."""


def judged_text(record: JudgedRecord) -> str:
    """Render as plain text."""
    lines = [demo_line()] if record.demo else []
    lines += [_title(record), *record.accuracy, *(f"Note: {note}" for note in record.notes), *record.cost]
    single, pairs = _split(record)
    if single:
        lines += ["", *text_table(_HEADS, [_cells(s) for s in single], "llr")]
    if pairs:
        lines += ["", *text_table(_PAIR_HEADS, [_pair_cells(s) for s in pairs], "lllr"), _PAIR_READING]
    for held in record.held:
        lines += ["", agreement_sentence(held), *opened_text(held, record.hidden)]
    return "\n".join([*lines, "", _READING] if single else lines)


def judged_html(record: JudgedRecord) -> str:
    """Render as html, without script, style sheet or id."""
    parts = [demo_frame()] if record.demo else []
    said = "<br>".join(esc(line) for line in record.accuracy)
    parts.append(f"<p><strong>{esc(_title(record))}</strong><br>{said}</p>\n")
    if record.notes:
        parts.append(f"<ul>{''.join(f'<li>{esc(note)}</li>' for note in record.notes)}</ul>\n")
    single, pairs = _split(record)
    if single:
        rows = [[c if i < 2 else unbroken(c) for i, c in enumerate(_cells(s))] for s in single]
        parts.append(html_table("What each judge said", _HEADS, rows))
    if pairs:
        rows = [[c if i < 3 else unbroken(c) for i, c in enumerate(_pair_cells(s))] for s in pairs]
        parts.append(html_table("Pairs, asked in both orders", _PAIR_HEADS, rows))
    for held in record.held:
        parts.append(f"<p><strong>{esc(agreement_sentence(held))}</strong></p>\n{opened_html(held, record.hidden)}")
    if record.cost:
        parts.append(f"<p>{'<br>'.join(esc(line) for line in record.cost)}</p>\n")
    reading = " ".join([*([_READING] if single else []), *([_PAIR_READING] if pairs else [])])
    parts.append(f"<p><small>{esc(reading)}</small></p>\n")
    return f"<div>{''.join(parts)}</div>"


def _title(record: JudgedRecord) -> str:
    return f"{one_line(record.model, 80)} judged: run {one_line(record.name, 120)}"


def _split(record: JudgedRecord) -> tuple[list[Summary], list[Summary]]:
    pairs = [s for s in record.summaries if s.judging.protocol == "pairwise"]
    return [s for s in record.summaries if s.judging.protocol != "pairwise"], pairs


def _cells(summary: Summary) -> list[str]:
    counts = summary.counts
    mean = summary.mean_score
    score = f"{number(mean.value, 3)} ({summary.metric})" if mean is not None and is_known(mean.value) else UNKNOWN
    return [
        one_line(summary.benchmark, 60),
        _judge(summary),
        f"{summary.n:,}",
        *(f"{counts.get(word, 0):,}" for word in ("correct", "not correct", "no decision")),
        percent(summary.share.value),
        interval(summary.share.low, summary.share.high),
        score,
    ]


def _pair_cells(summary: Summary) -> list[str]:
    counts = summary.counts
    itself = ", the model under test itself" if summary.judging.under_test else ""
    return [
        one_line(summary.benchmark, 60),
        one_line(f"{summary.judging.model} at {summary.judging.judge}{itself}", 160),
        one_line(summary.judging.against, 80),
        f"{summary.n:,}",
        *(f"{counts.get(word, 0):,}" for word in ("win", "tie", "loss", "inconsistent", "no decision")),
        percent(summary.share.value),
        interval(summary.share.low, summary.share.high),
        p_text(summary.p),
    ]


def _judge(summary: Summary) -> str:
    itself = ", the model under test itself" if summary.judging.under_test else ""
    return one_line(f"{shown_judge(summary.judging)}{itself}", 160)
