"""The built-in problems of math_500, as data files, samples and answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qwq_nb.core.records import Completion, Sample
from qwq_nb.demo import PROBLEMS

__all__ = ["MATH", "answer", "math_records", "sample", "write_jsonl"]

MATH = PROBLEMS["math_500"]


def write_jsonl(file: Path, records: Iterable[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return file


def math_records(count: int = 40) -> list[dict[str, Any]]:
    """The first problems of the built-in math_500, one of each level in turn."""
    lines = MATH.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:count]]


def sample(number: int, subset: str = "default", **more: Any) -> Sample:
    """A problem whose prompt is one of the built-in ones, so that the demo server answers it."""
    record = math_records()[number]
    return Sample(
        benchmark="math_500",
        subset=subset,
        id=f"math_500/{number}",
        index=number,
        question=record["problem"],
        gold=record["answer"],
        messages=[{"role": "user", "content": record["problem"]}],
        source_id=record["unique_id"],
        **more,
    )


def answer(text: str = "\\boxed{82}", **more: Any) -> Completion:
    return Completion(**{"reasoning": "6 · 7 + 4 · 10", "answer": text, "finish_reason": "stop", "attempts": 1, **more})
