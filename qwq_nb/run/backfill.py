"""Measure the reasoning of runs that lack an analysis: evalscope's own, those of older rules or without a measure.

A run of ours is analysed while it is graded. For other runs the worker does it on demand; the results are kept in
`qwq_analysis.jsonl` beside the rows, if the directory can be written.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import msgspec

from qwq_nb.bench.imported.kinds import grading_request
from qwq_nb.bench.protocol import BenchmarkSource, GradeJob, LoadRequest
from qwq_nb.bench.registry import own_source
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.compressed import restored
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.core.records import Analysis, SampleResult, Verdict
from qwq_nb.errors import OptionError
from qwq_nb.run.run import Run
from qwq_nb.store.jsonl import UNREADABLE
from qwq_nb.trace.measure import VERSION
from qwq_nb.trace.measures import further_measures, is_measured

__all__ = ["with_analysis"]

FILE = "qwq_analysis.jsonl"
DEADLINE_S = 10.0
"""Seconds for one sample; one that takes longer stays without an analysis."""
_AT_ONCE = 16


def with_analysis(run: Run, *, tell: Callable[[str], None] | None = None) -> list[SampleResult]:
    """Return the run's results, each with an `analysis` where it has reasoning.

    `tell` gets a progress message at each step.

    Raises:
        WorkerError: the benchmark worker cannot start.
    """
    results = run.results()
    missing = wanting(results)
    if missing:
        read_analyses(run, missing)
        missing = wanting(missing)
    if missing:
        before = [result.analysis for result in missing]
        shared_event_loop().call(_measure(missing, tell or (lambda _: None)))
        save_analyses(run, missing, before)
    return results


def wanting(results: list[SampleResult]) -> list[SampleResult]:
    """Return the results whose reasoning was not analysed by the present rules."""
    return [
        r
        for r in results
        if r.completion is not None
        and r.completion.reasoning
        and r.outcome not in ("pending", "error")
        and not is_current(r)
    ]


def is_current(result: SampleResult) -> bool:
    """Return whether it was measured by the present rules, those of further measures included.

    Raises:
        OptionError: a further measure cannot be imported.
    """
    if result.analysis is None or result.analysis.version != VERSION:
        return False
    return all(is_measured(name, result) for name in further_measures())


def read_analyses(run: Run, missing: list[SampleResult]) -> None:
    """Set the analyses that an earlier call saved."""
    kept: dict[tuple[str, str, int, int], Analysis] = {}
    for row in run.directory.rows(FILE):
        with contextlib.suppress(KeyError, TypeError, *UNREADABLE):
            key = (row["model"], row["id"], row["repeat"], row["chars"])
            kept[key] = msgspec.convert(row["analysis"], Analysis)
    for result in missing:
        found = kept.get(key_of(run, result))
        if found is not None and found.version == VERSION:
            own = result.analysis
            result.analysis = found
            # A value of the rows themselves may be the newer one; what is in neither is measured.
            if not is_current(result) and own is not None and own.version == VERSION:
                result.analysis = msgspec.structs.replace(own, measures={**found.measures, **own.measures})


def save_analyses(run: Run, fresh: list[SampleResult], before: list[Analysis | None]) -> None:
    """Save the analyses that are not what was there `before`; in a read-only directory the next call repeats them."""
    rows = []
    for result, old in zip(fresh, before, strict=True):
        if result.analysis is not None and result.analysis != old:
            model, id_, repeat, chars = key_of(run, result)
            row = {"model": model, "id": id_, "repeat": repeat, "chars": chars, "analysis": result.analysis}
            rows.append(msgspec.json.encode(row))
    if not rows:
        return
    with contextlib.suppress(OSError):
        # Of a single file of another tool's it is a folder beside it, which may not be there yet.
        run.directory.folder.create()
    with contextlib.suppress(OSError), run.directory.folder.append(FILE) as file:
        # An empty line first: the last line of the file may be torn.
        file.write(b"\n" + b"\n".join(rows) + b"\n")


def key_of(run: Run, result: SampleResult) -> tuple[str, str, int, int]:
    """Return what identifies an analysis: model, sample id, repeat, and the length of the reasoning.

    The length tells a sample that was asked again.
    """
    reasoning = result.completion.reasoning if result.completion else ""
    return run.model, result.sample.id, result.repeat, len(reasoning)


async def _measure(missing: list[SampleResult], tell: Callable[[str], None]) -> None:
    worker = shared_worker()
    slots = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def one(result: SampleResult) -> None:
        nonlocal done
        async with slots:
            verdict = await worker.grade(job_of(result))
        result.analysis = verdict.analysis
        done += 1
        tell(f"measuring the reasoning: {done} of {len(missing)}")

    tell(f"measuring the reasoning of {len(missing)} samples")
    await asyncio.gather(*(one(r) for r in missing))


def job_of(result: SampleResult) -> GradeJob:
    """Make the worker's job for a result. It carries the verdict, so that nothing is graded again."""
    assert result.completion is not None
    bare: dict[str, Any] = {"source_row": {}, "messages": [], "metadata": {}}
    return GradeJob(
        request=grading_request(result.sample)
        or LoadRequest(benchmark=result.sample.benchmark, source=_source(result.sample.benchmark)),
        sample=msgspec.structs.replace(result.sample, **bare),
        completion=restored(result.completion),
        position=result.sample.index,
        repeat=result.repeat,
        deadline_s=DEADLINE_S,
        verdict=result.verdict or Verdict(status="excluded"),
    )


def _source(benchmark: str) -> BenchmarkSource | None:
    """Of a registered benchmark; None where it is evalscope's, or no longer found: nothing is measured of it then."""
    try:
        return own_source(benchmark)
    except OptionError:
        return None
