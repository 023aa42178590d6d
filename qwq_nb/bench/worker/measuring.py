"""A completion's reasoning measured beside its grading, where the benchmark's own equivalence is at hand."""

from __future__ import annotations

from qwq_nb.bench.protocol import GradeJob
from qwq_nb.bench.registry import benchmark_for
from qwq_nb.bench.worker import refute
from qwq_nb.bench.worker import second_opinion as opinion
from qwq_nb.core.records import Analysis, Verdict
from qwq_nb.store.evalscope_rows import targets_of

__all__ = ["analysis_of"]


def analysis_of(job: GradeJob, verdict: Verdict) -> Analysis:
    """Thoughts, first correct place, loops and foreign scripts of one completion (see `qwq_nb.trace.measure`).

    A candidate equals the gold answer where the benchmark says so. One that has no equivalence of its own compares
    expressions by math-verify, in either order, and other texts without regard to case.
    """
    from qwq_nb.trace.measure import measure

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
    return measure(
        job.completion.reasoning,
        job.completion.answer,
        job.sample.question,
        targets[0] if targets else "",
        kind=kind,
        choices=job.sample.choices,
        correct=verdict.correct if verdict.status == "graded" else None,
        equal=equal,
    )


def _equal(candidate: str, gold: str) -> bool:
    return opinion.equal(candidate, gold, refute=refute.provably_different)


def _same(candidate: str, gold: str) -> bool:
    return candidate.strip().casefold() == gold.strip().casefold()
