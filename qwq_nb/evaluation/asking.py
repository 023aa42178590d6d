"""Define who loads, asks and grades what a session is to have: by default the kernel itself, everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qwq_nb.evaluation.loading import load_benchmarks
from qwq_nb.evaluation.runner import Runner
from qwq_nb.evaluation.sharded.left import take_left

if TYPE_CHECKING:
    from qwq_nb.bench.client import BenchWorker
    from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark
    from qwq_nb.core.records import Completion, SampleResult, Verdict
    from qwq_nb.evaluation.plan import Plan
    from qwq_nb.store.request import EvalRequest
    from qwq_nb.store.run_dir import RunDirectory

__all__ = ["Asking"]

Key = tuple[str, int]


class Asking:
    """Load the benchmarks, plan all of the request, ask from this process, and let its benchmark worker grade.

    Subclasses do one of these elsewhere.
    """

    command = ""
    """The run's line."""
    tell: Callable[[str], None]
    """Takes a sentence for the run's reader."""

    async def load(self, request: EvalRequest, worker: BenchWorker) -> list[LoadedBenchmark]:
        """Return the request's benchmarks.

        Raises:
            QwqError: as `load_benchmarks`.
        """
        return await load_benchmarks(request, worker)

    def planned(self, plan: Plan) -> Plan:
        """Return the plan with those of its items that are to be asked."""
        return plan

    def take_left(
        self,
        directory: RunDirectory,
        plan: Plan,
        model: str,
        done: dict[Key, SampleResult],
        ungraded: dict[Key, Completion],
    ) -> tuple[dict[Key, SampleResult], dict[Key, Completion]]:
        """Add to what a run has what an executor's workers have asked of it and nobody has collected.

        Raises:
            QwqError: as `sharded.left.take_left`.
        """
        return take_left(directory, plan, model, done, ungraded)

    def runner(self, request: EvalRequest, loaded: Sequence[LoadedBenchmark], key: str, **arguments: Any) -> Runner:
        """Make the runner of the session; `arguments` are those of `Runner`."""
        return Runner(**arguments)

    async def grade(self, job: GradeJob, worker: BenchWorker) -> Verdict:
        """Return the verdict on an answer.

        Raises:
            QwqError: it cannot be graded at all.
        """
        return await worker.grade(job)

    def notes(self) -> list[str]:
        """Return what is to be said of a run that has ended."""
        return []
