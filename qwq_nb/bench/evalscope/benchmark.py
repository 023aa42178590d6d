"""Implement `Benchmark` for evalscope's benchmarks, by its adapters and graders."""

from __future__ import annotations

import functools
from typing import Any, Literal

from qwq_nb.bench.catalog import is_withheld_name
from qwq_nb.bench.evalscope import adapters, code_grading, judging, loading
from qwq_nb.bench.evalscope.runnable import needs_judge
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.worker import refute
from qwq_nb.bench.worker.equality import equal
from qwq_nb.core.graded_metrics import lacks_reference
from qwq_nb.core.records import AnswerKind, Verdict

__all__ = ["EvalscopeBenchmark"]


class EvalscopeBenchmark:
    """Load and grade one of evalscope's benchmarks with a request's options. The adapter is made when first needed."""

    def __init__(self, request: LoadRequest) -> None:
        self.name = request.benchmark
        self.withheld = is_withheld_name(request.benchmark)
        self._request = request

    @functools.cached_property
    def _adapter(self) -> Any:
        return adapters.build_adapter(self._request)

    @functools.cached_property
    def kind(self) -> AnswerKind:
        """Return `math`, `choice`, `code` or `text`. Raises UnknownBenchmark, OptionError."""
        return adapters.kind_of(self._adapter)

    def subsets(self) -> list[str]:
        """Return all subsets, by evalscope's names."""
        return list(self._adapter.subset_list)

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Load through evalscope's adapter. Raises UnknownBenchmark, OptionError, DataError, HubError."""
        return loading.load(request)

    def grade(self, job: GradeJob) -> Verdict:
        """Return evalscope's verdict on the answer part; `excluded` if it has no value. Its exceptions pass through.

        Where another model has to judge, the verdict is that of the job's judge, or awaits one. Where the answers are
        programs, they run in the sandbox of `qwq_nb.bench.code.running`. evalscope would score an answer against a
        reference that is not there: 0, whatever it says.
        """
        if self.kind == "code":
            return code_grading.grade_code(self._adapter, job)
        if lacks_reference(job.sample):
            return Verdict(status="no_reference", explanation="the record has no reference to grade against")
        if needs_judge(self.name):
            if job.judge:
                return judging.grade_by_judge(self._adapter, job)
            return Verdict(status="awaits_judge", explanation="another model has to judge it")
        score = adapters.official_score(self._adapter, job)
        status: Literal["graded", "memory", "excluded"] = "graded"
        if not score.usable:
            status = "memory" if "MemoryError" in score.explanation else "excluded"
        return Verdict(
            status=status,
            correct=score.usable and score.value >= 1.0,
            score=score.value if score.usable else 0.0,
            extracted=score.extracted,
            explanation=score.explanation,
            sample_score=score.dump,
        )

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return whether math-verify finds two answers equal, in either order; None unless the kind is `math`.

        A cheap numerical test that the two differ comes first.
        """
        return equal(candidate, gold, refute=refute.provably_different) if self.kind == "math" else None
