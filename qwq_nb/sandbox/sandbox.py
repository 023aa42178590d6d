"""Run programs and calls in a sandbox, several at once: the class `Sandbox`."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from qwq_nb.sandbox.execution import WarmRunner
from qwq_nb.sandbox.job import Call, Execution, Program
from qwq_nb.sandbox.layers import MOST_JOBS, Layers
from qwq_nb.sandbox.probes import available, unavailable
from qwq_nb.sandbox.process import SandboxFailed
from qwq_nb.sandbox.turns import Turns

__all__ = ["Sandbox"]


class Runner(Protocol):
    """Run jobs one by one, in several threads at once."""

    @property
    def is_running(self) -> bool: ...

    def run(self, name: int, slot: int, job: Program | Call) -> Execution: ...

    def kill(self, name: int) -> None: ...

    def close(self) -> None: ...


def _runner(layers: Layers, warm: Sequence[str], jobs: int) -> Runner:
    if layers.image:
        from qwq_nb.sandbox.docker import DockerRunner

        return DockerRunner(layers.image)
    if layers.is_off and not sys.platform.startswith("linux"):
        from qwq_nb.sandbox.plain import PlainRunner

        return PlainRunner()
    return WarmRunner(layers, warm=warm, jobs=jobs)


class Sandbox:
    """Run programs and calls, each confined in a process of its own. A context manager; safe in threads.

    `name` says what confines them, as in `landlock(7)+seccomp+bwrap`.
    """

    def __init__(self, wanted: str = "auto", *, jobs: int | None = None, warm: Sequence[str] = ()) -> None:
        """Start the sandbox.

        Args:
            wanted: one of `SANDBOXES`.
            jobs: how many jobs run at once; one less than the processors by default.
            warm: modules whose functions are called, imported once and before anything is confined.

        Raises:
            SandboxUnavailable: there is no such sandbox here; it says what there is instead.
        """
        found = available(wanted)
        self.name = found.name
        # In one namespace, and without Landlock, nothing keeps jobs apart that run at once.
        one_only = found.layers.bwrap and not found.layers.landlock
        self.jobs = 1 if one_only else min(max(1, jobs or (os.cpu_count() or 2) - 1), MOST_JOBS)
        self._turns = Turns(self.jobs)
        self._names = itertools.count(1)
        self._running: set[int] = set()
        self._stops = 0
        self._lock = threading.Lock()
        self._start = functools.partial(_runner, found.layers, tuple(warm), self.jobs)
        self._is_closed = False
        try:
            self._made = self._start()
        except SandboxFailed as error:
            raise unavailable(f"The sandbox {self.name} did not start: {error}.") from None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, job: Program | Call) -> Execution:
        """Run a job to its end, and report on it. Blocks; waits while as many jobs run as may.

        One that runs into its time is run once more while nothing else is, and this second run counts.
        """
        stops = self._stops
        with self._turns.one() as slot:
            first = self._run(job, slot, stops)
        if first.status != "timeout":
            return first
        with self._turns.alone() as slot:
            second = self._run(job, slot, stops)
        if second.status == "timeout":
            return dataclasses.replace(second, reason=f"{second.reason}, also when it ran alone")
        return second

    def stop(self) -> None:
        """Kill all jobs that run, and let none begin that wait: each is reported as not run."""
        with self._lock:
            self._stops += 1
            running = list(self._running)
        for name in running:
            self._made.kill(name)

    def close(self) -> None:
        """End everything. Jobs that run are killed."""
        with self._lock:
            self._is_closed = True
        self.stop()
        self._made.close()

    def _run(self, job: Program | Call, slot: int, stops: int) -> Execution:
        with self._lock:
            if self._stops != stops:
                return self._not_run("it was stopped")
            name = next(self._names)
            self._running.add(name)
        try:
            execution = self._runner().run(name, slot, job)
        except SandboxFailed as error:
            return self._not_run(str(error))
        finally:
            self._running.discard(name)
        return execution if self._stops == stops else self._not_run("it was stopped")

    def _runner(self) -> Runner:
        """Return what runs the jobs, or a new one where it was killed from outside. Raises SandboxFailed."""
        with self._lock:
            if self._is_closed:
                raise SandboxFailed("the sandbox was closed")
            if not self._made.is_running:
                self._made.close()
                self._made = self._start()
            return self._made

    def _not_run(self, reason: str) -> Execution:
        return Execution(status="not_run", sandbox=self.name, reason=reason)
