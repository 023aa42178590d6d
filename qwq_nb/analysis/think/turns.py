"""Find the turn whose reasoning was measured, of answers that took several requests, and say whose it is.

A solver's answer carries one reasoning: in a pair the architect's last, of a model alone its last. Tokens, counts and
places are of that text, so its tokens are that turn's, and not those of all turns together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from qwq_nb.core.compressed import restored
from qwq_nb.core.records import SampleResult, Step
from qwq_nb.errors import listed, one_line
from qwq_nb.view.wording import count

__all__ = ["measured_turn", "of_measured_turn", "turn_notes"]


def measured_turn(result: SampleResult) -> Step | None:
    """Return the turn whose reasoning an answer of several requests carries; None: it is none's, or took one."""
    completion = result.completion
    steps = completion.steps if completion is not None else []
    if completion is None or not steps or not completion.reasoning:
        return None
    own = completion.reasoning
    return next((step for step in reversed(steps) if step.completion.reasoning == own), None)


def of_measured_turn(result: SampleResult) -> SampleResult:
    """Return the answer with the tokens of the turn that was measured; as it is, where it took one request."""
    step = measured_turn(result)
    if step is None or result.completion is None:
        return result
    asked = step.completion
    completion = msgspec.structs.replace(
        restored(result.completion),
        reasoning_tokens=asked.reasoning_tokens,
        answer_tokens=asked.answer_tokens,
        tokens_from=asked.tokens_from,
    )
    return msgspec.structs.replace(result, completion=completion)


def turn_notes(results: Sequence[SampleResult]) -> list[str]:
    """Say whose reasoning was measured, where answers took several requests; nothing where none did."""
    roles = Counter(step.role or "model" for step in _turns(results))
    if not roles:
        return []
    said = listed(f"{one_line(role, 60)} ({count(number, 'answer')})" for role, number in roles.most_common())
    return [
        f"These answers took several requests. What is measured of each is one reasoning, the last of this role: "
        f"{said}. Tokens are of that turn alone."
    ]


def _turns(results: Iterable[SampleResult]) -> Iterable[Step]:
    return (step for result in results if (step := measured_turn(result)) is not None)
