"""Runs that the kernel asks and whose code an executor's workers run: the verdicts are those of one kernel."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from qwq_nb import sandbox
from qwq_nb.bench.shared import shared_worker
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError, SandboxUnavailable, WorkerError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.sharded import worker as shard_worker
from qwq_nb.run.run import Run
from tests.support.clusters import dask_processes
from tests.support.code_problems import fenced, stdin_record
from tests.support.demo_server import completed_counts, own_endpoint
from tests.support.math_problems import write_jsonl
from tests.support.waiting import wait_until

# Theirs, at the end of a cluster that was killed.
quiet = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

SQUARES = [(f"{n}\n", f"{n * n}\n") for n in range(2, 6)]
RIGHT, WRONG = fenced("n = int(input())\nprint(n * n)"), fenced("print(4)")
BUSY = fenced(
    "import time\nn, end = int(input()), time.process_time() + 0.2\nwhile time.process_time() < end: pass\nprint(n * n)"
)


@pytest.fixture(autouse=True)
def needs_a_sandbox() -> None:
    try:
        sandbox.available()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def served(folder: Path, answers: list[str]) -> tuple[Path, DemoEndpoint]:
    """The data of a problem for each answer, and an endpoint that gives them."""
    names = [f"problem-{number}" for number in range(len(answers))]
    statement = "The square of a number, {} of these."
    data = [stdin_record(name, SQUARES[:1], SQUARES[1:], question_content=statement.format(name)) for name in names]
    book = [
        {"unique_id": name, "problem": statement.format(name), "reasoning": "A square.", "answer": answer}
        for name, answer in zip(names, answers, strict=True)
    ]
    return write_jsonl(folder / "lcb.jsonl", data), DemoEndpoint(transcripts=[write_jsonl(folder / "book.jsonl", book)])


def executions(run: Run) -> dict[str, tuple[str, str]]:
    """Outcome of each answer, and the marks of its tests."""
    verdicts = [(r, r.verdict.execution) for r in run.results() if r.verdict is not None]
    return {r.sample.source_id: (r.outcome, execution.marks) for r, execution in verdicts if execution is not None}


class Counted:
    """An executor of one thread that notes what it is given; `submitting` is done before each."""

    def __init__(self, submitting: Callable[[int], object] = lambda _: None) -> None:
        self.pool, self.given, self.submitting = ThreadPoolExecutor(1), 0, submitting

    def submit(self, function: Callable[[bytes], bytes], argument: bytes) -> Any:
        self.given += 1
        failed = self.submitting(self.given)
        return failed if isinstance(failed, concurrent.futures.Future) else self.pool.submit(function, argument)


@pytest.fixture
def one_bench_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of this process, which is there already, for threads that grade."""
    monkeypatch.setattr(shard_worker, "bench_worker", shared_worker)
    monkeypatch.setattr("qwq_nb.evaluation.sharded.grade_worker.bench_worker", shared_worker)


@pytest.mark.long
@pytest.mark.usefixtures("one_bench_worker")
def test_verdicts_come_from_the_workers_and_are_the_same(tmp_path: Path) -> None:
    executor = Counted()
    data, server = served(tmp_path, [RIGHT, WRONG, "No code."])
    with server:
        here = evaluate("live_code_bench", endpoint=own_endpoint(server), data=data, out="here", show=False)
        run = evaluate(
            "live_code_bench", endpoint=own_endpoint(server), data=data, out="apart", show=False, grade_on=executor
        )
    assert executions(run) == executions(here)
    assert {outcome for outcome, _ in executions(run).values()} == {"correct", "wrong", "no_answer"}
    assert executor.given == 3
    (note,) = [note for note in run.manifest.notes if note.startswith("The code was run by ")]
    assert note.endswith(f":{os.getpid()} (3 answers).")


@pytest.mark.usefixtures("one_bench_worker")
def test_what_runs_no_code_is_graded_by_the_kernel(demo_endpoint: Any) -> None:
    executor = Counted()
    data = str(PROBLEMS["math_500"])
    run = evaluate(
        "math_500", endpoint=own_endpoint(demo_endpoint()), data=data, limit=5, show=False, grade_on=executor
    )
    assert (run.state, executor.given) == ("complete", 0)


def died(number: int) -> concurrent.futures.Future[bytes] | None:
    """What a worker that died leaves of the first task."""
    future: concurrent.futures.Future[bytes] = concurrent.futures.Future()
    future.set_exception(ConnectionError("the worker is gone"))
    return future if number == 1 else None


def gone(number: int) -> None:
    if number > 1:
        raise RuntimeError("cannot schedule new futures after shutdown")


@pytest.mark.usefixtures("one_bench_worker")
@pytest.mark.parametrize(
    ("submitting", "said"),
    [
        (died, "Code was run again, since a worker failed: ConnectionError: the worker is gone"),
        (gone, "The kernel runs the code itself. The executor takes no more work: RuntimeError"),
    ],
)
def test_workers_that_fail_cost_no_verdict(tmp_path: Path, submitting: Any, said: str) -> None:
    executor = Counted(submitting)
    data, server = served(tmp_path, [RIGHT, WRONG, RIGHT])
    with server:
        run = evaluate("live_code_bench", endpoint=own_endpoint(server), data=data, show=False, grade_on=executor)
    assert sorted(outcome for outcome, _ in executions(run).values()) == ["correct", "correct", "wrong"]
    assert any(note.startswith(said) for note in run.manifest.notes)


@pytest.mark.usefixtures("one_bench_worker")
def test_an_answer_that_no_worker_can_grade_ends_the_run_by_the_workers_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise WorkerError("there is no sandbox here.")

    monkeypatch.setattr("qwq_nb.evaluation.sharded.grade_worker.graded", fails)
    data, server = served(tmp_path, [RIGHT])
    with server, pytest.raises(WorkerError, match=r"no sandbox here\. \(on \S+:\d+\)"):
        evaluate("live_code_bench", endpoint=own_endpoint(server), data=data, show=False, grade_on=Counted())


def test_what_does_not_go_together_is_told(demo_endpoint: Any) -> None:
    calls: list[tuple[dict[str, Any], str]] = [
        ({"grade_on": 3}, "grade_on takes what has a method submit"),
        ({"grade_on": Counted(), "executor": Counted(), "shards": 2}, "leave grade_on out"),
        ({"executor": Counted()}, "grade_on instead of executor"),
    ]
    for options, said in calls:
        with pytest.raises(OptionError, match=said):
            evaluate("math_500", demo=True, show=False, **options)


@pytest.fixture
def answers() -> list[str]:
    return [BUSY if number % 3 else WRONG for number in range(12)]


@pytest.mark.long
def test_processes_that_grade(tmp_path: Path, answers: list[str]) -> None:
    data, server = served(tmp_path, answers)
    with server, ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        here = evaluate("live_code_bench", endpoint=own_endpoint(server), data=data, out="here", show=False)
        run = evaluate(
            "live_code_bench", endpoint=own_endpoint(server), data=data, out="apart", show=False, grade_on=pool
        )
    assert executions(run) == executions(here)
    assert [outcome for outcome, _ in executions(run).values()].count("correct") == 8
    (note,) = [note for note in run.manifest.notes if note.startswith("The code was run by ")]
    assert note.count(":") == 2, "both of them"


@quiet
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.long
def test_a_dask_worker_that_is_killed_while_it_grades(
    tmp_path: Path, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    data, server = served(tmp_path, answers)
    options: dict[str, Any] = {"endpoint": own_endpoint(server), "data": data, "show": False}
    with server, dask_processes(tmp_path) as cluster, distributed.Client(cluster.address) as client:
        client.wait_for_workers(2, timeout=60)
        run = evaluate("live_code_bench", out="apart", background=True, grade_on=client, **options)
        wait_until(lambda: run.progress().done >= 3, 120)
        victim = client.run(os.getpid)
        os.kill(next(iter(victim.values())), signal.SIGKILL)
        run.wait(240)
        assert (run.state, sum(completed_counts(server).values())) == ("complete", len(answers)), "nothing asked twice"
        here = evaluate("live_code_bench", out="here", **options)
    assert executions(run) == executions(here)
