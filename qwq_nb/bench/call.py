"""Hold a request that waits for the benchmark worker's answer."""

from __future__ import annotations

import asyncio

import msgspec

__all__ = ["Call"]


class Call:
    """Hold a request in progress: its line, and the future of its answer."""

    def __init__(self, line: bytes, future: asyncio.Future[msgspec.Raw], *, deadline_s: float | None = None) -> None:
        self.line = line
        self.future = future
        self.deadline_s = deadline_s
        """Of a grading: its deadline in the worker."""
        self.process: asyncio.subprocess.Process | None = None
        """The process that it was sent to last."""
        self.tries = 0
