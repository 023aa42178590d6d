"""A `Run` and what it gives: tables, samples, reports; found again by path, by name, and from evalscope's own files."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qwq_nb.core.records import Completion, Verdict
from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.demo import shared
from qwq_nb.errors import OptionError, UnknownRun
from qwq_nb.evaluation.evaluate import evaluate, resume_run
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.run.run import Run
from qwq_nb.run.withhold import WITHHELD_NOTE
from qwq_nb.store.manifest import MANIFEST
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import write_jsonl
from tests.support.paths import SHARED_DATA

TABLE = [
    "benchmark",
    "subset",
    "n",
    "correct",
    "accuracy",
    "ci_low",
    "ci_high",
    "accuracy_finished",
    "truncated",
    "no_answer",
    "not_gradable",
    "errors",
    "mean_reasoning_tokens",
    "mean_answer_tokens",
    "ttft_p50_s",
    "tokens_per_s_p50",
    "pending",
    "wrong",
    "accuracy_of_asked",
    "population",
    "mean_score",
    "metric",
    "awaiting_ruling",
]
SAMPLES = [
    "benchmark",
    "subset",
    "id",
    "repeat",
    "outcome",
    "gold",
    "extracted",
    "reasoning_tokens",
    "answer_tokens",
    "finish_reason",
    "attempts",
    "ttft_s",
    "latency_s",
    "error",
    "flags",
    "tests_passed",
    "tests_total",
    "execution",
    "source_id",
]
LOOPING = "demo/algebra/10.json"
INSIDE = "demo/number_theory/4.json"
"""Its box stands in the reasoning, and the answer has none."""
BAKERY = "demo/prealgebra/1.json"


@pytest.fixture(scope="module")
def math(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The built-in math_500, evaluated twice each, with one problem that the endpoint fails at."""
    shared().reset()
    shared().set_faults(["mid_close,match=A bakery packs its muffins"])
    try:
        return evaluate("math_500", demo=True, repeats=2, max_retries=0, out=tmp_path_factory.mktemp("runs"))
    finally:
        shared().set_faults([])


@pytest.fixture
def runs(math: Run, tmp_path: Path) -> Path:
    """A folder with copies of that run: `first`, `second`, and `other` (the last one written)."""
    for age, name in enumerate(["other", "second", "first"]):
        shutil.copytree(math.path, tmp_path / "qwq_runs" / name)
        file = tmp_path / "qwq_runs" / name / MANIFEST
        file.write_text(json.dumps({**json.loads(file.read_text()), "name": name}))
        os.utime(file, (1e9 - age, 1e9 - age))
    return tmp_path / "qwq_runs"


# -- tables --------------------------------------------------------------------------------------------------------


def test_the_table_has_the_documented_columns_and_rows(math: Run) -> None:
    table = math.table()
    assert list(table.columns) == TABLE
    assert list(table.subset) == ["Level 1", "Level 2", "Level 3", "Level 4", "Level 5", "all"]
    total = table.set_index("subset").loc["all"]
    assert (total.n, total.errors, total.truncated) == (80, 2, 1)
    assert total.correct == table[table.subset != "all"].correct.sum()
    assert total.accuracy == pytest.approx(total.correct / 78), "an error is not counted as wrong"
    assert total.accuracy_finished == pytest.approx(total.correct / 77)
    assert total.ci_low < total.accuracy < total.ci_high
    assert total.mean_reasoning_tokens > total.mean_answer_tokens > 0
    assert total.tokens_per_s_p50 > 0


def test_samples_have_the_documented_columns_and_a_row_each(math: Run) -> None:
    samples = math.samples()
    assert list(samples.columns) == SAMPLES
    assert len(samples) == 80
    assert list(samples.repeat[:4]) == [0, 1, 0, 1]
    assert set(samples.outcome) == {"correct", "wrong", "no_answer", "truncated", "error"}
    assert (samples[samples.outcome == "truncated"].finish_reason == "length").all()
    assert samples[samples.outcome == "error"].error.str.contains("connection").all()
    assert samples[samples.outcome == "correct"].extracted.str.len().min() > 0
    assert "present_not_extracted" in " ".join(samples["flags"])


def test_a_saved_run_gives_the_same_tables(math: Run) -> None:
    loaded = load_run(math.path)
    pd.testing.assert_frame_equal(loaded.table(), math.table())
    pd.testing.assert_frame_equal(loaded.samples(), math.samples())
    assert [r.completion for r in loaded.results()] == [r.completion for r in math.results()]
    assert [r.verdict is None for r in loaded.results()] == [r.verdict is None for r in math.results()]
    assert repr(loaded) == repr(math)


def test_a_run_without_results_has_the_same_columns(runs: Path) -> None:
    for folder in ("predictions", "reviews"):
        shutil.rmtree(runs / "other" / folder)
    (runs / "other" / "qwq_journal.jsonl").unlink()
    empty = load_run(runs / "other")
    assert list(empty.table().columns) == TABLE
    assert empty.table().accuracy.isna().all()
    assert set(empty.samples().outcome) == {"pending"}
    assert repr(empty) == "<Run 'other' complete: nothing finished; 0 of 80>"


# -- one sample ----------------------------------------------------------------------------------------------------


def test_a_sample_by_the_run_s_id_or_the_data_set_s(math: Run) -> None:
    sample = math.sample(LOOPING)
    assert (sample.repeat, sample.outcome, sample.finish_reason) == (0, "truncated", "length")
    assert sample.why.startswith("cut by the token limit after 2,000 tokens")
    assert (sample.answer, sample.reasoning[:2] != "") == ("", True)
    other = math.sample(sample.id, repeat=1)
    assert (other.source_id, other.outcome, other.extracted) == (LOOPING, "correct", other.gold)
    assert other.question == sample.question
    assert "\\boxed" in other.answer


def test_a_sample_whose_answer_is_in_its_reasoning_alone(math: Run) -> None:
    sample = math.sample(INSIDE)
    assert (sample.outcome, sample.flags) == ("no_answer", ["present_not_extracted", "reasoning_only"])
    assert "gold value" in sample.why


def test_a_sample_that_failed_keeps_its_partial_text(math: Run) -> None:
    for run in (math, load_run(math.path)):
        sample = run.sample(BAKERY)
        assert (sample.outcome, sample.flags, sample.attempts) == ("error", ["partial"], 1)
        assert sample.reasoning
        assert sample.why == sample.error


def test_a_sample_is_shown_as_html_and_as_text(math: Run) -> None:
    made = math.sample(LOOPING, repeat=1)._repr_mimebundle_()
    assert set(made) == {"text/html", "text/plain"}
    assert "<summary>Reasoning" in made["text/html"]
    assert made["text/plain"].startswith(math.sample(LOOPING).id + " repeat 1: correct")


def test_a_sample_that_there_is_not(math: Run) -> None:
    with pytest.raises(OptionError, match=r"no sample 'math_500/level-1/O'. Did you mean 'math_500/level-1/[0-7]'\?"):
        math.sample("math_500/level-1/O")
    with pytest.raises(OptionError, match=r"has no repeat 2: the run has 2"):
        math.sample(LOOPING, repeat=2)
    with pytest.raises(OptionError, match=r"The first ones are math_500/level-1/0"):
        math.sample("nothing like it")


def test_gpqa_s_texts_are_not_shown_unless_revealed(tmp_path: Path) -> None:
    record = {
        "Question": "Which of these is a secret of the data set?",
        "Correct Answer": "the first",
        **{f"Incorrect Answer {n}": f"choice {n}" for n in (1, 2, 3)},
    }
    data = write_jsonl(tmp_path / "mine.jsonl", [record])
    run = evaluate("gpqa_diamond", endpoint=own_endpoint(shared()), data=data)
    sample = run.sample(run.samples().id[0])
    assert "secret of the data set" in sample.question, "the attribute is there for analysis"
    for shown in (sample._repr_mimebundle_(), run.report()._repr_mimebundle_(), {"text": run.report().text}):
        assert "secret of the data" not in json.dumps(shown)
        assert "choice 1" not in json.dumps(shown)
    assert WITHHELD_NOTE in sample._repr_mimebundle_()["text/plain"]
    revealed = run.reveal().sample(sample.id)
    assert "secret of the data set" in revealed._repr_mimebundle_()["text/plain"]


# -- reports -------------------------------------------------------------------------------------------------------


def test_a_report_is_text_html_or_a_file(math: Run, tmp_path: Path) -> None:
    report = math.report()
    assert str(report) == report.text
    assert "Level 3" in report.text
    assert repr(report) == f"<Report of {math.name}>"
    page = report.save(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>\n")
    assert "Content-Security-Policy" in page
    assert report.html.partition("<details>")[0] in page
    assert all(f"<code>{sample}</code>" in page for sample in math.samples().id), (
        "all, not only those that fit a notebook"
    )
    assert report.save(tmp_path / "report.txt").read_text(encoding="utf-8") == report.text
    assert set(report._repr_mimebundle_()) == {"application/vnd.qwq-nb.run.v1+json", "text/html", "text/plain"}


# -- found again ---------------------------------------------------------------------------------------------------


def test_a_front_end_without_ipython_s_hook_shows_it_too(math: Run) -> None:
    """As in marimo or an exporter: the same three forms as data, made for a saved output."""
    shown = math._repr_mimebundle_()
    assert set(shown) == {MIME_TYPE, "text/html", "text/plain"}
    assert str(shown["text/plain"]).startswith("*** DEMO")


def test_its_manifest_is_a_copy(math: Run) -> None:
    math.manifest.notes.append("nobody's")
    math.manifest.scores["math_500"] = 1.0
    assert "nobody's" not in math.manifest.notes
    assert math.manifest.scores["math_500"] != 1.0
    assert math.manifest.request.selection.repeats == 2


@pytest.mark.parametrize("given", ["first", "fir", "qwq_runs/first", "qwq_runs/first/", "qwq_runs/first/qwq_run.json"])
def test_a_run_by_its_path_its_name_or_the_beginning_of_it(
    runs: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(runs.parent)
    assert load_run(given).name == "first"


def test_a_run_in_another_folder(runs: Path) -> None:
    assert load_run("second", out=runs).name == "second"
    assert load_run(str(runs / "second")).path == runs / "second"


def test_a_run_that_there_is_not(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match=r"There is no run 'frist'\. Did you mean 'first'\?"):
        load_run("frist", out=runs)
    with pytest.raises(UnknownRun, match=r"There is no run 'x'\. There are none in .*empty"):
        load_run("x", out=tmp_path / "empty")
    shutil.copytree(runs / "first", runs / "first-2")
    with pytest.raises(UnknownRun, match="'firs' fits 2 runs: first"):
        load_run("firs", out=runs)
    assert load_run("first", out=runs).path == runs / "first", "a whole name wins over a longer one"


def test_runs_are_listed_from_their_manifests(runs: Path) -> None:
    for folder in ("predictions", "reviews"):
        shutil.rmtree(runs / "other" / folder)
    (runs / "broken").mkdir()
    (runs / "broken" / MANIFEST).write_text("{")
    found = list_runs(runs)
    assert [run.name for run in found] == ["other", "second", "first"]
    assert [row[:3] for row in found.rows()] == [(name, "complete", "80/80") for name in ("other", "second", "first")]
    assert "math_500 8" in repr(found)
    assert repr(found).splitlines()[0].split() == ["run", "state", "done", "accuracy", "model", "last", "written"]
    assert found._repr_html_().count("<tr>") == 4
    assert repr(list_runs(runs / "nowhere")) == "No runs yet: %qwq_eval makes one."


def test_a_run_is_resumed_where_it_lies(runs: Path) -> None:
    """The one named, also where a newer one has asked the same; and the line that resumes it stays what it was."""
    shared().reset()
    for name in ("first", "second"):
        shutil.rmtree(runs / name / "reviews")
    before = load_run("first", out=runs).command
    run = resume_run("first", out=runs, concurrency=5)
    assert (run.path, run.state, run.command) == (runs / "first", "complete", before)
    assert shared().log()["requests"] == 2, "the two errors, and nothing else"
    assert run.record().concurrency == 5
    assert {r.flags[0] for r in load_run("second", out=runs).results() if r.outcome == "pending"} == {"ungraded"}


# -- evalscope's own -----------------------------------------------------------------------------------------------


@pytest.fixture
def foreign() -> Path:
    if not (SHARED_DATA / "evalscope_run").is_dir():
        pytest.skip(f"needs evalscope's run in {SHARED_DATA} (QWQ_SHARED_DATA)")
    return SHARED_DATA / "evalscope_run"


def test_a_run_that_evalscope_made(foreign: Path) -> None:
    run = load_run(foreign / "predictions" / "qwen-plus")
    table = run.table().set_index("subset")
    assert list(table.n) == [43, 64, 64, 64, 64, 299]
    reported = json.loads((foreign / "reports" / "qwen-plus" / "math_500.json").read_text())
    assert table.accuracy["all"] == pytest.approx(reported["score"], abs=5e-4)
    assert list(run.samples().columns) == SAMPLES
    assert (run.state, run.model, run.demo, run.benchmarks) == ("complete", "qwen-plus", False, ["math_500"])
    sample = run.sample("math_500/level-1/0")
    assert sample.question
    assert sample.answer
    assert "Level 5" in run.report().text


def test_reasoning_that_evalscope_kept_is_read(foreign: Path) -> None:
    run = load_run(foreign / "predictions" / "deepseek-reasoner-v3.2")
    assert run.samples().reasoning_tokens.max() > 0
    assert max(len(r.completion.reasoning) for r in run.results() if r.completion) > 1000


def test_a_folder_with_several_models_asks_for_one(foreign: Path) -> None:
    with pytest.raises(UnknownRun, match=r"2 models \(deepseek-reasoner-v3\.2, qwen-plus\).*load_run\("):
        load_run(foreign)


def test_a_run_that_evalscope_made_cannot_be_resumed(foreign: Path) -> None:
    with pytest.raises(OptionError, match="made by evalscope"):
        resume_run(load_run(foreign / "predictions" / "qwen-plus"))


def test_our_own_run_read_as_evalscope_s(math: Run, tmp_path: Path) -> None:
    """Without our manifest a directory of ours is one of evalscope's."""
    shutil.copytree(math.path, tmp_path / "copy")
    for ours in (tmp_path / "copy").glob("qwq_*"):
        ours.unlink()
    run = load_run(tmp_path / "copy")
    outcomes = {(r.sample.subset, r.sample.index, r.repeat): r.outcome for r in run.results()}
    assert len(outcomes) == 78, "evalscope's files know nothing of errors"
    assert sum(outcome == "correct" for outcome in outcomes.values()) == math.table().correct.iloc[-1]


@pytest.mark.parametrize("rows", ["", "{}\n", '{"index": "x"}\n', '[1]\n{"index": 0, "model_output": null}\n'])
def test_predictions_that_cannot_be_read(tmp_path: Path, rows: str) -> None:
    folder = tmp_path / "predictions" / "m"
    folder.mkdir(parents=True)
    (folder / "math_500_Level 1.jsonl").write_text(rows)
    with pytest.raises(UnknownRun, match="holds no prediction that can be read"):
        load_run(tmp_path)


def test_results_are_the_records_themselves(math: Run) -> None:
    result: Any = next(r for r in math.results() if r.outcome == "correct")
    assert isinstance(result.completion, Completion)
    assert isinstance(result.verdict, Verdict)
