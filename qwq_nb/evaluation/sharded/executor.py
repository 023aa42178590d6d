"""Submit work to an executor, whichever it is: anything with `submit(function, argument)` that gives a future.

Dask's `Client`, the executors of ipyparallel, `concurrent.futures` and submitit have it. None of them is imported.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import uuid
from collections.abc import Callable
from typing import Any, Final

from qwq_nb.errors import OptionError, QwqError, one_line

__all__ = ["Task", "TaskFailed", "check_executor", "submit"]

RESULT_S: Final = 60.0
"""Seconds that fetching a result may take that is there."""


class TaskFailed(Exception):
    """Report that a worker, or the executor itself, failed at a task: not what the task returned."""


class Task:
    """Hold one future, by what all executors' futures have: `done`, `result`, `cancel`."""

    def __init__(self, future: Any) -> None:
        self._future = future

    @property
    def done(self) -> bool:
        """Return whether it has ended, well or not."""
        return bool(self._future.done())

    def result(self) -> bytes:
        """Return what a task that is done has returned.

        Raises:
            TaskFailed: its worker died, or it was cancelled; the message has the executor's own words.
        """
        try:
            found = self._future.result() if not is_of(self._future, "distributed") else self._future.result(RESULT_S)
        except (Exception, asyncio.CancelledError, concurrent.futures.CancelledError) as error:
            raise TaskFailed(one_line(f"{type(error).__name__}: {error}", 300)) from None
        if not isinstance(found, bytes):
            raise TaskFailed(f"it returned {type(found).__name__}")
        return found

    def cancel(self) -> None:
        """Take it back if it has not begun; one that runs is told in another way."""
        with contextlib.suppress(Exception):
            self._future.cancel()


def is_of(thing: object, package: str) -> bool:
    """Return whether a thing's class is of a package."""
    return type(thing).__module__.partition(".")[0] == package


def check_executor(executor: Any, name: str) -> None:
    """Check that work can be given to what an option of that name was given.

    Raises:
        OptionError: it has no `submit`; the message says what has one.
    """
    if not callable(getattr(executor, "submit", None)):
        what = f"{type(executor).__module__.partition('.')[0]}'s {type(executor).__name__}"
        hint = " Of ipyparallel's client: client.executor()." if is_of(executor, "ipyparallel") else ""
        raise OptionError(
            f"{name} takes what has a method submit (Dask's Client, ipyparallel's client.executor(), a "
            f"ProcessPoolExecutor, a submitit executor); {what} has none.{hint}"
        )


def submit(executor: Any, function: Callable[[bytes], bytes], argument: bytes, name: str) -> Task:
    """Give a task to an executor. `name` is what its dashboard calls it, where it has one.

    Raises:
        QwqError: it takes no more tasks.
    """
    # Dask runs a pure function once for the same argument: a key of its own makes this another task.
    options = {"key": f"{name}-{uuid.uuid4().hex[:8]}"} if is_of(executor, "distributed") else {}
    try:
        return Task(executor.submit(function, argument, **options))
    except Exception as error:
        said = one_line(f"{type(error).__name__}: {error}", 300)
        raise QwqError(
            f"The executor takes no more work: {said}. What was finished is kept: run the same line again, with a new "
            f"executor or with none."
        ) from None
