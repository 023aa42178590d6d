"""evalscope's benchmarks as a `Benchmark`: its adapters load, its graders grade."""

from __future__ import annotations

import functools
from typing import Any, Literal

from qwq_nb.bench.catalog import is_withheld_name
from qwq_nb.bench.evalscope import adapters, loading
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.worker import refute
from qwq_nb.bench.worker.second_opinion import equal
from qwq_nb.core.records import AnswerKind, Verdict

__all__ = ["EvalscopeBenchmark"]


class EvalscopeBenchmark:
    """One of evalscope's benchmarks with a request's options. Its adapter is made when first needed."""

    def __init__(self, request: LoadRequest) -> None:
        self.name = request.benchmark
        self.withheld = is_withheld_name(request.benchmark)
        self._request = request

    @functools.cached_property
    def _adapter(self) -> Any:
        return adapters.build_adapter(self._request)

    @functools.cached_property
    def kind(self) -> AnswerKind:
        """`math`, `choice` or `text`. Raises UnknownBenchmark, OptionError."""
        return adapters.kind_of(self._adapter)

    def subsets(self) -> list[str]:
        """All subsets, by evalscope's names."""
        return list(self._adapter.subset_list)

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Load through evalscope's adapter. Raises UnknownBenchmark, OptionError, DataError, HubError."""
        return loading.load(request)

    def grade(self, job: GradeJob) -> Verdict:
        """evalscope's verdict on the answer part; `excluded` where it gives no value. Its exceptions pass through."""
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
        """What math-verify says, in either order, after a cheap test that the two differ; None but for mathematics."""
        return equal(candidate, gold, refute=refute.provably_different) if self.kind == "math" else None
