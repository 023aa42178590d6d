"""Telling a slow stream from one that has stalled although bytes still come."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["FEWEST_PIECES", "FIRST_PIECE", "StallDetector"]

FEWEST_PIECES = 3
"""Pieces of text that a stream brings in `--read-timeout` at least: at its default of 300 s, one in 100 s."""
FIRST_PIECE = 4
"""Times `--read-timeout` that keep-alive comments may fill before the first piece: a request may queue for long."""


class StallDetector:
    """The pulse of one stream. A read time-out begins anew with each byte; this one with each few pieces of text."""

    __slots__ = ("_clock", "_first", "_pieces", "_seconds", "_until")

    def __init__(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._seconds = seconds
        self._clock = clock
        self._pieces = 0
        self._first = True
        self._until = clock() + FIRST_PIECE * seconds

    def stalled(self, pieces: int) -> bool:
        """Whether too few pieces came in the time that has just passed. `pieces` are all so far."""
        now = self._clock()
        if self._first and pieces:
            self._first, self._pieces, self._until = False, pieces, now + self._seconds
            return False
        if now < self._until:
            return False
        if self._first or pieces - self._pieces < FEWEST_PIECES:
            return True
        self._pieces, self._until = pieces, now + self._seconds
        return False

    def words(self, pieces: int) -> str:
        """What has happened, for an error."""
        if self._first:
            return f"bytes came, but no text, for {FIRST_PIECE * self._seconds:g} s (4 × --read-timeout)."
        return (
            f"the stream stalled: {pieces - self._pieces} pieces of text in {self._seconds:g} s (--read-timeout), "
            f"after {self._pieces:,} before."
        )
