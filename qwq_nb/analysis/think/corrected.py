"""Correct the means of T̂ for the errors of the places that the rules find.

T̂ rests on the place of the first right answer, which rules find; a reader puts some of them elsewhere. On traces that
were labelled by hand the readers' mean T̂ / T differs from the rules' by `PlaceError.shift`. As in prediction-powered
inference (Angelopoulos et al. 2023, Science 382:669, arXiv:2301.09633, algorithm 1: the mean of the predictions plus
the mean difference of labels and predictions, whose variances add) that is added to each T̂ / T, by the kind of its
answer, and its standard error to that of the mean. So the corrected mean is what a reader would have found, if the
answers are like the labelled ones; the interval is wider than that of the mean itself. Places that a judge model has
given are not corrected: its errors are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt

import msgspec

from qwq_nb.analysis.think.efficiency import placed_benchmarks
from qwq_nb.analysis.think.literature import useful_share
from qwq_nb.core.estimates import Estimate, grouped, mean_estimate
from qwq_nb.core.records import SampleResult
from qwq_nb.core.thinking_scores import are_placed
from qwq_nb.trace.place_errors import MEASURED, AnswerKind, answer_kind

__all__ = ["CorrectedRow", "corrected_rows"]

_NORMAL = 1.959964


class CorrectedRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the corrected means of one subset, or of all of a benchmark (`subset == "all"`); see `ThinkRow`."""

    benchmark: str
    subset: str
    first_correct_tokens: Estimate
    reflection_tokens: Estimate
    token_efficiency: Estimate


def corrected_rows(
    results: Iterable[SampleResult], count_tokens: Callable[[str], int] | None = None
) -> list[CorrectedRow]:
    """Compute one row a subset and one for all of each benchmark; `results` have reasoning that was measured."""
    measured = list(results)
    placed = placed_benchmarks(measured)
    return [_row(*name, rows, count_tokens, placed=name[0] in placed) for name, rows in grouped(measured)]


def _row(
    benchmark: str,
    subset: str,
    results: list[SampleResult],
    count_tokens: Callable[[str], int] | None,
    *,
    placed: bool,
) -> CorrectedRow:
    answers: list[tuple[str, float | None, bool]] = []
    first = _Mean()
    reflection = _Mean()
    efficiency = _Mean(most=1.0)
    for result in results:
        completion, problem = result.completion, result.sample.id
        share = useful_share(result, count_tokens)
        correct = result.outcome == "correct"
        answers.append((problem, share, correct))
        if not correct:
            efficiency.add(problem, 0.0)
        if share is None or completion is None:
            continue
        kind = answer_kind(result)
        total = count_tokens(completion.reasoning) if count_tokens else completion.reasoning_tokens
        first.add(problem, share * total, kind, total)
        reflection.add(problem, (1 - share) * total, kind, -total)
        if correct:
            efficiency.add(problem, share, kind, 1.0)
    return CorrectedRow(
        benchmark=benchmark,
        subset=subset,
        first_correct_tokens=first.estimate(),
        reflection_tokens=reflection.estimate(),
        token_efficiency=efficiency.estimate() if are_placed(answers, elsewhere=placed) else Estimate(),
    )


class _Mean:
    """Sum up a mean of values that move by `scale` where T̂ / T moves by 1."""

    def __init__(self, most: float = float("inf")) -> None:
        self._most = most
        self._values: list[tuple[str, float]] = []
        self._scales: dict[AnswerKind, float] = {}

    def add(self, problem: str, value: float, kind: AnswerKind | None = None, scale: float = 0.0) -> None:
        if kind is not None:
            value += scale * MEASURED[kind].shift
            self._scales[kind] = self._scales.get(kind, 0.0) + scale
        self._values.append((problem, value))

    def estimate(self) -> Estimate:
        """Return the mean with an interval that holds the uncertainty of the labels, too."""
        made = mean_estimate(self._values, least=-float("inf"))
        if made.value is None:
            return made
        value = self._within(made.value)
        if made.low is None or made.high is None:
            return Estimate(value=value, n=made.n)
        labels = sum((self._scales[kind] / made.n * MEASURED[kind].error) ** 2 for kind in self._scales)
        half = sqrt(((made.high - made.low) / 2) ** 2 + _NORMAL**2 * labels)
        return Estimate(
            value=value, low=self._within(made.value - half), high=self._within(made.value + half), n=made.n
        )

    def _within(self, value: float) -> float:
        return min(max(value, 0.0), self._most)
