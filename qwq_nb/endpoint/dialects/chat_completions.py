"""Read and write `/chat/completions`, OpenAI's format, which nearly every server supports.

Servers differ in the details that are optional here: `reasoning`, `reasoning_content` or typed parts, null content,
usage with or without reasoning tokens, errors as objects in the stream, tool calls with or without an index.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from qwq_nb.core.records import Message
from qwq_nb.endpoint.delta import Delta, TokenLogprob, ToolCallPiece, Usage
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.server_errors import error_of_status, error_of_stream
from qwq_nb.errors import EndpointError

__all__ = ["ChatCompletions"]

_DONE = re.compile(rb"\s*\"?\s*\[\s*DONE\s*\]\s*\"?\s*", re.IGNORECASE)
REASONINGS = ("reasoning", "reasoning_content", "thinking", "reasoning_text")
"""The fields of a delta or a message that hold reasoning as text."""
DEEPEST = 8
"""Levels of typed parts within one another that are read."""


class TokenDetails(msgspec.Struct):
    """Represent `usage.completion_tokens_details`."""

    reasoning_tokens: int | None = None


class PromptDetails(msgspec.Struct):
    """Represent `usage.prompt_tokens_details`."""

    cached_tokens: int | None = None


class WireUsage(msgspec.Struct):
    """Represent `usage` as the server sends it."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    """Where gateways put what OpenAI has in the details."""
    completion_tokens_details: TokenDetails | None = None
    prompt_tokens_details: PromptDetails | None = None


class WireDelta(msgspec.Struct, gc=False):
    """Represent a `delta` or a whole `message`. Content other than strings goes through `decoded_leniently`, slower."""

    reasoning: str | None = None
    reasoning_content: str | None = None
    content: str | None = None
    tool_calls: Any = None
    function_call: Any = None
    """The one call of OpenAI's older form."""
    refusal: str | None = None
    """What the model says instead of an answer (OpenAI): shown as its answer."""
    thinking: str | None = None
    """The reasoning, by gateways that follow Anthropic or Ollama."""
    reasoning_text: str | None = None
    """The reasoning, by GitHub Copilot's gateway."""
    reasoning_details: Any = None
    """The reasoning as typed parts: OpenRouter. `decoded_leniently` adds those that came as content."""
    thinking_blocks: Any = None
    """The same by LiteLLM, beside `reasoning_content`."""


class WireLogprobs(msgspec.Struct, gc=False):
    """Represent `logprobs` of a choice. llama.cpp and vLLM send it beside reasoning, too."""

    content: list[TokenLogprob] | None = None


class Choice(msgspec.Struct, gc=False):
    """Represent one element of `choices`."""

    delta: WireDelta | None = None
    message: WireDelta | None = None
    text: str | None = None
    """A piece of the answer, by servers that write their chunks as those of `/completions`."""
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    """The word of the server behind a gateway: OpenRouter."""
    error: Any = None
    """What ended this choice, beside the finish reason `error`: OpenRouter."""
    logprobs: WireLogprobs | None = None


class Chunk(msgspec.Struct, gc=False):
    """Represent one event of a stream, or the whole body of an answer that was not streamed."""

    choices: list[Choice] | None = None
    usage: WireUsage | None = None
    model: str | None = None
    error: Any = None
    detail: Any = None
    """FastAPI's error."""
    message: Any = None
    """The error's text in older vLLM and SGLang, whose error object is the whole event."""
    code: Any = None


chunk_decoder: msgspec.json.Decoder[Chunk] = msgspec.json.Decoder(Chunk)
_decode = chunk_decoder.decode
_WHOLE = re.compile(r"-?[0-9]+")


class ChatCompletions:
    """Implement the dialect `chat_completions`: the default, whose option names all other dialects take."""

    path = "chat/completions"

    def body(
        self, endpoint: Endpoint, messages: Sequence[Message], *, repeat: int = 0, tools: Sequence[Tool] = ()
    ) -> dict[str, Any]:
        """Return the request's body: the sampling options as they are, `seed` plus the repeat's number."""
        body: dict[str, Any] = {"model": endpoint.model, "messages": messages, **endpoint.sent_sampling}
        if endpoint.request_seed is not None:
            body["seed"] = endpoint.request_seed + repeat
        if tools:
            body["tools"] = [*tools]
        if endpoint.stream:
            body["stream"] = True
            if "stream_options" not in endpoint.sampling:
                body["stream_options"] = {"include_usage": True}
        return body

    def delta(self, event: bytes) -> Delta | None:
        """Return the delta of one event. Raises ValueError if it is no chat completion."""
        try:
            chunk = _decode(event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if _DONE.fullmatch(event):
                return Delta(ends="done")
            chunk = decoded_leniently(event)
        choices = chunk.choices
        if choices and not chunk.error:
            choice = choices[0]
            if not choice.error:
                delta = delta_of(chunk, choice.delta, choice.finish_reason)
                if choice.message is not None and choice.delta is None:
                    delta = message_of(chunk, choice.message, choice.finish_reason)
                    delta.is_message = True
                elif choice.text and not delta.content:
                    delta.content = choice.text
                if choice.native_finish_reason:
                    take_native(delta, choice.native_finish_reason)
                if choice.logprobs is not None and choice.logprobs.content:
                    delta.logprobs = choice.logprobs.content
                return delta
        return Delta(ends="error") if error_in(chunk) else delta_of(chunk, None, None)

    def whole(self, body: bytes) -> Delta | None:
        """Return the delta of a whole answer; None without a message. Raises ValueError if it is no chat completion."""
        try:
            chunk = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            chunk = decoded_leniently(body)
        if error_in(chunk):
            return Delta(ends="error")
        choice = chunk.choices[0] if chunk.choices else None
        if choice is None or choice.message is None:
            return None
        delta = message_of(chunk, choice.message, choice.finish_reason)
        if choice.native_finish_reason:
            take_native(delta, choice.native_finish_reason)
        if choice.logprobs is not None and choice.logprobs.content:
            delta.logprobs = choice.logprobs.content
        return delta

    def error(self, status: int, body: bytes, *, where: str = "", hide: Callable[[str], str] = str) -> EndpointError:
        """Return the error for an HTTP status other than 200, or for the error object of an event."""
        if status != 200:
            return error_of_status(status, body, where=where, hide=hide)
        try:
            chunk = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            chunk = decoded_leniently(body)
        return error_of_stream(error_in(chunk), where=where, hide=hide)


def delta_of(chunk: Chunk, said: WireDelta | None, finish: str | None) -> Delta:
    """Build a Delta of a delta's or message's texts, the finish reason, and the chunk's usage and model."""
    usage = None if chunk.usage is None else usage_of(chunk.usage)
    if said is None:
        return Delta("", "", "", (), finish or "", usage, chunk.model or "")
    delta = Delta(
        said.reasoning or said.thinking or said.reasoning_text or "",
        said.reasoning_content or "",
        said.content or said.refusal or "",
        pieces_of(said.tool_calls) if said.tool_calls else one_call(said.function_call) if said.function_call else (),
        finish or "",
        usage,
        chunk.model or "",
    )
    if parts := said.reasoning_details or said.thinking_blocks:
        delta.reasoning_parts = reasoning_in(parts)
    return delta


def message_of(chunk: Chunk, message: WireDelta, finish: str | None) -> Delta:
    """Build a Delta of a whole message, which does not number its tool calls."""
    delta = delta_of(chunk, message, finish)
    for index, piece in enumerate(delta.tool_calls):
        piece.index = index
    return delta


def take_native(delta: Delta, native: str) -> None:
    """Put a gateway's original finish reason into a delta, and the word for none beside it if there is no other."""
    delta.native_finish_reason = native
    delta.finish_reason = delta.finish_reason or "null"


def decoded_leniently(data: bytes) -> Chunk:
    """Decode what the strict decoder refuses. Raises ValueError if it is no chat completion, or nested too deeply.

    Some servers split characters between tokens: the standard library keeps bad bytes and halves of surrogate pairs. A
    text may be a list of typed parts, of which those with a thought are reasoning (Mistral), and a token count may be
    12.0 or "12". What has another type than it should counts as left out, unless it is `choices` or the finish reason:
    without those there is no answer.
    """
    try:
        said = json.loads(data.decode("utf-8", "replace"), parse_int=whole_number)
        if not isinstance(said, dict):
            raise ValueError(f"Expected `object`, got `{type(said).__name__}`")
        chunk = {**said, "usage": counts_in(said.get("usage")), "model": text_of(said.get("model"))}
        choices = said.get("choices")
        chunk["choices"] = [choice_in(choice) for choice in choices] if choices else None if choices is None else []
        return msgspec.convert(chunk, Chunk, strict=False)
    except (msgspec.ValidationError, RecursionError, TypeError) as exc:
        raise ValueError(str(exc)) from None


def choice_in(choice: Any) -> dict[str, Any]:
    """Return an element of `choices` whose optional fields have the types that they should have."""
    if choice is None:
        return {}
    if not isinstance(choice, dict):
        raise ValueError(f"Expected `object`, got `{type(choice).__name__}` - at `$.choices[...]`")
    reason, native = map(reason_in, (choice.get("finish_reason"), choice.get("native_finish_reason")))
    found: dict[str, Any] = {
        "finish_reason": None if reason is False else reason,
        "native_finish_reason": native if isinstance(native, str) else None,
        "error": choice.get("error"),
        "text": text_of(choice.get("text")),
    }
    if (logprobs := choice.get("logprobs")) is not None:
        with contextlib.suppress(msgspec.ValidationError):
            found["logprobs"] = msgspec.convert(logprobs, WireLogprobs, strict=False)
    for part in ("delta", "message"):
        texts = choice.get(part)
        if isinstance(texts, dict):
            found[part] = texts_in(texts)
    return found


def reason_in(reason: Any) -> Any:
    """Return a finish reason as a word, out of SGLang's own form too, as in {"type": "length", "length": 200}."""
    if isinstance(reason, list) and len(reason) == 1:
        reason = reason[0]
    if isinstance(reason, dict):
        reason = reason.get("type", reason)
    return str(reason) if isinstance(reason, int) and not isinstance(reason, bool) else reason


def texts_in(said: dict[str, Any]) -> dict[str, Any]:
    """Return a delta or a message whose texts are texts, with the thoughts of its content among its reasoning."""
    typed = [said.get("reasoning_details"), thoughts_of(said.get("content"))]
    return {
        **said,
        "reasoning_details": [*filter(None, typed)] or None,
        **{name: reasoning_in(said[name]) for name in REASONINGS if name in said},
        **{name: text_of(said.get(name)) for name in ("content", "refusal")},
    }


def counts_in(usage: Any) -> dict[str, Any] | None:
    """Return the numbers of a `usage`, one level of details included; None if it is no object."""
    if not isinstance(usage, dict):
        return None
    return {name: counts_in(n) if name.endswith("_details") else whole_number(n) for name, n in usage.items()}


def whole_number(value: Any) -> int | None:
    """Return a number or its text as a whole number; None for what is none, or has more than 100 digits."""
    if isinstance(value, str):
        return int(value) if len(value) <= 100 and _WHOLE.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_of(value: Any) -> str:
    """Return the text of a delta's field: a string, or the joined text parts of a list of content parts; else empty.

    Parts that are a thought are left out: see `thoughts_of`.
    """
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else [value]
    return "".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and isinstance(part.get("text"), str) and not is_thought(part)
    )


def thoughts_of(content: Any) -> list[Any]:
    """Return the parts of a content that are a thought."""
    parts = content if isinstance(content, list) else [content]
    return [part for part in parts if isinstance(part, dict) and is_thought(part)]


def is_thought(part: dict[str, Any]) -> bool:
    """Return whether a typed part is reasoning: `thinking` (Mistral, Anthropic), `reasoning`, Gemini's `thought`."""
    kind = part.get("type")
    return part.get("thought") is True or (
        isinstance(kind, str) and any(word in kind.lower() for word in ("think", "thought", "reason"))
    )


def reasoning_in(parts: Any, depth: int = DEEPEST) -> str:
    """Return the text of reasoning in typed parts: of OpenRouter's `reasoning.text` and `reasoning.summary`, Mistral's
    `thinking` with its nested texts, and the like. Encrypted parts have none.
    """
    if isinstance(parts, str):
        return parts
    if isinstance(parts, list) and depth:
        return "".join(reasoning_in(part, depth - 1) for part in parts)
    if not isinstance(parts, dict) or not depth:
        return ""
    said = next(
        (parts[name] for name in ("text", "thinking", "summary", "reasoning", "content") if parts.get(name)), ""
    )
    return reasoning_in(said, depth - 1)


def one_call(call: Any) -> list[ToolCallPiece]:
    """Return the call in a `function_call`."""
    return pieces_of([{"index": 0, "function": call}])


def pieces_of(calls: Any) -> list[ToolCallPiece]:
    """Return the tool calls of a delta or a message; entries of another shape are skipped.

    Arguments that are an object instead of JSON text (Ollama) are written as text.
    """
    found = []
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            continue
        arguments = function.get("arguments")
        if isinstance(arguments, dict | list):
            arguments = json.dumps(arguments, ensure_ascii=False)
        found.append(
            ToolCallPiece(
                whole_number(call.get("index")),
                text_of(call.get("id")),
                text_of(function.get("name")),
                text_of(arguments),
            )
        )
    return found


def usage_of(usage: WireUsage) -> Usage:
    """Convert `usage` to a Usage."""
    details = usage.completion_tokens_details
    reasoning = (details.reasoning_tokens if details else None) or usage.reasoning_tokens
    prompt = usage.prompt_tokens_details
    cached = prompt.cached_tokens if prompt is not None else None
    return Usage(usage.prompt_tokens, usage.completion_tokens, reasoning, usage.total_tokens, cached)


def error_in(chunk: Chunk) -> Any:
    """Return the error object of a chunk, or of its first choice; a false value if it has none."""
    if chunk.error or chunk.choices is not None:
        return chunk.error or (chunk.choices[0].error if chunk.choices else None)
    return {"message": chunk.message, "code": chunk.code} if chunk.message else chunk.detail
