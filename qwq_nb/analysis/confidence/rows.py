"""Define what is known of a run's confidence: a row a measure, a row a vote. Pure."""

from __future__ import annotations

import msgspec

from qwq_nb.analysis.confidence.numbers import Auroc
from qwq_nb.core.estimates import Estimate

__all__ = ["ConfidenceRecord", "MeasureRow", "VoteRow"]


class MeasureRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold what one measure is worth on one benchmark."""

    benchmark: str
    measure: str
    n: int
    right: float | None
    """Its mean over right answers."""
    wrong: float | None
    auroc: Auroc
    ece: float | None = None
    brier: float | None = None


class VoteRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the vote over all repeats of each problem, weighed by one measure."""

    benchmark: str
    measure: str
    """Empty: each answer has one vote (cons@n)."""
    problems: int
    value: Estimate
    difference: Estimate
    """From the vote without weights, by problem."""


class ConfidenceRecord(msgspec.Struct, kw_only=True, frozen=True):
    """Hold all rows of a run."""

    run: str
    demo: bool
    rows: list[MeasureRow]
    votes: list[VoteRow]
    left_out: int
    """Answers that count and have no log probabilities."""
