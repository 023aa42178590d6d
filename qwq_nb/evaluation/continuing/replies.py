"""Read what a model wrote after a thought that was put before it."""

from __future__ import annotations

from typing import Final

from qwq_nb.core.records import Completion
from qwq_nb.evaluation.continuing.probe import Transport
from qwq_nb.evaluation.continuing.suffixes import Suffix

__all__ = ["is_proved", "written"]

_EXACT: Final = 3
"""Tokens by which a prompt's count may differ where the server counted its thought: marks may join at a border."""
_BY_PIECES: Final = 12
_SHARE_BY_PIECES: Final = 0.35
_WHOLE: Final = 8
_SHARE_OF_WHOLE: Final = 0.02
"""How far a prompt's count may be from the expected one, in tokens and as a share of the thought's: where a thought is
counted by its pieces, texts differ by that much, and a thought that was dropped by more. A whole thought was counted in
the run."""


def is_proved(prompt: int, expected: int, tokens: float, *, whole: bool, exact: bool) -> bool:
    """Return whether the server's count of a prompt shows that the thought stood before the model, and nothing else.

    `tokens`: of the thought; `whole`: nothing of it was cut; `exact`: the server itself counted the tokens.
    """
    slack = float(_EXACT)
    if whole:
        slack = max(_WHOLE, _SHARE_OF_WHOLE * tokens)
    elif not exact:
        slack = max(_BY_PIECES, _SHARE_BY_PIECES * tokens)
    return prompt > 0 and abs(prompt - expected) <= slack


def written(completion: Completion, way: Transport, thought: str, suffix: Suffix) -> str:
    """Return what the model wrote after the suffix: some servers call it reasoning, some repeat what was before."""
    parts = [completion.answer] if way.dialect == "reasoning_field" else [completion.reasoning, completion.answer]
    text = "\n".join(part for part in parts if part)
    for before in (f"{thought}{suffix.after(closed=way.closed)}", suffix.after(closed=way.closed), suffix.words):
        if before.strip() and text.lstrip().startswith(before.strip()):
            return text.lstrip()[len(before.strip()) :]
    return text
