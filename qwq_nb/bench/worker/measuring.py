"""Measure a completion's reasoning beside its grading, where the benchmark's own equivalence is at hand."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.protocol import GradeJob
from qwq_nb.bench.worker import refute
from qwq_nb.bench.worker import second_opinion as opinion
from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Analysis, Verdict
from qwq_nb.store.evalscope_rows import targets_of
from qwq_nb.trace.measure import further_values, measure_trace
from qwq_nb.trace.measures import MEASURES, Trace

__all__ = ["analysis_of", "further_analysis", "trace_of"]


def trace_of(job: GradeJob, verdict: Verdict) -> Trace:
    """Return the completion as measures see it.

    A candidate equals the gold answer where math-verify says so, in either order; other benchmarks compare texts.
    """
    kind = adapters.kind_of(adapters.adapter_for(job.request))
    targets = targets_of(job.sample) or []
    return Trace(
        reasoning=job.completion.reasoning,
        answer=job.completion.answer,
        question=job.sample.question,
        gold=targets[0] if targets else "",
        choices=job.sample.choices,
        kind=kind,
        reasoning_tokens=job.completion.reasoning_tokens,
        outcome=decide_outcome(job.completion, verdict)[0],
        verdict=verdict,
        equal=_equal if kind == "math" else _same,
    )


def analysis_of(trace: Trace) -> Analysis:
    """Measure thoughts, answer places, loops and foreign scripts (see `qwq_nb.trace.measure`)."""
    return measure_trace(trace)


def further_analysis(analysis: Analysis, trace: Trace, targets: Mapping[str, str], path: Iterable[str]) -> Analysis:
    """Return the analysis with the values of further measures, by name and `package.module:Name`.

    They are imported once in this process, also from the folders in `path`, which the kernel imports from.
    """
    for folder in path:
        if folder not in sys.path:
            sys.path.append(folder)
    values: dict[str, Any] = {}
    for name, target in targets.items():
        if MEASURES.target(name) != target:
            MEASURES.register(name, target)
        values |= further_values(trace, [name])
    return msgspec.structs.replace(analysis, measures=values)


def _equal(candidate: str, gold: str) -> bool:
    return opinion.equal(candidate, gold, refute=refute.provably_different)


def _same(candidate: str, gold: str) -> bool:
    return candidate.strip().casefold() == gold.strip().casefold()
