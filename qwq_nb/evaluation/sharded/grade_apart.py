"""Let the workers of an executor run the models' code of a run that the kernel asks: `evaluate(…, grade_on=E)`.

Each answer whose grading runs code is a task of its own; what needs no more than a few milliseconds stays here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from qwq_nb.bench.code.catalog import runs_code
from qwq_nb.errors import QwqError, WorkerError, error_named, listed
from qwq_nb.evaluation.asking import Asking
from qwq_nb.evaluation.sharded.executor import Task, TaskFailed, submit
from qwq_nb.evaluation.sharded.grade_worker import GradeEnd, GradeTask, grade_answer
from qwq_nb.evaluation.sharded.job import decoded
from qwq_nb.trace.measures import measure_targets
from qwq_nb.view.wording import count

if TYPE_CHECKING:
    from qwq_nb.bench.client import BenchWorker
    from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark
    from qwq_nb.core.records import Verdict
    from qwq_nb.evaluation.runner import Runner
    from qwq_nb.store.request import EvalRequest

__all__ = ["GradingApart"]

AT_EXECUTOR: Final = 256
"""Answers that are with the executor at once, waiting ones too. The others wait packed."""
HERE: Final = 8
"""Answers that are with the kernel's own worker at once, likewise."""
TRIES: Final = 3
"""Workers that an answer is given to, before the kernel grades it."""
FIRST_LOOK_S: Final = 0.05
LAST_LOOK_S: Final = 1.0
"""Between two looks whether a task is done: the longer it takes, the rarer."""


class GradingApart(Asking):
    """Ask from this process, and let an executor's workers run the models' code."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._here = asyncio.Semaphore(HERE)
        self._graded: Counter[str] = Counter()
        """Answers by worker."""
        self._hidden: list[str] = []
        self._is_gone = False
        """The executor takes no more work."""

    def runner(self, request: EvalRequest, loaded: Sequence[LoadedBenchmark], key: str, **arguments: Any) -> Runner:
        """Make the runner of the session, which gives out as many answers at once as a cluster can use."""
        self._hidden = [variable for endpoint in request.all_endpoints for variable in endpoint.secrets]
        runner = super().runner(request, loaded, key, **arguments)
        runner.at_grader = asyncio.Semaphore(AT_EXECUTOR)
        return runner

    async def grade(self, job: GradeJob, worker: BenchWorker) -> Verdict:
        """Return the verdict on an answer: by an executor's worker where its code is run, else by the kernel's.

        Raises:
            QwqError: it cannot be graded there, or not here.
        """
        if runs_code(job.request.benchmark):
            bare = msgspec.structs.replace(
                job, sample=msgspec.structs.replace(job.sample, source_row={}), measures=measure_targets()
            )
            task = GradeTask(job=bare, hidden=self._hidden)
            for _ in range(TRIES):
                if self._is_gone:
                    break
                end = await self._there(task)
                if end is not None:
                    return self._verdict(end)
        async with self._here:
            return await worker.grade(job)

    def notes(self) -> list[str]:
        """Return what is to be said of a run that has ended: who ran the code."""
        named = listed(f"{worker} ({count(n, 'answer')})" for worker, n in self._graded.most_common())
        return [f"The code was run by {named}."] if named else []

    def _verdict(self, end: GradeEnd) -> Verdict:
        if end.verdict is None:
            raise error_named(end.error, f"{end.message} (on {end.worker})", WorkerError)
        self._graded[end.worker] += 1
        return end.verdict

    async def _there(self, task: GradeTask) -> GradeEnd | None:
        """Return what a worker answers; None where there is none, or it failed."""
        name = f"qwq-grade-{task.job.sample.id}-{task.job.repeat}"
        given: Task | None = None
        try:
            given = await asyncio.to_thread(submit, self._executor, grade_answer, msgspec.json.encode(task), name)
            wait_s = FIRST_LOOK_S
            while not given.done:
                await asyncio.sleep(wait_s)
                wait_s = min(LAST_LOOK_S, 1.5 * wait_s)
            end = decoded(await asyncio.to_thread(given.result), GradeEnd)
            if end is None:
                raise TaskFailed("it returned no verdict")
            return end
        except asyncio.CancelledError:
            if given is not None:
                given.cancel()
            raise
        except TaskFailed as failure:
            self.tell(f"Code was run again, since a worker failed: {failure}.")
        except QwqError as refused:
            self._is_gone = True
            self.tell(f"The kernel runs the code itself. {refused}")
        return None
