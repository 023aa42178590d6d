"""Find the habits of one answer's trace from the registered measures' marks: overthinking, loops, foreign scripts, …"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qwq_nb.core.records import SampleResult
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.trace.built_in import AnswerPositionsMeasure, LoopsMeasure, ThoughtsMeasure
from qwq_nb.trace.measures import marks_among
from qwq_nb.trace.thresholds import DEFAULT, Thresholds

__all__ = [
    "DEFAULT",
    "HABITS",
    "Thresholds",
    "first_correct_tokens",
    "habits",
    "thought_rate",
    "wasted_tokens",
]

HABITS: dict[str, str] = {
    name: VOCABULARY.flags[name].title
    for name in ("overthinking", "left_right_answer", "underthinking", "loop", "language_switch")
}
"""The marks of the package's own measures and what each means, in the order in which they are shown."""


def habits(result: SampleResult, peers: Sequence[SampleResult], thresholds: Thresholds = DEFAULT) -> list[str]:
    """Return the names of the answer's marks, in the order of the measures. `peers` may hold the answer itself."""
    return list(dict.fromkeys(mark.name for mark in marks_among([result], thresholds, peers)[0]))


def first_correct_tokens(result: SampleResult, count_tokens: Callable[[str], int] | None = None) -> float | None:
    """Return T̂, tokens up to the end of the first right answer; None where its position is not known."""
    value = AnswerPositionsMeasure().restored(result)
    if value is None or value.positions.first is None or not value.chars:
        return None
    if count_tokens is not None and result.completion is not None:
        return float(count_tokens(result.completion.reasoning[: value.positions.first[1]]))
    return value.first_tokens


def thought_rate(result: SampleResult) -> float | None:
    """Return thoughts per 1,000 reasoning tokens; None without reasoning or analysis."""
    value = ThoughtsMeasure().restored(result)
    return None if value is None else value.rate


def wasted_tokens(result: SampleResult) -> float:
    """Return the tokens in the loop, by its share of the characters; 0 without one."""
    value = LoopsMeasure().restored(result)
    return 0.0 if value is None else value.wasted_tokens
