"""Records for the view's tests: small ones to look at, large ones to weigh."""

from __future__ import annotations

from typing import Any

from qwq_nb.core.records import Outcome
from qwq_nb.core.run_record import Clip, InFlight, Progress, RunRecord, SampleView, SubsetRow

__all__ = ["flight", "record", "row", "view"]

_CYCLE: tuple[Outcome, ...] = ("correct", "correct", "correct", "wrong", "correct", "truncated", "correct", "no_answer")


def view(index: int = 0, *, text: str | None = "Let me think.", **changes: Any) -> SampleView:
    """One sample; every eighth outcome or so is a failure. `text=None` leaves the texts out."""
    fields: dict[str, Any] = {
        "benchmark": "math_500",
        "subset": f"Level {index % 5 + 1}",
        "id": f"math_500/level-{index % 5 + 1}/{index}",
        "repeat": 0,
        "outcome": _CYCLE[index % len(_CYCLE)],
        "why": "the grader compared both values",
        "gold": r"\frac{1}{2}",
        "extracted": "0.5",
        "reasoning_tokens": 1_200,
        "answer_tokens": 80,
        "finish_reason": "stop",
        "attempts": 1,
        "ttft_s": 0.4,
        "latency_s": 31.0,
        "file": "predictions/QwQ-32B/math_500_Level 1.jsonl",
    }
    if text is not None:
        fields |= {
            "question": Clip(text=r"What is $\frac{1}{4} + \frac14$?"),
            "reasoning": Clip(text=text),
            "answer": Clip(text=r"It is \boxed{\frac{1}{2}}."),
        }
    return SampleView(**(fields | changes))


def row(subset: str = "all", **changes: Any) -> SubsetRow:
    fields: dict[str, Any] = {
        "benchmark": "math_500",
        "subset": subset,
        "n": 10,
        "correct": 8,
        "accuracy": 0.8,
        "ci_low": 0.4902,
        "ci_high": 0.9433,
        "accuracy_finished": 8 / 9,
        "truncated": 1,
        "no_answer": 0,
        "not_gradable": 0,
        "errors": 0,
        "wrong": 1,
        "mean_reasoning_tokens": 1_234.5,
        "mean_answer_tokens": 88.0,
        "ttft_p50_s": 0.41,
        "tokens_per_s_p50": 38.2,
    }
    return SubsetRow(**(fields | changes))


def flight(index: int = 0, **changes: Any) -> InFlight:
    fields: dict[str, Any] = {
        "benchmark": "math_500",
        "subset": "Level 1",
        "id": f"math_500/level-1/{index}",
        "repeat": 0,
        "tokens": 1_204,
        "elapsed_s": 31.0,
        "phase": "reasoning",
        "reasoning_tail": "Wait, let me check that again.",
    }
    return InFlight(**(fields | changes))


def record(samples: list[SampleView] | None = None, **changes: Any) -> RunRecord:
    fields: dict[str, Any] = {
        "run_id": "a1b2c3",
        "name": "math_500-QwQ-32B-1",
        "state": "complete",
        "demo": False,
        "created": "2026-01-02T03:04:05Z",
        "updated": "2026-01-02T03:14:05Z",
        "model": "QwQ-32B",
        "endpoint": "local",
        "url": "http://127.0.0.1:8801/v1",
        "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 40, "max_tokens": 32768},
        "benchmarks": ["math_500"],
        "repeats": 1,
        "limit": 50,
        "seed": 42,
        "concurrency": 16,
        "data": "modelscope hub",
        "versions": {"evalscope": "1.14.0"},
        "run_dir": "qwq_runs/math_500-QwQ-32B-1",
        "command": "%qwq_eval math_500 --limit 50",
        "progress": Progress(total=50, done=50, elapsed_s=600.0, tokens=60_000, tokens_per_s=100.0),
        "table": [row("Level 1"), row()],
        "samples": [view(i) for i in range(10)] if samples is None else samples,
        "samples_total": 10 if samples is None else len(samples),
    }
    return RunRecord(**(fields | changes))
