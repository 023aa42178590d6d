"""The process: it starts when needed, survives what kills it, and never outlives its kernel."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.bench.worker.channels import LineReader, SelectorChannels, ThreadChannels
from qwq_nb.core.records import Completion
from qwq_nb.errors import WorkerError
from tests.support.paths import ROOT
from tests.support.processes import is_gone
from tests.support.waiting import wait_until

from .conftest import Run

posix = pytest.mark.skipif(os.name != "posix", reason="signals and fork")


def wait_until_gone(*pids: int) -> None:
    wait_until(lambda: all(map(is_gone, pids)))


async def grader_at_work(worker: BenchWorker) -> psutil.Process:
    """The worker's grader, as soon as it computes."""
    before: dict[int, float] = {}
    while True:
        for grader in psutil.Process(worker.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                spent = grader.cpu_times().user
                if spent >= before.setdefault(grader.pid, spent) + 0.1 and not is_gone(grader.pid):
                    return grader
        await asyncio.sleep(0.01)


@pytest.mark.long
@posix
def test_a_worker_that_is_killed_is_started_anew(run: Run[Any], data: dict[str, Path]) -> None:
    worker = BenchWorker()

    async def story() -> None:
        request = LoadRequest(benchmark="aime25", data=str(data["aime25"]))
        loaded = await worker.load(request)
        job = GradeJob(
            request=request, sample=loaded.samples[3], completion=Completion(answer=r"\boxed{9}"), position=3
        )
        slow = GradeJob(
            request=request,
            sample=loaded.samples[2],
            completion=Completion(answer=r"\boxed{9^{9^{9^9}}}"),
            position=2,
            deadline_s=1.5,
        )
        first = worker.pid
        assert first is not None
        pending = asyncio.gather(worker.grade(slow), worker.grade(job))
        await grader_at_work(worker)
        graders = psutil.Process(first).children()
        os.kill(first, signal.SIGKILL)
        verdicts = await pending
        assert [v.correct for v in verdicts] == [False, True]
        assert worker.pid != first
        wait_until_gone(*(grader.pid for grader in graders))
        # Killed over the same request twice: then it is said.
        pending_again = asyncio.ensure_future(worker.grade(slow))
        killed: list[int] = []
        for _ in range(2):
            while worker.pid in killed:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0)
            await worker.start()  # by then the request has been sent to it
            assert worker.pid is not None
            killed.append(worker.pid)
            os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerError, match="by signal 9"):
            await pending_again

    run(story())
    run(worker.close())
    with pytest.raises(WorkerError, match="closed"):
        run(worker.start())


@posix
def test_a_grader_that_is_killed_costs_nothing_and_killed_again_one_verdict(
    worker: BenchWorker, load: Any, run: Run[Any]
) -> None:
    loaded = load("aime25")

    async def story() -> None:
        job = GradeJob(
            request=loaded.request,
            sample=loaded.samples[0],
            completion=Completion(answer=" ".join(str(n) for n in range(30_000))),
            position=0,
            deadline_s=2.0,
        )
        for kills, status in ((1, "deadline"), (2, "crashed")):
            pending = asyncio.ensure_future(worker.grade(job))
            for _ in range(kills):
                (await grader_at_work(worker)).kill()
            verdict = await pending
            assert verdict.status == status
        assert (verdict.status, verdict.sample_score["score"]["status"]) == ("crashed", "excluded")
        assert "signal 9" in verdict.explanation

    run(story())


@posix
def test_worker_and_grader_end_with_a_killed_kernel(bench_cache: Path) -> None:
    code = """
        import asyncio, sys
        from qwq_nb.bench.client import BenchWorker
        async def main():
            worker = BenchWorker()
            await worker.ready()
            print(worker.pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdout is not None
        pid = int(kernel.stdout.readline())
        family = [pid, *(child.pid for child in psutil.Process(pid).children())]
        assert len(family) == 2
        assert os.getsid(pid) != os.getsid(kernel.pid)  # an interrupt of the notebook does not reach it
        kernel.kill()
    wait_until_gone(*family)


def test_a_grading_that_nobody_waits_for_any_more_holds_up_no_other(
    worker: BenchWorker, load: Any, run: Run[Any]
) -> None:
    """As an interrupted run leaves it: the one that the grader is at, and one that waits for it."""
    loaded = load("aime25")

    def job(answer: str, deadline_s: float = 10.0) -> GradeJob:
        completion = Completion(answer=answer)
        return GradeJob(
            request=loaded.request, sample=loaded.samples[3], completion=completion, position=3, deadline_s=deadline_s
        )

    async def story() -> None:
        left = [asyncio.ensure_future(worker.grade(job(r"\boxed{9^{9^{9^9}}}", 300.0))) for _ in range(2)]
        await grader_at_work(worker)
        for task in left:
            task.cancel()
        verdict = await asyncio.wait_for(worker.grade(job(r"\boxed{9}")), 30)
        assert (verdict.status, verdict.correct) == ("graded", True)
        assert all(task.cancelled() for task in left)

    run(story())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_worker_that_was_started_with_a_key_is_ended_when_the_key_is_named(
    run: Run[Any], data: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ODD_NAME", "value-of-HF_ODD_NAME")
    worker = BenchWorker()

    async def story() -> None:
        request = LoadRequest(benchmark="aime25", data=str(data["aime25"]))
        await worker.start()
        first = worker.pid
        pending = asyncio.ensure_future(worker.load(request))
        await asyncio.sleep(0)
        worker.hide("HF_ODD_NAME")
        assert len((await pending).samples) == len((await worker.load(request)).samples)
        assert (await worker.ready()).pid == worker.pid != first
        wait_until_gone(first or 0)
        environment = Path(f"/proc/{worker.pid}/environ").read_text("utf-8", "replace")
        assert "HF_ODD_NAME" not in environment
        last = worker.pid
        worker.hide("HF_ODD_NAME")
        worker.hide("QWQ_NOT_SET")
        await worker.load(request)
        assert worker.pid == last

    run(story())
    run(worker.close())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_keys_stay_in_the_kernel(run: Run[Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("QWQ_API_KEY", "HF_TOKEN", "my_secret", "HF_ODD_NAME", "XDG_KEPT"):
            patch.setenv(name, "value-of-" + name)
        worker = BenchWorker(drop_env=["HF_ODD_NAME"])
        run(worker.ready())  # before it has become another program its environment may read as empty
        environment = Path(f"/proc/{worker.pid}/environ").read_text("utf-8", "replace")
        run(worker.close())
    assert "value-of-XDG_KEPT" in environment
    for name in ("QWQ_API_KEY", "HF_TOKEN", "my_secret", "HF_ODD_NAME"):
        assert f"value-of-{name}" not in environment


def test_steps_and_readiness(worker: BenchWorker, run: Run[Any]) -> None:
    info = run(worker.ready())
    assert info.pid == worker.pid
    assert info.seconds > 0
    assert worker.step == ""


def test_a_worker_that_cannot_start_says_why(run: Run[Any], tmp_path: Path) -> None:
    (tmp_path / "evalscope.py").write_text("raise RuntimeError('no evalscope here')")
    worker = BenchWorker(env={"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])})
    with pytest.raises(WorkerError, match="no evalscope here"):
        run(worker.ready())
    run(worker.close())


@pytest.mark.long
def test_where_there_is_no_fork(run: Run[Any], data: dict[str, Path]) -> None:
    """As on Windows: pipes are read by threads, the grader is a Python of its own."""
    worker = BenchWorker(env={"QWQ_NB_WORKER_FORK": "0"})

    async def story() -> None:
        request = LoadRequest(benchmark="math_500", data=str(data["math_500"]))
        loaded = await worker.load(request)
        answers = [
            rf"\boxed{{{loaded.samples[0].gold}}}",
            r"\boxed{9^{9^{9^9}}}",
            rf"\boxed{{{loaded.samples[0].gold}}}",
        ]
        jobs = [
            GradeJob(
                request=request,
                sample=loaded.samples[0],
                completion=Completion(answer=answer),
                position=0,
                deadline_s=1.5,
            )
            for answer in answers
        ]
        verdicts = await asyncio.gather(*map(worker.grade, jobs))
        assert [v.status for v in verdicts] == ["graded", "deadline", "graded"]
        assert [v.correct for v in verdicts] == [True, False, True]
        assert not (await worker.ready()).fork

    run(story())
    run(worker.close())


@pytest.mark.parametrize("kind", [SelectorChannels, ThreadChannels])
def test_channels(kind: Callable[[], Any]) -> None:
    channels = kind()
    ends = [os.pipe() for _ in range(2)]
    for number, (read, _) in enumerate(ends):
        channels.add(f"pipe {number}", read)
    os.write(ends[0][1], b"one\ntwo\nthr")
    os.write(ends[1][1], b"x\n")
    os.write(ends[0][1], b"ee\n")
    for _, write in ends:
        os.close(write)
    events: list[Any] = []
    while len(events) < 6:
        events += channels.poll(2.0)
    assert [line for name, line in events if name == "pipe 0"] == [b"one", b"two", b"three", None]
    assert [line for name, line in events if name == "pipe 1"] == [b"x", None]
    channels.close()


def test_lines_in_any_pieces() -> None:
    text = b"alpha\n\nbeta\ngamma\n"
    for size in range(1, len(text) + 1):
        reader = LineReader()
        lines = [line for at in range(0, len(text), size) for line in reader.feed(text[at : at + size])]
        assert lines == [b"alpha", b"", b"beta", b"gamma"]
