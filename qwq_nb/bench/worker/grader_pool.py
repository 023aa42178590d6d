"""The graders of a worker: one, and others beside it while answers that take long to grade would hold up the rest.

An ordinary answer takes milliseconds, and one grader does for hundreds a second. One whose grading runs into its
deadline (a tower of powers, a loop of digits) would have the others wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qwq_nb.bench.protocol import GradeJob
from qwq_nb.bench.worker.channels import Channels
from qwq_nb.bench.worker.child import CAN_FORK
from qwq_nb.bench.worker.grader import Grader, Waiting

__all__ = ["MOST", "Graders"]

MOST = 3 if CAN_FORK else 1
"""Graders at once. A forked one is there in tens of milliseconds; where nothing can be forked it takes seconds."""
SLOW_S = 1.0
"""Seconds that all graders have been at their jobs when another one is begun."""


class Graders:
    """Jobs in the order they came. `answer(id, verdict)` is called for each, once."""

    def __init__(self, channels: Channels, answer: Callable[[int, Any], None], also_close: tuple[int, ...]) -> None:
        self._waiting = Waiting()
        self._graders = {
            name: Grader(name, channels, self._waiting, answer, also_close)
            for name in (f"grader {number}" for number in range(MOST))
        }
        first, *self._others = self._graders.values()
        self._working = [first]

    def start(self) -> None:
        """Begin a grader, so that the first job need not wait for it."""
        self._working[0].start()

    def add(self, reply: int, job: GradeJob) -> None:
        self._waiting.jobs.append((reply, job))
        for grader in self._working:
            grader.next()

    def cancel(self, reply: int) -> None:
        """Nobody waits for this one any more."""
        self._waiting.drop(reply)
        for grader in self._working:
            grader.cancel(reply)

    def line(self, name: str, line: bytes | None) -> None:
        """A line from the grader of that name, or its end."""
        self._graders[name].line(line)

    def timeout(self) -> float | None:
        """Seconds until `check` must be called; None where nothing is running."""
        times = [grader.timeout() for grader in self._working] + [self._until_another()]
        return min((seconds for seconds in times if seconds is not None), default=None)

    def check(self) -> None:
        """End what has overrun; begin another grader, or let one go, as there is need."""
        for grader in list(self._working):
            grader.check()
        if self._until_another() == 0.0:
            self._working.append(self._others.pop())
            self._working[-1].next()
        elif not self._waiting.jobs:
            for grader in [grader for grader in self._working[1:] if grader.since is None]:
                grader.close()
                self._working.remove(grader)
                self._others.append(grader)

    def close(self) -> None:
        for grader in self._working:
            grader.close()

    def _until_another(self) -> float | None:
        """Seconds until all graders have been slow; None where none is wanted, or none is left."""
        since = [grader.since for grader in self._working if grader.since is not None]
        if not self._waiting.jobs or not self._others or len(since) < len(self._working):
            return None
        return max(0.0, max(since) + SLOW_S - time.monotonic())
