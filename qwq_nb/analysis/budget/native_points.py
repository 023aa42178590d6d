"""Compute the accuracy of whole runs with a thinking budget of the server's own, beside a run without one. Pure.

Each is another draw of answers, so nothing is paired: a point has its own interval, and no difference is tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.budget.native_probe import is_within
from qwq_nb.core.apart import together
from qwq_nb.core.estimates import Estimate, mean_estimate, share_estimate
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.view.wording import count, number, percent

__all__ = ["NativePoint", "native_notes", "native_point"]

MOST_OVER: Final = 0.05
"""Share of the answers whose reasoning may go beyond the budget; with more, the server does not enforce it."""


class NativePoint(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one run with a budget of the server's own."""

    budget: int
    field: str
    """The field of the request that sets it."""
    run: str
    accuracy: Estimate
    mean_tokens: Estimate
    """Thinking tokens of an answer."""
    over: int
    """Answers whose reasoning went beyond the budget."""
    missing: int
    """Answers that failed, or are not asked yet."""

    @property
    def is_enforced(self) -> bool:
        """Return whether the server kept to the budget."""
        return self.over <= MOST_OVER * self.accuracy.n


def native_point(
    results: Sequence[SampleResult], *, budget: int, field: str, run: str, benchmark: str
) -> NativePoint | None:
    """Compute the point of one run on a benchmark; None where no answer counts yet."""
    own = together((r for r in results if r.sample.benchmark == benchmark), lambda result: result.sample)
    rows = [(r, r.completion) for r in own if counts(r.outcome) and r.completion is not None]
    if not rows:
        return None
    return NativePoint(
        budget=budget,
        field=field,
        run=run,
        accuracy=share_estimate([(r.sample.id, r.outcome == "correct") for r, _ in rows]),
        mean_tokens=mean_estimate([(r.sample.id, float(c.reasoning_tokens)) for r, c in rows]),
        over=sum(not is_within(c.reasoning_tokens, budget) for _, c in rows),
        missing=len(own) - len(rows),
    )


def native_notes(points: Sequence[NativePoint]) -> list[str]:
    """Return what a reader must know of the points, one sentence each."""
    if not points:
        return []
    fields = ", ".join(dict.fromkeys(point.field for point in points))
    notes = [
        f"Budgets of the server's own ({fields}): each is a whole run with other answers, so it is not paired with "
        f"this one, and differences within the intervals say nothing."
    ]
    for point in points:
        if not point.is_enforced:
            share = percent(point.over / point.accuracy.n)
            notes.append(
                f"{point.field} {number(point.budget)} is not enforced: {share} of the answers thought beyond it. Its "
                f"accuracy is left out."
            )
        if point.missing:
            left = count(point.missing, "answer")
            notes.append(f"{point.field} {number(point.budget)}: {left} failed or not asked yet; left out.")
    return notes
