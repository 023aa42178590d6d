"""Verdicts checked by hand: which are listed, the place at which each opens, and what a reader's own rulings do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.core.records import SampleResult, Verdict
from qwq_nb.errors import OptionError
from qwq_nb.run.run import Run
from qwq_nb.store.rulings import RULINGS
from tests.support.made_runs import made_run, result, results_of


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qwq_runs" / "one").mkdir(parents=True)
    return tmp_path / "qwq_runs" / "one"


def flagged(number: int, outcome: str, flag: str, **texts: Any) -> SampleResult:
    return result(number, outcome, flags=[flag], **texts)


def checked() -> Run:
    return made_run(
        [
            result(0),
            flagged(1, "w", "check_by_hand", answer=r"It is \boxed{1,0}, so \boxed{<b>1</b>}. " + "Good. " * 300),
            flagged(2, "w", "present_not_extracted", answer="All told the value 2 is what it comes to."),
            result(3, "n", answer=""),
            flagged(4, "w", "check_by_hand", benchmark="gpqa_diamond", subset="default", question="SECRET?"),
        ]
    )


def test_what_is_worth_a_look_is_listed_at_its_place(in_folder: Path) -> None:
    listed = checked().check()
    table = listed.table()
    assert list(table.id) == ["math_500/1", "math_500/2", "math_500/3", "math_500/4"]
    assert list(table.reasons) == ["check_by_hand", "present_not_extracted", "no_answer", "check_by_hand"]
    html = listed.html
    assert r"<mark><span>\(\boxed{&lt;b&gt;1&lt;/b&gt;}\)</span></mark>" in html, "the last box, escaped"
    assert "characters after" in html
    assert "<mark>2</mark>" in html, "the gold value, as a number of its own"
    assert "SECRET" not in html + str(listed), "GPQA's texts are withheld"
    assert "4 verdicts of 5 to check by hand, 4 without a ruling" in str(listed)


def test_a_ruling_stands_beside_the_official_verdict(in_folder: Path) -> None:
    run = made_run(results_of(["c", "w", "w"]))
    run.rule("math_500/1", correct=True, note="the grader misread it")
    run.rule("test/2.json", correct=False)
    assert run.accuracies() == {"math_500": pytest.approx(1 / 3)}, "the verdict itself stays"
    assert list(run.rulings().ruling) == ["correct", "not correct"]
    whole = run.ruled_table().set_index("subset").loc["all"]
    assert (whole.rulings, whole.changed) == (2, 1)
    assert (whole.accuracy, whole.ruled_accuracy) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert whole.ruled_ci_low < whole.ruled_accuracy < whole.ruled_ci_high
    assert any("with 2 rulings by hand 66.7 % instead of 33.3 %" in note for note in run.record().notes)


def test_the_last_ruling_counts_and_can_be_taken_back(in_folder: Path) -> None:
    run = made_run(results_of(["w"]))
    run.rule("math_500/0", correct=True)
    run.rule("math_500/0", correct=False)
    assert list(run.rulings().ruling) == ["not correct"]
    run.rule("math_500/0", correct=None)
    assert run.rulings().empty
    assert len((in_folder / RULINGS).read_text(encoding="utf-8").splitlines()) == 3, "nothing is ever rewritten"


def test_a_ruling_is_of_one_answer(in_folder: Path) -> None:
    made_run(results_of(["w"])).rule("math_500/0", correct=True)
    again = made_run([result(0, "w", answer="Another answer.")])
    assert list(again.rulings().applies) == [False]
    assert again.ruled_table().set_index("subset").loc["all"].ruled_accuracy == 0
    other = made_run(results_of(["w"]), model="another model")
    assert other.rulings().empty, "evalscope keeps several models in one directory"


def test_a_torn_or_foreign_row_is_passed_over(in_folder: Path) -> None:
    run = made_run(results_of(["w"]))
    run.rule("math_500/0", correct=True)
    with open(in_folder / RULINGS, "a", encoding="utf-8") as file:
        file.write(json.dumps({"id": 7, "correct": "yes"}) + "\n" + '{"id": "math_500/0", "corr')
    assert list(run.rulings().ruling) == ["correct"]


def test_what_cannot_be_ruled_on(in_folder: Path) -> None:
    run = made_run(results_of(["e", "w"]))
    with pytest.raises(OptionError, match="has no answer to rule on: it is error"):
        run.rule("math_500/0")
    with pytest.raises(OptionError, match="True, False or None"):
        run.rule("math_500/1", correct="yes")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no sample 'math_500/9'"):
        run.rule("math_500/9")
    with pytest.raises(OptionError, match="no repeat 3"):
        run.rule("math_500/1", repeat=3)


def test_a_ruling_shows_on_the_list(in_folder: Path) -> None:
    run = checked()
    run.rule("math_500/1", correct=True, note="<i>fine</i>")
    listed = run.check()
    assert next(iter(listed)).id == "math_500/2", "those without a ruling come first"
    assert "ruled correct" in listed.html
    assert "&lt;i&gt;fine" in listed.html
    assert listed.table().set_index("id").loc["math_500/1", "ruling"]


def test_nothing_to_check(in_folder: Path) -> None:
    run = made_run([msgspec.structs.replace(result(0), verdict=Verdict(correct=True, extracted="0"))])
    assert str(run.check()) == "one: Nothing to check by hand among 1 answer."
