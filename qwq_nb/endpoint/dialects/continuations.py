"""Write requests that continue a thought of the model, in the three forms by which servers take one.

The last message is the assistant's: `<think>`, a line end, the thought, and either nothing or, after a closed thought
(`CLOSE`), the beginning of its answer. What a server really puts before its model differs, also where it answers with
status 200; which form is right is proved by the number of prompt tokens (`qwq_nb.evaluation.continuing.probe`).

- `RawCompletions`: `/completions`, the prompt in ChatML as QwQ's template writes it. Nothing is parsed away.
- `OpenContent`: the last message's content is continued (vLLM, SGLang: `continue_final_message`). The thought must be
  open: QwQ's template drops a closed one.
- `ReasoningField`: the thought in `reasoning_content`, what follows it in `content` (llama.cpp).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.records import Message
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.dialects.chat_completions import ChatCompletions, WireUsage, counts_in, usage_of
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.endpoint import Endpoint

__all__ = ["CLOSE", "OPEN", "OpenContent", "RawCompletions", "ReasoningField"]

OPEN: Final = "<think>\n"
CLOSE: Final = "\n</think>\n\n"
CHAT_ALONE: Final = frozenset(
    {
        "chat_template_kwargs",
        "enable_thinking",
        "logprobs",
        "messages",
        "reasoning",
        "reasoning_effort",
        "response_format",
        "thinking",
        "tool_choice",
        "tools",
        "top_logprobs",
    }
)
"""Options of a chat: where the prompt is written here they say nothing, and some servers refuse them."""


class TextChoice(msgspec.Struct, gc=False):
    """Represent one element of `choices` of `/completions`."""

    text: str | None = None
    finish_reason: str | None = None


class TextChunk(msgspec.Struct, gc=False):
    """Represent one event, or the whole body, of `/completions`."""

    choices: list[TextChoice] | None = None
    usage: WireUsage | None = None
    model: str | None = None
    error: Any = None


_decode = msgspec.json.Decoder(TextChunk).decode


class RawCompletions(ChatCompletions):
    """Implement the dialect `raw_completions`: the prompt is written here, in ChatML."""

    path = "completions"

    def body(
        self, endpoint: Endpoint, messages: Sequence[Message], *, repeat: int = 0, tools: Sequence[Tool] = ()
    ) -> dict[str, Any]:
        """Return the request's body; the last message stays open."""
        body = super().body(endpoint, messages, repeat=repeat)
        for name in CHAT_ALONE & body.keys():
            del body[name]
        return {**body, "prompt": chatml(messages)}

    def delta(self, event: bytes) -> Delta | None:
        """Return the delta of one event. Raises ValueError if it is no completion."""
        if event.strip() == b"[DONE]":
            return Delta(ends="done")
        return text_delta(decoded(event))

    def whole(self, body: bytes) -> Delta | None:
        """Return the delta of a whole answer; None without a text. Raises ValueError if it is no completion."""
        chunk = decoded(body)
        if chunk.error:
            return Delta(ends="error")
        return text_delta(chunk) if chunk.choices and chunk.choices[0].text is not None else None


class OpenContent(ChatCompletions):
    """Implement the dialect `open_content`: the content of the last message is continued."""

    def body(
        self, endpoint: Endpoint, messages: Sequence[Message], *, repeat: int = 0, tools: Sequence[Tool] = ()
    ) -> dict[str, Any]:
        """Return the request's body."""
        body = super().body(endpoint, messages, repeat=repeat)
        return {**body, "continue_final_message": True, "add_generation_prompt": False}


class ReasoningField(ChatCompletions):
    """Implement the dialect `reasoning_field`: the thought goes into a field of its own."""

    def body(
        self, endpoint: Endpoint, messages: Sequence[Message], *, repeat: int = 0, tools: Sequence[Tool] = ()
    ) -> dict[str, Any]:
        """Return the request's body; the line ends around the thought are part of it, as in QwQ's template."""
        *before, last = messages
        thought, mark, following = last["content"].removeprefix(OPEN).rpartition(CLOSE)
        if not mark:
            thought, following = following, ""
        fields = {
            "role": "assistant",
            "content": f"\n\n{following}" if mark else "",
            "reasoning_content": f"\n{thought}" + ("\n" if mark else ""),
        }
        return {**super().body(endpoint, before, repeat=repeat), "messages": [*before, fields]}


def chatml(messages: Sequence[Message]) -> str:
    """Write messages in ChatML, the last one open."""
    *before, last = messages
    turns = [f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in before]
    return f"{''.join(turns)}<|im_start|>{last['role']}\n{last['content']}"


def decoded(data: bytes) -> TextChunk:
    """Decode an event or a body; counts that are no numbers are left out, as in chats.

    Raises:
        ValueError: it is no completion.
    """
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        said = json.loads(data.decode("utf-8", "replace"))
        if not isinstance(said, dict):
            raise ValueError(f"Expected `object`, got `{type(said).__name__}`")
        kept = {"choices": said.get("choices"), "error": said.get("error"), "usage": counts_in(said.get("usage"))}
        return msgspec.convert(kept, TextChunk, strict=False)
    except (msgspec.ValidationError, RecursionError, TypeError) as exc:
        raise ValueError(str(exc)) from None


def text_delta(chunk: TextChunk) -> Delta:
    """Return the delta of a chunk of `/completions`."""
    if chunk.error:
        return Delta(ends="error")
    choice = chunk.choices[0] if chunk.choices else TextChoice()
    usage = None if chunk.usage is None else usage_of(chunk.usage)
    return Delta("", "", choice.text or "", (), choice.finish_reason or "", usage, chunk.model or "")
