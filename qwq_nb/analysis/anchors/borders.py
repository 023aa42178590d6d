"""Cut a reasoning into thoughts, whose borders are where it is continued. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from qwq_nb.evaluation.continuing.cutting import CutText
from qwq_nb.trace.thoughts import switches

__all__ = ["MOST_THOUGHTS", "Thought", "thoughts_of"]

MOST_THOUGHTS: Final = 40
"""Unless another number is named."""


class Thought(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one thought of a reasoning, or several neighbours that are measured as one."""

    number: int
    """From 1."""
    start: int
    """Characters of the reasoning."""
    end: int
    before: float
    """Tokens before it, those of the prompt not counted."""
    tokens: float
    joined: int = 1
    """How many thoughts it consists of."""


def thoughts_of(reasoning: str, tokens: float, most: int = MOST_THOUGHTS) -> list[Thought]:
    """Cut a reasoning of `tokens` tokens where it switches to another thought (`qwq_nb.trace.thoughts`).

    Of more than `most` thoughts neighbours are joined, shortest first, until so many are left.
    """
    starts = [0, *switches(reasoning)]
    spans = [[start, end, 1] for start, end in zip(starts, [*starts[1:], len(reasoning)], strict=True)]
    while len(spans) > max(1, most):
        shortest = min(range(len(spans) - 1), key=lambda i: spans[i + 1][1] - spans[i][0])
        first, second = spans[shortest], spans.pop(shortest + 1)
        spans[shortest] = [first[0], second[1], first[2] + second[2]]
    cut = CutText(reasoning, tokens)
    places = [cut.tokens_at(start) for start, _, _ in spans] + [tokens]
    return [
        Thought(number=i + 1, start=start, end=end, before=places[i], tokens=places[i + 1] - places[i], joined=joined)
        for i, (start, end, joined) in enumerate(spans)
        if end > start
    ]
