"""Define what one event of a completion's stream says, whatever the format it came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

__all__ = ["Delta", "ToolCallPiece", "Usage"]


class Usage(msgspec.Struct, gc=False):
    """The server's own token counts; None where it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    """Reasoning included."""
    reasoning_tokens: int | None = None


class ToolCallPiece(msgspec.Struct, gc=False):
    """A part of one tool call: its id and name in the first piece, its arguments in as many as the server likes."""

    index: int | None = None
    """Which of the message's calls; None: the server does not number them, and a new id begins a new call."""
    id: str = ""
    name: str = ""
    arguments: str = ""
    """JSON text, or a fragment of it."""


class Delta(msgspec.Struct, gc=False):
    """What one event adds to a completion. Every field is empty where the event does not have it.

    A whole answer that was not streamed is one delta with everything in it.
    """

    reasoning: str = ""
    reasoning_content: str = ""
    """The reasoning again, under its second name: some servers fill both fields, and then the longer text wins."""
    content: str = ""
    tool_calls: Sequence[ToolCallPiece] = ()
    finish_reason: str = ""
    """`stop`, `length`, `tool_calls`, … in the words of `/chat/completions`, into which other dialects translate."""
    usage: Usage | None = None
    """Of the completion so far: the last one counts."""
    model: str = ""
    """The model's name as the server gives it."""
    ends: Literal["", "done", "error"] = ""
    """`done`: nothing comes after this event. `error`: the event is an error object, which the dialect's `error`
    explains; the other fields are not read."""
