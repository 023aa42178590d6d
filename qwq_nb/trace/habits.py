"""Mark habits of one trace: overthinking, underthinking, a correct answer left, loops, foreign scripts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from qwq_nb.core.records import SampleResult
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.errors import OptionError

__all__ = [
    "HABITS",
    "Thresholds",
    "first_correct_tokens",
    "habits",
    "marks_of",
    "thought_rate",
    "usual_rate",
    "wasted_tokens",
]


def first_correct_tokens(result: SampleResult, count_tokens: Callable[[str], int] | None = None) -> float | None:
    """T̂, tokens up to the end of the first right answer; None where its place is not known."""
    analysis, completion = result.analysis, result.completion
    if analysis is None or completion is None or analysis.first_correct is None or not analysis.chars:
        return None
    end = analysis.first_correct[1]
    if count_tokens is not None:
        return float(count_tokens(completion.reasoning[:end]))
    return completion.reasoning_tokens * end / analysis.chars


HABITS: dict[str, str] = {
    name: VOCABULARY.flags[name].title
    for name in ("overthinking", "left_right_answer", "underthinking", "loop", "language_switch")
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


def habits(result: SampleResult, peers: Sequence[SampleResult], thresholds: Thresholds = DEFAULT) -> list[str]:
    """The sample's marks, in the order of `HABITS`. `peers` may hold the sample itself."""
    return marks_of(result, usual_rate(peers, thresholds), thresholds)


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


def usual_rate(peers: Sequence[SampleResult], thresholds: Thresholds) -> float | None:
    """The rate of thoughts above which a sample is far from its peers; None where they are too few."""
    rates = [rate for peer in peers if (rate := thought_rate(peer)) is not None]
    if len(rates) < thresholds.least_peers:
        return None
    middle = median(rates)
    return middle + thresholds.deviations * 1.4826 * median(abs(rate - middle) for rate in rates)


def marks_of(result: SampleResult, usual: float | None, thresholds: Thresholds) -> list[str]:
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
