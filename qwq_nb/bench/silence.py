"""Tell a worker process that hangs (suspended, a disk that does not answer) from one that is at work.

The worker says by itself every 2 s that it lives while it imports evalscope, from a thread, and answers pings once it
is ready: its one thread then only distributes work. What does not answer for long is taken as hung, and replaced.
"""

from __future__ import annotations

__all__ = ["PING_S", "SILENT_S", "START_LIMIT_S", "START_SILENT_S", "Silence", "hung_text", "replaced_note"]

PING_S = 2.0
"""Seconds between two pings, and between two signs of life while it starts."""
SILENT_S = 20.0
"""Seconds without an answer after which a ready worker counts as hung. Under load an answer takes tenths of one."""
START_SILENT_S = 60.0
"""The same while it imports: a library's own initialisation may keep the interpreter for long."""
START_LIMIT_S = 300.0
"""Seconds after which a worker that lives but is still not ready counts as hung. Importing evalscope takes seconds."""
_SAID_S = 3 * PING_S
_GRADER_START_S = 120.0
"""Seconds for which a grader may start, or import a benchmark, before the worker itself replaces it."""


class Silence:
    """Measure for how long one process has not answered, in steps of `PING_S`.

    The steps are counted, not timed: a kernel that was itself suspended has not waited.
    """

    def __init__(self) -> None:
        self._silent = self._starting = self._ungraded = 0

    @property
    def text(self) -> str:
        """Return in words that the process has not answered for some seconds; empty if it has."""
        return "waiting for the benchmark worker, which does not answer" if self._silent * PING_S >= _SAID_S else ""

    def heard(self, *, verdict: bool) -> None:
        """Take note of a line from the process; `verdict`: it answers a grading."""
        self._silent = 0
        self._ungraded = 0 if verdict else self._ungraded

    def step(self, *, ready: bool, deadline_s: float | None) -> str:
        """Count one step, and return in words why the process counts as hung; empty if it does not.

        Args:
            ready: whether it has started.
            deadline_s: the longest deadline of the gradings that it was sent; None if there are none.
        """
        self._silent += 1
        self._starting = 0 if ready else self._starting + 1
        self._ungraded = self._ungraded + 1 if ready and deadline_s is not None else 0
        if self._silent * PING_S >= (SILENT_S if ready else START_SILENT_S):
            return f"did not answer for {self._silent * PING_S:g} s"
        if self._starting * PING_S >= START_LIMIT_S:
            return f"was not ready after {START_LIMIT_S:g} s"
        # A grading is done once more if its grader ends; a grader may take its time to start before each.
        limit = 2 * ((deadline_s or 0.0) + _GRADER_START_S) + SILENT_S
        if self._ungraded * PING_S >= limit:
            return f"graded nothing for {limit:g} s"
        return ""


def replaced_note(why: str) -> str:
    """Return the note for the runs whose worker was replaced."""
    return (
        f"The benchmark worker {why} (suspended, or a disk that hangs) and was replaced. "
        f"What it had been asked was sent to the new one; no verdict was lost."
    )


def hung_text(why: str) -> str:
    """Return the message of the WorkerError of a request during which the worker hung for the second time."""
    return (
        f"the benchmark worker {why} and was ended, for the second time in one request. If a disk hangs (a network "
        f"drive with the data, the run or Python), wait until it answers, and run the line again: what is finished "
        f"is kept."
    )
