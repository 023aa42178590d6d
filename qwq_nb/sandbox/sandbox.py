"""Run programs and calls in a sandbox, several at once: the class `Sandbox`."""

from __future__ import annotations

import dataclasses
import itertools
import os
import threading
from collections.abc import Sequence
from types import TracebackType

from qwq_nb.sandbox.execution import carry_out
from qwq_nb.sandbox.job import Call, Execution, Program
from qwq_nb.sandbox.probes import available, unavailable
from qwq_nb.sandbox.process import SandboxFailed, WarmProcess
from qwq_nb.sandbox.turns import Turns

__all__ = ["Sandbox"]


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
        self.jobs = 1 if one_only else max(1, jobs or (os.cpu_count() or 2) - 1)
        self._turns = Turns(self.jobs)
        self._names = itertools.count(1)
        self._running: set[int] = set()
        self._stops = 0
        self._lock = threading.Lock()
        try:
            self._process = WarmProcess(found.layers, warm=warm, jobs=self.jobs)
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
            self._process.kill(name)

    def close(self) -> None:
        """End everything. Jobs that run are killed."""
        self.stop()
        self._process.close()

    def _run(self, job: Program | Call, slot: int, stops: int) -> Execution:
        with self._lock:
            if self._stops != stops:
                return self._not_run("it was stopped")
            name = next(self._names)
            self._running.add(name)
        try:
            execution = carry_out(self._process, name, slot, job)
        except SandboxFailed as error:
            return self._not_run(str(error))
        finally:
            self._running.discard(name)
        return execution if self._stops == stops else self._not_run("it was stopped")

    def _not_run(self, reason: str) -> Execution:
        return Execution(status="not_run", sandbox=self.name, reason=reason)
