"""Interrupt work that takes too long, although single bytes still arrive and restart the read time-out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

__all__ = ["NO_DATA", "TimeLimit", "TimeUp"]

NO_DATA = "bytes of HTTP came, but no data, for more than twice --read-timeout"
"""Trailers, chunk extensions, empty compressed blocks."""


class TimeUp(asyncio.TimeoutError):
    """Report that the time of a `TimeLimit` passed; the message says which."""


class TimeLimit:
    """Limit the time of the block of an `async with`, in seconds; it then raises `TimeUp` with `message`.

    `progress`: where given, the block may take as long as this number grows. It is looked at every `seconds`, and the
    time is up when it was the same at two looks in a row. (One is not enough: after the process itself was suspended,
    a timer is served before the data that waited meanwhile.)

    `asyncio.timeout` does this from Python 3.11 on, without `progress`. `asyncio.wait_for` may lose a cancellation
    before Python 3.12.
    """

    __slots__ = ("_cancelled_before", "_idle", "_last", "_message", "_progress", "_seconds", "_task", "_timer", "_up")

    def __init__(self, seconds: float, message: str, *, progress: Callable[[], int] | None = None) -> None:
        self._seconds = seconds
        self._message = message
        self._progress = progress
        self._last = -1
        self._idle = 0
        self._up = False
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cancelled_before = 0

    async def __aenter__(self) -> TimeLimit:
        self._task = asyncio.current_task()
        self._cancelled_before = cancellations(self._task)
        self._wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._up:
            return
        if self._task is not None and hasattr(self._task, "uncancel"):
            self._task.uncancel()
        # More cancellations than before the block: somebody else has cancelled too, and that comes first.
        if kind is asyncio.CancelledError and cancellations(self._task) <= self._cancelled_before:
            raise TimeUp(self._message) from None

    def stop(self) -> None:
        """End the limit; the rest of the block may take as long as it likes."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)

    def _look(self) -> None:
        if self._progress is not None:
            now = self._progress()
            self._idle = self._idle + 1 if now == self._last else 0
            self._last = now
            if self._idle < 2:
                self._wait()
                return
        self._up = True
        if self._task is not None:
            self._task.cancel()


def cancellations(task: asyncio.Task[Any] | None) -> int:
    """Return how often the task was asked to end; 0 before Python 3.11, which does not count."""
    counted: int = task.cancelling() if task is not None and hasattr(task, "cancelling") else 0
    return counted
