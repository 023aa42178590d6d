"""Queue the jobs of a worker's graders, and know which benchmarks need no further rehearsal."""

from __future__ import annotations

import collections

from qwq_nb.bench.protocol import GradeJob
from qwq_nb.bench.worker.child import CAN_FORK

__all__ = ["Waiting"]

_SLOW_S = 0.05
"""Seconds from which on a rehearsal is done once more in the process that graders are forked from."""


class Waiting:
    """Hold the jobs in the order they arrived, for the next free grader, and what is known of their rehearsals."""

    def __init__(self) -> None:
        self.jobs: collections.deque[tuple[int, GradeJob]] = collections.deque()
        self.crashed: set[int] = set()
        """Jobs during which a grader ended once."""
        self.prepared: set[str] = set()
        """Keys of the requests that this process has rehearsed, and so each grader that is forked from now on."""
        self.endless: set[str] = set()
        """Keys of the requests whose rehearsal did not end, or ended its grader."""
        self.slow: collections.deque[GradeJob] = collections.deque()
        """Rehearsals to be done once more in this process, before the next grader is forked."""

    def rehearsed(self, job: GradeJob, seconds: float, threads: int) -> None:
        """Take note of a rehearsal that ended well in a grader; `threads` is how many that has since.

        This process must have one thread alone, and import no user's code.
        """
        if CAN_FORK and job.request.source is None and threads == 1 and seconds >= _SLOW_S:
            self.slow.append(job)

    def drop(self, reply: int) -> None:
        """Remove the job with this id."""
        for job in [job for job in self.jobs if job[0] == reply]:
            self.jobs.remove(job)
        self.crashed.discard(reply)
