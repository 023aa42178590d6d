"""Define the errors that qwq_nb raises on purpose, as one tree.

::

    QwqError                    base: catch this to catch everything qwq_nb raises on purpose
    ├── UserError               the call cannot work as written; the magics show it as a UsageError
    │   ├── OptionError         an unknown or ill-formed option, level, subset, value
    │   ├── UnknownBenchmark    no benchmark of that name
    │   ├── UnknownEndpoint     no endpoint of that name, or none set at all
    │   ├── UnknownRun          no run of that name or path
    │   ├── SandboxUnavailable  nothing here confines the code of a model, or not in the way that was asked for
    │   └── DataError           a data file is missing, empty, not readable, or lacks a field
    ├── EndpointError           the endpoint answered, or failed to, in a way that ends the request
    │   ├── EndpointRefused     every request would meet it (bad key, unknown model): ends the run
    │   ├── RequestRejected     this request alone is refused (context length, bad parameter)
    │   └── StreamInterrupted   the connection or the stream broke; the partial text is kept
    ├── HubError                a data set could not be loaded from its hub
    ├── WorkerError             the benchmark worker failed or cannot start
    └── RunLocked               another process is writing this run

    InterruptedWithResult       a KeyboardInterrupt, and so no QwqError: carries what there is when the user interrupts

Every message says what happened, where, and what to do next. No message ever holds key material.

The rule for what a message may quote stands below the errors, and every view follows it too. ANSI escapes drive a
terminal, bidi overrides turn `fdp.exe` round, zero-width characters hide words, and one lone surrogate makes a notebook
impossible to save; none of them is dropped, but made `visible`. A message of ours may have lines; a text that it quotes
is put on one (`one_line`), so that no server, file name or manifest writes lines of its own into it; of names there may
be any number (`listed`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, Final, Literal

__all__ = [
    "DataError",
    "EndpointError",
    "EndpointRefused",
    "HubError",
    "InterruptedWithResult",
    "OptionError",
    "QwqError",
    "RequestRejected",
    "RunLocked",
    "SandboxUnavailable",
    "StreamInterrupted",
    "UnknownBenchmark",
    "UnknownEndpoint",
    "UnknownRun",
    "UserError",
    "WorkerError",
    "did_you_mean",
    "error_named",
    "listed",
    "message_text",
    "one_line",
    "valid_text",
    "visible",
]


class QwqError(Exception):
    """Serve as the base of all errors that qwq_nb raises on purpose.

    Its text is that of `message_text`, wherever it is shown: a UsageError, a traceback, a note, a row.
    """

    def __str__(self) -> str:
        return message_text(super().__str__())


class UserError(QwqError):
    """Report a call that cannot work as it was written.

    The message says what to write instead.
    """


class OptionError(UserError, ValueError):
    """Report an option, level, subset or value that is unknown or ill-formed."""


class UnknownBenchmark(UserError, LookupError):
    """Report that no benchmark has this name, or that a single chat completion cannot answer it."""


class UnknownEndpoint(UserError, LookupError):
    """Report that no endpoint of this name is set, or none at all."""


class UnknownRun(UserError, LookupError):
    """Report that no run has this name or lies at this path."""


class SandboxUnavailable(UserError):
    """Report that no sandbox for the code of a model works here, or not the one that was asked for.

    The message says what does work, and what to install.
    """


class DataError(UserError, ValueError):
    """Report a data file that is missing, empty or unreadable, or a record that lacks a field.

    The message names the file, the line and the field.
    """


class EndpointError(QwqError):
    """Report that the endpoint failed.

    `status` is the HTTP status, or None where there was no response. `retryable` says whether another attempt may
    succeed; `retry_after` is the wait in seconds the server asked for, or None.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after


class EndpointRefused(EndpointError):
    """Report a refusal that every request would meet: the run ends at once.

    Status 401, 403 or 404, or a model that is not served.
    """


class RequestRejected(EndpointError):
    """Report that the server refuses this request and would refuse it again.

    Status 400: the context length, an unknown parameter, or a prompt that a content filter refuses (403, too).
    """

    concerns: Literal["", "length", "content", "options"] = ""
    """What the server objects to: the length of this prompt, its content, or the options that every request has; empty
    where it does not say."""


class StreamInterrupted(EndpointError):
    """Report that the connection or the stream broke before the completion ended."""


class HubError(QwqError):
    """Report that a data set could not be loaded from its hub."""


class WorkerError(QwqError):
    """Report that the benchmark worker process failed or could not start."""


class RunLocked(QwqError):
    """Report that another process is writing this run directory."""


class InterruptedWithResult(KeyboardInterrupt):
    """Report that the user interrupted a call.

    `result` holds everything that was finished; `is_shown`: the cell's output says already that it was stopped.
    """

    def __init__(self, message: str, result: Any, *, is_shown: bool = False) -> None:
        super().__init__(message)
        self.result = result
        self.is_shown = is_shown

    def _render_traceback_(self) -> list[str]:
        """IPython shows this line in the place of a traceback."""
        return [f"Interrupted: {message_text(str(self))}"]


def error_named(name: str, message: str, other: type[QwqError]) -> QwqError:
    """Return the error of this tree that another process named, or one of `other` where there is none of that name."""
    kind = globals().get(name)
    return (kind if isinstance(kind, type) and issubclass(kind, QwqError) else other)(message)


# -- what a message quotes --------------------------------------------------------------------------------------------

LONGEST_NAME: Final = 100
"""Characters of one name in a list."""
MOST_NAMES: Final = 20
"""Names that a list in a message holds."""
LONGEST_LIST: Final = 2_000
"""Characters of all names of a list together."""
LONGEST_MESSAGE: Final = 8_000
"""Characters of a whole message."""

_COMPARED: Final = 10_000
"""Names at most among which the nearest is looked for; names of more than 200 characters are near to none."""

# C0 without \n \t, DEL and C1, soft hyphen, bidi marks, zero-width, line separators, tags, variation supplements.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def valid_text(text: str) -> str:
    """Return `text` with the halves of surrogate pairs joined, and each lone half replaced by U+FFFD.

    ASCII is known without looking at it, and other valid text costs one attempt to encode it.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _show(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """Return the text with every control, bidi and zero-width character spelt out (`␛`, `\\u202e`).

    Line feeds and tabs stay. A text that went through it once is not changed a second time.
    """
    return _UNSEEN.sub(_show, valid_text(text).replace("\r\n", "\n"))


def one_line(text: str, limit: int) -> str:
    """Return the visible text on one line, at most `limit` characters long."""
    line = visible(" ".join(text[: 4 * limit].split()))
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: max(limit - 1, 0)] + "…"


def listed(names: Iterable[object], most: int = MOST_NAMES) -> str:
    """Return names as a list in a sentence, `a, b, c and 9,980 more`.

    The first `most` at the most, 2,000 characters in all, each on one line and of 100 characters at the most.
    """
    every = list(names)
    shown: list[str] = []
    length = 0
    for name in every[:most]:
        shown.append(one_line(str(name), LONGEST_NAME))
        length += len(shown[-1]) + 2
        if length > LONGEST_LIST:
            shown.pop()
            break
    left = len(every) - len(shown)
    return ", ".join(shown) + (f" and {left:,} more" if left else "")


def message_text(text: str) -> str:
    """Return the visible text, of a very long one the first 8,000 characters."""
    shown = visible(text[: LONGEST_MESSAGE + 1])
    return shown if len(shown) <= LONGEST_MESSAGE else f"{shown[:LONGEST_MESSAGE]}… [the rest is left out]"


def did_you_mean(word: str, known: Iterable[str], *, many: str = "") -> str:
    """Write the hint at the end of a message about an unknown word, with a leading space.

    Returns ` Did you mean 'x'?` for the nearest of `known`; where none is near ` Known: a, b, c and 5 more.`, or `many`
    where the list is long; an empty text where nothing is known. Names are shown as `listed` shows them.
    """
    names = list(known)
    folded = {name.casefold(): name for name in reversed(names[:_COMPARED]) if len(name) <= 2 * LONGEST_NAME}
    near = difflib.get_close_matches(word[: 2 * LONGEST_NAME].casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {one_line(folded[near[0]], LONGEST_NAME)!r}?"
    if many:
        return f" {many}"
    return f" Known: {listed(names)}." if names else ""
