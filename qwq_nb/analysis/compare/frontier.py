"""Compute each run's accuracy against its tokens and cost, over the answers that all runs have. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from qwq_nb.analysis.compare.contrasts import accuracy_of, cost, mean_tokens
from qwq_nb.core.apart import together
from qwq_nb.core.graded_metrics import graded_metrics
from qwq_nb.core.outcomes import counts
from qwq_nb.core.pairing import Pairing
from qwq_nb.core.records import SampleResult
from qwq_nb.core.stats import interval_of_counts
from qwq_nb.run.cost import Prices

__all__ = ["Point", "points"]


class Point(msgspec.Struct, kw_only=True):
    """Hold one run on a subset, or on all of a benchmark, over the problems × repeats that every run answered."""

    benchmark: str
    subset: str
    run: str
    n: int
    accuracy: float
    ci_low: float
    ci_high: float
    tokens: float | None
    """Mean completion tokens."""
    tokens_error: float
    """Half of the 95 % interval of `tokens` (1.96 standard errors of the mean)."""
    cost: float | None
    """Cost of 1,000 answers; None without prices."""
    dominated: bool = False
    """True if another run is at least as accurate for no more tokens (or cost), and better in one of them."""


def points(
    runs: Mapping[str, Sequence[SampleResult]],
    pairings: Mapping[str, Sequence[Pairing]],
    prices: Mapping[str, Prices | None],
) -> list[Point]:
    """Compute accuracy (0…1) and mean tokens of each run, over what all of them answered.

    `runs` are the results by run letter, the first run first; `pairings` those of each run but the first.
    """
    first = next(iter(runs))
    answered = [r for r in runs[first] if counts(r.outcome)]
    partners = {
        letter: {(p.a.sample.id, p.a.repeat): p.b for pairing in made for p in pairing.pairs}
        for letter, made in pairings.items()
    }
    common = [r for r in answered if all((r.sample.id, r.repeat) in of_run for of_run in partners.values())]
    groups: dict[tuple[str, str], list[SampleResult]] = {}
    for result in common:
        groups.setdefault((result.sample.benchmark, result.sample.subset), []).append(result)
    for benchmark in graded_metrics(common):
        # Its score is no accuracy.
        groups = {key: members for key, members in groups.items() if key[0] != benchmark}
    for benchmark in dict.fromkeys(benchmark for benchmark, _ in groups):
        own = [r for r in common if r.sample.benchmark == benchmark]
        groups[benchmark, "all"] = together(own, lambda result: result.sample)
    found = []
    for (benchmark, subset), members in groups.items():
        group = []
        for letter in runs:
            own = members if letter == first else [partners[letter][r.sample.id, r.repeat] for r in members]
            group.append(_point(benchmark, subset, letter, members, own, prices.get(letter)))
        found += [msgspec.structs.replace(p, dominated=any(_beats(q, p) for q in group)) for p in group]
    return found


def _point(
    benchmark: str,
    subset: str,
    run: str,
    members: Sequence[SampleResult],
    own: Sequence[SampleResult],
    price: Prices | None,
) -> Point:
    counts: dict[str, tuple[int, int]] = {}
    for member, result in zip(members, own, strict=True):
        n, right = counts.get(member.sample.id, (0, 0))
        counts[member.sample.id] = n + 1, right + (result.outcome == "correct")
    low, high = interval_of_counts(counts.values())
    tokens, error = mean_tokens(own)
    spent = cost(own, price)
    return Point(
        benchmark=benchmark,
        subset=subset,
        run=run,
        n=len(own),
        accuracy=accuracy_of(own)[1] or 0.0,
        ci_low=low or 0.0,
        ci_high=high or 0.0,
        tokens=tokens,
        tokens_error=error,
        cost=None if spent is None else 1000 * spent / len(own),
    )


def _beats(one: Point, other: Point) -> bool:
    """Compare by Pareto's order: no worse in accuracy and in cost (or tokens), and better in one of them."""
    priced = one.cost is not None and other.cost is not None
    mine, theirs = (one.cost, other.cost) if priced else (one.tokens, other.tokens)
    if mine is None or theirs is None:
        return False
    no_worse = one.accuracy >= other.accuracy and mine <= theirs
    return no_worse and (one.accuracy > other.accuracy or mine < theirs)
