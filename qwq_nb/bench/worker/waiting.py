"""Queue the jobs of a worker's graders, and know which benchmarks need no further rehearsal."""

from __future__ import annotations

import collections

from qwq_nb.bench.protocol import GradeJob
from qwq_nb.bench.worker.child import CAN_FORK

__all__ = ["Waiting"]

_SLOW_S = 0.05
"""Seconds of the processor from which on a rehearsal is done once more in the process that graders are forked from."""
_MOST = 16
"""Rehearsals of one benchmark that are, at most: the first load what there is to load."""


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
        self.repeated: collections.Counter[str] = collections.Counter()
        """How many have been in `slow`, by their requests' keys."""
        self.slow: collections.deque[GradeJob] = collections.deque()
        """Rehearsals to be done once more in this process, before the next grader is forked."""

    def rehearsed(self, job: GradeJob, seconds: float, threads: int) -> None:
        """Take note of a rehearsal that ended well in a grader; `threads` is how many that has since.

        This process must have one thread alone, and import no user's code.
        """
        key = job.request.key()
        own = job.request.source is not None
        if CAN_FORK and not own and threads == 1 and seconds >= _SLOW_S and self.repeated[key] < _MOST:
            self.repeated[key] += 1
            self.slow.append(job)

    def drop(self, reply: int) -> None:
        """Remove the job with this id."""
        for job in [job for job in self.jobs if job[0] == reply]:
            self.jobs.remove(job)
        self.crashed.discard(reply)
