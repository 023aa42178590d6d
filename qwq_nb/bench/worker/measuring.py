"""Measure a completion's reasoning in the grader, by the benchmark's own equivalence of answers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from qwq_nb.bench.protocol import GradeJob
from qwq_nb.bench.registry import benchmark_for
from qwq_nb.bench.worker import refute
from qwq_nb.bench.worker import second_opinion as opinion
from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Analysis, Verdict
from qwq_nb.store.evalscope_rows import targets_of
from qwq_nb.trace.measure import further_values, measure_trace
from qwq_nb.trace.measures import MEASURES, Trace

__all__ = ["analysis_of", "further_analysis", "trace_of"]


def trace_of(job: GradeJob, verdict: Verdict) -> Trace:
    """Return the completion as the measures read it.

    A candidate equals the gold answer if the benchmark says so. Without an equivalence of the benchmark's own,
    expressions are compared by math-verify, in either order, and other texts without regard to case.
    """
    benchmark = benchmark_for(job.request)
    kind = benchmark.kind

    def equal(candidate: str, gold: str) -> bool:
        try:
            found = benchmark.equivalent(candidate, gold)
        except (ValueError, LookupError, TypeError, ArithmeticError):
            if job.request.source is None:
                raise
            found = False  # a registered benchmark that cannot read a candidate does not take it for the answer
        if found is not None:
            return bool(found)
        return _equal(candidate, gold) if kind == "math" else _same(candidate, gold)

    targets = targets_of(job.sample) or []
    return Trace(
        reasoning=job.completion.reasoning,
        answer=job.completion.answer,
        question=job.sample.question,
        gold=targets[0] if targets else "",
        choices=job.sample.choices,
        kind=kind,
        reasoning_tokens=job.completion.reasoning_tokens,
        outcome=decide_outcome(job.completion, verdict).outcome,
        verdict=verdict,
        equal=equal,
    )


def analysis_of(trace: Trace) -> Analysis:
    """Measure thoughts, positions of answers, loops and foreign scripts (see `qwq_nb.trace.measure`)."""
    return measure_trace(trace)


def further_analysis(analysis: Analysis, trace: Trace, targets: Mapping[str, str], path: Iterable[str]) -> Analysis:
    """Return the analysis with the values of further measures added.

    `targets`: name → `package.module:Name`. They are imported once in this process, also from the folders in `path`,
    the kernel's import path.
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
