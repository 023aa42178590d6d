"""Compute a run's cognitive efficiency: reasoning tokens, tokens to the first correct answer, tokens after it.

Per sample, in tokens of the reasoning: T, all of it; T̂, up to the end of the first correct answer
(`Analysis.first_correct`); T − T̂, reflection. T̂ is T times the share of characters up to that position, or counted by
a tokenizer if one is given.

Definitions follow EvalScope's guide "Evaluating the Thinking Efficiency of Models" and its thinkbench
(`evalscope/third_party/thinkbench`, version 1.14), with three differences, so that numbers mean what their names say:

- thinkbench finds the position with a judge model, and counts up to the *paragraph* of the correct answer, leaving that
  out; we count up to the answer's last character, found by the rules of `qwq_nb.trace.answer_places`;
- where no position is found it enters T̂ = 0 into the means, which makes a model that fails look quick. Our means of T̂,
  of T − T̂ and of `useful_share` (T̂ / T) are over the samples whose T̂ is known; `known` says how many these are;
- `token_efficiency` is the guide's: the mean of T̂ / T where a wrong answer counts 0. A correct answer whose position
  our rules did not find is left out of it, since the miss is ours, not the model's. Truncated samples count as wrong.
  Where no right answer has a place it is not known, and not 0.

Thoughts are one more than the switches (thinkbench: the switches). Accuracy is the run's, not "a position was found".

Intervals are 95 %: of a mean, t with the variance clustered by problem (Miller 2024, arXiv:2411.00640; problems − 1
degrees of freedom), of accuracy as in `qwq_nb.core.stats`. Samples with an error, pending or without reasoning are left
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from qwq_nb.core.estimates import Estimate, grouped, mean_estimate, share_estimate
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.core.thinking_scores import are_placed, token_efficiency
from qwq_nb.trace.habits import first_correct_tokens

__all__ = ["ThinkRow", "placed_benchmarks", "think_rows"]


class ThinkRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one subset of a benchmark, or all of it (`subset == "all"`). Tokens are of the reasoning."""

    benchmark: str
    subset: str
    n: int
    """Samples × repeats whose reasoning was analysed."""
    known: int
    """Of these, the number with a known position of the correct answer."""
    reasoning_tokens: Estimate
    """Mean of T, over `n`."""
    first_correct_tokens: Estimate
    """Mean of T̂, over `known`."""
    reflection_tokens: Estimate
    """Mean of T − T̂, over `known`."""
    useful_share: Estimate
    """Mean of T̂ / T, 0…1, over `known`."""
    token_efficiency: Estimate
    """The guide's mean of T̂ / T, 0…1, where a wrong answer counts 0."""
    thoughts: Estimate
    """Mean number of thoughts, over `n`."""
    accuracy: Estimate
    """Accuracy of the same samples, 0…1."""


def think_rows(results: Iterable[SampleResult], count_tokens: Callable[[str], int] | None = None) -> list[ThinkRow]:
    """Compute one row a subset and one for all of each benchmark, in the order in which they come.

    `count_tokens` counts the tokens of a text by the model's own tokenizer; without it T̂ is T by characters.
    """
    measured = [r for r in results if _measured(r)]
    placed = placed_benchmarks(measured)
    return [_row(*name, rows, count_tokens, placed=name[0] in placed) for name, rows in grouped(measured)]


def placed_benchmarks(results: Iterable[SampleResult]) -> set[str]:
    """Return the benchmarks of which at least one answer has a place where the right answer is first stated."""
    return {r.sample.benchmark for r in results if r.analysis is not None and r.analysis.first_correct is not None}


def _measured(result: SampleResult) -> bool:
    completion = result.completion
    return (
        counts(result.outcome)
        and result.analysis is not None
        and completion is not None
        and completion.reasoning_tokens > 0
    )


def _row(
    benchmark: str,
    subset: str,
    results: list[SampleResult],
    count_tokens: Callable[[str], int] | None,
    *,
    placed: bool,
) -> ThinkRow:
    total: list[tuple[str, float]] = []
    first: list[tuple[str, float]] = []
    reflection: list[tuple[str, float]] = []
    useful: list[tuple[str, float]] = []
    answers: list[tuple[str, float | None, bool]] = []
    for result in results:
        problem = result.sample.id
        text = result.completion.reasoning if result.completion else ""
        all_tokens = (
            count_tokens(text) if count_tokens else result.completion.reasoning_tokens if result.completion else 0
        )
        until = first_correct_tokens(result, count_tokens)
        total.append((problem, all_tokens))
        share = min(until / all_tokens, 1.0) if until is not None and all_tokens else None
        if until is not None and share is not None:
            first.append((problem, until))
            reflection.append((problem, max(all_tokens - until, 0.0)))
            useful.append((problem, share))
        answers.append((problem, share, result.outcome == "correct"))
    return ThinkRow(
        benchmark=benchmark,
        subset=subset,
        n=len(results),
        known=len(first),
        reasoning_tokens=mean_estimate(total),
        first_correct_tokens=mean_estimate(first),
        reflection_tokens=mean_estimate(reflection),
        useful_share=mean_estimate(useful, most=1.0),
        token_efficiency=token_efficiency(answers) if are_placed(answers, elsewhere=placed) else Estimate(),
        thoughts=mean_estimate([(r.sample.id, r.analysis.thoughts if r.analysis else 0) for r in results]),
        accuracy=share_estimate([(r.sample.id, r.outcome == "correct") for r in results]),
    )
