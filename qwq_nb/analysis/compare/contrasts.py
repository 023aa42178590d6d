"""Compute the rows of a comparison: accuracies side by side, paired difference, interval and p-value. Pure.

Everything in a row but `n_…` and `accuracy_…` is over the pairs: the problems × repeats that both runs answered. The
statistics, with their sources, are those of `qwq_nb.core.paired`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from qwq_nb.core.apart import together
from qwq_nb.core.estimates import difference_estimate
from qwq_nb.core.outcomes import counts
from qwq_nb.core.paired import Problem, difference_interval, holm, paired_p
from qwq_nb.core.pairing import Pair, Pairing, by_problem
from qwq_nb.core.records import SampleResult
from qwq_nb.run.cost import Prices

__all__ = ["COLUMNS", "ComparisonRow", "Contrast", "adjust", "comparison_rows", "contrast", "cost", "mean_tokens"]


class ComparisonRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold run `b` against run `a` on a subset, or on all of a benchmark (`subset == "all"`). Shares are 0…1."""

    benchmark: str
    subset: str
    a: str
    """Letter of the first run."""
    b: str
    n_a: int
    """Answers of run `a` that its own accuracy counts: all but errors and pending ones."""
    accuracy_a: float | None
    """The run's own accuracy, as in `run.table()`."""
    n_b: int
    accuracy_b: float | None
    pairs: int
    """Problems × repeats that both answered: all that follows is over these."""
    problems: int
    """Distinct problems among them."""
    paired_a: float | None
    """Accuracy of `a` over the pairs."""
    paired_b: float | None
    difference: float | None
    """paired_b - paired_a: positive where `b` is better."""
    ci_low: float | None
    """95 % interval of the difference (Tango's score interval, clustered by problem)."""
    ci_high: float | None
    only_a: int
    """Pairs that `a` alone has right: lost from `a` to `b`."""
    only_b: int
    """Pairs that `b` alone has right: gained from `a` to `b`."""
    p_value: float | None
    """Exact McNemar test; with repeats, the exact sign-flip test by problem. Of a subset: exploratory."""
    p_holm: float | None = None
    """Adjusted for all whole-benchmark comparisons made together (Holm). None for subsets, and if not `comparable`."""
    truncated_a: int
    truncated_b: int
    mean_tokens_a: float | None
    """Mean completion tokens (reasoning and answer) of an answer, truncated answers included."""
    mean_tokens_b: float | None
    cost_a: float | None = None
    """Cost of all pairs together, in the unit of the prices; None without prices."""
    cost_b: float | None = None
    metric: str = ""
    """Name of the benchmark's score where that is not 0 or 1: `paired_a`, `paired_b` and `difference` are then of its
    mean, the interval and the p-value those of the paired t-test by problem, and there is no accuracy."""
    mean_score_a: float | None = None
    """The run's own mean score, as in `run.table()`."""
    mean_score_b: float | None = None
    comparable: bool = True
    """False if a caveat forbids a conclusion: p-value and interval then say nothing about the models."""

    @property
    def is_exploratory(self) -> bool:
        """Return True for a part of a benchmark.

        Its p-value is one of several on the same data, and not adjusted for that.
        """
        return self.subset != "all"


COLUMNS: tuple[str, ...] = ComparisonRow.__struct_fields__


class Contrast(msgspec.Struct, kw_only=True):
    """Hold one run against the first, on one benchmark: the rows of its subsets and then `all`, and their pairs."""

    benchmark: str
    a: str
    b: str
    pairing: Pairing
    rows: list[ComparisonRow]
    problems: list[Problem]
    bars: list[str] = []
    """Why no conclusion may be drawn from it, in a few words each; empty where one may."""

    @property
    def whole(self) -> ComparisonRow:
        """Return the row of the whole benchmark."""
        return self.rows[-1]


def contrast(
    pairing: Pairing,
    a: str,
    b: str,
    first: Sequence[SampleResult],
    second: Sequence[SampleResult],
    prices: tuple[Prices | None, Prices | None] = (None, None),
    bars: Sequence[str] = (),
    scores: tuple[float | None, float | None] | None = None,
    metric: str = "",
) -> Contrast:
    """Compute the rows of one benchmark, for its subsets and then for `all`.

    `first` and `second` are all results of the two runs; the subsets are the first run's. `bars`: why no conclusion
    may be drawn, see `run.comparability.bars`. `scores` are the runs' own accuracies on the benchmark, which are
    estimates where only a part of it was asked; None: correct / answered. `metric`: the name of its score, where that
    is not 0 or 1; then `scores` are the runs' own means of it.
    """
    own_a = [r for r in first if r.sample.benchmark == pairing.benchmark]
    own_b = [r for r in second if r.sample.benchmark == pairing.benchmark]
    subsets = dict.fromkeys(r.sample.subset for r in own_a)
    of_all = together(pairing.pairs, lambda pair: pair.a.sample)
    rows = []
    for subset in [*subsets, None]:
        pairs = of_all if subset is None else [p for p in pairing.pairs if p.a.sample.subset == subset]
        mine, theirs = (_of_subset(own, subset) for own in (own_a, own_b))
        row = _row(pairing.benchmark, subset or "all", a, b, pairs, mine, theirs, prices)
        row = _of_scores(row, pairs, mine, theirs, metric) if metric else row
        rows.append(msgspec.structs.replace(row, comparable=not bars))
    if scores is not None and metric:
        rows[-1] = msgspec.structs.replace(rows[-1], mean_score_a=scores[0], mean_score_b=scores[1])
    elif scores is not None:
        rows[-1] = msgspec.structs.replace(rows[-1], accuracy_a=scores[0], accuracy_b=scores[1])
    whole = by_problem(of_all)
    return Contrast(benchmark=pairing.benchmark, a=a, b=b, pairing=pairing, rows=rows, problems=whole, bars=list(bars))


def _of_subset(results: Sequence[SampleResult], subset: str | None) -> list[SampleResult]:
    """Return the results of a subset; None: of all that the benchmark's score is made of."""
    if subset is None:
        return together(results, lambda result: result.sample)
    return [result for result in results if result.sample.subset == subset]


def _row(
    benchmark: str,
    subset: str,
    a: str,
    b: str,
    pairs: Sequence[Pair],
    own_a: Sequence[SampleResult],
    own_b: Sequence[SampleResult],
    prices: tuple[Prices | None, Prices | None],
) -> ComparisonRow:
    problems = by_problem(pairs)
    only_a, only_b = sum(p[1] for p in problems), sum(p[2] for p in problems)
    firsts, seconds = [p.a for p in pairs], [p.b for p in pairs]
    low, high = difference_interval(problems)
    n_a, accuracy_a = accuracy_of(own_a)
    n_b, accuracy_b = accuracy_of(own_b)
    return ComparisonRow(
        benchmark=benchmark,
        subset=subset,
        a=a,
        b=b,
        n_a=n_a,
        accuracy_a=accuracy_a,
        n_b=n_b,
        accuracy_b=accuracy_b,
        pairs=len(pairs),
        problems=len(problems),
        paired_a=accuracy_of(firsts)[1],
        paired_b=accuracy_of(seconds)[1],
        difference=(only_b - only_a) / len(pairs) if pairs else None,
        ci_low=low,
        ci_high=high,
        only_a=only_a,
        only_b=only_b,
        p_value=paired_p(problems) if pairs else None,
        truncated_a=sum(r.outcome == "truncated" for r in firsts),
        truncated_b=sum(r.outcome == "truncated" for r in seconds),
        mean_tokens_a=mean_tokens(firsts)[0],
        mean_tokens_b=mean_tokens(seconds)[0],
        cost_a=cost(firsts, prices[0]),
        cost_b=cost(seconds, prices[1]),
    )


def _of_scores(
    row: ComparisonRow,
    pairs: Sequence[Pair],
    own_a: Sequence[SampleResult],
    own_b: Sequence[SampleResult],
    metric: str,
) -> ComparisonRow:
    """Return a row with mean scores, and their paired difference, in place of accuracies."""
    made, p = difference_estimate([(pair.a.sample.id, score_of(pair.b) - score_of(pair.a)) for pair in pairs])
    return msgspec.structs.replace(
        row,
        metric=metric,
        accuracy_a=None,
        accuracy_b=None,
        mean_score_a=_mean_score(own_a),
        mean_score_b=_mean_score(own_b),
        paired_a=_mean_score(pair.a for pair in pairs),
        paired_b=_mean_score(pair.b for pair in pairs),
        difference=made.value,
        ci_low=made.low,
        ci_high=made.high,
        p_value=p,
    )


def score_of(result: SampleResult) -> float:
    """Return an answer's own score; one that could not be graded has 0."""
    return result.verdict.score if result.verdict is not None else 0.0


def _mean_score(results: Iterable[SampleResult]) -> float | None:
    found = [score_of(result) for result in results if counts(result.outcome)]
    return sum(found) / len(found) if found else None


def adjust(contrasts: Sequence[Contrast]) -> None:
    """Set Holm's adjusted p-values in the `all` rows.

    The family is every whole-benchmark comparison made together from which a conclusion may be drawn.
    """
    known = [c for c in contrasts if c.whole.p_value is not None and c.whole.comparable]
    for found, p in zip(known, holm([c.whole.p_value or 0.0 for c in known]), strict=True):
        found.rows[-1] = msgspec.structs.replace(found.whole, p_holm=p)


def accuracy_of(results: Iterable[SampleResult]) -> tuple[int, float | None]:
    """Return the number of answers that count (all but errors and pending ones), and their accuracy 0…1 or None."""
    counted = [r.outcome == "correct" for r in results if counts(r.outcome)]
    return len(counted), sum(counted) / len(counted) if counted else None


def mean_tokens(results: Iterable[SampleResult]) -> tuple[float | None, float]:
    """Return the mean of completion tokens, and half of its 95 % interval (normal approximation)."""
    spent = [r.completion.completion_tokens for r in results if r.completion is not None]
    if not spent:
        return None, 0.0
    mean = sum(spent) / len(spent)
    if len(spent) < 2:
        return mean, 0.0
    variance = sum((tokens - mean) ** 2 for tokens in spent) / (len(spent) - 1)
    return mean, 1.959964 * float((variance / len(spent)) ** 0.5)


def cost(results: Iterable[SampleResult], prices: Prices | None) -> float | None:
    """Return the cost of these answers together; None without prices.

    The cost of failed attempts is not known, and not included.
    """
    if prices is None:
        return None
    found = [r.completion for r in results if r.completion is not None]
    return sum(map(prices.of_completion, found))


def comparison_rows(rows: Iterable[ComparisonRow]) -> list[dict[str, Any]]:
    """Return the rows as dicts of COLUMNS."""
    return [msgspec.structs.asdict(row) for row in rows]
