"""What cannot be graded is said before the first request, and beside the numbers, with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qwq_nb import load_run
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.evaluation.evaluate import evaluate
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.math_problems import write_jsonl

ROWS: list[dict[str, Any]] = [
    {"prompt": "Write without a comma.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
    {"prompt": "Write anything.", "instruction_id_list": ["no_such:instruction"], "kwargs": [{}]},
]


def test_the_notes_of_a_run_begin_with_what_cannot_be_graded(
    demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path
) -> None:
    answers = [{"unique_id": row["prompt"], "problem": row["prompt"], "answer": "None here."} for row in ROWS]
    book = write_jsonl(tmp_path / "book.jsonl", [{"reasoning": "Well.", **answer} for answer in answers])
    server = demo_endpoint(transcripts=[book])
    data = write_jsonl(tmp_path / "ifeval.jsonl", ROWS)
    run = evaluate("ifeval", data=data, endpoint=own_endpoint(server), out=tmp_path / "runs")
    assert request_counts(server) == {row["prompt"]: 1 for row in ROWS}
    said = "ifeval: 1 of 2 problems cannot be graded here: "
    assert [note for note in run.manifest.notes if note.startswith(said)] == run.manifest.notes[:1]
    assert run.samples()["outcome"].tolist() == ["correct", "not_gradable"]
    for opened in (run, load_run(run.path)):
        assert "no_such:instruction" in opened.sample("ifeval/1").why
        (note,) = (note for note in opened.record().notes if "the grader gave up on 1" in note)
        assert "no_such:instruction" in note
