"""Subsets of any name from request to table: each sample asked once, graded once and counted once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.math_problems import write_jsonl


def mcq(folder: Path, subsets: list[str]) -> list[dict[str, Any]]:
    """Two questions a subset, one file each; the transcripts that answer the first rightly and the second wrongly."""
    transcripts = []
    for subset in subsets:
        rows = [
            {"id": str(n), "question": f"{subset} number {n}?", "A": "yes", "B": "no", "answer": "A"} for n in range(2)
        ]
        write_jsonl(folder / f"{subset}.jsonl", rows)
        transcripts += [
            {
                "unique_id": f"{subset}/{n}",
                "problem": row["question"],
                "reasoning": "Let me see.",
                "answer": f"答案：{'AB'[n]}",
            }
            for n, row in enumerate(rows)
        ]
    return transcripts


@pytest.mark.parametrize("subsets", [["数学", "物理"], ["C", "C++"], ["🎲", "🎯"], ["C", "c"]])
def test_two_subsets_of_two_give_four_verdicts(subsets: list[str], demo_endpoint: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    server = demo_endpoint(transcripts=[write_jsonl(tmp_path / "book.jsonl", mcq(folder, subsets))])
    options: dict[str, Any] = {
        "endpoint": own_endpoint(server),
        "data": folder,
        "out": tmp_path / "runs",
        "show": False,
    }
    run = evaluate("general_mcq", subset=subsets, **options)
    found = {(r.sample.subset, r.sample.index): r.outcome for r in run.results()}
    assert found == {(s, n): ("correct", "wrong")[n] for s in subsets for n in (0, 1)}
    assert len(set(run.samples().id)) == 4
    assert sum(request_counts(server).values()) == 4
    alone = evaluate("general_mcq", subset=subsets[1], **options)
    assert set(alone.samples().id) == set(run.samples().id[run.samples().subset == subsets[1]]), "same ids alone"
    again = evaluate("general_mcq", subset=subsets, **options)
    assert sum(request_counts(server).values()) == 6, "nothing is asked twice"
    assert list(again.samples().id) == list(load_run(run.path).samples().id)
