"""Define the content of one event of a completion's stream, independent of the endpoint's format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

__all__ = ["Alternative", "Delta", "TokenLogprob", "ToolCallPiece", "Usage"]


class Usage(msgspec.Struct, gc=False):
    """Hold the server's own token counts; None: not given."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    """Reasoning included, as OpenAI counts; some servers count it beside: `total_tokens` tells."""
    reasoning_tokens: int | None = None
    total_tokens: int | None = None
    """Of prompt and completion together."""
    cached_tokens: int | None = None
    """Of the prompt: those that the server took from its prefix cache."""


class ToolCallPiece(msgspec.Struct, gc=False):
    """Hold a part of one tool call: id and name are in the first piece, arguments in any number of pieces."""

    index: int | None = None
    """Which of the message's calls; None: the server does not number them, and a new id begins a new call."""
    id: str = ""
    name: str = ""
    arguments: str = ""
    """JSON text, or a fragment of it."""


class Alternative(msgspec.Struct, gc=False):
    """Hold the log probability of one token that could have stood at a place."""

    logprob: float | None = None


class TokenLogprob(msgspec.Struct, gc=False):
    """Hold the log probability of one token that was written, and those of the most probable ones at its place.

    In nats; the fields are named as in `/chat/completions`, from which they are read as they come.
    """

    logprob: float | None = None
    top_logprobs: list[Alternative] | None = None


class Delta(msgspec.Struct, gc=False):
    """Hold what one event adds to a completion. A field is empty if the event does not have it.

    A whole answer that was not streamed is one delta with everything in it.
    """

    reasoning: str = ""
    reasoning_content: str = ""
    """The reasoning under its second name: some servers fill both fields, and then the longer text counts."""
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
    reasoning_parts: str = ""
    """The reasoning as typed parts (OpenRouter's `reasoning_details`, Mistral's `content`): some servers send it beside
    the fields above, which then count."""
    is_message: bool = False
    """Whether its texts came as a whole message within a stream: see `stream_messages`."""
    logprobs: Sequence[TokenLogprob] = ()
    """Of the tokens of this event, which may be several, where they were asked for."""
    native_finish_reason: str = ""
    """How the server behind a gateway says that the answer ended (OpenRouter): see `finish_reasons.more_exact`. Read
    beside a finish reason only, which may be `null`."""
