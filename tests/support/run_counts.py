"""What the tests of whole evaluations share: what the built-in problems come to, and how to count in a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qwq_nb.store.jsonl import read_rows

# What the first variants of the built-in transcripts come to: (n, correct, truncated, no_answer).
FIRST_VARIANTS = {
    ("math_500", "Level 1"): (8, 8, 0, 0),
    ("math_500", "Level 2"): (8, 7, 0, 0),
    ("math_500", "Level 3"): (8, 6, 0, 1),
    ("math_500", "Level 4"): (8, 6, 0, 0),
    ("math_500", "Level 5"): (8, 4, 1, 1),
    ("math_500", "all"): (40, 31, 1, 2),
    ("aime24", "default"): (10, 7, 0, 0),
    ("aime24", "all"): (10, 7, 0, 0),
    ("gpqa_diamond", "default"): (12, 8, 0, 0),
    ("gpqa_diamond", "all"): (12, 8, 0, 0),
}
LOOPING = "demo/algebra/10.json"


def subset_counts(run: Any) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {(r.benchmark, r.subset): (r.n, r.correct, r.truncated, r.no_answer) for r in run.rows()}


def outcomes(run: Any) -> dict[tuple[str, int], str]:
    return {(r.sample.id, r.repeat): r.outcome for r in run.results()}


def row_files(run: Any, kind: str) -> list[Path]:
    return sorted((run.path / kind).rglob("*.jsonl"))


def row_count(run: Any, kind: str) -> int:
    return sum(1 for file in row_files(run, kind) for _ in read_rows(file))
