"""Grade one answer on a worker of an executor: `grade_answer` is what the kernel submits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from qwq_nb.bench.cache import cache_dir
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.code.tests import all_there
from qwq_nb.bench.protocol import GradeJob
from qwq_nb.core.event_loop import future_result, shared_event_loop
from qwq_nb.core.records import Verdict
from qwq_nb.errors import QwqError
from qwq_nb.evaluation.sharded.job import this_worker
from qwq_nb.evaluation.sharded.worker import bench_worker

__all__ = ["GradeEnd", "GradeTask", "grade_answer"]


class GradeTask(msgspec.Struct, kw_only=True):
    """Ask a worker for a verdict."""

    job: GradeJob
    hidden: list[str] = []
    """Names of variables that hold keys, which are no business of the code's."""


class GradeEnd(msgspec.Struct, kw_only=True):
    """Give a worker's verdict, or say why there is none."""

    worker: str
    verdict: Verdict | None = None
    error: str = ""
    """Name of the class of `qwq_nb.errors`; empty: none."""
    message: str = ""


def grade_answer(task: bytes) -> bytes:
    """Grade an answer (`GradeTask`) and return the verdict (`GradeEnd`); both as JSON.

    What is raised is the worker's own failure: the answer is given to another one.
    """
    asked = msgspec.json.decode(task, type=GradeTask)
    try:
        verdict = future_result(shared_event_loop().submit(graded(asked, bench_worker())))
        end = GradeEnd(worker=this_worker(), verdict=verdict)
    except QwqError as error:
        end = GradeEnd(worker=this_worker(), error=type(error).__name__, message=str(error))
    return msgspec.json.encode(end)


async def graded(task: GradeTask, worker: BenchWorker) -> Verdict:
    """Return the verdict on an answer; tests that are not on this machine are loaded first.

    Raises:
        QwqError: they cannot be loaded, or the answer cannot be graded.
    """
    for variable in task.hidden:
        worker.hide(variable)
    folder: Path = cache_dir()
    if not await asyncio.to_thread(all_there, folder, [task.job.sample]):
        await worker.load(task.job.request)
    return await worker.grade(task.job)
