"""A worker that hangs, as one that is suspended: it is noticed, replaced, and what it was asked is asked once more."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from qwq_nb.bench import silence
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import BenchmarkSource, GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.core.records import Completion
from qwq_nb.errors import WorkerError
from tests.support.paths import ROOT
from tests.support.processes import is_gone
from tests.support.waiting import wait_until

from .conftest import Run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of three seconds instead of twenty; of five while it starts, since it gives a sign each two."""
    for module in ("silence", "client"):
        monkeypatch.setattr(f"qwq_nb.bench.{module}.PING_S", 0.2)
    monkeypatch.setattr(silence, "SILENT_S", 3.0)
    monkeypatch.setattr(silence, "START_SILENT_S", 5.0)


@pytest.fixture
def own(run: Run[Any]) -> Iterator[BenchWorker]:
    """A worker of the test's own, which is ready."""
    worker = BenchWorker()
    run(worker.ready())
    yield worker
    run(worker.close())


def job(loaded: LoadedBenchmark, answer: str = r"\boxed{9}") -> GradeJob:
    return GradeJob(request=loaded.request, sample=loaded.samples[3], completion=Completion(answer=answer), position=3)


@pytest.mark.long
def test_a_suspended_worker_is_replaced_and_the_answers_are_graded(
    run: Run[Any], data: dict[str, Path], own: BenchWorker, impatient: None
) -> None:
    async def story() -> None:
        loaded = await own.load(LoadRequest(benchmark="aime25", data=str(data["aime25"])))
        first = own.pid
        assert first is not None
        graders = psutil.Process(first).children()
        told: list[str] = []
        os.kill(first, signal.SIGSTOP)
        with own.tell(told.append):
            verdicts = await asyncio.gather(*(own.grade(job(loaded)) for _ in range(3)))
        assert [verdict.correct for verdict in verdicts] == [True] * 3
        assert own.pid != first
        assert told == [silence.replaced_note("did not answer for 3 s")]
        wait_until(lambda: all(map(is_gone, (first, *(grader.pid for grader in graders)))))

    run(story())


@pytest.mark.long
def test_a_worker_that_cannot_get_rid_of_a_job_is_replaced(
    run: Run[Any], data: dict[str, Path], own: BenchWorker, impatient: None
) -> None:
    """Its grader is suspended and takes no more than a pipe holds; so the worker itself stands still."""

    async def story() -> None:
        first = own.pid
        (grader,) = psutil.Process(first).children()
        loaded = await own.load(LoadRequest(benchmark="aime25", data=str(data["aime25"])))
        completion = Completion(answer=r"\boxed{9}", reasoning="So. " * 100_000)
        grader.suspend()
        assert (await own.grade(msgspec.structs.replace(job(loaded), completion=completion))).correct
        assert own.pid != first
        wait_until(lambda: is_gone(grader.pid))

    run(story())


def test_while_it_is_silent_the_run_can_say_so_and_be_stopped_at_once(
    run: Run[Any], data: dict[str, Path], own: BenchWorker, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "SILENT_S", 600.0)
    monkeypatch.setattr(silence, "_SAID_S", 0.6)

    async def story() -> None:
        loaded = await own.load(LoadRequest(benchmark="aime25", data=str(data["aime25"])))
        assert own.pid is not None
        os.kill(own.pid, signal.SIGSTOP)
        pending = asyncio.ensure_future(own.grade(job(loaded)))
        while not own.step:
            await asyncio.sleep(0.05)
        assert own.step == "waiting for the benchmark worker, which does not answer"
        began = time.monotonic()
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
        assert time.monotonic() - began < 1
        began = time.monotonic()
        await own.close()
        assert time.monotonic() - began < 5

    run(story())


@pytest.mark.long
def test_one_that_hangs_twice_over_the_same_request_is_said(
    run: Run[Any], data: dict[str, Path], own: BenchWorker, impatient: None
) -> None:
    async def story() -> None:
        loaded = await own.load(LoadRequest(benchmark="aime25", data=str(data["aime25"])))
        stopped: list[int] = []
        pending = asyncio.ensure_future(own.grade(job(loaded)))
        while not pending.done():
            if own.pid not in stopped and own.pid is not None:
                os.kill(own.pid, signal.SIGSTOP)
                stopped.append(own.pid)
            await asyncio.sleep(0.01)
        with pytest.raises(WorkerError, match=r"did not answer for \d s and was ended, for the second time"):
            await pending
        assert len(stopped) == 2

    run(story())


def test_one_that_hangs_while_it_starts_is_replaced(run: Run[Any], data: dict[str, Path], impatient: None) -> None:
    worker = BenchWorker()

    async def story() -> None:
        loading = asyncio.ensure_future(worker.load(LoadRequest(benchmark="aime25", data=str(data["aime25"]))))
        while worker.step != "importing evalscope":
            await asyncio.sleep(0.005)
        first = worker.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        assert (await loading).samples
        assert worker.pid != first

    run(story())
    run(worker.close())


@pytest.mark.long
def test_an_import_that_takes_long_is_no_hang(run: Run[Any], tmp_path: Path, impatient: None) -> None:
    """It takes longer than a silence may last, and a thread gives signs of life meanwhile."""
    (tmp_path / "evalscope.py").write_text("import time\ntime.sleep(7)\nraise RuntimeError('imported at last')")
    worker = BenchWorker(env={"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])})
    with pytest.raises(WorkerError, match="imported at last"):
        run(worker.ready())
    run(worker.close())


SLOW = """
import time
class Slow:
    name, kind, withheld = "slow", "math", False
    def subsets(self): return ["default"]
    def load(self, request): time.sleep(600)
"""


def test_a_loading_that_nobody_waits_for_any_more_holds_up_no_other(
    run: Run[Any], data: dict[str, Path], worker: BenchWorker, tmp_path: Path
) -> None:
    (tmp_path / "slow_benchmark.py").write_text(SLOW)
    source = BenchmarkSource(target="slow_benchmark:Slow", import_path=(str(tmp_path), *sys.path))

    async def story() -> None:
        left = asyncio.ensure_future(worker.load(LoadRequest(benchmark="slow", source=source)))
        await asyncio.sleep(0.5)
        queued = asyncio.ensure_future(worker.load(LoadRequest(benchmark="slow", source=source)))
        await asyncio.sleep(0)
        for task in (queued, left):
            task.cancel()
        loaded = await asyncio.wait_for(worker.load(LoadRequest(benchmark="aime25", data=str(data["aime25"]))), 30)
        assert loaded.samples

    run(story())


@pytest.mark.long
def test_a_loading_that_its_disk_leaves_hanging_ends_in_time(
    run: Run[Any], tmp_path: Path, worker: BenchWorker
) -> None:
    """As one whose process is suspended. The limit is made a short one in the worker itself."""
    (tmp_path / "sitecustomize.py").write_text(
        "from qwq_nb.bench.worker import task_limits\ntask_limits.READ_LIMIT_S = 3.0\n"
    )
    lines = "".join(f'{{"id": {n}, "problem": "Find {n}.", "answer": "{n}"}}\n' for n in range(200_000))
    (tmp_path / "large.jsonl").write_text(lines)
    own = BenchWorker(env={"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])})

    async def story() -> None:
        await own.ready()
        assert own.pid is not None
        before = {child.pid for child in psutil.Process(own.pid).children()}
        loading = asyncio.ensure_future(own.load(LoadRequest(benchmark="aime25", data=str(tmp_path / "large.jsonl"))))
        while not (child := {c.pid for c in psutil.Process(own.pid).children()} - before):
            await asyncio.sleep(0.001)
        os.kill(child.pop(), signal.SIGSTOP)
        with pytest.raises(WorkerError, match=r"load took longer than 3 s and was ended"):
            await loading
        assert (await own.ready()).pid == own.pid

    run(story())
    run(own.close())
