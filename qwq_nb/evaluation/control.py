"""Stop, pause and wait for a session from any thread, and stop all sessions when the process ends."""

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
"""Seconds that the event loop has for its last writes after an interrupt, and at the end of the process."""


class Control:
    """Stop, pause and wait for a session that runs on the event loop's thread.

    Every method may be called from any thread.
    """

    def __init__(self, session: Session, loop: EventLoopThread) -> None:
        self.session = session
        self._loop = loop
        self.future: concurrent.futures.Future[None] = loop.submit(session.execute())
        _controls.add(self)
        stop_all_at_exit()

    @property
    def done(self) -> bool:
        """Return whether the session has ended."""
        return self.future.done()

    def stop(self) -> None:
        """Stop the session; what is finished is kept. Returns at once."""
        # Run on the event loop's thread, where the state cannot change meanwhile.
        self._loop.loop.call_soon_threadsafe(self.session.stop)

    def pause(self) -> None:
        """Start no further request until `resume`; streams under way go on. Returns at once."""
        self._loop.loop.call_soon_threadsafe(self.session.pause, True)

    def resume(self) -> None:
        """Resume after `pause`. Returns at once."""
        self._loop.loop.call_soon_threadsafe(self.session.pause, False)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the session has ended.

        Raises:
            TimeoutError: `timeout` seconds have passed.
            QwqError: what ended the session.
        """
        with contextlib.suppress(concurrent.futures.CancelledError):
            wait_for(self.future, timeout)


_controls: weakref.WeakSet[Control] = weakref.WeakSet()


@functools.cache
def stop_all_at_exit() -> None:
    """Register `stop_all` for the end of the interpreter, as at a kernel's restart.

    Not by atexit: by then Python's thread pools take no more work, and the last rows could not be written.
    """
    with contextlib.suppress(RuntimeError):  # it is ending already
        getattr(threading, "_register_atexit", atexit.register)(stop_all)


def stop_all() -> None:
    """Stop the sessions of this process, and wait up to STOP_WITHIN_S seconds for their last writes."""
    running = [control for control in _controls if not control.done]
    for control in running:
        control.stop()
    concurrent.futures.wait([control.future for control in running], STOP_WITHIN_S)
