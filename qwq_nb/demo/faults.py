"""Define the faults of the demo endpoint: their names, their specifications, and the requests they affect.

A spec is `name[,p=0.3][,attempts=N][,after=N][,match=TEXT][,param=value...]`; a comma within a value is written `\\,`.

`p`
    The share of prompts struck, by a hash of the fault's name, the prompt and the request's `seed`: chosen once, so
    that the same requests are struck in every run.
`attempts`
    Strike only the first N requests for a prompt, counted from when the faults were set.
`after`
    Strike only once N requests have come, for whatever prompt, since the faults were set.
`match`
    Strike only problems that contain this text.

The first fault in the list that applies is shown; a request never meets two. What each does is in `KINDS`.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qwq_nb.errors import OptionError, did_you_mean

__all__ = ["KINDS", "Fault", "FaultPlan", "Kind"]

FOREVER = 3600.0
"""Seconds that a hang lasts unless told otherwise: longer than any client waits."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Describe a kind of fault.

    `what` says it in words. `params` are its parameters with their defaults. `refuses`: the response is not the
    completion. `whole`: the client gets the full text and a finish reason all the same. `streams`: affects streams
    only.
    """

    what: str
    params: Mapping[str, int | float | str] = field(default_factory=dict)
    refuses: bool = False
    whole: bool = False
    streams: bool = False


KINDS: dict[str, Kind] = {
    "status": Kind(
        "answers `code`; retry_after=SECONDS or retry_after=date adds the header",
        {"code": 503, "retry_after": ""},
        refuses=True,
    ),
    "context_length": Kind("400, as for a prompt beyond the context window", refuses=True),
    "bad_param": Kind(
        "400 naming an unsupported parameter; with param=NAME only if the request has it", {"param": ""}, refuses=True
    ),
    "content_filter": Kind("400, as of a content filter that refuses the prompt", refuses=True),
    "moderation": Kind("403, as of a moderation that flags the prompt", refuses=True),
    "key_echo": Kind("401 whose body repeats the Authorization header", refuses=True),
    "key_chunk": Kind("half of the chunks, an error object that repeats the Authorization header, the end"),
    "key_answer": Kind("an answer that repeats the key, cut into small pieces", whole=True),
    "redirect": Kind("307 to `to`", {"to": "http://127.0.0.1:9/"}, refuses=True),
    "html_200": Kind("200 with a web page, as from a captive portal", refuses=True),
    "reset": Kind("TCP RST before the headers", refuses=True),
    "hang": Kind("nothing, not even headers, for `seconds`", {"seconds": FOREVER}, whole=True),
    "mid_hang": Kind("half of the chunks, nothing for `seconds`, the rest", {"seconds": FOREVER}, whole=True),
    "mid_close": Kind("half of the chunks, then the connection is closed within the chunked encoding"),
    "mid_reset": Kind("half of the chunks, then TCP RST"),
    "drip": Kind("one byte each `seconds`", {"seconds": 1.0}, whole=True, streams=True),
    "keep_alive": Kind("half of the chunks, then a comment each `seconds`, for ever", {"seconds": 1.0}, streams=True),
    "queued": Kind("a comment each `seconds`, for ever, and no text", {"seconds": 1.0}, streams=True),
    "trickle": Kind("one chunk each `seconds`", {"seconds": 1.0}, whole=True, streams=True),
    "no_done": Kind("no [DONE] after the finish reason", whole=True, streams=True),
    "finish_word": Kind("`word` in the place of the finish reason", {"word": "network_error"}),
    "finish_null": Kind('the finish reason "null", as text, in every chunk but the last', whole=True, streams=True),
    "no_finish": Kind("neither finish reason nor [DONE]; the response ends cleanly"),
    "garbage_chunk": Kind("a data line in the middle that is not JSON", whole=True, streams=True),
    "error_event": Kind("half of the chunks, an error object, the end"),
    "json_instead_of_sse": Kind("a plain completion in answer to a streaming request", whole=True, streams=True),
    "sse_as_json": Kind("a stream whose content type is application/json", whole=True, streams=True),
    "one_line_end": Kind("one line end between two events, not two", whole=True, streams=True),
    "heartbeats": Kind("events without data, and with the word ping, between the others", whole=True, streams=True),
    "crlf_comments": Kind("CRLF line ends, and keep-alive comments", whole=True, streams=True),
    "big_chunk": Kind("a delta of `bytes` in the middle", {"bytes": 1_000_000}, whole=True, streams=True),
    "split_utf8": Kind("multi-byte characters split over TCP writes", whole=True, streams=True),
    "invalid_utf8": Kind("bytes within the text that are not UTF-8", whole=True),
    "null_content": Kind("`content: null` in the deltas with reasoning", whole=True, streams=True),
    "null_delta": Kind("a chunk with `delta: null` in the middle", whole=True, streams=True),
    "empty": Kind("finish reason stop, and no text", whole=True),
    "no_usage": Kind("no usage, though asked for", whole=True),
    "usage_beside": Kind("reasoning counted beside the completion's tokens, not within them", whole=True),
    "duplicate_finish": Kind("the finish reason twice", whole=True, streams=True),
}
"""Name → kind of every fault."""

STATUSES = (400, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503)
"""HTTP statuses that the fault `status` may answer."""

_UNUSUAL = ("top_k", "min_p", "repetition_penalty", "chat_template_kwargs", "seed")
"""Parameters that some servers refuse, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Hold one fault as set: a kind, the requests it affects, and the values of its parameters."""

    name: str
    p: float = 1.0
    attempts: int | None = None
    after: int = 0
    match: str = ""
    params: Mapping[str, int | float | str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Return the kind of this fault."""
        return KINDS[self.name]

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """Parse a fault's specification.

        Raises:
            OptionError: it cannot be read; the message names the part and what there is instead.
        """
        name, *items = (part.replace("\\,", ",").strip() for part in re.split(r"(?<!\\),", spec))
        if name not in KINDS:
            raise OptionError(f"There is no fault {name!r}.{did_you_mean(name, KINDS)}")
        params = dict(KINDS[name].params)
        whom: dict[str, Any] = {}
        for item in items:
            key, equals, value = item.partition("=")
            try:
                if not equals:
                    raise ValueError("it has no `=`")
                if key == "match":
                    whom[key] = value
                elif key == "p":
                    whom[key] = _within(float(value), 1)
                elif key in ("attempts", "after"):
                    whom[key] = _within(int(value), None)
                elif key in params:
                    params[key] = _param(key, value, params[key])
                else:
                    raise ValueError(
                        f"no such parameter.{did_you_mean(key, ['p', 'attempts', 'after', 'match', *params])}"
                    )
            except ValueError as error:
                raise OptionError(f"Fault {spec!r}: cannot take {item!r}: {error}") from error
        return cls(name, params=params, **whom)

    def strikes(
        self, key: str, problem: str, seed: object, attempt: int, body: Mapping[str, Any], number: int = 1
    ) -> bool:
        """Return whether the fault affects this request.

        It is the `attempt`-th request (from 1) for the prompt `key`, and the `number`-th of all.
        """
        if number <= self.after:
            return False
        if self.kind.streams and not body.get("stream"):
            return False
        if self.attempts is not None and attempt > self.attempts:
            return False
        if self.match not in problem or (self.name == "bad_param" and not self.parameter(body)):
            return False
        draw = hashlib.sha256(f"{self.name}|{key}|{seed}".encode("utf-8", "replace")).digest()
        return int.from_bytes(draw[:8], "big") < self.p * 2**64

    def parameter(self, body: Mapping[str, Any]) -> str:
        """Return the parameter that `bad_param` complains of; empty where the request does not have it."""
        wanted = str(self.params["param"])
        if wanted:
            return wanted if wanted in body else ""
        return next((name for name in _UNUSUAL if name in body), _UNUSUAL[0])


class FaultPlan:
    """Hold the faults in force, and count the requests for each prompt since they were set."""

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self.faults = tuple(Fault.parse(spec) for spec in specs)
        self._attempts: Counter[str] = Counter()

    def restart(self) -> None:
        """Count attempts from the start again."""
        self._attempts.clear()

    def next(self, key: str, problem: str, body: Mapping[str, Any]) -> Fault | None:
        """Return the fault to show to this request, or None. Each call counts as an attempt."""
        self._attempts[key] += 1
        attempt, seed, number = self._attempts[key], body.get("seed"), self._attempts.total()
        return next((f for f in self.faults if f.strikes(key, problem, seed, attempt, body, number)), None)


def _within(number: float, most: float | None) -> float:
    if not number >= 0 or (most is not None and number > most):
        raise ValueError("out of range")
    return number


def _param(key: str, value: str, default: int | float | str) -> int | float | str:
    if isinstance(default, str):
        if key == "retry_after" and value != "date":
            _within(float(value), None)
        return value
    number = _within(type(default)(value), None)
    if key == "code" and number not in STATUSES:
        raise ValueError(f"not one of {', '.join(map(str, STATUSES))}")
    return number
