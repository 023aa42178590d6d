"""Define the errors that qwq_nb raises on purpose, as one tree.

::

    QwqError                    base: catch this to catch everything qwq_nb raises on purpose
    ├── UserError               the call cannot work as written; the magics show it as a UsageError
    │   ├── OptionError         an unknown or ill-formed option, level, subset, value
    │   ├── UnknownBenchmark    no benchmark of that name
    │   ├── UnknownEndpoint     no endpoint of that name, or none set at all
    │   ├── UnknownRun          no run of that name or path
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
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Literal

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
    "StreamInterrupted",
    "UnknownBenchmark",
    "UnknownEndpoint",
    "UnknownRun",
    "UserError",
    "WorkerError",
    "did_you_mean",
]


class QwqError(Exception):
    """Serve as the base of all errors that qwq_nb raises on purpose."""


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

    `result` holds everything that was finished.
    """

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result

    def _render_traceback_(self) -> list[str]:
        """IPython shows this line in the place of a traceback."""
        return [f"Interrupted: {self}"]


def did_you_mean(word: str, known: Iterable[str], *, many: str = "") -> str:
    """Write the hint at the end of a message about an unknown word, with a leading space.

    Returns ` Did you mean 'x'?` for the nearest of `known`; where none is near ` Known: a, b, c.`, or `many` where the
    list is long; an empty text where nothing is known.
    """
    names = list(known)
    near = difflib.get_close_matches(word.casefold(), {n.casefold(): n for n in names}, n=1, cutoff=0.6)
    if near:
        original = next(n for n in names if n.casefold() == near[0])
        return f" Did you mean {original!r}?"
    if many:
        return f" {many}"
    return f" Known: {', '.join(names)}." if names else ""
