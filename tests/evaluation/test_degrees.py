"""general_qa from end to end: scored by ROUGE, and prompts of one's own without a reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb import compare, gate, list_runs, load_run
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import write_jsonl

QUESTIONS = [
    ("Which is the capital of France?", "Paris is the capital of France.", "Paris is the capital of France."),
    ("Which ocean is the largest?", "The Pacific Ocean", "no record"),
    ("What is there?", "no record here", "no record"),
    ("What is there at all?", "no record at all", "no record"),
]
"""Question, reference, answer: ROUGE-L recall 1, 0, 2/3 and 1/2."""
MEAN = (1 + 0 + 2 / 3 + 1 / 2) / 4
FREE = ["Write a poem.", "Write a joke."]


@pytest.fixture
def endpoint(demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path) -> Any:
    rows = [{"unique_id": question, "problem": question, "answer": answer} for question, _, answer in QUESTIONS]
    rows += [{"unique_id": prompt, "problem": prompt, "answer": "Here it is."} for prompt in FREE]
    book = write_jsonl(tmp_path / "book.jsonl", [{"reasoning": "Well.", **row} for row in rows])
    return own_endpoint(demo_endpoint(transcripts=[book]))


def scored(endpoint: Any, tmp_path: Path, **options: Any) -> Run:
    data = write_jsonl(tmp_path / "qa.jsonl", [{"query": query, "response": gold} for query, gold, _ in QUESTIONS])
    return evaluate("general_qa", data=data, endpoint=endpoint, out=tmp_path / "runs", **options)


def unscored(endpoint: Any, tmp_path: Path) -> Run:
    data = write_jsonl(tmp_path / "free.jsonl", [{"query": prompt} for prompt in FREE])
    return evaluate("general_qa", data=data, endpoint=endpoint, out=tmp_path / "runs")


def test_the_table_has_the_mean_of_evalscopes_own_scores(endpoint: Any, tmp_path: Path) -> None:
    run = scored(endpoint, tmp_path)
    for table in (run.table(), load_run(run.path).table()):
        subset, whole = table.to_dict("records")
        assert (subset["metric"], subset["accuracy"], subset["correct"]) == ("Rouge-L-R", None, 1)
        assert subset["mean_score"] == pytest.approx(MEAN)
        assert subset["ci_low"] < MEAN < subset["ci_high"]
        assert whole["mean_score"] == pytest.approx(MEAN)
        assert whole["ci_low"] == pytest.approx(whole["ci_high"]), "all that there are were asked"
    report = json.loads(next((run.path / "reports").rglob("*.json")).read_text(encoding="utf-8"))
    assert f"{MEAN:.3f}"[:4] in json.dumps(report), "evalscope's own report says the same"
    assert run.sample("general_qa/2").why == "right in part: score 0.667 of 1 (Rouge-L-R)"


def test_every_view_names_the_score_and_none_calls_it_an_accuracy(endpoint: Any, tmp_path: Path) -> None:
    run = scored(endpoint, tmp_path)
    shown = [str(run.report()), run.report().html, repr(run), repr(list_runs(tmp_path / "runs"))]
    shown += [run.export(tmp_path / f"run{ending}").read_text(encoding="utf-8") for ending in (".md", ".tex", ".html")]
    for text in shown:
        assert "0.542" in text
        assert "Rouge-L-R" in text
        assert "54.2" not in text
    exported = json.loads(run.export(tmp_path / "run.json").read_text(encoding="utf-8"))
    assert exported["table"][0]["mean_score"] == pytest.approx(MEAN)
    assert exported["table"][0]["metric"] == "Rouge-L-R"
    row = run.record().table[-1]
    assert (row.metric, row.accuracy, row.score) == ("Rouge-L-R", None, row.mean_score)
    assert run.plot("accuracy").figure is not None
    assert run.repeats().empty


def test_of_a_part_it_is_an_estimate(endpoint: Any, tmp_path: Path) -> None:
    run = scored(endpoint, tmp_path, limit=2)
    whole = run.table().to_dict("records")[-1]
    assert whole["ci_low"] < whole["mean_score"] < whole["ci_high"]
    assert "mean score is estimated from 2 of 4" in str(run.report())


def test_two_runs_are_compared_by_their_means(endpoint: Any, tmp_path: Path) -> None:
    first, second = scored(endpoint, tmp_path), scored(endpoint, tmp_path, seed=1)
    made = compare(first, second)
    (row,) = [row for row in made.rows() if row.subset == "all"]
    assert (row.metric, row.accuracy_a, row.difference) == ("Rouge-L-R", None, 0)
    assert row.mean_score_a == pytest.approx(MEAN)
    for text in (made.text, made.html):
        assert "Rouge-L-R" in text
        assert "0.542" in text
    assert "paired t-test by problem" in made.sentence
    decided = gate(first, second)
    assert decided.decision == "INCONCLUSIVE"
    assert "is not right or wrong" in decided.text


def test_until_is_for_accuracies(endpoint: Any, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="general_qa is scored by Rouge-L-R"):
        scored(endpoint, tmp_path, until=3)


def test_prompts_without_a_reference_await_a_ruling(endpoint: Any, tmp_path: Path) -> None:
    run = unscored(endpoint, tmp_path)
    assert run.samples()["outcome"].tolist() == ["awaiting_ruling"] * 2
    whole = run.table().to_dict("records")[-1]
    assert (whole["accuracy"], whole["mean_score"], whole["awaiting_ruling"], whole["wrong"]) == (None, None, 2, 0)
    for text in (str(run.report()), run.report().html):
        assert "await" in text
        assert "run.rule(" in text
    assert len(run.check().views) == 2

    run.rule("general_qa/0", True)
    for opened in (run, load_run(run.path)):
        assert opened.samples()["outcome"].tolist() == ["correct", "awaiting_ruling"]
        ruled = opened.table().to_dict("records")[-1]
        assert (ruled["accuracy"], ruled["correct"], ruled["awaiting_ruling"]) == (1.0, 1, 1)
    run.rule("general_qa/1", False)
    assert run.table()["accuracy"].tolist() == [0.5, 0.5]
    assert run.sample("general_qa/1").why == "there is no reference to grade it against: ruled by hand"
    run.rule("general_qa/1", None)
    assert run.samples()["outcome"].tolist() == ["correct", "awaiting_ruling"]
