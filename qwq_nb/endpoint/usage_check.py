"""Check the token counts that a server gives: a count that cannot be is dropped, and measured instead."""

from __future__ import annotations

import msgspec

from qwq_nb.endpoint.delta import Usage
from qwq_nb.endpoint.limits import AnswerLimit

__all__ = ["believable"]

A_CHARACTER = 10
"""Tokens for each character of a text at most. Byte-level tokenizers need four; the rest is for what is not shown."""
SPECIAL_TOKENS = 20
"""Tokens of an answer at most that have no text of their own: of its beginning and end, of channels, of tool calls."""
PROMPT_MORE = 100_000
"""Tokens of a prompt at most that the server may have put before ours: a system prompt, tools, retrieved documents."""


def believable(usage: Usage | None, characters: int, limit: AnswerLimit) -> Usage | None:
    """Return the counts of `usage` that can be; None for each that cannot.

    A count is a whole number, neither negative nor beyond ten tokens for each character: of the text received
    (`characters`), or of the request (`limit.sent`). Where the server says how much it reasoned, which it need not
    show, there can be more: up to the number of pieces that an answer may have.
    """
    if usage is None:
        return None
    most = A_CHARACTER * characters + SPECIAL_TOKENS
    if possible(usage.reasoning_tokens, limit.pieces) and usage.reasoning_tokens:
        most = max(most, limit.pieces)
    kept = {
        "prompt_tokens": possible(usage.prompt_tokens, A_CHARACTER * limit.sent + PROMPT_MORE),
        "completion_tokens": possible(usage.completion_tokens, most),
        "reasoning_tokens": possible(usage.reasoning_tokens, most),
    }
    dropped = dict.fromkeys(name for name, is_kept in kept.items() if not is_kept and getattr(usage, name) is not None)
    return msgspec.structs.replace(usage, **dropped) if dropped else usage


def possible(count: object, most: int) -> bool:
    """Return whether `count` is a whole number from 0 to `most`. True and False are none."""
    return type(count) is int and 0 <= count <= most
