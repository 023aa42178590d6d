"""State how much a server may send, and how long it may take: every response is read within these bounds.

| what | ends at | as |
|---|---|---|
| pieces of one answer | 2 × `max_tokens` + 1,000; 2,000,000 where no limit was asked for | truncated, with a note |
| characters of one answer | 64 times as many, 64 MiB at most | truncated, with a note |
| one event of a stream, or blanks before an answer, decoded | 16 MiB | `StreamInterrupted` |
| an answer that comes whole, decoded | 64 MiB | `StreamInterrupted` |
| the list of models | 4 MiB, and 15 s + `--connect-timeout` | the problem that `%qwq_endpoint` tells |
| headers, `1xx` responses included | `--connect-timeout` + 4 × `--read-timeout` | `StreamInterrupted` |
| first data, while other answers are written | 100 × `--read-timeout` | `StreamInterrupted` |
| the body of an error status | 20,000 bytes, and the lesser of `--read-timeout` and 30 s | what came is used |
| bytes of HTTP without data (trailers, chunk extensions) | 3 × `--read-timeout` | `StreamInterrupted` |

Silence ends a request after `--read-timeout`, and bytes without text end it as `stall` says. All sizes count decoded
bytes, and compressed bodies are decoded in steps of 1 MiB (see `bodies`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwq_nb.endpoint.delta import Usage
from qwq_nb.errors import StreamInterrupted

__all__ = [
    "BODY_BYTES",
    "CHARACTERS_STEP",
    "ERROR_BYTES",
    "ERROR_SECONDS",
    "EVENT_BYTES",
    "HEADER_TIMEOUTS",
    "LONGEST_NAME",
    "LONGEST_REASON",
    "MODELS_BYTES",
    "MODELS_SECONDS",
    "PING_TIMEOUT",
    "QUEUE_TIMEOUTS",
    "STEP_BYTES",
    "AnswerLimit",
    "BodyError",
]

EVENT_BYTES = 16 << 20
"""Bytes of one event of a stream at most: 50 times the longest answer in one piece."""
BODY_BYTES = 64 << 20
"""Bytes of an answer at most that comes whole: 32,768 tokens with twenty alternatives each are about 50 MiB."""
MODELS_BYTES = 4 << 20
"""Bytes of a list of models at most; the longest lists of gateways are below 1 MiB."""
MODELS_SECONDS = 15.0
"""Seconds without data, or beside `--connect-timeout` in all, after which an endpoint does not list its models."""
ERROR_BYTES = 20_000
"""Bytes of an error page that are read."""
ERROR_SECONDS = 30.0
"""Seconds at most in which they are read."""
HEADER_TIMEOUTS = 4
"""Times `--read-timeout` until all headers are there: each single byte restarts the read time-out itself."""
QUEUE_TIMEOUTS = 100
"""Times `--read-timeout` at most that a request waits in its server's queue while other answers are written."""
PING_TIMEOUT = 60.0
"""Seconds without a response after which a ping has failed. Longer than for a list: it may wait in the queue."""
CHARACTERS_STEP = 65_536
"""Bytes at least between two measurements of an answer's length."""
STEP_BYTES = 1 << 20
"""Bytes that a compressed body is decoded to at once."""
LONGEST_REASON = 100
"""Characters of a finish reason that are kept."""
LONGEST_NAME = 300
"""Characters of a model's name, a tool's name or a tool call's id that are kept."""

TIMES_ASKED, PIECES_MORE = 2, 1000
"""Pieces of an answer: so many times `max_tokens`, and so many more. A token may come in two pieces, and some servers
count only the answer's tokens."""
PIECES_UNASKED = 2_000_000
"""Pieces where the request names no limit: no model has so long a context."""
CHARACTERS_A_PIECE = 64
"""Characters of an answer for each piece allowed; the longest common tokens are 16 words or 128 blanks."""
MOST_CHARACTERS = 64 << 20
"""Characters of an answer at most, whatever was asked for."""


class BodyError(StreamInterrupted):
    """Report a body, or an event of a stream, that is too large or cannot be decoded."""


class AnswerLimit:
    """Hold the bounds of one answer: pieces and characters, and the tokens that its server may claim.

    `sampling`: the options of the request, of which `max_tokens` and `max_completion_tokens` count. `sent`: bytes of
    the request.
    """

    __slots__ = ("asked", "characters", "pieces", "sent")

    def __init__(self, sampling: Mapping[str, Any], sent: int = 0) -> None:
        asked = [sampling.get(name) for name in ("max_tokens", "max_completion_tokens")]
        self.asked = max((int(n) for n in asked if isinstance(n, (int, float)) and 0 < n < 2**53), default=0)
        """Tokens that the request allows; 0 where it names no limit."""
        self.pieces = TIMES_ASKED * self.asked + PIECES_MORE if self.asked else PIECES_UNASKED
        self.characters = min(CHARACTERS_A_PIECE * self.pieces, MOST_CHARACTERS)
        self.sent = sent

    def is_claimed(self, usage: Usage | None) -> bool:
        """Return whether a server says that an answer used up the tokens asked for, and no more than it may have."""
        claimed = usage.completion_tokens if usage is not None else None
        return self.asked > 0 and type(claimed) is int and self.asked <= claimed <= self.pieces

    def note(self, name: str) -> str:
        """Return the note on the endpoint `name` whose answer went beyond this limit."""
        if not self.asked:
            bound = f"{self.pieces:,} chunks or {self.characters:,} characters (no max-tokens was asked for)"
            return f"Endpoint {name!r} sends without end: its answer was ended at {bound}, and counts as truncated."
        return (
            f"Endpoint {name!r} does not keep to max_tokens ({self.asked:,}): an answer was ended at {self.pieces:,} "
            f"chunks or {self.characters:,} characters, and counts as truncated."
        )
