"""Measure and wait: the one clock behind retries, pings and the pool's timers, so that tests can bring their own."""

from __future__ import annotations

import asyncio
import time

__all__ = ["REAL_TIME", "Clock"]


class Clock:
    """Seconds that only grow, and waits in them. A subclass overrides `now` and `sleep`."""

    def now(self) -> float:
        """Return the time, in seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Wait until `event` is set, for `seconds` at most."""
        tasks = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.sleep(seconds))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


REAL_TIME = Clock()
