"""List the benchmarks of evalscope whose primary score is a degree (ROUGE, F1), not right or wrong, with its name.

Read from the scorers of evalscope 1.14.1, `match_score` of each adapter that can be run here: the value that it names
as the main one. Others have a main score of 0 or 1 for each answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qwq_nb.core.records import Sample, SampleResult, Verdict

__all__ = ["GRADED_METRICS", "graded_metrics", "is_degree", "lacks_reference", "metric_of_score"]

GRADED_METRICS = {
    "drivel_multilabel": "f1",
    "drivel_writing": "judge_score",
    "drop": "f1",
    "eq_bench": "eq_bench_score",
    "general_qa": "Rouge-L-R",
    "health_bench": "overall_score",
    "locomo": "f1",
    "one_million_bench": "expert_score",
    "openai_mrcr": "mrcr_score",
    "plawbench": "acc",
    "prbench": "clipped_score",
    "tablebench": "mix_metric",
    "tat_qa": "f1",
    "tool_bench": "F1",
}
"""Benchmark → name of its score. Of other benchmarks a score between 0 and 1 shows that it is one."""


_MAY_LACK_REFERENCE = ("general_qa",)
"""Benchmarks whose records may leave the reference out, although nothing but it is graded against."""


def lacks_reference(sample: Sample) -> bool:
    """Return whether there is nothing to grade answers to a sample against."""
    given = (sample.gold, *sample.targets)
    return sample.benchmark in _MAY_LACK_REFERENCE and not any(text.strip() for text in given)


def graded_metrics(results: Iterable[SampleResult]) -> dict[str, str]:
    """Return the names of the scores that are a degree, by benchmark: of those named above, or seen in the results.

    Prompts without a reference have no score: a reader's rulings on them are right or wrong.
    """
    found: dict[str, str] = {}
    named: set[str] = set()
    for result in results:
        name, verdict = result.sample.benchmark, result.verdict
        if name in named or lacks_reference(result.sample):
            continue
        if name in GRADED_METRICS or (verdict is not None and is_degree(verdict)):
            # As evalscope named it: options may choose another score than the benchmark's own.
            said = metric_of_score(verdict.sample_score) if verdict is not None and verdict.status == "graded" else ""
            found[name] = said or found.get(name) or GRADED_METRICS.get(name, "score")
            named |= {name} if said else set()
    return found


def is_degree(verdict: Verdict) -> bool:
    """Return whether a score is neither 0 nor 1."""
    return verdict.status == "graded" and verdict.score not in (0.0, 1.0)


def metric_of_score(sample_score: dict[str, Any]) -> str:
    """Return the name of the main value of evalscope's `SampleScore`; empty where it has none."""
    score = sample_score.get("score")
    return str(score.get("main_score_name") or "") if isinstance(score, dict) else ""
