"""Classify a server's failure by its HTTP status and its message, in the forms of OpenAI-compatible servers.

The forms of vLLM, SGLang, llama.cpp, Ollama, OpenRouter, LiteLLM and FastAPI are known. Any dialect may use the rules.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any, Literal

from qwq_nb.endpoint.token_limits import refused_limit
from qwq_nb.errors import EndpointError, EndpointRefused, RequestRejected, StreamInterrupted, one_line

__all__ = ["UnknownModel", "error_of_status", "error_of_stream", "is_about_key"]

RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 507, 508, 509, 520, 521, 522, 523, 524, 529})
LONGEST_READ = 20_000
"""Characters (of a body: bytes) of a server's message that are looked at."""
LONGEST_LOOK = 2_000
"""Characters of it that are searched for codes and words by pattern."""
LONGEST_QUOTE = 400
"""Characters of a server's message that an error quotes at most."""

_CONTEXT = re.compile(
    r"context.{0,20}(?:length|window|size)|too (?:long|many tokens)|maximum.{0,30}tokens", re.I | re.S
)
_NO_MODEL = re.compile(
    r"model\b.{0,80}(?:not (?:found|exist|available|supported)|is (?:not a valid|unknown|invalid))"
    r"|not a valid model|(?:unknown|invalid|unsupported|no such) model",
    re.I | re.S,
)
_NO_PATH = re.compile(r"unexpected endpoint or method|(?:unknown|invalid|no such) (?:endpoint|path|route|url)\b", re.I)
"""What LM Studio and others answer, with HTTP 200, for a path that they do not have."""
_PARAMETER = re.compile(
    r"(?:unsupported|unknown|unrecognized|unexpected|extra) (?:request )?(?:parameter|argument|field|input|name)"
    r"|(?:parameter|argument|field|input)s?\b.{0,60}not (?:supported|permitted|allowed|recognized)",
    re.I | re.S,
)
_TOO_MANY_TOKENS = re.compile(
    r"max_(?:completion_|new_)?tokens\b.{0,80}(?:greater|larg|exceed|must be|at most|less|too|between|range)",
    re.I | re.S,
)
_CONTENT = re.compile(
    r"content[ _-]?(?:management[ _-])?(?:filter|polic|moderat|safety)|inappropriate content|invalid_prompt"
    r"|data_?inspection_?failed|responsible_?ai|moderation|\bflagged|usage polic|safety (?:system|filter)"
    r"|(?<!case[ -])sensitive|content exists risk|high[ -]risk|prohibited_content|guardrail"
    "|\u654f\u611f|\u4e0d\u5b89\u5168|\u8fdd\u89c4|\u5408\u89c4",
    re.I,
)
"""A content filter's or a moderation's refusal, in codes and words: OpenAI (`invalid_prompt`, "flagged", "usage
policy"), Azure (`content_filter`, `ResponsibleAIPolicyViolation`), DashScope (`data_inspection_failed`), OpenRouter
(`flagged_input`), DeepSeek ("Content Exists Risk"), Moonshot ("high risk"), Volcengine (`…SensitiveContentDetected`),
Gemini (`PROHIBITED_CONTENT`), Bedrock ("guardrail"), Zhipu (in Chinese: sensitive, unsafe, against the rules)."""
_KEY = re.compile(
    r"\b(?:invalid|incorrect|expired|missing|wrong|no|valid)\b.{0,40}\b(?:api|access)[ _-]?(?:key|token)"
    r"|\b(?:api|access)[ _-]?(?:key|token)\b.{0,60}(?:invalid|incorrect|expired|missing|not (?:valid|found)|wrong)"
    r"|no connected db",  # LiteLLM's words for a key that it does not know, where it keeps no keys in a data base
    re.I | re.S,
)
_TAGS = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]*>", re.S | re.I)


class UnknownModel(EndpointRefused):
    """Report an endpoint that does not know the model, or the path; the client adds the models that it serves."""


def error_text(body: bytes) -> str:
    """Return the message in an error body: from JSON its message, from a page its text (20,000 bytes are read)."""
    text = body[:LONGEST_READ].decode("utf-8", "replace")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return " ".join(html.unescape(_TAGS.sub(" ", text)).split())
    return message_in(data)


def message_in(data: Any) -> str:
    """Return the message in OpenAI's, FastAPI's or Ollama's error object."""
    for _ in range(4):
        if isinstance(data, dict):
            data = next((data[k] for k in ("error", "message", "detail", "msg") if data.get(k)), data)
            if isinstance(data, dict) and not any(data.get(k) for k in ("error", "message", "detail", "msg")):
                return json.dumps(data)
        elif isinstance(data, list) and data:
            data = data[0]
            place = data.get("loc") if isinstance(data, dict) else None
            if isinstance(place, list) and isinstance(data.get("msg"), str):
                # FastAPI names the field at fault here only.
                return f"{'.'.join(map(str, place[:10]))[:200]}: {data['msg']}"
        else:
            break
    return data if isinstance(data, str) else json.dumps(data)


def quoted(message: str, hide: Callable[[str], str]) -> str:
    """Return a server's message as an error quotes it: without keys, visible, on one line, cut to length."""
    return one_line(hide(message[:LONGEST_READ])[:LONGEST_QUOTE], LONGEST_QUOTE)


def error_of_status(
    status: int,
    body: bytes,
    *,
    where: str = "",
    hide: Callable[[str], str] = str,
) -> EndpointError:
    """Return the error for an HTTP status other than 200. `where` is the endpoint's name and URL.

    `hide` removes keys from the server's message before that is cut to length, since a part of a key is secret too.
    """
    said = quoted(error_text(body), hide)
    tail = f" The server says: {said}" if said else ""
    if status in RETRYABLE or status >= 500:
        return EndpointError(f"HTTP {status} from {where}.{tail}", status=status, retryable=True)
    names_key = bool(_KEY.search(said))
    too_long = status in (400, 413, 422) and _CONTEXT.search(said)
    if status in (400, 403, 422, 451) and not (names_key or too_long) and is_of_content(body, said):
        return rejected("The server's content filter refuses this prompt", "content", status, tail)
    if status in (401, 403) or (status == 400 and names_key):
        return EndpointRefused(
            f"{where} refused the key (HTTP {status}). Give the name of the environment variable that holds a valid "
            f"one by --key-env, as in `%qwq_endpoint URL --model M --key-env QWQ_API_KEY`; where the key is sent in "
            f"another header, by --header-env, as in --header-env api-key=QWQ_API_KEY.{tail}",
            status=status,
        )
    if status == 402:
        return EndpointRefused(f"{where} wants to be paid first (HTTP 402).{tail}", status=status)
    if status in (404, 405, 410) or (status == 400 and not too_long and _NO_MODEL.search(said)):
        return UnknownModel(f"{where} does not know the model or the path (HTTP {status}).{tail}", status=status)
    if 300 <= status < 400:
        return EndpointRefused(
            f"{where} redirects elsewhere (HTTP {status}). A redirect is not followed, so that the key stays where it "
            f"was meant to go: give the final URL to %qwq_endpoint.",
            status=status,
        )
    limit = refused_limit(said)
    if too_long:
        concerns: Literal["options", "length"] = "options" if limit.concerns_all else "length"
        what = "The prompt and max-tokens do not fit the model's context"
        return rejected(what, concerns, status, f"{tail}{limit.advice}")
    if status in (400, 422) and _PARAMETER.search(said):
        example = "--stream-options off" if "stream_options" in said else "--top-k off --min-p off"
        hint = f" Leave out what it does not take by `off`, as in {example}."
        return rejected("The server rejected the request", "options", status, tail + hint)
    if status in (400, 422) and (limit.concerns_all or _TOO_MANY_TOKENS.search(said)):
        return rejected("The server rejected the request", "options", status, f"{tail}{limit.advice}")
    return rejected("The server rejected the request", "", status, tail)


def is_about_key(status: int, body: bytes) -> bool:
    """Return whether an error says that the key was refused, or that there was none.

    Not every 403 does: keys of OpenAI's may be good for completions and not for the list of models.
    """
    return status == 401 or (status in (400, 403) and bool(_KEY.search(error_text(body)[:LONGEST_LOOK])))


def rejected(
    what: str, concerns: Literal["", "length", "content", "options"], status: int, tail: str
) -> RequestRejected:
    """Return the error for one request that is refused, with what the server objects to."""
    found = RequestRejected(f"{what} (HTTP {status}).{tail}", status=status)
    found.concerns = concerns
    return found


def is_of_content(body: bytes, said: str) -> bool:
    """Return whether an error says, by a code in its body or in words, that a prompt's content is refused."""
    return any(_CONTENT.search(text) for text in (said, body[: 4 * LONGEST_LOOK].decode("utf-8", "replace")))


def error_of_stream(error: Any, *, where: str = "", hide: Callable[[str], str] = str) -> EndpointError:
    """Return the error for an error object within a stream: not retryable if the request itself is at fault."""
    said = quoted(message_in(error), hide)
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    if _NO_PATH.search(said):
        return UnknownModel(f"{where} does not know the path: {said}.", status=404)
    too_long = bool(_CONTEXT.search(said))
    is_content = not (too_long or _KEY.search(said)) and is_of_content(json.dumps(error).encode(), said)
    if (isinstance(code, int) and code in (400, 413, 422)) or too_long or is_content:
        found = RequestRejected(f"The server rejected the request in its stream: {said}", status=400)
        found.concerns = "length" if too_long else "content" if is_content else ""
        return found
    if isinstance(code, int) and code in (401, 403):
        return error_of_status(code, said.encode(), where=where)
    return StreamInterrupted(f"{where} sent an error in its stream: {said}", retryable=True)
