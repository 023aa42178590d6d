"""A completion's reasoning measured beside its grading, where the benchmark's own equivalence is at hand."""

from __future__ import annotations

from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.protocol import GradeJob
from qwq_nb.bench.worker import refute
from qwq_nb.bench.worker import second_opinion as opinion
from qwq_nb.core.records import Analysis, Verdict
from qwq_nb.store.evalscope_rows import targets_of

__all__ = ["analysis_of"]


def analysis_of(job: GradeJob, verdict: Verdict) -> Analysis:
    """Thoughts, first correct place, loops and foreign scripts of one completion (see `qwq_nb.trace.measure`).

    A candidate equals the gold answer where math-verify says so, in either order; other benchmarks compare texts.
    """
    from qwq_nb.trace.measure import measure

    kind = adapters.kind_of(adapters.adapter_for(job.request))
    targets = targets_of(job.sample) or []
    return measure(
        job.completion.reasoning,
        job.completion.answer,
        job.sample.question,
        targets[0] if targets else "",
        kind=kind,
        choices=job.sample.choices,
        correct=verdict.correct if verdict.status == "graded" else None,
        equal=_equal if kind == "math" else _same,
    )


def _equal(candidate: str, gold: str) -> bool:
    return opinion.equal(candidate, gold, refute=refute.provably_different)


def _same(candidate: str, gold: str) -> bool:
    return candidate.strip().casefold() == gold.strip().casefold()
