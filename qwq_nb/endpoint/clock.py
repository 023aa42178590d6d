"""Provide the clock of retries, pings and the pool's timers; tests inject their own."""

from __future__ import annotations

import asyncio
import time

__all__ = ["REAL_TIME", "Clock"]


class Clock:
    """Measure monotonic time in seconds, and wait. A subclass overrides `now` and `sleep`."""

    def now(self) -> float:
        """Return the time in seconds, from an arbitrary origin."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
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
