"""A clock whose waits take no time, for what waits between attempts."""

from __future__ import annotations

import asyncio

from qwq_nb.endpoint.clock import Clock

__all__ = ["InstantClock"]


class InstantClock(Clock):
    """Waits only let others go on, and the time grows by what was waited for. May be read from other threads."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []
        """What was waited for, in seconds, in order."""

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)
        self.time += seconds
