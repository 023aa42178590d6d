"""Compute the free curves of a run, from its traces alone, and what its thinking tokens went into. Pure.

Of all answers that count for accuracy, by k thinking tokens: S(k), the share whose right answer is stated; the share
that has ended and is right; and the share that has ended. An answer that a token limit cut is unknown beyond its
length, so there the curves can only be higher.

ξ_O and ξ_UT are defined in `qwq_nb.core.thinking_scores`, and are those of `%qwq_think`.

Intervals are 95 %, pointwise, by problem where problems were answered several times (`qwq_nb.core.estimates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import msgspec

from qwq_nb.analysis.budget.answers import Answer
from qwq_nb.core.estimates import Estimate, mean_estimate, ratio_estimate, share_estimate
from qwq_nb.core.thinking_scores import are_placed, outcome_efficiency, underthinking_score

__all__ = ["CurvePoint", "ThinkingUse", "curve_point", "curve_points", "steps_of", "thinking_use", "widest_gap"]


class CurvePoint(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the three shares (0…1) at one budget, over all answers."""

    budget: int
    stands: Estimate
    """S: the right answer is stated by then."""
    ended_right: Estimate
    """The reasoning has ended by then, and the answer is right."""
    ended: Estimate
    """The reasoning has ended by then."""


class ThinkingUse(msgspec.Struct, kw_only=True, frozen=True):
    """Hold what the thinking tokens of a run went into. None where nothing can be said."""

    n: int
    tokens: float
    """Of all reasonings together."""
    cut: int
    """Answers whose reasoning a token limit cut."""
    unplaced: int
    """Right answers whose place in the reasoning was not found: they count as stated at its end."""
    xi_o: Estimate
    xi_ut: Estimate
    after: Estimate
    """Share of all thinking tokens that came after the right answer was stated."""
    never: Estimate
    """Share of all thinking tokens in answers that never state it."""
    after_tokens: Estimate
    """Mean tokens after it, over the answers that state it."""
    never_tokens: Estimate
    """Mean tokens of the answers that never state it."""


def curve_point(answers: Sequence[Answer], budget: float) -> CurvePoint:
    """Compute the shares at one budget."""
    return CurvePoint(
        budget=ceil(budget),
        stands=share_estimate([(a.id, a.stated is not None and a.stated <= budget) for a in answers]),
        ended_right=share_estimate([(a.id, a.ended and a.right and a.tokens <= budget) for a in answers]),
        ended=share_estimate([(a.id, a.ended and a.tokens <= budget) for a in answers]),
    )


def curve_points(answers: Sequence[Answer], budgets: Sequence[float]) -> list[CurvePoint]:
    """Compute the shares at each budget."""
    return [curve_point(answers, budget) for budget in budgets]


def steps_of(answers: Sequence[Answer], most: int) -> list[int]:
    """Return budgets at which the curves change, thinned to at most `most`; the last is the longest reasoning."""
    places = {ceil(a.tokens) for a in answers} | {ceil(a.stated) for a in answers if a.stated is not None}
    ordered = sorted(places)
    if len(ordered) <= most:
        return ordered
    kept = [ordered[round(i * (len(ordered) - 1) / (most - 1))] for i in range(most)]
    return list(dict.fromkeys(kept))


def widest_gap(points: Sequence[CurvePoint]) -> CurvePoint | None:
    """Return the point where most answers have stated the right answer and not yet given it; None where none has."""
    best = max(points, key=_gap, default=None)
    return best if best is not None and _gap(best) > 0 else None


def _gap(point: CurvePoint) -> float:
    return (point.stands.value or 0.0) - (point.ended_right.value or 0.0)


def thinking_use(answers: Sequence[Answer], *, choice: bool = False, placed: bool = True) -> ThinkingUse:
    """Compute what the tokens went into.

    Where places are only a lower bound (`choice`: multiple choice) or not known at all (`placed` False) nothing that
    depends on them is said.
    """
    thought = [a for a in answers if a.tokens > 0]
    known = placed and not choice
    # The place as it was found; an answer that is not gradable is neither right nor wrong.
    shares = [
        (a.id, a.stated / a.tokens if a.is_found and a.stated is not None else None, a.right)
        for a in thought
        if a.outcome != "not_gradable"
    ]
    return ThinkingUse(
        n=len(answers),
        tokens=sum(a.tokens for a in answers),
        cut=sum(not a.ended for a in answers),
        unplaced=sum(a.right and not a.is_found and a.tokens > 0 for a in answers),
        xi_o=outcome_efficiency(shares) if known and are_placed(shares, elsewhere=True) else Estimate(),
        xi_ut=underthinking_score(shares) if known else Estimate(),
        after=ratio_estimate([(a.id, a.after, a.tokens) for a in thought]) if known else Estimate(),
        never=ratio_estimate([(a.id, a.tokens * (a.stated is None), a.tokens) for a in thought])
        if known
        else Estimate(),
        after_tokens=mean_estimate([(a.id, a.after) for a in thought if a.stated is not None]) if known else Estimate(),
        never_tokens=mean_estimate([(a.id, a.tokens) for a in thought if a.stated is None]) if known else Estimate(),
    )
