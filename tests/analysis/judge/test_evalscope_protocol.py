"""Benchmarks that another model has to judge: run, judged by evalscope's own protocol, and opened by evalscope."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qwq_nb import load_run
from qwq_nb.analysis.judge.api import judge
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run
from tests.support.judged_records import ANSWERS, RECORDS, judge_reply
from tests.support.math_problems import write_jsonl
from tests.support.scripted_judge import ScriptedJudge, scripted_judge


@pytest.fixture(scope="session")
def model() -> Iterator[ScriptedJudge]:
    """The model under test."""
    with scripted_judge(lambda text: next((a for word, a in ANSWERS.items() if word in text), "Paris.")) as server:
        yield server


@pytest.fixture(scope="session")
def judging_model() -> Iterator[ScriptedJudge]:
    with scripted_judge(judge_reply) as server:
        yield server


def run_of(name: str, model: ScriptedJudge, tmp_path: Path, **options: Any) -> Run:
    data = write_jsonl(tmp_path / f"{name}.jsonl", RECORDS[name])
    endpoint = model.endpoint(name="tested", model="tested")
    return evaluate(name, data=data, endpoint=endpoint, out=tmp_path / "runs", **options)


def evalscopes_own(name: str, record: dict[str, Any], answer: str) -> Any:
    """What evalscope's executor makes of a judge that it asks itself."""
    from evalscope.api.benchmark import DefaultDataAdapter
    from evalscope.api.evaluator import TaskState
    from evalscope.api.judge import JudgeContext, JudgeExecutor
    from evalscope.api.messages import ChatMessageUser
    from evalscope.api.model import ModelOutput
    from evalscope.api.registry import get_benchmark
    from evalscope.config import TaskConfig

    adapter: DefaultDataAdapter = get_benchmark(name, TaskConfig(model="x", datasets=[name]))
    sample = adapter.record_to_sample(dict(record))
    if isinstance(sample.input, str):
        text = adapter.prompt_template.format(question=sample.input) if adapter.prompt_template else sample.input
        sample.input = [ChatMessageUser(content=text)]
    state = TaskState(
        model="m", sample=sample, messages=list(sample.input), output=ModelOutput.from_content("m", answer)
    )
    said = SimpleNamespace(
        judge_id="judge-1",
        generate=lambda messages: ModelOutput.from_content("judge-1", judge_reply(messages[-1].text)),
    )
    context = JudgeContext(
        task_state=state,
        original_prediction=answer,
        filtered_prediction=adapter.filter_prediction(answer, state),
        reference=state.target,
    )
    definition = adapter.judge_definition(context)
    executor = JudgeExecutor([said])
    return executor.build_score(definition, executor.execute(definition, context), context)


@pytest.mark.parametrize("name", ["simple_qa", "health_bench", "alpaca_eval"])
def test_verdicts_are_evalscopes_own(
    model: ScriptedJudge, judging_model: ScriptedJudge, tmp_path: Path, name: str
) -> None:
    run = run_of(name, model, tmp_path)
    assert set(run.samples()["outcome"]) == {"awaiting_ruling"}
    for text in (str(run.report()), run.report().html):
        assert "await a judge: %qwq_judge" in text
    judge(run, endpoint=judging_model.endpoint(), show=False)
    rows = run.judged().to_dict("records")
    for row, record, result in zip(rows, RECORDS[name], run.graded(), strict=True):
        assert result.completion is not None
        official = evalscopes_own(name, record, result.completion.answer)
        assert (row["score"], row["metric"]) == (pytest.approx(float(official.main_value)), official.main_score_name)
        assert row["protocol"] == "evalscope"


@pytest.mark.long
def test_simple_qa_is_scored_and_evalscope_has_the_scores(
    model: ScriptedJudge, judging_model: ScriptedJudge, tmp_path: Path
) -> None:
    run = run_of("simple_qa", model, tmp_path, repeats=2)
    judge(run, endpoint=judging_model.endpoint(), show=False)
    opened = load_run(run.path)
    assert [row["outcome"] for row in opened.samples().to_dict("records")] == ["correct"] * 2 + ["wrong"] * 4
    assert opened.table()["accuracy"].tolist() == [pytest.approx(1 / 3)] * 2
    assert opened.sample("simple_qa/0").why == "judged by another model: judge-1: as scripted"
    report = json.loads(next((run.path / "reports").rglob("simple_qa.json")).read_text(encoding="utf-8"))
    assert "0.3333" in json.dumps(report)
    compared = subprocess.run(
        [sys.executable, "-m", "qwq_nb.bench.parity", str(run.path)], capture_output=True, text=True, check=False
    )
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert "0 not explained" in compared.stdout

    run.rule("simple_qa/1", True)
    assert load_run(run.path).samples()["outcome"].tolist()[2] == "correct", "a ruling wins"


def test_scores_in_between_are_means(model: ScriptedJudge, judging_model: ScriptedJudge, tmp_path: Path) -> None:
    """Of three criteria with 5, 3 and −3 points the first is met: 5 of 8."""
    run = run_of("health_bench", model, tmp_path)
    before = len(judging_model.asked)
    made = judge(run, endpoint=judging_model.endpoint(), show=False)
    assert len(judging_model.asked) - before == 3, "one request a criterion"
    whole = run.table().to_dict("records")[-1]
    assert (whole["metric"], whole["mean_score"]) == ("overall_score", pytest.approx(5 / 8))
    assert "0.625 (overall_score)" in str(made)


@pytest.mark.parametrize("reply", ["B", '{"verdict": "D"}', '{"verdict": "A"} {"verdict": "B"}', '["A"]'])
def test_a_reply_that_evalscope_takes_no_verdict_from_is_no_decision(
    model: ScriptedJudge, tmp_path: Path, reply: str
) -> None:
    run = run_of("simple_qa", model, tmp_path, limit=1)
    with scripted_judge(lambda _: reply) as server:
        made = judge(run, endpoint=server.endpoint(), show=False)
        assert len(server.asked) == 1, "evalscope's protocol asks once"
    assert run.judged()["verdict"].tolist() == ["no decision"]
    assert run.samples()["outcome"].tolist() == ["awaiting_ruling"]
    assert "1 without a decision" in str(made)


def test_an_empty_reply_is_no_decision(model: ScriptedJudge, tmp_path: Path) -> None:
    run = run_of("simple_qa", model, tmp_path, limit=1)
    with scripted_judge(lambda _: "") as server:
        judge(run, endpoint=server.endpoint(max_retries=1), show=False)
        assert len(server.asked) == 2, "an empty text is asked for again, as in a run"
    assert run.judged()[["verdict", "reason"]].to_numpy().tolist() == [["no decision", "the judge's reply is empty"]]


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(RECORDS.keys() - {"simple_qa", "health_bench", "alpaca_eval"}))
def test_each_benchmark_that_needs_a_judge_is_judged(
    model: ScriptedJudge, judging_model: ScriptedJudge, tmp_path: Path, name: str
) -> None:
    run = run_of(name, model, tmp_path)
    judge(run, endpoint=judging_model.endpoint(), show=False)
    assert run.judged()["verdict"].tolist() != ["no decision"]
    assert run.samples()["outcome"].tolist()[0] in ("correct", "wrong")


def test_what_is_withheld_stands_in_no_output(
    model: ScriptedJudge, judging_model: ScriptedJudge, tmp_path: Path
) -> None:
    run = run_of("hle", model, tmp_path)
    made = judge(run, endpoint=judging_model.endpoint(), show=False)
    run.rule("hle/math/0", True, "two and two are four")
    assert run.judged()["reason"].tolist() == ["(withheld)"]
    for text in (
        made.html,
        str(made),
        run.agreement().html,
        str(run.agreement()),
        str(run.agreement().disagreements()),
    ):
        assert "two and two" not in text
        assert "It is Paris" not in text
    assert "two and two" in run.reveal().agreement().html


@pytest.mark.long
def test_questions_about_documents_want_their_folder(model: ScriptedJudge, tmp_path: Path) -> None:
    documents = tmp_path / "documents" / "c" / "s"
    documents.mkdir(parents=True)
    (documents / "a.txt").write_text("Paris is in France.", encoding="utf-8")
    place = {"document_category": "c", "document_set_id": "s", "data_source_urls": ""}
    data = write_jsonl(tmp_path / "aa_lcr.jsonl", [{"question": "Where is Paris?", "answer": "In France", **place}])
    options: dict[str, Any] = {"data": data, "endpoint": model.endpoint(model="tested"), "out": tmp_path / "runs"}
    with pytest.raises(OptionError, match="no folder is named"):
        evaluate("aa_lcr", **options)
    with pytest.raises(OptionError, match="there is no folder"):
        evaluate("aa_lcr", dataset_args={"extra_params": {"text_dir": str(tmp_path / "none")}}, **options)
    run = evaluate("aa_lcr", dataset_args={"extra_params": {"text_dir": str(tmp_path / "documents")}}, **options)
    assert "Paris is in France." in run.graded()[0].sample.messages[-1]["content"]
    with scripted_judge(lambda _: '{"verdict": "CORRECT"}') as server:
        judge(run, endpoint=server.endpoint(), show=False)
    assert run.judged()["verdict"].tolist() == ["correct"]


_SCRIPT = """
import sys
from qwq_nb import judge, load_run
from qwq_nb.endpoint.endpoint import Endpoint
endpoint = Endpoint(sys.argv[2], "judge-1", name="j", think="plain")
judge(load_run(sys.argv[1]), endpoint=endpoint, concurrency=2, show=False)
"""


@pytest.mark.long
def test_a_kernel_killed_in_mid_judging_asks_nothing_twice(model: ScriptedJudge, tmp_path: Path) -> None:
    data = write_jsonl(
        tmp_path / "many.jsonl",
        [{"problem": f"Number {i} of France?", "answer": "Paris", "metadata": "{'topic': 'x'}"} for i in range(24)],
    )
    run = evaluate("simple_qa", data=data, endpoint=model.endpoint(model="tested"), out=tmp_path / "runs")
    file = run.path / "qwq_judge.jsonl"
    with scripted_judge(judge_reply, seconds=0.15) as server:
        command = [sys.executable, "-c", _SCRIPT, str(run.path), server.url]
        killed = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": os.getcwd() + os.pathsep + ":".join(sys.path)}
        )
        deadline = time.monotonic() + 120
        while not (file.exists() and file.read_text(encoding="utf-8").count('"reply"') >= 6):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        there = file.read_text(encoding="utf-8").count('"kind":"reply"')
        asked = len(server.asked)
        assert 6 <= there < 24
        server.seconds = 0.0
        judge(load_run(run.path), endpoint=server.endpoint(), show=False)
        assert len(server.asked) - asked == 24 - there, "all that was kept is not asked again"
        assert asked - there <= 2, "those on their way are lost"
    found = load_run(run.path)
    assert found.judged()["verdict"].tolist() == ["correct"] * 24
    assert len({row["id"] for row in found.judged().to_dict("records")}) == 24
