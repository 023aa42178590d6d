"""The endpoints of one evaluation: their pool, and what the run's record says while they are away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from qwq_nb.endpoint.auto_concurrency import MOST
from qwq_nb.endpoint.completer import Completer
from qwq_nb.endpoint.pool import Pool
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.request import EvalRequest

__all__ = ["PoolWatch", "endpoint_notes", "pool_of"]

RESUMED_FOR_S = 1.0
"""A run that was told to resume says `running` so long at least: the buttons look a few times a second."""


def pool_of(request: EvalRequest) -> Pool:
    """The endpoints that the request names, with its number of streams."""
    asked = request.concurrency
    if asked == "auto":
        return Pool(request.endpoints, concurrency=MOST, auto=True)
    return Pool(request.endpoints, concurrency=asked)


def endpoint_notes(request: EvalRequest) -> list[str]:
    """What a reader of the run must know of who answered it."""
    endpoints = request.endpoints
    notes = list(request.endpoint.warnings())
    if len(endpoints) > 1:
        notes.append(f"Answered by {len(endpoints)} endpoints: {', '.join(f'{e.name} ({e.url})' for e in endpoints)}.")
    models = dict.fromkeys(e.model for e in endpoints)
    if len(models) > 1:
        notes.append(f"The endpoints name their models differently ({', '.join(models)}): are they the same one?")
    if request.endpoint.prices and len({e.prices for e in endpoints}) > 1:
        notes.append(
            f"The endpoints have different prices: what is said of cost goes by those of {request.endpoint.name}."
        )
    return notes


class PoolWatch:
    """Keeps a manifest's state and notes in step with its pool. For the loop's thread alone."""

    def __init__(self, manifest: Manifest, pool: Completer, is_paused: Callable[[], bool]) -> None:
        self._manifest = manifest
        self._pool = pool
        self._is_paused = is_paused
        """Whether somebody paused the run."""
        self._resumed = -RESUMED_FOR_S
        self._shown = ""
        """The note that tells what is being waited for."""

    def look(self) -> None:
        """An endpoint has gone or come back, or another number of streams is allowed."""
        # What is waited for stands among the notes as long as it is, so that every kind of output shows it.
        notes = [note for note in self._manifest.notes if note != self._shown]
        notes += [note for note in self._pool.notes if note not in notes]
        self._shown = self._pool.waiting
        self._manifest.notes = [*notes, self._shown] if self._shown else notes
        self.show_state()

    def resumed(self) -> None:
        """Somebody has pressed Resume."""
        self._resumed = time.monotonic()

    def show_state(self) -> None:
        """`paused` where somebody paused the run, and where it waits for an endpoint or a key."""
        if self._manifest.state not in ("running", "paused"):
            return
        left = RESUMED_FOR_S - (time.monotonic() - self._resumed)
        if self._pool.waiting and left > 0 and not self._is_paused():
            # Whoever pressed Resume sees that it was heard, even if the endpoint says no at once.
            asyncio.get_running_loop().call_later(left + 0.01, self.show_state)
        waits = bool(self._pool.waiting) and left <= 0
        self._manifest.state = "paused" if self._is_paused() or waits else "running"

    def over(self) -> None:
        """The run has ended: nothing is waited for any more."""
        self._manifest.notes = [note for note in self._manifest.notes if note != self._shown]
