"""Define who loads and asks what a session is to have: by default the kernel itself, everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qwq_nb.evaluation.loading import load_benchmarks
from qwq_nb.evaluation.runner import Runner

if TYPE_CHECKING:
    from qwq_nb.bench.client import BenchWorker
    from qwq_nb.bench.protocol import LoadedBenchmark
    from qwq_nb.evaluation.plan import Plan
    from qwq_nb.store.request import EvalRequest

__all__ = ["Asking"]


class Asking:
    """Load the benchmarks, plan all of the request, and ask from this process. Subclasses do one of these elsewhere."""

    async def load(self, request: EvalRequest, worker: BenchWorker) -> list[LoadedBenchmark]:
        """Return the request's benchmarks.

        Raises:
            QwqError: as `load_benchmarks`.
        """
        return await load_benchmarks(request, worker)

    def planned(self, plan: Plan) -> Plan:
        """Return the plan with those of its items that are to be asked."""
        return plan

    def runner(self, request: EvalRequest, loaded: Sequence[LoadedBenchmark], key: str, **arguments: Any) -> Runner:
        """Make the runner of the session; `arguments` are those of `Runner`."""
        return Runner(**arguments)
