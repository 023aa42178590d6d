"""Run one event loop in a daemon thread, apart from the kernel's own loop. All HTTP runs on it.

A notebook's main thread runs an event loop already, and nesting another into it breaks kernels; a separate thread does
not.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from qwq_nb.errors import QwqError

__all__ = ["EventLoopThread", "all_of", "future_result", "shared_event_loop", "wait_for"]

T = TypeVar("T")


class EventLoopThread:
    """Run an event loop in a thread that ends with the process."""

    def __init__(self, name: str = "qwq-loop") -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start `work` on the event loop; the future may be waited for from any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def call(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run `work` and return its result, waiting in short steps so that Ctrl-C and ■ act at once.

        Raises:
            TimeoutError: `timeout` seconds have passed; the work is cancelled, as by any interrupt.
        """
        future = self.submit(work)
        try:
            return wait_for(future, timeout)
        except BaseException:
            future.cancel()
            raise


def wait_for(
    future: concurrent.futures.Future[T],
    timeout: float | None = None,
    *,
    step_s: float = 0.2,
    meanwhile: Callable[[], object] = lambda: None,
) -> T:
    """Wait for the future and return its result, in steps: an endless wait cannot be interrupted everywhere.

    `meanwhile` is called after each step at which it is not done.

    Raises:
        TimeoutError: `timeout` seconds have passed.
    """
    left = timeout
    while True:
        step = step_s if left is None else min(step_s, left)
        done, _ = concurrent.futures.wait([future], timeout=step)
        if done:
            return future_result(future)
        if left is not None:
            left -= step
            if left <= 0:
                raise TimeoutError
        meanwhile()


async def all_of(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all at once, and return the results in order.

    Where one raises, or this is cancelled, the others are cancelled and waited for first.
    """
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def future_result(future: concurrent.futures.Future[T]) -> T:
    """Return the result of a future that is done, or raise its error.

    Errors that qwq_nb raises on purpose lose their frames: these hold the request's headers, and with them the key,
    which a traceback with values (`%xmode Verbose`) would show.
    """
    try:
        return future.result()
    except QwqError as exc:
        raise exc.with_traceback(None) from None


_shared: EventLoopThread | None = None
_guard = threading.Lock()


def shared_event_loop() -> EventLoopThread:
    """Return the process's one event loop thread, started at its first use."""
    global _shared
    with _guard:
        if _shared is None or not _shared._thread.is_alive():
            _shared = EventLoopThread()
        return _shared
