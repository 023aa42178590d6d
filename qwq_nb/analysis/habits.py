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

import math
from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from qwq_nb.analysis.efficiency import (
    NOT_COUNTED,
    Estimate,
    first_correct_tokens,
    grouped,
    mean_estimate,
    share_estimate,
)
from qwq_nb.errors import OptionError
from qwq_nb.records import SampleResult

__all__ = ["HABITS", "HabitRow", "Thresholds", "habit_rows", "habits", "thought_rate", "wasted_tokens", "with_peers"]

HABITS: dict[str, str] = {
    "overthinking": "kept reflecting long after the right answer",
    "left_right_answer": "had the right answer and left it",
    "underthinking": "switched thoughts far more often than its peers, and was wrong",
    "loop": "said the same over and over",
    "language_switch": "fell into a script that the question is not written in",
}
"""Each mark and what it means, in the order in which they are shown."""


class Thresholds(msgspec.Struct, kw_only=True, frozen=True):
    """From where on something is marked."""

    after_share: float = 0.5
    """Overthinking: more than this share of the reasoning after the first right answer, 0…1, …"""
    after_tokens: int = 1000
    """… and more than so many tokens."""
    deviations: float = 3.0
    """Underthinking: median absolute deviations (times 1.4826, as for a normal distribution) above the median."""
    least_peers: int = 5
    """Underthinking: fewer say nothing of what is usual."""
    least_tokens: int = 500
    """Underthinking: a shorter trace has no rate to speak of."""
    foreign_share: float = 0.02
    """Language mixing: share of the letters, 0…1, …"""
    foreign_chars: int = 10
    """… or so many characters."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not 0 <= value < math.inf or (name.endswith("_share") and value > 1):
                what = "a share from 0 to 1" if name.endswith("_share") else "a number of 0 or more"
                raise OptionError(f"{name.replace('_', '-')} must be {what}, not {value!r}.")

    @property
    def words(self) -> str:
        """From where on an answer is marked, for a reader."""
        return (
            f"Marked are: overthinking, where more than {100 * self.after_share:g} % of the reasoning and "
            f"{self.after_tokens:,} tokens follow the first right answer; underthinking, where a wrong answer of "
            f"{self.least_tokens:,} tokens or more has more thoughts per 1,000 tokens than the median of its subset "
            f"plus {self.deviations:g} scaled median absolute deviations (of {self.least_peers} peers or more); "
            f"language mixing, from {self.foreign_chars:,} characters or {100 * self.foreign_share:g} % of the letters."
        )


DEFAULT = Thresholds()


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


def habits(result: SampleResult, peers: Sequence[SampleResult], thresholds: Thresholds = DEFAULT) -> list[str]:
    """The sample's marks, in the order of `HABITS`. `peers` may hold the sample itself."""
    return _marks(result, _usual(peers, thresholds), thresholds)


def habit_rows(results: Iterable[SampleResult], thresholds: Thresholds = DEFAULT) -> list[HabitRow]:
    """One row a subset and one for all of each benchmark; peers are those of the subset in both."""
    measured = [r for r in results if r.analysis is not None and r.outcome not in NOT_COUNTED]
    groups = grouped(measured)
    marks: dict[int, list[str]] = {}
    for (_, subset), rows in groups:
        if subset == "all" and all(id(row) in marks for row in rows):
            continue
        usual = _usual(rows, thresholds)
        marks |= {id(row): _marks(row, usual, thresholds) for row in rows}
    return [_row(*name, rows, marks) for name, rows in groups]


def with_peers(results: Iterable[SampleResult]) -> list[tuple[SampleResult, list[SampleResult]]]:
    """Each result with its peers, itself among them, by benchmark and subset in the order in which these come."""
    groups: dict[tuple[str, str], list[SampleResult]] = {}
    for result in results:
        groups.setdefault((result.sample.benchmark, result.sample.subset), []).append(result)
    return [(result, group) for group in groups.values() for result in group]


def thought_rate(result: SampleResult) -> float | None:
    """Thoughts per 1,000 reasoning tokens; None without reasoning or analysis."""
    if result.analysis is None or result.completion is None or result.completion.reasoning_tokens <= 0:
        return None
    return 1000 * result.analysis.thoughts / result.completion.reasoning_tokens


def wasted_tokens(result: SampleResult) -> float:
    """Tokens in the loop, by its share of the characters; 0 without one."""
    analysis, completion = result.analysis, result.completion
    if analysis is None or completion is None or analysis.loop is None or not analysis.chars:
        return 0.0
    return completion.reasoning_tokens * (analysis.loop.end - analysis.loop.start) / analysis.chars


def _usual(peers: Sequence[SampleResult], thresholds: Thresholds) -> float | None:
    """The rate of thoughts above which a sample is far from its peers; None where they are too few."""
    rates = [rate for peer in peers if (rate := thought_rate(peer)) is not None]
    if len(rates) < thresholds.least_peers:
        return None
    middle = median(rates)
    return middle + thresholds.deviations * 1.4826 * median(abs(rate - middle) for rate in rates)


def _marks(result: SampleResult, usual: float | None, thresholds: Thresholds) -> list[str]:
    analysis, completion = result.analysis, result.completion
    if analysis is None or completion is None:
        return []
    marks = []
    until, tokens = first_correct_tokens(result), completion.reasoning_tokens
    if until is not None and tokens - until > max(thresholds.after_tokens, thresholds.after_share * tokens):
        marks.append("overthinking")
    if analysis.left is not None and result.outcome != "correct":
        marks.append("left_right_answer")
    rate = thought_rate(result)
    wrong = result.outcome in ("wrong", "no_answer", "truncated")
    if wrong and usual is not None and rate is not None and tokens >= thresholds.least_tokens and rate > usual:
        marks.append("underthinking")
    if analysis.loop is not None:
        marks.append("loop")
    foreign = sum(end - start for start, end in analysis.foreign)
    if foreign and (foreign >= thresholds.foreign_chars or analysis.foreign_share >= thresholds.foreign_share):
        marks.append("language_switch")
    return marks


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
