"""Decide by the paired interval of the difference whether B is worse than A by more than a margin. Pure.

The decision on a benchmark, with a margin m and the 95 % interval of the difference (B - A):

- GO: the lower end is above -m, so B is not worse by m or more;
- NO-GO: the upper end is below -m, so B is worse by more than m;
- INCONCLUSIVE: the interval holds -m.

Sources:

- Tango, T. (1998). "Equivalence test and confidence interval for the difference in proportions for the paired-sample
  design." Statistics in Medicine 17, 891-908. The score interval, and the test against a margin that it inverts.

Of true differences of exactly -m, of which 2.5 % are to be GO, up to 2.7 % are: by enumeration of all outcomes, for 30
to 1,000 problems, margins of 1 to 10 points and 0 to 40 % gained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Literal

import msgspec

from qwq_nb.core.anytime import anytime_interval
from qwq_nb.core.paired import ALPHA, Problem, difference_interval, effective_counts, tango
from qwq_nb.core.stats import Interval

__all__ = ["DECISIONS", "POOLED", "Decision", "GateRow", "IntervalOf", "interval_at_every_look", "overall", "row_of"]

Decision = Literal["GO", "NO-GO", "INCONCLUSIVE"]

DECISIONS: tuple[Decision, ...] = ("GO", "NO-GO", "INCONCLUSIVE")
"""In the order of their exit codes, 0 to 2."""

IntervalOf = Callable[[Sequence[Problem], float], Interval]
"""Makes an interval of the difference from problems and a confidence."""

POOLED = "pooled"
"""Name of the row of all benchmarks together."""

_MOST = 10_000_000
"""Problems beyond which a number is no advice."""


class GateRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the decision on a benchmark, or on all pairs together (`benchmark == "pooled"`). Shares are 0…1."""

    benchmark: str
    pairs: int
    """Problems × repeats that both answered."""
    problems: int
    accuracy_a: float | None
    """Accuracy of A over the pairs."""
    accuracy_b: float | None
    difference: float | None
    """accuracy_b - accuracy_a: negative where B is worse."""
    ci_low: float | None
    """95 % interval of the difference (Tango's score interval, clustered by problem)."""
    ci_high: float | None
    lost: int
    """Pairs that A alone has right."""
    gained: int
    margin: float
    """In percentage points."""
    decision: Decision
    more_problems: int | None = None
    """Further problems after which the interval would decide if the rates stay as they are; None: it has decided, or
    no number would do.
    """
    reason: str = ""
    """Why no decision can be made or held, other than by the interval."""


def decided(interval: Interval, margin: float) -> Decision:
    """Return the decision that an interval of shares makes against a margin in points."""
    low, high = interval
    if low is None or high is None:
        return "INCONCLUSIVE"
    return "GO" if low > -margin / 100 else "NO-GO" if high < -margin / 100 else "INCONCLUSIVE"


def interval_at_every_look(problems: Sequence[Problem], confidence: float) -> Interval:
    """Compute the interval for problems that are looked at while answers come, each answered once."""
    pairs, only_a, only_b = (sum(problem[i] for problem in problems) for i in range(3))
    return anytime_interval(only_a, only_b, pairs, confidence)


def row_of(
    benchmark: str,
    problems: Sequence[Problem],
    right: tuple[int, int],
    margin: float,
    *,
    bars: Sequence[str] = (),
    interval: IntervalOf = difference_interval,
) -> GateRow:
    """Decide on some problems.

    `right`: correct answers of A and of B among the pairs. `bars`: why the runs cannot be compared; then nothing is
    decided. `more_problems` is of the interval of a fixed number of problems, and not known for another one.
    """
    low, high = ends = interval(problems, 1 - ALPHA)
    pairs = sum(n for n, _, _ in problems)
    made = decided(ends, margin)
    reason = "nothing was answered by both" if not pairs else "; ".join(bars)
    undecided = made == "INCONCLUSIVE" and not reason
    return GateRow(
        benchmark=benchmark,
        pairs=pairs,
        problems=len(problems),
        accuracy_a=right[0] / pairs if pairs else None,
        accuracy_b=right[1] / pairs if pairs else None,
        difference=(right[1] - right[0]) / pairs if pairs else None,
        ci_low=low,
        ci_high=high,
        lost=sum(a for _, a, _ in problems),
        gained=sum(b for _, _, b in problems),
        margin=margin,
        decision="INCONCLUSIVE" if reason else made,
        more_problems=more_problems(problems, margin) if undecided and interval is difference_interval else None,
        reason=reason,
    )


def more_problems(problems: Sequence[Problem], margin: float) -> int | None:
    """Compute how many more problems of the same rates would decide; None if not even ten million would.

    The interval of the same rates narrows towards the difference seen, so it decides unless that is the margin itself.
    """
    only_a, only_b, n = effective_counts(problems)
    known = len(problems)

    def decides(factor: float) -> bool:
        return decided(tango(factor * only_a, factor * only_b, factor * n), margin) != "INCONCLUSIVE"

    low, high = 1.0, 2.0
    while not decides(high):
        low, high = high, 2 * high
        if high * known > _MOST:
            return None
    while (high - low) * known > 0.5:
        middle = (low + high) / 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return max(1, ceil((high - 1) * known))


def overall(
    rows: Sequence[GateRow], by_benchmark: Iterable[Sequence[Problem]], interval: IntervalOf = difference_interval
) -> tuple[Decision, str]:
    """Return the decision on all of it, and why it is not the pooled row's; `rows` end with the pooled one.

    One benchmark that is NO-GO stops the whole, at a confidence corrected for their number (Bonferroni); one that
    cannot be compared keeps it from GO.
    """
    *parts, pooled = rows
    confidence = 1 - ALPHA / max(1, len(parts))
    for row, problems in zip(parts, by_benchmark, strict=True):
        alone = decided(interval(problems, confidence), row.margin)
        if not row.reason and alone == "NO-GO":
            return "NO-GO", f"{row.benchmark} alone is NO-GO" if pooled.decision != "NO-GO" else ""
    unknown = [row for row in parts if row.reason]
    if pooled.decision == "GO" and unknown:
        return "INCONCLUSIVE", f"{unknown[0].benchmark} could not be decided: {unknown[0].reason}"
    return pooled.decision, pooled.reason
