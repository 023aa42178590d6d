"""Load the benchmarks of a request, from the prompt cache where it can be, and plan what is asked of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from qwq_nb.bench.cache import cached
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.code.catalog import default_subset
from qwq_nb.bench.evalscope_index import meta
from qwq_nb.bench.hub_address import has_copies, hub_failure, unreachable
from qwq_nb.bench.protocol import LoadedBenchmark, LoadRequest
from qwq_nb.bench.registry import own_source
from qwq_nb.bench.rehearsal import rehearsal_notes
from qwq_nb.demo import OWN_PROBLEMS
from qwq_nb.errors import DataError, OptionError, WorkerError
from qwq_nb.evaluation.command_line import BUILT_IN, data_label
from qwq_nb.evaluation.plan import Plan, make_plan, wanted_subsets
from qwq_nb.store.request import EvalRequest

__all__ = ["load_benchmarks", "load_request", "plan_selected"]

PATIENCE_S = 6.0
"""Seconds for the worker, whose message names the fields of a file too, if a hub turns out to be out of reach."""


def load_request(request: EvalRequest, benchmark: str) -> LoadRequest:
    """Return what the worker is asked for one benchmark of a request; all subsets, since the plan selects.

    Of a benchmark whose subsets overlap (LiveCodeBench's releases) only those that are named, or the default one.
    """
    source, overlapping = request.source, default_subset(benchmark)
    named = request.selection.subsets or [overlapping]
    # Problems that a benchmark brings itself do not lie in the folder of the demo's.
    has_own = benchmark in OWN_PROBLEMS and data_label(request) == BUILT_IN
    return LoadRequest(
        benchmark=benchmark,
        subsets=tuple(named) if overlapping else None,
        data=None if has_own else source.data or None,
        hub=source.hub,
        few_shot=source.few_shot,
        dataset_args=source.dataset_args,
        source=own_source(benchmark),
        preset=source.preset,
    )


async def load_benchmarks(request: EvalRequest, worker: BenchWorker) -> list[LoadedBenchmark]:
    """Load the request's benchmarks, one after another.

    Raises:
        DataError, HubError, OptionError, UnknownBenchmark, WorkerError: as the worker says.
    """
    return [await _load(request, name, worker) for name in request.benchmarks]


async def _load(request: EvalRequest, name: str, worker: BenchWorker) -> LoadedBenchmark:
    wanted = load_request(request, name)
    subsets = request.selection.subsets
    try:
        return await _load_or_reuse(wanted, request.source.data, worker)
    except DataError:
        if not (request.source.data and subsets):
            raise
        # A file that does not say which subset its records belong to: then the line does.
        named = msgspec.structs.replace(wanted, subsets=tuple(subsets))
        return await _load_or_reuse(named, request.source.data, worker)


async def _load_or_reuse(wanted: LoadRequest, given: str, worker: BenchWorker) -> LoadedBenchmark:
    try:
        return await asyncio.to_thread(cached, wanted) or await _rehearsed(await _from_worker(wanted, worker), worker)
    except (DataError, WorkerError) as exc:
        # The worker knows the file by its whole path; the reader as it was given.
        raise type(exc)(str(exc).replace(wanted.data or "\0", given)) from None


async def _rehearsed(loaded: LoadedBenchmark, worker: BenchWorker) -> LoadedBenchmark:
    """Return the benchmark with notes on what cannot be graded here. (Cached prompts were rehearsed without any.)"""
    notes = await rehearsal_notes(loaded, worker)
    return msgspec.structs.replace(loaded, notes=[*loaded.notes, *notes])


async def _from_worker(wanted: LoadRequest, worker: BenchWorker) -> LoadedBenchmark:
    """Load by the worker, but do not wait for it to import evalscope only to hear that the hub is out of reach."""
    if wanted.data or wanted.source:
        return await worker.load(wanted)
    loading, started = asyncio.ensure_future(worker.load(wanted)), time.monotonic()
    try:
        reach = await asyncio.to_thread(unreachable, wanted.hub)
        if reach and not await asyncio.to_thread(has_copies, wanted.hub):
            await asyncio.wait({loading}, timeout=max(0.0, started + PATIENCE_S - time.monotonic()))
            if not loading.done():
                data_set = str(meta(wanted.benchmark).get("dataset_id", "")) if wanted.hub == "modelscope" else ""
                raise hub_failure(wanted.benchmark, data_set, wanted.hub, reach)
        return await loading
    finally:
        if not loading.done():
            loading.cancel()


def plan_selected(loaded: Sequence[LoadedBenchmark], request: EvalRequest) -> Plan:
    """Plan the samples that the request selects of the loaded benchmarks.

    Raises:
        OptionError: a level or subset that is not there, or nothing is left to ask.
    """
    selection = request.selection
    if selection.levels is not None and not any(s.startswith("Level ") for b in loaded for s in b.subsets):
        raise OptionError(f"--levels: {' and '.join(request.benchmarks)} has no levels. Leave the option out.")
    chosen = []
    for bench in loaded:
        subsets = set(wanted_subsets(bench.benchmark, bench.subsets, selection))
        chosen.append([s for s in bench.samples if s.subset in subsets])
    return make_plan(chosen, selection)
