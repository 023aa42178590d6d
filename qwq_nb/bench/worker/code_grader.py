"""Grade answers that are programs: a process of the worker with one sandbox, and as many threads as may run code.

It waits for executions, whose limits are the sandbox's own; so it has no deadline, and no job holds up the graders of
other benchmarks. A job whose process ended is graded once more, and fails if that ends it again.
"""

from __future__ import annotations

import concurrent.futures
import os
import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec

from qwq_nb import sandbox
from qwq_nb.bench.code.catalog import runs_code
from qwq_nb.bench.code.running import CodeRun, ExecutionStopped, use_sandbox
from qwq_nb.bench.protocol import GradeJob, decode, encode
from qwq_nb.bench.worker.channels import CODE_GRADER, Channels, LineReader, write_all
from qwq_nb.bench.worker.child import CAN_FORK, Child
from qwq_nb.bench.worker.grader import failed_job, grade_whole
from qwq_nb.core.records import Verdict

__all__ = ["CodeGrader", "code_grader_main", "is_code_job"]

_TRIES: Final = 2


class _Order(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Represent a line to the process: a job to grade, or the id of one to give up."""

    id: int
    job: GradeJob | None = None


class _Answer(msgspec.Struct, kw_only=True):
    """Represent a line from the process."""

    id: int
    verdict: Verdict


def is_code_job(job: GradeJob) -> bool:
    """Return whether grading a job runs the model's code: not where only its reasoning is to be measured."""
    return job.verdict is None and runs_code(job.request.benchmark)


def code_grader_main(job_in: int, reply_out: int) -> None:
    """Run the process: read orders, grade in threads, write a verdict a job, until the pipe closes."""
    boxes = _Boxes(reply_out)
    reader = LineReader()
    while block := os.read(job_in, 1 << 16):
        for line in reader.feed(block):
            order = decode(line, _Order)
            if order.job is None:
                boxes.cancel(order.id)
            else:
                boxes.add(order.id, order.job)
    boxes.close()


class _Boxes:
    """Hold the sandboxes of this process, by what was asked for, with their threads and jobs."""

    def __init__(self, reply_out: int) -> None:
        self._reply_out = reply_out
        self._lock = threading.Lock()
        self._boxes: dict[tuple[str, int | None], sandbox.Sandbox] = {}
        self._pools: dict[tuple[str, int | None], concurrent.futures.ThreadPoolExecutor] = {}
        self._open: dict[int, tuple[str, int | None]] = {}
        """Jobs that are not answered, with the sandbox of each."""
        self._cancelled: set[int] = set()

    def add(self, number: int, job: GradeJob) -> None:
        """Begin a job, as soon as a thread is free. The first one starts the sandbox."""
        key = (job.sandbox, job.jobs)
        try:
            box = self._box(key)
        except Exception as error:  # whatever keeps it from starting, it is not the answer's fault
            self._answer(number, failed_job(job, "crashed", f"the sandbox does not start: {error}", 0.0))
            return
        with self._lock:
            self._open[number] = key
        self._pools[key].submit(self._grade, number, job, box)

    def cancel(self, number: int) -> None:
        """Give up a job. Code that runs is killed, once no other job's may be running in the same sandbox."""
        with self._lock:
            key = self._open.get(number)
            if key is None:
                return
            self._cancelled.add(number)
            left = [other for other, its in self._open.items() if its == key and other not in self._cancelled]
        if not left:
            self._boxes[key].stop()

    def close(self) -> None:
        """End everything at once."""
        for box in self._boxes.values():
            box.stop()
            box.close()

    def _box(self, key: tuple[str, int | None]) -> sandbox.Sandbox:
        if key not in self._boxes:
            from qwq_nb.bench.evalscope.harness import HARNESS

            wanted, jobs = key
            box = sandbox.Sandbox(wanted, jobs=jobs, warm=[HARNESS.partition(":")[0]])
            self._boxes[key] = box
            # One more than may run at once: outputs are compared while the next program runs.
            self._pools[key] = concurrent.futures.ThreadPoolExecutor(box.jobs + 1, "qwq-code")
        return self._boxes[key]

    def _grade(self, number: int, job: GradeJob, box: sandbox.Sandbox) -> None:
        try:
            with use_sandbox(CodeRun(box, lambda: number in self._cancelled)):
                verdict = grade_whole(job)
        except ExecutionStopped:
            verdict = None
        except BaseException as error:  # a thread that ends silently would leave its job unanswered
            verdict = failed_job(job, "crashed", error, 0.0)
        with self._lock:
            self._open.pop(number, None)
            cancelled = number in self._cancelled
            self._cancelled.discard(number)
        if verdict is not None and not cancelled:
            self._answer(number, verdict)

    def _answer(self, number: int, verdict: Verdict) -> None:
        line = encode(_Answer(id=number, verdict=verdict))
        with self._lock:
            write_all(self._reply_out, line)


class CodeGrader:
    """Control the process, which is started with the first job. `answer(id, verdict)` is called once per job."""

    def __init__(self, channels: Channels, answer: Callable[[int, Any], None], also_close: tuple[int, ...]) -> None:
        self._channels = channels
        self._answer = answer
        self._also_close = also_close
        self._child: Child | None = None
        self._jobs: dict[int, GradeJob] = {}
        self._tries: dict[int, int] = {}

    def add(self, reply: int, job: GradeJob) -> None:
        """Send a job to the process."""
        if not CAN_FORK:
            self._answer(reply, failed_job(job, "crashed", "code is run on systems with fork only", 0.0))
            return
        self._jobs[reply] = job
        self._tries[reply] = self._tries.get(reply, 0) + 1
        if self._child is None:
            self._child = Child(CODE_GRADER, self._channels, code_grader_main, also_close=self._also_close)
        self._child.send(encode(_Order(id=reply, job=job)))  # where it has ended, its channel says so

    def cancel(self, reply: int) -> None:
        """Give up the job with this id."""
        if self._jobs.pop(reply, None) is not None and self._child is not None:
            self._child.send(encode(_Order(id=reply)))
        self._tries.pop(reply, None)

    def line(self, line: bytes | None) -> None:
        """Process a line from the process; None: it has ended."""
        if line is None:
            self._ended()
            return
        found = decode(line, _Answer)
        job = self._jobs.pop(found.id, None)
        self._tries.pop(found.id, None)
        if job is not None:
            self._answer(found.id, found.verdict)

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
        self._child = None

    def _ended(self) -> None:
        how = self._child.kill() if self._child is not None else ""
        self._child = None
        left, self._jobs = self._jobs, {}
        for reply, job in left.items():
            if self._tries.get(reply, 0) < _TRIES:
                self.add(reply, job)
            else:
                self._tries.pop(reply, None)
                why = f"the process that runs code ended ({how}) at this answer"
                self._answer(reply, failed_job(job, "crashed", why, 0.0))
