"""Detect a stream that has stalled although bytes still arrive, and tell it from a slow one."""

from __future__ import annotations

import time
from collections.abc import Callable

from qwq_nb.endpoint.limits import QUEUE_TIMEOUTS

__all__ = ["FEWEST_PIECES", "FIRST_PIECE", "StallDetector"]

FEWEST_PIECES = 3
"""Pieces of text that a stream brings in `--read-timeout` at least: at its default of 300 s, one in 100 s."""
FIRST_PIECE = 4
"""Times `--read-timeout` that keep-alive comments may fill before the first piece: a request may queue for long."""


class StallDetector:
    """Detect the stall of one stream: fewer than `FEWEST_PIECES` pieces of text within the read time-out.

    The read time-out itself restarts with each byte.

    `seconds`: `--read-timeout`; `clock`: returns the time in seconds. `others`: a count that grows with the text of
    the endpoint's other streams: while it does, a stream without text waits in the queue, and has not stalled.
    """

    __slots__ = ("_clock", "_first", "_last", "_others", "_pieces", "_seconds", "_seen", "_until")

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.perf_counter, others: Callable[[], int] = lambda: 0
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._others = others
        self._seen = others()
        self._last = clock() + QUEUE_TIMEOUTS * seconds
        self._pieces = 0
        self._first = True
        self._until = clock() + FIRST_PIECE * seconds

    def stalled(self, pieces: int) -> bool:
        """Return whether too few pieces arrived in the last window. `pieces`: all pieces of text so far."""
        now = self._clock()
        if self._first and pieces:
            self._first, self._pieces, self._until = False, pieces, now + self._seconds
            return False
        if now < self._until:
            return False
        if self._first and self._others() != self._seen and now < self._last:
            self._seen, self._until = self._others(), now + FIRST_PIECE * self._seconds
            return False
        if self._first or pieces - self._pieces < FEWEST_PIECES:
            return True
        self._pieces, self._until = pieces, now + self._seconds
        return False

    def words(self, pieces: int) -> str:
        """Describe the stall for an error message. `pieces`: all pieces of text so far."""
        if self._first:
            return f"bytes came, but no text, for {FIRST_PIECE * self._seconds:g} s (4 × --read-timeout)."
        return (
            f"the stream stalled: {pieces - self._pieces} chunks of text in {self._seconds:g} s (--read-timeout), "
            f"after {self._pieces:,} before."
        )
