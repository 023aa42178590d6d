"""Complete and check the verdict that a benchmark's `grade` returns."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from qwq_nb.core.records import Verdict
from qwq_nb.core.text import valid_values

__all__ = ["complete_verdict", "failed_verdict"]

_LONGEST = 500
"""Characters of an explanation that is made of an exception."""


def complete_verdict(verdict: Any) -> Verdict:
    """Return a benchmark's verdict with `correct` and `score` in agreement: an answer is correct if its score is 1.

    Raises:
        TypeError: it is no Verdict, or a field has another type.
        ValueError: the score is not between 0 and 1, or contradicts `correct`.
    """
    if not isinstance(verdict, Verdict):
        raise TypeError(f"`grade` returned {type(verdict).__name__}, not a Verdict")
    try:
        plain = valid_values(msgspec.to_builtins(verdict, enc_hook=str))
        checked = msgspec.convert(plain, Verdict)
    except msgspec.ValidationError as error:
        raise TypeError(f"`grade` returned a Verdict with a wrong field: {error}") from None
    if checked.status != "graded":
        return msgspec.structs.replace(checked, correct=False, score=0.0)
    score = 1.0 if checked.correct and checked.score == 0 else checked.score
    if not math.isfinite(score) or not 0 <= score <= 1:
        raise ValueError(f"`grade` returned the score {score}, which is not between 0 and 1")
    if checked.correct and score < 1:
        raise ValueError(f"`grade` returned a correct verdict with the score {score}; a correct answer scores 1")
    return msgspec.structs.replace(checked, score=score, correct=score >= 1)


def failed_verdict(status: Literal["deadline", "memory", "crashed"], why: str | BaseException) -> Verdict:
    """Return the verdict on an answer that could not be graded, with the reason."""
    if isinstance(why, BaseException):
        why = f"the benchmark's grader failed: {type(why).__name__}: {why}"
    return Verdict(status=status, explanation=str(valid_values(why))[:_LONGEST])
