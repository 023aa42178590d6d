"""What is measured from within the kernel: a run, its CPU by thread, its memory, and how late a timer is meanwhile."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

import qwq_nb
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.evaluation.runner import Runner

from .processes import MARK, cpu_of

__all__ = ["evaluated", "show", "timed", "worker_ready"]

THREADS = {"MainThread": "cell", "qwq-view": "view", "qwq-loop": "loop", "qwq-writer_0": "files", "IOPub": "iopub"}
"""Threads by what they do: the cell's thread waits and draws, in the background a thread of the view's does."""


def show(figures: dict[str, Any]) -> None:
    print(f"\n{MARK}{json.dumps(figures)}")


def worker_ready() -> dict[str, Any]:
    """Start the worker and wait until it can grade; seconds."""
    begun = time.perf_counter()
    shared_event_loop().call(shared_worker().ready())
    return {"worker_s": time.perf_counter() - begun}


class Meter:
    """CPU of this process by thread, of the benchmark worker, and memory; looked at a few times a second.

    A thread's clock is gone with the thread, hence the looking; what it took in its last moments falls to `rest`.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[str, float]] = {}
        self._over = threading.Event()
        self.late: list[float] = []
        """Seconds by which a timer of 10 ms was late."""
        self.runner: Runner | None = None
        self._steps: list[tuple[int, float]] = []
        """Pieces received so far, and CPU of the loop's thread by then."""

    def _look(self) -> None:
        for thread in threading.enumerate():
            if thread.ident is None:
                continue
            try:
                clock = time.pthread_getcpuclockid(thread.ident)
                self._seen[thread.ident] = (thread.name, time.clock_gettime(clock))
            except OSError:
                continue
            if thread.name == "qwq-loop" and self.runner is not None:
                pieces = sum(pooled.connection.pieces for pooled in self.runner.pool.endpoints)
                self._steps.append((pieces, self._seen[thread.ident][1]))

    def steady_us(self) -> float | None:
        """CPU of the loop's thread a piece while all streams flow: of the middle of the pieces, without the requests
        at the beginning and the gradings at the end. None where the run was too short to see."""
        last = self._steps[-1][0] if self._steps else 0
        middle = [step for step in self._steps if 0.3 * last <= step[0] <= 0.85 * last]
        if len(middle) < 2 or middle[0][0] == middle[-1][0]:
            return None
        return 1e6 * (middle[-1][1] - middle[0][1]) / (middle[-1][0] - middle[0][0])

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self._look()

    def _tick(self) -> None:
        while not self._over.is_set():
            due = time.perf_counter() + 0.01
            time.sleep(0.01)
            self.late.append(time.perf_counter() - due)

    @contextmanager
    def measured(self, figures: dict[str, Any], *, timer: bool) -> Iterator[None]:
        """Adds to `figures`: wall_s, cpu_s, cpu_threads_s, cpu_worker_s, grown_mb, late_p99_ms."""
        own = psutil.Process()
        worker = shared_worker().pid
        threads = [threading.Thread(target=self._watch, daemon=True)]
        if timer:
            threads.append(threading.Thread(target=self._tick, daemon=True))
        self._look()
        base = {ident: spent for ident, (_, spent) in self._seen.items()}
        rss, cpu, grader = own.memory_info().rss, time.process_time(), cpu_of(worker) if worker else 0.0
        for thread in threads:
            thread.start()
        begun = time.perf_counter()
        try:
            yield
        finally:
            figures["wall_s"] = time.perf_counter() - begun
            self._over.set()
            self._look()
            figures["cpu_s"] = time.process_time() - cpu
            worker = shared_worker().pid
            figures["cpu_worker_s"] = cpu_of(worker) - grader if worker else 0.0
            figures["grown_mb"] = (own.memory_info().rss - rss) / 1e6
            figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            by_thread: dict[str, float] = {}
            for ident, (name, spent) in self._seen.items():
                part = THREADS.get(name, "rest")
                by_thread[part] = by_thread.get(part, 0.0) + spent - base.get(ident, 0.0)
            by_thread["rest"] = by_thread.get("rest", 0.0) + figures["cpu_s"] - sum(by_thread.values())
            figures["cpu_threads_s"] = by_thread
            if self.late:
                ordered = sorted(self.late)
                figures["late_p50_ms"] = 1000 * ordered[len(ordered) // 2]
                figures["late_p99_ms"] = 1000 * ordered[int(len(ordered) * 0.99)]
                figures["late_max_ms"] = 1000 * ordered[-1]


@contextmanager
def staged(meter: Meter, figures: dict[str, Any]) -> Iterator[None]:
    """Shows the meter the runner; adds when the last stream had ended and the last verdict was there, in seconds."""
    begun, own = time.perf_counter(), {"streams_s": Runner._stream_all, "verdicts_s": Runner.run}

    def timed_as(name: str) -> Any:
        async def step(self: Runner) -> None:
            meter.runner = self
            try:
                await own[name](self)
            finally:
                figures[name] = time.perf_counter() - begun

        return step

    Runner._stream_all, Runner.run = timed_as("streams_s"), timed_as("verdicts_s")  # type: ignore[method-assign]
    try:
        yield
    finally:
        Runner._stream_all, Runner.run = own["streams_s"], own["verdicts_s"]  # type: ignore[method-assign]


def evaluated(
    urls: list[str],
    data: str,
    *,
    timer: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """One run as a cell runs it: files, grading, and a view that is drawn and sent four times a second."""
    endpoints = [qwq_nb.Endpoint(url, "QwQ-32B-demo", name=f"bench-{i}") for i, url in enumerate(urls)]
    figures: dict[str, Any] = {}
    folder = Path("runs") / f"{os.getpid()}-{time.monotonic_ns()}"
    meter = Meter()
    with meter.measured(figures, timer=timer), staged(meter, figures):
        run = qwq_nb.evaluate(
            "math_500",
            endpoint=endpoints[0] if len(endpoints) == 1 else endpoints,  # type: ignore[arg-type]
            out=folder,
            data=data,
            **options,
        )
    figures["steady_us"] = meter.steady_us()
    results = run.results()
    finished = [r.completion for r in results if r.completion]
    figures["accuracy"] = run.accuracies()["math_500"]
    figures["samples"] = len(results)
    figures["done"] = sum(r.outcome not in ("pending", "error") for r in results)
    figures["tokens"] = sum(c.completion_tokens for c in finished)
    figures["latency_s"] = sorted(c.latency_s for c in finished)
    figures["by_endpoint"] = {e.name: sum(c.endpoint == e.name for c in finished) for e in endpoints}
    return figures


def timed(seconds: float) -> dict[str, Any]:
    """How late the timer is where nothing runs."""
    meter, figures = Meter(), dict[str, Any]()
    with meter.measured(figures, timer=True):
        time.sleep(seconds)
    return figures


def loaded() -> dict[str, Any]:
    """Seconds that `%load_ext qwq_nb` takes. In a kernel that has imported this module much is there already, hence a
    Python of its own, which has IPython and nothing else."""
    code = (
        "import time, IPython\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\nbegun = time.perf_counter()\n"
        "shell.run_line_magic('load_ext', 'qwq_nb')\nprint(time.perf_counter() - begun)"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {"load_s": float(made.stdout.split()[-1])}


def magic(line: str) -> dict[str, Any]:
    """Run a line magic; `begun` and `worker_ready` in the clock of `time.time()`."""
    from IPython import get_ipython

    ready: list[float] = []

    async def wait() -> None:
        await shared_worker().ready()
        ready.append(time.time())

    shell = get_ipython()  # type: ignore[no-untyped-call]
    shell.run_line_magic("load_ext", "qwq_nb")
    begun = time.time()
    waiting = shared_event_loop().submit(wait())
    shell.run_line_magic(*line.removeprefix("%").split(" ", 1))
    waiting.result(60)
    return {"begun": begun, "worker_ready": ready[0], "over": time.time()}


def streamed(url: str, row: str, times: int) -> dict[str, Any]:
    """CPU of so many completions, one after the other, without a run around them."""
    question = json.loads(row)["problem"]
    endpoint = qwq_nb.Endpoint(url, "QwQ-32B-demo", name="bench")
    cpu = time.process_time()
    for _ in range(times):
        completion = qwq_nb.ask(question, endpoint=endpoint)
    return {"cpu_s": time.process_time() - cpu, "characters": len(completion.reasoning) + len(completion.answer)}
