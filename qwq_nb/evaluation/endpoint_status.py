"""Make the pool of an evaluation's endpoints, and keep the run's state and notes up to date with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from qwq_nb.endpoint.auto_concurrency import FAST, MOST, START
from qwq_nb.endpoint.completer import Completer
from qwq_nb.endpoint.pool import Pool
from qwq_nb.endpoint.registry import window_warnings
from qwq_nb.endpoint.transport import most_connections
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.request import EvalRequest

__all__ = ["PoolWatch", "endpoint_notes", "pool_of"]

RESUMED_FOR_S = 1.0
"""Seconds for which a resumed run says `running` at least: the buttons look a few times a second."""


def pool_of(request: EvalRequest) -> Pool:
    """Make the pool of the request's endpoints, with its number of streams."""
    asked, named = request.concurrency, [request.editor] if request.editor is not None else []
    if asked == "auto":
        # The built-in server takes any number. Whole answers show no first token.
        most = min(FAST if request.demo else MOST, most_connections())
        start = START if all(e.stream for e in request.endpoints) and not request.demo else FAST
        return Pool(request.endpoints, concurrency=most, auto=True, start=start, named=named)
    return Pool(request.endpoints, concurrency=asked, named=named)


def endpoint_notes(request: EvalRequest) -> list[str]:
    """Write the notes on the endpoints: warnings on sampling, and how several endpoints differ."""
    endpoints = request.endpoints
    notes = list(request.endpoint.warnings())
    notes += dict.fromkeys(warning for endpoint in request.all_endpoints for warning in window_warnings(endpoint))
    if (editor := request.editor) is not None:
        notes.append(f"Edits are written by the endpoint {editor.name!r}, model {editor.model}.")
    if len(endpoints) > 1:
        notes.append(f"Answered by {len(endpoints)} endpoints: {', '.join(f'{e.name} ({e.url})' for e in endpoints)}.")
    models = dict.fromkeys(e.model for e in endpoints)
    if len(models) > 1:
        notes.append(f"The endpoints name their models differently ({', '.join(models)}): are they the same one?")
    if request.endpoint.prices and len({(e.prices, e.price_currency) for e in endpoints}) > 1:
        notes.append(
            f"The endpoints have different prices: what is said of cost goes by those of {request.endpoint.name}."
        )
    return notes


class PoolWatch:
    """Keep a manifest's state and notes in step with its pool. For the event loop's thread only."""

    def __init__(self, manifest: Manifest, pool: Completer, is_paused: Callable[[], bool]) -> None:
        self.manifest = manifest
        self._pool = pool
        self._is_paused = is_paused
        """Returns whether the user has paused the run."""
        self._resumed = -RESUMED_FOR_S
        self._shown = ""
        """The note on what the run waits for; empty if it does not wait."""

    def look(self) -> None:
        """Update the notes and the state: an endpoint has failed or come back, or the number of streams has changed."""
        # The cause of the waiting is a note for as long as it lasts, so that every kind of output shows it.
        notes = [note for note in self.manifest.notes if note != self._shown]
        notes += [note for note in self._pool.notes if note not in notes]
        self._shown = self._pool.waiting
        self.manifest.notes = [*notes, self._shown] if self._shown else notes
        self.show_state()

    def resumed(self) -> None:
        """Record that the user has pressed Resume."""
        self._resumed = time.monotonic()

    def show_state(self) -> None:
        """Set the state: `paused` if the user paused the run, or if it waits for an endpoint or a key."""
        if self.manifest.state not in ("running", "paused"):
            return
        left = RESUMED_FOR_S - (time.monotonic() - self._resumed)
        if self._pool.waiting and left > 0 and not self._is_paused():
            # The user sees that Resume took effect, even if the endpoint refuses at once.
            asyncio.get_running_loop().call_later(left + 0.01, self.show_state)
        waits = bool(self._pool.waiting) and left <= 0
        self.manifest.state = "paused" if self._is_paused() or waits else "running"

    def over(self) -> None:
        """Remove the note on what the run waits for: it has ended."""
        self.manifest.notes = [note for note in self.manifest.notes if note != self._shown]
