"""Read from a run's results what the budget curve is made of: one `Answer` a sample × repeat. Pure.

Tokens are of the reasoning. Where a right answer is stated is a position among its characters
(`Analysis.first_correct`, by the rules of `qwq_nb.trace`); its token is the reasoning's count times its
share of the characters.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import Completion, SampleResult
from qwq_nb.trace.habits import first_correct_tokens

__all__ = ["Answer", "answers_of"]


class Answer(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one answer of a run as the curve needs it."""

    id: str
    repeat: int = 0
    outcome: str
    tokens: float
    """T: all tokens of its reasoning."""
    stated: float | None = None
    """T̂: tokens by which the right answer is stated; None: it never is. A right answer whose place in the reasoning
    was not found counts as stated at its end, where it was given."""
    is_found: bool = False
    """Whether `stated` is a place that was found in the reasoning."""
    at: tuple[int, int] | None = None
    """The characters of the reasoning that state it."""
    ended: bool = True
    """Whether the reasoning came to an end: False where a limit of tokens cut it."""
    right: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """Return the key of its result: (sample id, repeat)."""
        return self.id, self.repeat

    @property
    def after(self) -> float:
        """Return the tokens after the right answer was stated; 0 where it never is."""
        return 0.0 if self.stated is None else self.tokens - self.stated


def answers_of(results: Iterable[SampleResult]) -> list[Answer]:
    """Return the answers that count for accuracy, in the order of the results; others have no reasoning to measure."""
    return [_answer(r, r.completion) for r in results if counts(r.outcome) and r.completion is not None]


def _answer(result: SampleResult, completion: Completion) -> Answer:
    tokens = float(max(completion.reasoning_tokens, 0))
    right = result.outcome == "correct"
    found = first_correct_tokens(result)
    stated = min(found, tokens) if found is not None else tokens if right else None
    return Answer(
        id=result.sample.id,
        repeat=result.repeat,
        outcome=result.outcome,
        tokens=tokens,
        stated=stated,
        is_found=found is not None,
        at=result.analysis.first_correct if result.analysis is not None else None,
        # An answer that was cut after its reasoning had ended did end.
        ended=not (completion.is_truncated and not completion.answer.strip()),
        right=right,
    )
