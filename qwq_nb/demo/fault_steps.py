"""Make the steps of one response: what is sent, in order, with the changes that a fault asks for.

No function here touches a socket: `player.play` sends the steps, at the pace set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from math import ceil
from time import time
from typing import Any

from qwq_nb.demo.chat_format import DONE, ScriptedCompletion, dumps, error_body, event
from qwq_nb.demo.faults import Fault

__all__ = ["Cut", "Pause", "Refusal", "Step", "body_steps", "refusal", "stream_steps"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Send what is buffered, then nothing for this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Send what is buffered, then end the connection: with RST, or with FIN."""

    reset: bool


Step = tuple[bytes, int] | Pause | Cut
"""Bytes to send with the number of text chunks in them (which the pace counts), or a pause or cut."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Hold a response that is not the completion."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] | None = None


# A delta's first field, and the start of the text in a message.
_FIELD = re.compile(rb'\{"(\w+)"')
_TEXT = re.compile(rb'"(?:content|reasoning(?:_content)?)":"')
_MULTIBYTE = re.compile(rb"[\xc2-\xf4](?=[\x80-\xbf])")
_NOT_UTF8 = b"\xff\xfe"
_SPLIT_SECONDS = 0.001


def stream_steps(
    completion: ScriptedCompletion, usage: bool, fault: Fault | None, authorization: str = ""
) -> Iterator[Step]:
    """Yield the steps of a stream.

    `usage`: the request asks for it; `authorization`: the header that some faults repeat.
    """
    if fault is None:
        return _stream(completion, usage)
    if fault.name == "queued":
        return _comments(fault)
    steps = _stream(completion, usage and fault.name != "no_usage", fault, authorization)
    change = _FILTERS.get(fault.name)
    return change(steps, fault) if change else steps


def _stream(
    completion: ScriptedCompletion, usage: bool, fault: Fault | None = None, authorization: str = ""
) -> Iterator[Step]:
    name = fault.name if fault else ""
    deltas, chunk = completion.script.deltas, completion.chunk
    half = len(deltas) // 2
    yield completion.role(), 0
    for delta in deltas[:half]:
        yield chunk(delta), 1
    if fault and name == "keep_alive":
        yield from _comments(fault)
    if name == "key_chunk":
        yield event(_echoed(authorization)), 0
        return
    if fault and name in _MIDDLE:
        yield _MIDDLE[name](completion, fault)
        if name in ("mid_close", "mid_reset", "error_event"):
            return
    for delta in deltas[half:]:
        yield chunk(delta), 1
    if name != "no_finish":
        yield completion.finish(_word(fault)), 0
    if name == "duplicate_finish":
        yield completion.finish(), 0
    if usage and name != "no_finish":
        yield completion.usage(beside=name == "usage_beside"), 0
    if name not in ("no_done", "no_finish"):
        yield DONE, 0


def _word(fault: Fault | None) -> str:
    return str(fault.params["word"]) if fault and fault.name == "finish_word" else ""


def _more_text(completion: ScriptedCompletion, text: bytes) -> Step:
    """Make an extra delta for the middle of the stream, in the field of its neighbour."""
    deltas = completion.script.deltas
    match = _FIELD.match(deltas[len(deltas) // 2]) if deltas else None
    return completion.chunk(b'{"%s":"%s"}' % (match[1] if match else b"content", text)), 0


def _filler(size: int) -> bytes:
    return (b"wait " * (size // 5 + 1))[:size]


_MIDDLE: dict[str, Callable[[ScriptedCompletion, Fault], Step]] = {
    "mid_close": lambda _, __: Cut(reset=False),
    "mid_reset": lambda _, __: Cut(reset=True),
    "mid_hang": lambda _, fault: Pause(float(fault.params["seconds"])),
    "error_event": lambda _, __: (event(_broken()), 0),
    "garbage_chunk": lambda _, __: (b'data: {"id":"chatcmpl-\n\n', 0),
    "null_delta": lambda completion, _: (completion.chunk(b"null"), 0),
    "big_chunk": lambda completion, fault: _more_text(completion, _filler(int(fault.params["bytes"]))),
    "invalid_utf8": lambda completion, _: _more_text(completion, _NOT_UTF8),
}


def _broken() -> dict[str, object]:
    return error_body("The engine stopped while it generated this completion.", "server_error", code=500)


def _echoed(authorization: str) -> dict[str, object]:
    return error_body(f"The engine refused {authorization}.", "server_error", code=500)


def _comments(fault: Fault) -> Iterator[Step]:
    while True:
        yield b": keep-alive\n\n", 0
        yield Pause(float(fault.params["seconds"]))


def _drip(steps: Iterable[Step], fault: Fault) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, tuple):
            for at in range(len(step[0])):
                yield step[0][at : at + 1], 0
                yield Pause(float(fault.params["seconds"]))


def _trickle(steps: Iterable[Step], fault: Fault) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, tuple) and step[1]:
            yield Pause(float(fault.params["seconds"]))
        yield step


def _crlf_comments(steps: Iterable[Step], _: Fault) -> Iterator[Step]:
    for number, step in enumerate(steps):
        if number % 10 == 0:
            yield b": keep-alive\r\n\r\n", 0
        # A data line is JSON, where a line end is escaped: each "\n" here ends a line.
        yield (step[0].replace(b"\n", b"\r\n"), step[1]) if isinstance(step, tuple) else step


def _one_line_end(steps: Iterable[Step], _: Fault) -> Iterator[Step]:
    for step in steps:
        yield (step[0].replace(b"\n\n", b"\n"), step[1]) if isinstance(step, tuple) else step


def _heartbeats(steps: Iterable[Step], _: Fault) -> Iterator[Step]:
    for number, step in enumerate(steps):
        if number % 10 == 0:
            yield b"data:\n\ndata: ping\n\n", 0
        yield step


def _null_content(steps: Iterable[Step], _: Fault) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, tuple):
            yield step[0].replace(b'"delta":{"reasoning', b'"delta":{"content":null,"reasoning', 1), step[1]
        else:
            yield step


def _finish_null(steps: Iterable[Step], _: Fault) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, tuple):
            yield step[0].replace(b'"finish_reason":null', b'"finish_reason":"null"'), step[1]
        else:
            yield step


def _split_utf8(steps: Iterable[Step], _: Fault) -> Iterator[Step]:
    for step in steps:
        match = _MULTIBYTE.search(step[0]) if isinstance(step, tuple) else None
        if match and isinstance(step, tuple):
            data, weight = step
            yield data[: match.end()], weight
            yield Pause(_SPLIT_SECONDS)
            yield data[match.end() :], 0
        else:
            yield step


_FILTERS: dict[str, Callable[[Iterable[Step], Fault], Iterator[Step]]] = {
    "drip": _drip,
    "trickle": _trickle,
    "crlf_comments": _crlf_comments,
    "one_line_end": _one_line_end,
    "heartbeats": _heartbeats,
    "null_content": _null_content,
    "finish_null": _finish_null,
    "split_utf8": _split_utf8,
}


def body_steps(completion: ScriptedCompletion, fault: Fault | None, authorization: str = "") -> tuple[int, list[Step]]:
    """Return the length in bytes of a plain response, and its steps."""
    name = fault.name if fault else ""
    body = completion.body(
        finish=name != "no_finish", usage=name != "no_usage", word=_word(fault), beside=name == "usage_beside"
    )
    if name == "error_event":
        body = dumps(_broken())
    elif name == "key_chunk":
        body = dumps(_echoed(authorization))
    elif name == "invalid_utf8" and (match := _TEXT.search(body)):
        body = body[: match.end()] + _NOT_UTF8 + body[match.end() :]
    half = len(body) // 2
    if fault and name in ("mid_close", "mid_reset", "mid_hang"):
        return len(body), [(body[:half], 0), _MIDDLE[name](completion, fault), (body[half:], 0)]
    return len(body), [(body, 0)]


def refusal(fault: Fault, body: Mapping[str, Any], prompt_tokens: int, authorization: str) -> Refusal:
    """Make the response with which `fault` answers the request `body`. Its kind must refuse, and not be `reset`."""
    match fault.name:
        case "status":
            return _status(int(fault.params["code"]), str(fault.params["retry_after"]))
        case "context_length":
            wanted = body.get("max_completion_tokens") or body.get("max_tokens") or 0
            limit = (prompt_tokens + wanted) // 2
            message = (
                f"This model's maximum context length is {limit} tokens. However, you requested "
                f"{prompt_tokens + wanted} tokens ({prompt_tokens} in the messages, {wanted} in the completion). "
                "Please reduce the length of the messages or completion."
            )
            return _json(400, message, param="messages", code="context_length_exceeded")
        case "bad_param":
            param = fault.parameter(body)
            message = f"Unsupported parameter: '{param}' is not supported with this model."
            return _json(400, message, param=param, code="unsupported_parameter")
        case "content_filter":
            return _json(400, "Input data may contain inappropriate content.", code="data_inspection_failed")
        case "moderation":
            flagged = {"code": 403, "message": "Input was flagged", "metadata": {"reasons": ["violence"]}}
            return Refusal(403, dumps({"error": flagged}))
        case "key_echo":
            return _json(401, f"Incorrect API key provided: {authorization}.", code="invalid_api_key")
        case "redirect":
            return Refusal(307, b"", "text/plain", {"Location": str(fault.params["to"])})
        case _:
            return Refusal(200, _page("Welcome", "Sign in to use this network."), "text/html")


def _status(code: int, retry_after: str) -> Refusal:
    headers = {}
    if retry_after:
        # An HTTP date has whole seconds: rounding up and adding one gives a wait of one to two seconds.
        headers["Retry-After"] = formatdate(ceil(time()) + 1, usegmt=True) if retry_after == "date" else retry_after
    phrase = HTTPStatus(code).phrase
    if code == 502:
        return Refusal(code, _page("502 Bad Gateway", "The upstream server does not answer."), "text/html", headers)
    kind = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    default = "server_error" if code >= 500 else "invalid_request_error"
    body = error_body(f"{phrase} (demo fault).", kind.get(code, default), code=code)
    return Refusal(code, dumps(body), headers=headers)


def _json(status: int, message: str, *, param: str | None = None, code: str | None = None) -> Refusal:
    return Refusal(status, dumps(error_body(message, "invalid_request_error", param=param, code=code)))


def _page(title: str, text: str) -> bytes:
    head = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
    return f"{head}<body><h1>{title}</h1><p>{text}</p></body></html>\n".encode()
