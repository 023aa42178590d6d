"""Grade answers under a deadline: the grader process, and its control in the worker.

The grader answers each job in three lines, `{"verdict"}`, `{"opinion"}` and `{"analysis"}`, the last once more if
further measures are registered: a step that hangs loses no earlier line. The worker keeps the time, which is paused
while a benchmark is imported and its grading rehearsed (`importing`, `rehearsing`, `prepared`, once per grader): much
is imported only by the first grading. What took the time is then done once more in the process that graders are forked
from, so that no later one needs it.

A grader that overruns is killed and replaced, which takes tens of milliseconds, and that job alone gets the status
`deadline`; `crashed` and `memory` likewise. A job whose grader ended is graded once more, to tell whether the job
crashed it or the process was killed from outside. Such a verdict carries evalscope's own `excluded` score, which keeps
its files valid.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from qwq_nb.bench.code.running import ExecutionStopped
from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.protocol import GradeJob, Opinion, decode, encode
from qwq_nb.bench.registry import benchmark_for
from qwq_nb.bench.verdicts import complete_verdict, failed_verdict
from qwq_nb.bench.worker import measuring
from qwq_nb.bench.worker import second_opinion as opinion
from qwq_nb.bench.worker.channels import Channels, LineReader, write_all
from qwq_nb.bench.worker.child import Child, limit_memory
from qwq_nb.bench.worker.waiting import Waiting
from qwq_nb.core.records import Analysis, Completion, Verdict
from qwq_nb.store.evalscope_rows import targets_of
from qwq_nb.trace.measures import Trace

__all__ = ["MEMORY_LIMIT", "Grader", "failed_job", "grade", "grade_whole", "grader_main", "rehearse"]

MEMORY_LIMIT = 2 << 30
"""Bytes of address space a grader may take beyond what it starts with."""

_START_LIMIT_S = 120.0
"""Seconds after which a grader that is not ready has failed (a new Python imports evalscope, a fork takes ms)."""

_REHEARSAL_LIMIT_S = 60.0
"""Seconds for a rehearsal: imports take some on a busy machine. One that does not end is left out."""

_REHEARSAL = "This is a rehearsal. It has two sentences, and NO answer. 这是一次排练。"
"""An answer whose grading imports and loads what another's would: some metrics load more for Chinese."""

_FALSE_STARTS = 3
"""Graders in a row that end before their first job; after them the waiting jobs fail."""


class _Part(msgspec.Struct, omit_defaults=True):
    """Represent a line from the grader."""

    ready: bool = False
    step: Literal["", "importing", "rehearsing", "prepared"] = ""
    seconds: float = 0.0
    """Of the processor, for preparing or for a rehearsal."""
    threads: int = 1
    """Of the grader, when it had prepared or finished: the process that is forked must have one alone."""
    verdict: Verdict | None = None
    opinion: Opinion | None = None
    analysis: Analysis | None = None
    done: bool = False


def grader_main(job_in: int, reply_out: int) -> None:
    """Run a grader: read jobs, write three lines for each, until the pipe closes."""
    adapters.grade_in_this_process()
    limit_memory(MEMORY_LIMIT)
    write_all(reply_out, encode(_Part(ready=True)))
    prepared: set[tuple[str, bool]] = set()
    """Keys of requests, and whether their answers are graded here."""
    reader = LineReader()
    while block := os.read(job_in, 1 << 16):
        for line in reader.feed(block):
            job = decode(line, GradeJob)
            if (key := (job.request.key(), job.verdict is None)) not in prepared:
                prepared.add(key)
                _prepare(job, reply_out)
            began = time.process_time()
            verdict = job.verdict or grade(job)
            if job.rehearsal or job.judge:
                write_all(reply_out, encode(_Part(verdict=verdict, done=True, **_cost(began))))
                continue
            write_all(reply_out, encode(_Part(verdict=verdict)))
            if job.verdict is None:
                write_all(reply_out, encode(_Part(opinion=_opinion(job, verdict))))
            analysis, trace = _analysis(job, verdict)
            write_all(reply_out, encode(_Part(analysis=analysis, done=not job.measures)))
            if job.measures:
                write_all(reply_out, encode(_Part(analysis=_further(job, analysis, trace), done=True)))


def _prepare(job: GradeJob, reply_out: int) -> None:
    """Import the benchmark, and rehearse evalscope's own. A failure is reported by `grade`, as this answer's verdict.

    A registered benchmark's `grade` is the user's own code: it is given nothing but answers.
    """
    began = time.process_time()
    write_all(reply_out, encode(_Part(step="importing")))
    with contextlib.suppress(Exception):
        _ = benchmark_for(job.request).kind
        if job.request.source is None and job.verdict is None and not job.prepared:
            write_all(reply_out, encode(_Part(step="rehearsing")))
            rehearse(msgspec.structs.replace(job, rehearsal=False))
    write_all(reply_out, encode(_Part(step="prepared", **_cost(began))))


def _cost(began: float) -> dict[str, Any]:
    """Return what a rehearsal cost this process, since its `time.process_time` was `began`."""
    return {"seconds": time.process_time() - began, "threads": threading.active_count()}


def rehearse(job: GradeJob) -> None:
    """Grade a made-up answer to a job's sample, to import and load what grading the benchmark takes.

    It is the job's own answer if that is made up already.
    """
    answer = job.completion.answer if job.rehearsal else _REHEARSAL
    grade(msgspec.structs.replace(job, completion=Completion(answer=answer)))


def grade(job: GradeJob) -> Verdict:
    """Return the benchmark's verdict on the answer part of one completion, in this process and without a deadline.

    An exception of the benchmark becomes the status `crashed` or `memory`.
    """
    started = time.perf_counter()
    try:
        verdict = benchmark_for(job.request).grade(job)
        if job.request.source is not None:
            verdict = complete_verdict(verdict)
    except MemoryError:
        verdict = failed_verdict("memory", "the grader ran out of memory")
    except ExecutionStopped:
        raise
    except Exception as error:  # a benchmark's own fault on this answer: one sample's verdict, not the run's end
        verdict = failed_verdict("crashed", error)
    return _with_score(job, msgspec.structs.replace(verdict, seconds=time.perf_counter() - started))


def grade_whole(job: GradeJob) -> Verdict:
    """Return the verdict with its second opinion and the analysis of the reasoning, in this thread."""
    verdict = grade(job)
    analysis, trace = _analysis(job, verdict)
    if job.measures:
        analysis = _further(job, analysis, trace)
    return msgspec.structs.replace(verdict, analysis=analysis)


def _with_score(job: GradeJob, verdict: Verdict) -> Verdict:
    """Return the verdict with evalscope's form of it added, if the benchmark gave none."""
    if verdict.sample_score:
        return verdict
    if verdict.status == "graded":
        return msgspec.structs.replace(verdict, sample_score=adapters.score_dump(job, verdict))
    why = verdict.explanation or f"the benchmark gave no verdict ({verdict.status})"
    score = adapters.excluded_score(job, why, verdict.extracted)
    return msgspec.structs.replace(verdict, explanation=why, sample_score=score)


def _opinion(job: GradeJob, verdict: Verdict) -> Opinion:
    names = Opinion.__struct_fields__
    if job.request.source is not None and any(getattr(verdict, name) not in (None, False, "") for name in names):
        return Opinion(**{name: getattr(verdict, name) for name in names})  # the benchmark's own
    try:
        benchmark = benchmark_for(job.request)
        return opinion.second_opinion(
            benchmark.kind,
            job.completion.answer,
            job.completion.reasoning,
            targets_of(job.sample) or [],
            job.sample.choices,
            officially_correct=verdict.correct,
            extracted=verdict.extracted,
            # evalscope's own comparison is what the opinion is second to; a registered benchmark's is the author's.
            **({} if job.request.source is None else {"equivalent": benchmark.equivalent}),
        )
    except Exception:  # math-verify raises whatever SymPy raises; then there is no opinion: None
        return Opinion()


def _analysis(job: GradeJob, verdict: Verdict) -> tuple[Analysis | None, Trace | None]:
    trace = None
    try:
        trace = measuring.trace_of(job, verdict)
        return measuring.analysis_of(trace), trace
    except Exception:  # as above: SymPy may raise anything; then this reasoning has no analysis
        return None, trace


def _further(job: GradeJob, analysis: Analysis | None, trace: Trace | None) -> Analysis | None:
    if trace is None:
        return analysis
    # If the package's own measures failed, version 0 marks them as still to be measured.
    return measuring.further_analysis(analysis or Analysis(version=0), trace, job.measures, job.import_path)


def failed_job(
    job: GradeJob, status: Literal["deadline", "memory", "crashed"], why: str | BaseException, seconds: float
) -> Verdict:
    """Return the verdict on an answer that could not be graded, in evalscope's form too."""
    return _with_score(job, msgspec.structs.replace(failed_verdict(status, why), seconds=seconds))


class _Running:
    """Hold the job that the grader is working on."""

    def __init__(self, reply: int, job: GradeJob) -> None:
        self.reply = reply
        self.job = job
        self.started = time.monotonic()
        self.step = ""
        """`importing` or `rehearsing`; empty: it is graded."""
        self.verdict: Verdict | None = None

    @property
    def limit_s(self) -> float:
        """Return the seconds that the present step may take."""
        return {"importing": _START_LIMIT_S, "rehearsing": _REHEARSAL_LIMIT_S}.get(self.step, self.job.deadline_s)


class Grader:
    """Control one grader process, with one job at a time. `answer(id, verdict)` is called once per job."""

    def __init__(
        self,
        name: str,
        channels: Channels,
        waiting: Waiting,
        answer: Callable[[int, Any], None],
        also_close: tuple[int, ...],
    ) -> None:
        self.name = name
        self._channels = channels
        self._answer = answer
        self._also_close = also_close
        self._waiting = waiting
        self._child: Child | None = None
        self._since = 0.0
        self._ready = False
        self._prepared: frozenset[str] = frozenset()
        """Of `Waiting.prepared`, when it was forked."""
        self._running: _Running | None = None
        self._false_starts = 0

    @property
    def is_idle(self) -> bool:
        """Return whether it has no job."""
        return self._running is None

    @property
    def since(self) -> float | None:
        """Return when grading its job began, by `time.monotonic` in seconds; None if it has none, or is preparing."""
        return self._running.started if self._running is not None and not self._running.step else None

    def hold(self, seconds: float) -> None:
        """Leave so many seconds out of its time: this process did not read what it had to say."""
        if self._running is not None:
            self._running.started += seconds
        self._since += seconds

    def start(self) -> None:
        """Start the process, so that the first job need not wait for it."""
        self._ready = False
        self._since = time.monotonic()
        self._prepared = frozenset(self._waiting.prepared)
        self._child = Child(self.name, self._channels, grader_main, also_close=self._also_close)

    def cancel(self, reply: int) -> None:
        """Stop the job with this id, if it is running, and take the next one."""
        if self._running is not None and self._running.reply == reply:
            self._running = None
            self._replace()
            self.next()

    def timeout(self) -> float | None:
        """Return the seconds until `check` must be called; None if nothing is running."""
        if self._running is not None:
            return max(0.0, self._running.started + self._running.limit_s - time.monotonic())
        if self._child is not None and not self._ready:
            return max(0.0, self._since + _START_LIMIT_S - time.monotonic())
        return None

    def line(self, line: bytes | None) -> None:
        """Process a line from the grader; None: it has ended."""
        if line is None:
            self._ended()
            return
        part = decode(line, _Part)
        if part.ready:
            self._ready, self._false_starts = True, 0
        running = self._running
        if running is not None and part.step:
            if running.step == "rehearsing" and part.step == "prepared":
                self._waiting.rehearsed(
                    msgspec.structs.replace(running.job, rehearsal=False), part.seconds, part.threads
                )
            running.step, running.started = "" if part.step == "prepared" else part.step, time.monotonic()
        if running is not None and part.verdict is not None:
            running.verdict = part.verdict
            if running.job.rehearsal and part.verdict.status == "graded":
                self._waiting.rehearsed(running.job, part.seconds, part.threads)
        if running is not None and part.opinion is not None and running.verdict is not None:
            running.verdict = msgspec.structs.replace(running.verdict, **msgspec.structs.asdict(part.opinion))
        if running is not None and part.analysis is not None and running.verdict is not None:
            running.verdict = msgspec.structs.replace(running.verdict, analysis=part.analysis)
        if running is not None and part.done and running.verdict is not None:
            self._finish(running, running.verdict)
        self.next()

    def check(self) -> None:
        """Kill the grader if its job has overrun or its start has failed."""
        if self.timeout() != 0.0:
            return
        running = self._running
        if running is not None and running.step == "rehearsing":
            self._without_rehearsal(running)
            self._replace()
        elif running is not None:
            seconds = running.limit_s
            what = "importing the benchmark" if running.step else "grading"
            self._replace()
            self._finish(
                running,
                running.verdict
                or failed_job(running.job, "deadline", f"{what} took longer than {seconds:g} s and was ended", seconds),
            )
        else:
            self._ended()
        self.next()

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
        self._child, self._ready = None, False

    def next(self) -> None:
        """Take the next job, if it has none."""
        if self._running is not None or not self._waiting.jobs:
            return
        if self._child is None:
            self.start()
        if not self._ready or self._child is None:
            return
        reply, job = self._waiting.jobs.popleft()
        self._running = _Running(reply, job)
        prepared = job.request.key() in self._prepared | self._waiting.endless
        if not self._child.send(encode(msgspec.structs.replace(job, prepared=prepared))):
            self._ended()

    def _ended(self) -> None:
        """Handle a grader that ended by itself: its job crashed it if this is the second time without a verdict."""
        how = self._child.kill() if self._child is not None else ""
        self._false_starts += 0 if self._ready else 1
        self._child, self._ready = None, False
        while self._waiting.jobs and self._false_starts >= _FALSE_STARTS:
            reply, job = self._waiting.jobs.popleft()
            self._answer(reply, failed_job(job, "crashed", f"the grader process does not start ({how})", 0.0))
        running = self._running
        if running is not None and running.step == "rehearsing":
            self._without_rehearsal(running)
        elif running is not None and running.verdict is None and running.reply not in self._waiting.crashed:
            self._waiting.crashed.add(running.reply)
            self._waiting.jobs.appendleft((running.reply, running.job))
            self._running = None
        elif running is not None:
            seconds = time.monotonic() - running.started
            why = f"the grader process ended ({how}) at this answer"
            self._finish(running, running.verdict or failed_job(running.job, "crashed", why, seconds))
        self.next()

    def _without_rehearsal(self, running: _Running) -> None:
        """Put a job back whose rehearsal ran into its limit or ended the grader: the made-up answer is at fault."""
        self._waiting.endless.add(running.job.request.key())
        self._waiting.jobs.appendleft((running.reply, running.job))
        self._running = None

    def _replace(self) -> None:
        if self._child is not None:
            self._child.kill()
        self.start()

    def _finish(self, running: _Running, verdict: Verdict) -> None:
        self._running = None
        self._waiting.crashed.discard(running.reply)
        if verdict.status == "memory":
            self._replace()  # the rest of its address space may not suffice for the next job
        self._answer(running.reply, verdict)
