"""Keep a run's manifest, and what viewers draw of it, up to date in its directory while it goes on."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import Final

import msgspec

from qwq_nb.evaluation.runner import Runner
from qwq_nb.evaluation.state import SessionState
from qwq_nb.run.record import save_record
from qwq_nb.run.saved_output import SavedOutput
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["ViewerFiles"]

SAVE_EVERY_S: Final = 5.0
"""The manifest of a run under way is this old at most, for lists of runs, and where the kernel is killed."""
RECORD_SHARE: Final = 0.02
"""Of the time of a run under way that is spent on writing it for viewers: those of a large run are older."""
RECORD_EVERY_S: Final = 1.0
"""Seconds between two of them at least, where something was finished."""


class ViewerFiles:
    """Write `qwq_run.json` now and then, and what viewers draw whenever something was finished."""

    def __init__(self, state: SessionState, directory: RunDirectory) -> None:
        self._state = state
        self._directory = directory
        self._output = SavedOutput(state, directory)

    async def keep(self, runner: Runner) -> None:
        """Write until this is cancelled: tabs, and notebooks without a kernel, have no other news of it."""
        saved = time.monotonic()
        due, done = saved, -1
        while True:
            if time.monotonic() >= due and finished(runner) != done:
                began, done = time.monotonic(), finished(runner)
                took = await self.write()
                due = began + max(RECORD_EVERY_S, took / RECORD_SHARE)
            await asyncio.sleep(min(RECORD_EVERY_S, SAVE_EVERY_S))
            if time.monotonic() - saved >= SAVE_EVERY_S:
                saved = time.monotonic()
                self._state.count()
                manifest = msgspec.structs.replace(self._state.manifest, notes=list(self._state.manifest.notes))
                runner.write_later(functools.partial(self._directory.save_manifest, manifest))

    async def write(self) -> float:
        """Write what viewers draw; return the seconds of computing that it took."""
        if not self._directory.is_held:
            return 0.0
        try:
            return await asyncio.to_thread(self._write)
        except OSError as exc:
            # Viewers can do without; what is on disk of the run itself is whole.
            self._state.note(f"The record for viewers could not be written: {exc}")
            return 0.0

    def _write(self) -> float:
        began = time.thread_time()
        save_record(self._state, self._directory)
        if self._state.is_over:
            self._output.finish()
        else:
            self._output.write()
        return time.thread_time() - began


def finished(runner: Runner) -> int:
    """Return how many samples are over."""
    return sum(result.outcome != "pending" for result in runner.results.values())
