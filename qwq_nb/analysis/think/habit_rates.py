"""Marks of how a sample was thought: overthinking, underthinking, leaving the right answer, loops, language mixing.

- `overthinking`: the right answer stood there, and more than `after_share` of the reasoning and `after_tokens` tokens
  came after it (Chen et al. 2024, "Do NOT Think That Much for 2+3=?", arXiv:2412.21187, measure the same waste by
  further solutions).
- `left_right_answer`: a trace that is not correct stated the right answer as its answer and ended with another.
- `underthinking`: a wrong answer whose thoughts per 1,000 tokens lie more than `deviations` scaled median absolute
  deviations above the median of its peers (Wang et al. 2025, "Thoughts Are All Over the Place", arXiv:2501.18585: wrong
  answers switch thoughts more often). With fewer than `least_peers` peers nobody is marked, and neither is a trace of
  fewer than `least_tokens` tokens.
- `loop`: see `loops.py`; `language_switch`: see `scripts.py`; a share of at least `foreign_share` or `foreign_chars`
  characters.

Peers are the samples of the same run and benchmark subset. All thresholds are our choice, not calibrated on anything:
they are fields of `Thresholds`, to be set, and stand beside the rates (`Thresholds.words`).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from qwq_nb.core.estimates import Estimate, grouped, mean_estimate, share_estimate
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.trace.habits import DEFAULT, HABITS, Thresholds, marks_of, usual_rate, wasted_tokens

__all__ = ["HabitRow", "habit_rows", "with_peers"]


class HabitRow(msgspec.Struct, kw_only=True, frozen=True):
    """How often each mark was given in a subset, or in all of a benchmark (`subset == "all"`)."""

    benchmark: str
    subset: str
    n: int
    """Samples × repeats that were measured."""
    rates: dict[str, Estimate]
    """Share of the samples with the mark, 0…1, with its 95 % interval; all of `HABITS`."""
    counts: dict[str, int]
    loop_tokens: int
    """Tokens wasted in loops, all together."""
    loop_tokens_mean: Estimate
    """The same a sample."""


def habit_rows(results: Iterable[SampleResult], thresholds: Thresholds = DEFAULT) -> list[HabitRow]:
    """One row a subset and one for all of each benchmark; peers are those of the subset in both."""
    measured = [r for r in results if r.analysis is not None and counts(r.outcome)]
    groups = grouped(measured)
    marks: dict[int, list[str]] = {}
    for (_, subset), rows in groups:
        if subset == "all" and all(id(row) in marks for row in rows):
            continue
        usual = usual_rate(rows, thresholds)
        marks |= {id(row): marks_of(row, usual, thresholds) for row in rows}
    return [_row(*name, rows, marks) for name, rows in groups]


def with_peers(results: Iterable[SampleResult]) -> list[tuple[SampleResult, list[SampleResult]]]:
    """Each result with its peers, itself among them, by benchmark and subset in the order in which these come."""
    groups: dict[tuple[str, str], list[SampleResult]] = {}
    for result in results:
        groups.setdefault((result.sample.benchmark, result.sample.subset), []).append(result)
    return [(result, group) for group in groups.values() for result in group]


def _row(benchmark: str, subset: str, results: list[SampleResult], marks: dict[int, list[str]]) -> HabitRow:
    wasted = [(r.sample.id, wasted_tokens(r)) for r in results]
    return HabitRow(
        benchmark=benchmark,
        subset=subset,
        n=len(results),
        rates={mark: share_estimate([(r.sample.id, mark in marks[id(r)]) for r in results]) for mark in HABITS},
        counts={mark: sum(mark in marks[id(r)] for r in results) for mark in HABITS},
        loop_tokens=round(sum(tokens for _, tokens in wasted)),
        loop_tokens_mean=mean_estimate(wasted),
    )
