"""Stop, pause and wait for a session on the loop thread, from any other; at the process's end, all are stopped."""

from __future__ import annotations

import atexit
import concurrent.futures
import contextlib
import functools
import threading
import weakref

from qwq_nb.core.event_loop import EventLoopThread, wait_for
from qwq_nb.evaluation.session import Session

__all__ = ["STOP_WITHIN_S", "Control"]

STOP_WITHIN_S = 0.7
"""An interrupt, and the end of the process, give the loop this long to write what it holds."""


class Control:
    """Stop, pause and wait for a session that runs on the loop thread; safe to call from any thread."""

    def __init__(self, session: Session, loop: EventLoopThread) -> None:
        self.session = session
        self._loop = loop
        self.future: concurrent.futures.Future[None] = loop.submit(session.execute())
        _controls.add(self)
        stop_all_at_exit()

    @property
    def done(self) -> bool:
        return self.future.done()

    def stop(self) -> None:
        # Decided on the loop's thread, where nothing changes meanwhile; the future is done when the session is.
        self._loop.loop.call_soon_threadsafe(self.session.stop)

    def pause(self) -> None:
        self._loop.loop.call_soon_threadsafe(self.session.pause, True)

    def resume(self) -> None:
        self._loop.loop.call_soon_threadsafe(self.session.pause, False)

    def wait(self, timeout: float | None = None) -> None:
        with contextlib.suppress(concurrent.futures.CancelledError):
            wait_for(self.future, timeout)


_controls: weakref.WeakSet[Control] = weakref.WeakSet()


@functools.cache
def stop_all_at_exit() -> None:
    """Have runs stopped in order when the interpreter ends, as at a kernel's restart.

    Not by atexit: by then Python's thread pools take no more work, and the last rows could not be written.
    """
    with contextlib.suppress(RuntimeError):  # it is ending already
        getattr(threading, "_register_atexit", atexit.register)(stop_all)


def stop_all() -> None:
    """Stop the runs of this process, and give them a moment to write what they hold."""
    running = [control for control in _controls if not control.done]
    for control in running:
        control.stop()
    concurrent.futures.wait([control.future for control in running], STOP_WITHIN_S)
