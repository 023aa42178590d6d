"""Share a number of slots among threads, and let one have them all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Turns"]


class Turns:
    """Hold the slots 0 … `count` - 1, each taken by one thread at a time."""

    def __init__(self, count: int) -> None:
        self._free = set(range(count))
        self._count = count
        self._waiting_alone = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[int]:
        """Take a slot when one is free, and nobody waits to be alone."""
        with self._changed:
            self._changed.wait_for(lambda: self._free and not self._waiting_alone)
            slot = min(self._free)
            self._free.discard(slot)
        try:
            yield slot
        finally:
            with self._changed:
                self._free.add(slot)
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[int]:
        """Take all slots, and return one of them: until it is given back, nobody else has any."""
        with self._changed:
            self._waiting_alone += 1
            self._changed.wait_for(lambda: len(self._free) == self._count)
            self._waiting_alone -= 1
            taken, self._free = self._free, set()
        try:
            yield 0
        finally:
            with self._changed:
                self._free = taken
                self._changed.notify_all()
