"""Rehearse the grading of a benchmark before its first request: can its samples be graded on this machine?

Made-up answers to samples spread over the whole benchmark are graded. What a grading imports and loads is loaded then,
under no deadline of an answer's; and what is missing (a package, a model of NLTK's, a field of the data) is said before
anything is asked, with the number of problems that it concerns.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections import Counter
from collections.abc import Sequence

from qwq_nb.bench.cache import drop
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.code.catalog import runs_code
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark
from qwq_nb.core.records import AnswerKind, Completion, Sample, Verdict
from qwq_nb.errors import QwqError

__all__ = ["rehearsal_notes"]

SAMPLES = 64
"""Samples that are tried: a fault of one problem in ten is met in 99.9 % of all cases."""
PATIENCE_S = 60.0
"""Seconds after which a rehearsal is given up; without a note, since nothing is known then."""
COUNTING_S = 20.0
"""Seconds for trying all the others, once one could not be graded, in order to say how many there are."""
DEADLINE_S = 30.0
"""Of one rehearsed grading: a library may load its data in it, on a busy machine."""
_LONGEST_REASON = 300

_TEXT = "This is a rehearsal. It has two sentences, and NO answer. 这是一次排练。"

_DONE: weakref.WeakKeyDictionary[BenchWorker, dict[str, list[str]]] = weakref.WeakKeyDictionary()
"""The notes of each worker's rehearsals, by the benchmark's request and data."""


async def rehearsal_notes(loaded: LoadedBenchmark, worker: BenchWorker) -> list[str]:
    """Rehearse one of evalscope's benchmarks, once for each worker; return what a user must know of it.

    A registered benchmark is not rehearsed: its `grade` is the user's own code. Nor is one whose answers are run: the
    sandbox is chosen by the run. Where something is missing, the prompts
    do not stay in the cache, so that it is looked for anew the next time.
    """
    if loaded.request.source is not None or runs_code(loaded.benchmark):
        return []
    done = _DONE.setdefault(worker, {})
    key = f"{loaded.request.key()} {loaded.data_hash}"
    if key not in done:
        notes: list[str] | None = None
        with contextlib.suppress(asyncio.TimeoutError, QwqError):
            notes = await asyncio.wait_for(_notes(loaded, worker), PATIENCE_S + COUNTING_S)
        if notes is None:
            return []
        done[key] = notes
        if notes:
            await asyncio.to_thread(drop, loaded.request)
    return done[key]


async def _notes(loaded: LoadedBenchmark, worker: BenchWorker) -> list[str]:
    first, later = _spread(loaded.samples)
    # One alone: what it imports, the others need not.
    reasons = await _failed(loaded, worker, first[:1], PATIENCE_S)
    reasons += await _failed(loaded, worker, first[1:], PATIENCE_S)
    counted = True
    if reasons and later:
        try:
            reasons += await asyncio.wait_for(_failed(loaded, worker, later, COUNTING_S), COUNTING_S)
        except asyncio.TimeoutError:
            counted = False
    whole = f"of {len(loaded.samples):,} problems" if counted else f"of {len(first)} problems that were tried"
    return [
        f"{loaded.benchmark}: {number:,} {whole} cannot be graded here: {reason.rstrip('.')}. Answers to them will be "
        f"not gradable, and count as not correct."
        for reason, number in Counter(reasons).most_common(3)
    ]


async def _failed(
    loaded: LoadedBenchmark, worker: BenchWorker, samples: Sequence[Sample], deadline_s: float
) -> list[str]:
    """Return the reasons why gradings failed, one for each sample of which it did."""

    async def verdict(sample: Sample) -> Verdict:
        completion = Completion(answer=_answer(sample, loaded.kind), finish_reason="stop")
        return await worker.grade(
            GradeJob(
                request=loaded.request,
                sample=sample,
                completion=completion,
                position=sample.index,
                deadline_s=min(deadline_s, DEADLINE_S),
                rehearsal=True,
            )
        )

    verdicts = await asyncio.gather(*map(verdict, samples))
    return [
        found.explanation[:_LONGEST_REASON] for found in verdicts if found.status in ("excluded", "crashed", "memory")
    ]


def _spread(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Return `SAMPLES` of the samples, evenly spread, and the others."""
    step = max(1.0, len(samples) / SAMPLES)
    chosen = {int(number * step) for number in range(min(SAMPLES, len(samples)))}
    return [samples[number] for number in sorted(chosen)], [s for n, s in enumerate(samples) if n not in chosen]


def _answer(sample: Sample, kind: AnswerKind) -> str:
    """Return an answer that a grader can read: the gold one where there is one."""
    if not sample.gold.strip():
        return _TEXT
    return rf"\boxed{{{sample.gold}}}" if kind == "math" else sample.gold
