"""Distribute jobs among a worker's graders: one, and more while slow answers would hold up the rest.

An ordinary answer takes milliseconds, and one grader suffices for hundreds per second. An answer whose grading runs
into its deadline (a tower of powers, a loop of digits) would delay all others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qwq_nb.bench.protocol import GradeJob
from qwq_nb.bench.worker.channels import Channels
from qwq_nb.bench.worker.child import CAN_FORK
from qwq_nb.bench.worker.grader import Grader, rehearse
from qwq_nb.bench.worker.waiting import Waiting

__all__ = ["MOST", "Graders"]

MOST = 3 if CAN_FORK else 1
"""Graders at once. A forked one starts in tens of milliseconds; without fork it takes seconds."""
SLOW_S = 1.0
"""Seconds after which another grader starts, if all are still busy with their jobs."""


class Graders:
    """Grade jobs in the order they arrived. `answer(id, verdict)` is called once per job."""

    def __init__(self, channels: Channels, answer: Callable[[int, Any], None], also_close: tuple[int, ...]) -> None:
        self._waiting = Waiting()
        self._graders = {
            name: Grader(name, channels, self._waiting, answer, also_close)
            for name in (f"grader {number}" for number in range(MOST))
        }
        first, *self._others = self._graders.values()
        self._working = [first]

    def start(self) -> None:
        """Start the first grader, so that the first job need not wait for it."""
        self._working[0].start()

    def add(self, reply: int, job: GradeJob) -> None:
        """Queue a job under an id."""
        self._waiting.jobs.append((reply, job))
        for grader in self._working:
            grader.next()

    def cancel(self, reply: int) -> None:
        """Drop the job with this id, waiting or running."""
        self._waiting.drop(reply)
        for grader in self._working:
            grader.cancel(reply)

    def line(self, name: str, line: bytes | None) -> None:
        """Process a line from the grader of that name; None: it has ended."""
        self._graders[name].line(line)

    def timeout(self) -> float | None:
        """Return the seconds until `check` must be called; None if nothing is running."""
        times = [grader.timeout() for grader in self._working] + [self._until_another()]
        return min((seconds for seconds in times if seconds is not None), default=None)

    def check(self) -> None:
        """End jobs that have overrun; start another grader, or end idle ones, as needed."""
        for grader in list(self._working):
            grader.check()
        if self._until_another() == 0.0:
            self._working.append(self._others.pop())
            self._working[-1].next()
        elif not self._waiting.jobs:
            for grader in [grader for grader in self._working[1:] if grader.is_idle]:
                grader.close()
                self._working.remove(grader)
                self._others.append(grader)

    @property
    def to_rehearse(self) -> bool:
        """Return whether there is something for `rehearse` to do."""
        return bool(self._waiting.slow)

    def rehearse(self) -> None:
        """Import in this process what took graders their time, for those that it forks from now on.

        It takes as long as it took them; the graders' own time stands still meanwhile.
        """
        began = time.monotonic()
        while self._waiting.slow:
            job = self._waiting.slow.popleft()
            rehearse(job)
            self._waiting.prepared.add(job.request.key())
        for grader in self._working:
            grader.hold(time.monotonic() - began)

    def close(self) -> None:
        """End all graders."""
        for grader in self._working:
            grader.close()

    def _until_another(self) -> float | None:
        """Return the seconds until all graders count as slow; None if no further one is needed or left."""
        since = [grader.since for grader in self._working if grader.since is not None]
        if not self._waiting.jobs or not self._others or len(since) < len(self._working):
            return None
        return max(0.0, max(since) + SLOW_S - time.monotonic())
