"""Runs of other tools as runs of ours: shown, compared and analysed; and our runs as logs of Inspect."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import qwq_nb
from qwq_nb.errors import OptionError, UnknownRun
from qwq_nb.run.imported_run import benchmark_of_tasks, natural_order
from qwq_nb.run.run import Run
from qwq_nb.run.withhold import WITHHELD

FILES = Path(__file__).parents[1] / "store" / "imported" / "files"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    shutil.copytree(FILES, tmp_path / "files")
    return tmp_path / "files"


def test_a_log_of_inspect_has_a_table_by_level(files: Path) -> None:
    run = qwq_nb.load_run(files / "inspect_math.eval")
    table = run.table()
    assert list(table.subset) == ["Level 1", "Level 2", "Level 3", "Level 4", "Level 5", "all"]
    assert table.accuracy.iloc[-1] == 25 / 32
    assert list(table.n) == [6, 6, 6, 8, 6, 32]
    assert "made by Inspect 0.3.285" in " ".join(run.manifest.notes)
    assert run.sample("math_demo/level-1/0").source_id == "demo/prealgebra/1.json"
    assert "<table" in run._repr_mimebundle_()["text/html"]  # type: ignore[operator]


@pytest.mark.parametrize("path", ["inspect_math.eval", "lm_eval", "lighteval"])
def test_its_reasoning_is_measured_like_ours(files: Path, path: str) -> None:
    run = qwq_nb.load_run(files / path)
    rows = qwq_nb.think(run).table()
    assert rows.n.iloc[-1] == len(run.results())
    assert rows.known.iloc[-1] >= len(run.results()) // 2
    assert len(qwq_nb.budget(run).table())
    assert run.check() is not None
    # Measured once: it is kept beside the file.
    kept = files / f"{path}.qwq" if path.endswith(".eval") else files / path
    assert (kept / "qwq_analysis.jsonl").is_file()


def test_two_tools_are_compared_by_the_data_set_s_own_ids(files: Path) -> None:
    inspect, nemo = qwq_nb.load_run(files / "inspect_math.eval"), qwq_nb.load_run(files / "nemo_evaluator")
    assert nemo.benchmarks == ["math_500"]
    renamed = json.loads((files / "nemo_evaluator" / "eval-20261128T060041Z-math500.json").read_text())
    renamed["benchmark"]["name"] = "math_demo"
    (files / "nemo_evaluator" / "eval-20261128T060041Z-math500.json").write_text(json.dumps(renamed))
    found = qwq_nb.compare(inspect, qwq_nb.load_run(files / "nemo_evaluator"))
    table = found.table()
    assert table[table.subset == "all"].pairs.iloc[0] == 12
    assert any("made by Inspect 0.3.285" in line for line in found.warnings)
    assert any("made by NeMo-Evaluator 0.3.0" in line for line in found.warnings)


def test_texts_of_gpqa_are_withheld_whatever_a_tool_calls_it(files: Path) -> None:
    run = qwq_nb.load_run(files / "inspect_choice.eval")
    assert run.withheld == ["gpqa_demo"]
    assert "spin-1/2" not in str(run._repr_mimebundle_())


def test_a_ruling_is_kept_beside_the_file(files: Path) -> None:
    run = qwq_nb.load_run(files / "inspect_math.eval")
    wrong = next(result for result in run.results() if result.outcome == "wrong")
    run.rule(wrong.sample.id, correct=True, repeat=wrong.repeat, note="equal")
    assert (files / "inspect_math.eval.qwq" / "qwq_rulings.jsonl").is_file()
    assert len(qwq_nb.load_run(files / "inspect_math.eval").rulings()) == 1


def test_it_cannot_be_resumed(files: Path) -> None:
    with pytest.raises(OptionError, match=r"was made by lm-eval 0\.4\.13"):
        qwq_nb.resume_run(qwq_nb.load_run(files / "lm_eval"))


def test_chats_with_references_are_graded_here(tmp_path: Path) -> None:
    rows = [
        {"prompt": "What is 1/2?", "response": "<think>half</think>It is \\boxed{0.5}", "gold": "\\frac12"},
        {"prompt": "What is 3*3?", "response": "The answer is 8.", "gold": "9"},
        {"prompt": "Write a poem.", "response": "Roses are red."},
        {"prompt": "Which? A or B", "response": "", "error": "timed out", "gold": "4"},
    ]
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    run = qwq_nb.load_run(file)
    assert [result.outcome for result in run.results()] == ["correct", "wrong", "awaiting_ruling", "error"]
    assert "2 answers came without a score" in " ".join(run.manifest.notes)
    assert run.sample("mine/0").reasoning == "half"


def test_letters_among_choices_are_graded_as_letters(tmp_path: Path) -> None:
    row = {"prompt": "Which?", "choices": ["red", "blue"], "gold": "B"}
    answers = ["The answer is (B).", "Answer: A", "blue"]
    rows = [{**row, "id": number, "response": answer} for number, answer in enumerate(answers)]
    file = tmp_path / "choices.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert [result.outcome for result in qwq_nb.load_run(file).results()] == ["correct", "wrong", "correct"]


def test_names_of_tasks_are_evalscope_s_where_they_mean_its_benchmarks() -> None:
    assert benchmark_of_tasks(["minerva_math500", "lighteval|aime24|0", "mine"]) == {
        "minerva_math500": "math_500",
        "lighteval|aime24|0": "aime24",
        "mine": "mine",
    }
    both = benchmark_of_tasks(["math_500", "minerva_math500"])
    assert set(both.values()) == {"math_500", "minerva_math500"}, "two tasks are not thrown together"


def test_levels_stand_in_the_order_of_their_numbers() -> None:
    assert sorted(["Level 10", "Level 2", "algebra"], key=natural_order) == ["Level 2", "Level 10", "algebra"]


def test_an_empty_file_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(UnknownRun, match="There is no run"):
        qwq_nb.load_run(tmp_path / "empty.jsonl")


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("demo")
    return qwq_nb.evaluate("math_500", "gpqa_diamond", demo=True, limit=10, repeats=2, out=out, show=False)


def test_our_run_is_a_log_of_inspect_and_comes_back_the_same(demo_run: Run, tmp_path: Path) -> None:
    file = demo_run.export(tmp_path / "math_500.eval")
    back = qwq_nb.load_run(file)
    ours = [result for result in demo_run.results() if result.sample.benchmark == "math_500"]
    assert [r.outcome == "correct" for r in back.results()] == [r.outcome == "correct" for r in ours]
    for mine, theirs in zip(ours, back.results(), strict=True):
        assert mine.completion is not None
        assert theirs.completion is not None
        assert theirs.completion.reasoning == mine.completion.reasoning
        assert theirs.completion.answer == mine.completion.answer
        assert theirs.completion.completion_tokens == mine.completion.completion_tokens
        assert theirs.completion.is_truncated == mine.completion.is_truncated


def test_of_several_benchmarks_the_file_s_name_says_which(demo_run: Run, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"end the file's name with the one that is meant, run\.export\('math_500"):
        demo_run.export(tmp_path / "all.eval")
    assert len(qwq_nb.load_run(demo_run.export(tmp_path / "gpqa_diamond.eval")).results()) == 20


def test_withheld_texts_stay_out_of_the_log(tmp_path: Path) -> None:
    run = qwq_nb.load_run(shutil.copy(FILES / "inspect_choice.eval", tmp_path / "a.eval"))
    back = qwq_nb.load_run(run.export(tmp_path / "b.eval"))
    assert {result.sample.question for result in back.results()} == {WITHHELD}
    shown = qwq_nb.load_run(run.reveal().export(tmp_path / "c.eval"))
    assert "spin-1/2" in shown.results()[0].sample.question
