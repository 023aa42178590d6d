"""Compute the curve of forced answers, paired with the run's own verdicts, and what may be concluded from it. Pure.

A(b): the share of right answers where each reasoning is cut at b tokens and an answer is forced. A reasoning that ended
within b tokens counts with the run's own verdict, and so does one that a token limit cut, beyond its length. d(b) =
A(b) − A(full) over the same answers, with Tango's interval, by problem, and the exact sign-flip p-value
(`qwq_nb.core.paired`).

b*, the tokens that an answer needs: the first budget from which all forced answers, and the given one, are right. A*(b)
is the share of answers with b* <= b: it only grows, and A − A* is right by luck or lost again. Overthinking tax: Σ (T −
b*);
futility: Σ T of answers that ended and have no b*; starved: cut answers without a b* below their length.

The sentence "within m points from b tokens on" is a test: the paired interval's lower end lies above −m at every budget
from b on. Reading it off the points is wrong in a third of all cases (measured by simulation with known truth).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

import msgspec

from qwq_nb.analysis.budget.answers import Answer
from qwq_nb.core.estimates import Estimate, ratio_estimate, share_estimate
from qwq_nb.core.paired import Problem, difference_interval, paired_p

__all__ = [
    "LEAST_AGREEMENT",
    "MARGIN",
    "Claim",
    "ForcedCurve",
    "ForcedPoint",
    "claim_of",
    "forced_curve",
    "needed_tokens",
]

MARGIN: Final = 3.0
"""Margin of the sentence in percentage points, unless another is named."""
LARGEST_MARGIN: Final = 10.0
"""A larger margin says nothing worth a sentence."""
LEAST_AGREEMENT: Final = 0.95
"""Share of the forced answers after the whole reasoning that have to agree with the given ones."""

Cells = Mapping[tuple[str, int], Mapping[int, bool]]
"""Whether forced answers are right: (sample id, repeat) → budget → right. What is not proved or failed is not in it."""


class ForcedPoint(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the forced answers at one budget."""

    budget: int
    accuracy: Estimate
    difference: float
    """d(b), a share."""
    low: float | None
    high: float | None
    p: float
    settled: Estimate
    """A*(b)."""
    share_of_tokens: float
    """Σ min(T, b) / Σ T."""


class Claim(msgspec.Struct, kw_only=True, frozen=True):
    """Hold what may be said: from a budget on, no more than a margin below the full accuracy."""

    budget: int
    margin: float
    """In percentage points."""
    share_of_tokens: float
    is_asked_margin: bool
    """False where the margin asked for is not shown, and this is the smallest that is."""


class ForcedCurve(msgspec.Struct, kw_only=True):
    """Hold the curve of forced answers of one panel."""

    points: list[ForcedPoint]
    needed: dict[tuple[str, int], float | None]
    """b* of each answer; None: there is none."""
    claim: Claim | None
    margin: float
    tax: Estimate
    """Share of all thinking tokens beyond b*."""
    futility: Estimate
    """Share of all thinking tokens in answers that ended and have no b*."""
    starved: int
    n: int
    """Answers that take part."""


def forced_curve(
    answers: Sequence[Answer], cells: Cells, budgets: Sequence[int], margin: float = MARGIN
) -> ForcedCurve:
    """Compute the curve over the answers that take part: those with cells, or without tokens to be cut."""
    kept = [a for a in answers if a.key in cells]
    needed = {a.key: needed_tokens(a, cells[a.key]) for a in kept}
    points = [_point(kept, cells, needed, budget) for budget in budgets]
    tokens = [(a, needed[a.key]) for a in kept]
    return ForcedCurve(
        points=points,
        needed=needed,
        claim=claim_of(points, margin),
        margin=margin,
        tax=ratio_estimate([(a.id, a.tokens - b if b is not None else 0.0, a.tokens) for a, b in tokens]),
        futility=ratio_estimate([(a.id, a.tokens * (b is None and a.ended), a.tokens) for a, b in tokens]),
        starved=sum(b is None and not a.ended for a, b in tokens),
        n=len(kept),
    )


def needed_tokens(answer: Answer, cells: Mapping[int, bool]) -> float | None:
    """Return b*: the first budget from which the forced answers, and the given one, are right; None if there is
    none."""
    needed: float | None = None
    below = [(float(b), right) for b, right in sorted(cells.items()) if b < answer.tokens]
    given = [(answer.tokens, answer.right)] if answer.ended else []
    for budget, right in [*below, *given]:
        needed = (budget if needed is None else needed) if right else None
    return needed


def _is_right(answer: Answer, cells: Mapping[int, bool], budget: int) -> bool | None:
    return answer.right if answer.tokens <= budget else cells.get(budget)


def _point(
    answers: Sequence[Answer], cells: Cells, needed: Mapping[tuple[str, int], float | None], budget: int
) -> ForcedPoint:
    seen = [(a, _is_right(a, cells[a.key], budget)) for a in answers]
    known = [(a, right) for a, right in seen if right is not None]
    by_problem: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for a, right in known:
        by_problem[a.id][0] += 1
        by_problem[a.id][1] += a.right and not right
        by_problem[a.id][2] += right and not a.right
    problems: list[Problem] = [(n, lost, won) for n, lost, won in by_problem.values()]
    low, high = difference_interval(problems)
    settled = [(a.id, own is not None and own <= budget) for a, own in ((a, needed[a.key]) for a in answers)]
    total = sum(a.tokens for a in answers)
    return ForcedPoint(
        budget=budget,
        accuracy=share_estimate([(a.id, right) for a, right in known]),
        difference=sum(won - lost for _, lost, won in problems) / max(len(known), 1),
        low=low,
        high=high,
        p=paired_p(problems),
        settled=share_estimate(settled),
        share_of_tokens=sum(min(a.tokens, budget) for a in answers) / total if total else 1.0,
    )


def claim_of(points: Sequence[ForcedPoint], margin: float = MARGIN) -> Claim | None:
    """Return the smallest budget from which on the paired interval lies above −margin at every budget; None for none.

    Where the margin asked for is not shown below the longest reasoning, the smallest margin that is, in tenths of a
    point, up to 10 points.
    """
    below = [p for p in points if p.share_of_tokens < 1]
    if not below:
        return None
    found = _from(below, margin)
    if found is not None:
        return Claim(budget=found.budget, margin=margin, share_of_tokens=found.share_of_tokens, is_asked_margin=True)
    last = below[-1]
    if last.low is None:
        return None
    least = ceil(-1000 * last.low + 1e-9) / 10
    if least <= -1000 * last.low / 10:
        least += 0.1
    shown = _from(below, least) if least <= LARGEST_MARGIN else None
    if shown is None:
        return None
    return Claim(budget=shown.budget, margin=least, share_of_tokens=shown.share_of_tokens, is_asked_margin=False)


def _from(points: Sequence[ForcedPoint], margin: float) -> ForcedPoint | None:
    found = None
    for point in reversed(points):
        if point.low is None or point.low <= -margin / 100:
            break
        found = point
    return found
