"""Write evalscope's own files of a run (configuration, data, reports), so that evalscope's tools open its directory.

The worker process writes them; this module says what, before the first request and after the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import BenchPlan, LoadedBenchmark
from qwq_nb.core.records import SampleResult
from qwq_nb.errors import WorkerError
from qwq_nb.evaluation.plan import Plan
from qwq_nb.store.evalscope_rows import model_segment
from qwq_nb.store.request import EvalRequest
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["EvalscopeFiles", "RunObserver"]


class RunObserver(Protocol):
    """Define an object that writes files of its own about a run. Texts it returns are notes for the run's reader."""

    async def began(self, plan: Plan, loaded: Sequence[LoadedBenchmark]) -> list[str]:
        """Write what can be written once the plan is known.

        Called beside the first requests; a run that is stopped does not wait for it.
        """

    async def completed(self, results: Iterable[SampleResult]) -> list[str]:
        """Write what needs all results. Called once every sample has its outcome."""


class EvalscopeFiles:
    """Write evalscope's files by way of the worker: a `RunObserver`."""

    def __init__(self, request: EvalRequest, directory: RunDirectory, worker: BenchWorker) -> None:
        self._request = request
        self._directory = directory
        self._worker = worker

    async def began(self, plan: Plan, loaded: Sequence[LoadedBenchmark]) -> list[str]:
        """Give the directory evalscope's configuration and its own copy of the data."""
        notes: list[str] = []
        self._directory.refresh()
        plans = []
        for bench in loaded:
            chosen = BenchPlan(
                request=bench.request,
                samples=[s for s in plan.samples if s.benchmark == bench.benchmark],
                few_shot_num=bench.facts.few_shot_num,
                few_shot_records=bench.few_shot_records,
            )
            plans.append(chosen)
            notes += await self._worker.write_data(self._directory.path.resolve(), chosen)
        endpoint = self._request.endpoint
        await self._worker.write_config(
            self._directory.path.resolve(),
            model=endpoint.model,
            model_id=model_segment(endpoint.model),
            api_url=endpoint.url,
            plans=plans,
            generation_config={**endpoint.sent_sampling, "stream": endpoint.stream},
            repeats=self._request.selection.repeats,
        )
        return notes

    async def completed(self, results: Iterable[SampleResult]) -> list[str]:
        """Write evalscope's report by way of the worker; without one the run is complete all the same."""
        errored: dict[str, dict[str, int]] = {}
        for result in results:
            if result.outcome == "error":
                by_subset = errored.setdefault(result.sample.benchmark, {})
                by_subset[result.sample.subset] = by_subset.get(result.sample.subset, 0) + 1
        self._directory.refresh()
        try:
            await self._worker.write_report(self._directory.path.resolve(), errored)
        except WorkerError as exc:
            return [f"evalscope's own report could not be written: {exc}"]
        return []
