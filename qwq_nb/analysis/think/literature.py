"""Compute the measures of thinking that the literature names, by the names and definitions that it gives them.

Per answer, in tokens of the reasoning: T, all of it; T̂, up to the end of the first place where the right answer is
stated (`Analysis.first_correct`), by characters or by a tokenizer, as in `qwq_nb.analysis.think.efficiency`.

- ξ_O, outcome efficiency (Chen et al. 2024, "Do NOT Think That Much for 2+3=? On the Overthinking of o1-Like LLMs",
  arXiv:2412.21187): the mean of σ · T̂ / T, where σ is 1 if the right answer occurs at all, whatever the verdict, else
  0. `token_efficiency` differs in σ: there it is the verdict. A correct answer whose place is not found is left out,
  since the miss is ours.
- ξ_UT, underthinking score (Wang et al. 2025, "Thoughts Are All Over the Place: On the Underthinking of o1-Like LLMs",
  arXiv:2501.18585): over the wrong answers alone, the mean of 1 − T̂ / T; one without a right thought adds 0. There an
  LLM judges whether a thought would lead to the right answer; here the answer must be stated, which is less and later:
  ours is a lower bound. Truncated answers and those without an answer are wrong ones; what is not gradable is neither.
- Switches and parts by thinkbench (evalscope 1.14, `evalscope/third_party/thinkbench/eval.py`) by its own list of seven
  phrases, `qwq_nb.trace.thoughts.THINKBENCH`: its `thought_num` counts them anywhere and in any case; its strategies
  `keywords` and `separator` cut the reasoning into parts, at the phrases in lower case and at blank lines. Its third
  strategy asks an LLM. The three differ by two orders of magnitude: published numbers compare with the one they name.

ξ_O and ξ_UT are None in a benchmark where no answer has a place: its kind of answers is not looked for in a reasoning.
ξ_O is None, too, where none of the right answers has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from qwq_nb.analysis.think.efficiency import placed_benchmarks
from qwq_nb.core.estimates import Estimate, grouped, mean_estimate
from qwq_nb.core.records import SampleResult
from qwq_nb.core.thinking_scores import are_placed, outcome_efficiency, underthinking_score
from qwq_nb.trace.habits import first_correct_tokens
from qwq_nb.trace.thoughts import thinkbench_parts, thinkbench_switches

__all__ = ["LiteratureRow", "literature_rows", "useful_share"]


class LiteratureRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the named measures of one subset, or of all of a benchmark (`subset == "all"`)."""

    benchmark: str
    subset: str
    outcome_efficiency: Estimate
    """ξ_O, 0…1; `n` leaves out correct answers whose place is not known."""
    underthinking_score: Estimate
    """ξ_UT, 0…1, a lower bound; `n` is the number of wrong answers."""
    thinkbench_switches: Estimate
    """thinkbench's `thought_num`: mean number of its phrases."""
    thinkbench_keywords: Estimate
    """Mean number of parts by its strategy `keywords`."""
    thinkbench_separator: Estimate
    """Mean number of parts by its strategy `separator`."""


def literature_rows(
    results: Iterable[SampleResult], count_tokens: Callable[[str], int] | None = None
) -> list[LiteratureRow]:
    """Compute one row a subset and one for all of each benchmark; `results` have reasoning that was measured.

    `count_tokens` counts the tokens of a text by the model's own tokenizer; without it T̂ is T by characters.
    """
    measured = list(results)
    placed = placed_benchmarks(measured)
    return [_row(*name, rows, count_tokens, placed=name[0] in placed) for name, rows in grouped(measured)]


def useful_share(result: SampleResult, count_tokens: Callable[[str], int] | None = None) -> float | None:
    """Return T̂ / T of one answer, 0…1; None where the right answer is not stated, or its place is not known."""
    if result.completion is None:
        return None
    until = first_correct_tokens(result, count_tokens)
    total = count_tokens(result.completion.reasoning) if count_tokens else result.completion.reasoning_tokens
    return min(until / total, 1.0) if until is not None and total > 0 else None


def _row(
    benchmark: str,
    subset: str,
    results: list[SampleResult],
    count_tokens: Callable[[str], int] | None,
    *,
    placed: bool,
) -> LiteratureRow:
    answers = [
        (r.sample.id, useful_share(r, count_tokens), r.outcome == "correct")
        for r in results
        if placed and r.outcome != "not_gradable"  # neither right nor wrong
    ]
    texts = [(r.sample.id, r.completion.reasoning if r.completion else "") for r in results]
    return LiteratureRow(
        benchmark=benchmark,
        subset=subset,
        outcome_efficiency=outcome_efficiency(answers) if are_placed(answers, elsewhere=placed) else Estimate(),
        underthinking_score=underthinking_score(answers),
        thinkbench_switches=mean_estimate([(problem, thinkbench_switches(text)) for problem, text in texts]),
        thinkbench_keywords=mean_estimate(
            [(problem, len(thinkbench_parts(text, "keywords"))) for problem, text in texts]
        ),
        thinkbench_separator=mean_estimate(
            [(problem, len(thinkbench_parts(text, "separator"))) for problem, text in texts]
        ),
    )
