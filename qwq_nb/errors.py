"""What can go wrong, as one tree.

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
from typing import Any

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
    """Base of all errors that qwq_nb raises on purpose."""


class UserError(QwqError):
    """The call cannot work as it was written. The message says what to write instead."""


class OptionError(UserError, ValueError):
    """An option, level, subset or value is unknown or ill-formed."""


class UnknownBenchmark(UserError, LookupError):
    """No benchmark of that name, or one that a single chat completion cannot answer."""


class UnknownEndpoint(UserError, LookupError):
    """No endpoint of that name is set, or none at all."""


class UnknownRun(UserError, LookupError):
    """No run of that name or at that path."""


class DataError(UserError, ValueError):
    """A data file is missing, empty, unreadable, or a record lacks a field (file, line, field are named)."""


class EndpointError(QwqError):
    """The endpoint failed. `status` is the HTTP status, or None where there was no response.

    `retryable` says whether another attempt may succeed; `retry_after` is the wait in seconds the server asked for.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after


class EndpointRefused(EndpointError):
    """Every request would meet this refusal (401, 403, 404, a model that is not served): the run ends at once."""


class RequestRejected(EndpointError):
    """The server refuses this request and would refuse it again (400: context length, unknown parameter)."""


class StreamInterrupted(EndpointError):
    """The connection or the stream broke before the completion ended."""


class HubError(QwqError):
    """A data set could not be loaded from its hub."""


class WorkerError(QwqError):
    """The benchmark worker process failed or could not start."""


class RunLocked(QwqError):
    """Another process is writing this run directory."""


class InterruptedWithResult(KeyboardInterrupt):
    """The user interrupted a call. `result` is what there is: nothing that was finished is lost."""

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result

    def _render_traceback_(self) -> list[str]:
        """IPython shows this line in the place of a traceback."""
        return [f"Interrupted: {self}"]


def did_you_mean(word: str, known: Iterable[str], *, many: str = "") -> str:
    """` Did you mean 'x'?` for the nearest of `known`, else ` Known: a, b, c.` (or `many`, where the list is long)."""
    names = list(known)
    near = difflib.get_close_matches(word.casefold(), {n.casefold(): n for n in names}, n=1, cutoff=0.6)
    if near:
        original = next(n for n in names if n.casefold() == near[0])
        return f" Did you mean {original!r}?"
    if many:
        return f" {many}"
    return f" Known: {', '.join(names)}." if names else ""
