"""The free budget curve: what a run's traces tell without a request, of made and of real runs."""

from __future__ import annotations

import json
import shutil
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.analysis.budget.answers import answers_of
from qwq_nb.analysis.budget.api import BudgetCurve, budget
from qwq_nb.analysis.budget.bars import MOST_ROWS, drawn_rows
from qwq_nb.analysis.budget.curve import curve_point, steps_of, thinking_use, widest_gap
from qwq_nb.analysis.budget.grid import budgets_between, checked_budgets
from qwq_nb.analysis.think.api import think
from qwq_nb.core.records import Analysis, SampleResult
from qwq_nb.core.stats import wilson
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.trace.measure import VERSION
from qwq_nb.trace.question_kinds import is_choice
from tests.support.demo_server import own_endpoint
from tests.support.made_runs import made_run, result
from tests.support.math_problems import MATH
from tests.support.paths import SHARED_DATA

CHARS = 1000


def traced(
    number: int, outcome: str = "c", *, tokens: int = 1000, stated: int | None = None, repeat: int = 0, **changes: Any
) -> SampleResult:
    """An answer with `tokens` of reasoning, that states the right answer within `stated` of them."""
    found = result(number, outcome, repeat, tokens=tokens, reasoning="x" * CHARS, **changes)
    at = None if stated is None else (max(0, stated * CHARS // tokens - 1), stated * CHARS // tokens)
    found.analysis = Analysis(version=VERSION, chars=CHARS, first_correct=at)
    if outcome == "t" and found.completion is not None:
        found.completion.answer, found.completion.finish_reason = "", "length"
    return found


FOUR = [
    traced(1, stated=200),
    traced(2, stated=500, tokens=2000),
    traced(3, "w", tokens=4000, stated=3000),
    traced(4, "t", tokens=8000),
]
"""Two right, one that left the right answer, one cut without it."""


def test_the_shares_are_of_all_answers() -> None:
    answers = answers_of(FOUR)
    assert [a.stated for a in answers] == [200, 500, 3000, None]
    assert [a.ended for a in answers] == [True, True, True, False]
    seen = {k: curve_point(answers, k) for k in (0, 199, 200, 500, 1000, 2000, 3000, 4000, 8000)}
    assert [p.stands.value for p in seen.values()] == [0, 0, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75, 0.75]
    assert [p.ended_right.value for p in seen.values()] == [0, 0, 0, 0, 0.25, 0.5, 0.5, 0.5, 0.5]
    assert [p.ended.value for p in seen.values()] == [0, 0, 0, 0, 0.25, 0.5, 0.5, 0.75, 0.75]
    assert (seen[500].stands.low, seen[500].stands.high) == wilson(2, 4)


def test_what_the_tokens_went_into() -> None:
    use = thinking_use(answers_of(FOUR))
    assert use.tokens == 15_000
    assert use.after.value == pytest.approx((800 + 1500 + 1000) / 15_000)
    assert use.never.value == pytest.approx(8000 / 15_000)
    assert use.xi_o.value == pytest.approx((0.2 + 0.25 + 0.75 + 0) / 4), "whatever the verdict"
    assert use.xi_ut.value == pytest.approx((1 - 3000 / 4000 + 0) / 2)
    assert use.after_tokens.value == pytest.approx(1100)
    assert use.after_tokens.n == 3
    assert (use.never_tokens.value, use.never_tokens.n) == (8000, 1)
    assert (use.cut, use.unplaced) == (1, 0)


def test_the_scores_of_the_literature_are_those_of_think() -> None:
    run = made_run([*FOUR, traced(5)])
    row = think(run).table().query("subset == 'all'").iloc[0]
    use = budget(run).use().iloc[0]
    for own, name in (("xi_o", "outcome_efficiency"), ("xi_ut", "underthinking_score")):
        for end in ("", "_low", "_high"):
            assert use[own + end] == pytest.approx(row[name + end])
    assert use.unplaced == 1


def test_a_right_answer_whose_place_is_not_found_is_stated_at_its_end() -> None:
    (answer,) = answers_of([traced(1, tokens=900)])
    assert (answer.stated, answer.is_found) == (900, False)


def test_an_answer_cut_after_its_reasoning_had_ended_did_end() -> None:
    late = traced(1, tokens=900, stated=300)
    assert late.completion is not None
    late.completion.limit_reached = True
    (answer,) = answers_of([late])
    assert (answer.ended, answer.right) == (True, True)


def test_failed_and_unasked_samples_are_left_out_and_said() -> None:
    curve = budget(made_run([*FOUR, result(5, "e"), result(6, "p")]))
    assert set(curve.table().n) == {4}
    assert "2 answers failed or not asked yet" in str(curve)


def test_repeats_widen_the_intervals() -> None:
    once = [traced(i, stated=100 if i % 2 else 900) for i in range(20)]
    often = [traced(i, stated=100 if i % 2 else 900, repeat=k) for i in range(20) for k in range(8)]
    single, repeated = (curve_point(answers_of(rows), 500).stands for rows in (once, often))
    assert repeated.low is not None
    assert repeated.high is not None
    assert single.low is not None
    assert single.high is not None
    assert repeated.low <= single.low < single.high <= repeated.high, "copies of an answer say nothing new"
    uses = [thinking_use(answers_of(rows)) for rows in (once, often)]
    assert uses[0].after.low == pytest.approx(uses[1].after.low)
    assert uses[0].xi_o.low == pytest.approx(uses[1].xi_o.low)


def test_multiple_choice_has_a_lower_bound_and_nothing_that_depends_on_the_place() -> None:
    letters = [traced(i, stated=100, gold="B", choices=["1", "2"], benchmark="gpqa_diamond") for i in range(4)]
    curve = budget(made_run(letters))
    use = curve.use().iloc[0]
    assert all(isnan(use[name]) for name in ("xi_o", "xi_ut", "after", "never"))
    assert curve.table().stands.iloc[-1] == 1
    assert curve.table().stands_low.isna().all()
    assert "lower bound, not validated" in str(curve)
    assert "≥ 100.0 %" in str(curve)
    assert is_choice([result(1, gold="C")])
    assert not is_choice([result(1, gold="12")])


def test_of_programs_no_place_is_known_and_no_curve_drawn() -> None:
    curve = budget(made_run([traced(i, benchmark="humaneval") for i in range(3)]))
    assert curve.table().stands.isna().all()
    assert curve.table().ended_right.iloc[-1] == 1
    names = {trace.name for trace in curve.plot().figure.data}
    assert "right answer stated" not in names
    assert "given, and right" in names


@pytest.mark.parametrize(
    ("tokens", "grid", "named", "budgets"),
    [
        ([8000.0, 30000.0], "octaves", None, [0, 256, 512, 1024, 2048, 4096, 8192, 16384, 30000]),
        ([3000.0], "half", None, [0, 256, 362, 512, 724, 1024, 1448, 2048, 2896, 3000]),
        ([200.0, 300.0], "octaves", None, [0, 32, 64, 128, 256, 300]),
        ([900.0], "octaves", [500, 2000, 100], [100, 500, 900]),
        ([0.0], "octaves", None, [0]),
    ],
)
def test_budgets(tokens: list[float], grid: Any, named: list[int] | None, budgets: list[int]) -> None:
    assert budgets_between(tokens, grid, named) == budgets


@pytest.mark.parametrize("given", ["", "1k", "-5", "1.5", [True], "99999999999", [None]])
def test_what_is_no_budget_is_refused(given: Any) -> None:
    with pytest.raises(OptionError, match="--budgets takes"):
        checked_budgets(given)


def test_named_budgets_are_sorted() -> None:
    assert checked_budgets("2_000, 500,500") == [500, 2000]


def test_the_widest_gap_is_said() -> None:
    answers = answers_of(FOUR)
    widest = widest_gap([curve_point(answers, k) for k in steps_of(answers, 100)])
    assert widest is not None
    assert widest.budget == 500
    assert "By 500 tokens 50.0 % have stated the right answer, 0.0 % have given it." in str(budget(made_run(FOUR)))


def test_the_figure_has_two_panels_on_one_axis_and_its_caption() -> None:
    figure = budget(made_run(FOUR)).plot().figure
    assert {trace.xaxis for trace in figure.data} == {"x"}
    assert {trace.yaxis for trace in figure.data} == {"y", "y2"}
    assert [button.label for button in figure.layout.updatemenus[0].buttons] == ["log", "linear"]
    assert any("Stated once is not the same as answered" in note.text for note in figure.layout.annotations)
    bars = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    assert list(bars["before the right answer"].base) == [1, 1, 1]
    ends = [b + x for b, x in zip(bars["after it"].base, bars["after it"].x, strict=True)]
    assert ends == [1000, 2000, 4000]
    assert bars["never stated"].customdata[0][1:3] == ["math_500/4", 0], "a click knows the sample"
    assert bars["after it"].customdata[0][3] == 200, "and the place in its reasoning"
    assert figure.layout.meta["qwq"] == {"study": "budget", "runs": {"x": "qwq_runs/one"}}


def test_six_runs_at_most_a_panel_each() -> None:
    runs = [made_run(FOUR, f"run{i}") for i in range(6)]
    figure = budget(*runs).plot().figure
    assert len({trace.xaxis for trace in figure.data}) == 6
    assert figure.layout.xaxis.tickangle == 0
    assert len(figure.layout.xaxis.ticktext) <= 2, "as many as have room in a third of the width"
    assert len(budget(runs[0]).plot().figure.layout.xaxis.ticktext) > 2
    with pytest.raises(OptionError, match="one to 6 runs, not 7"):
        budget(*runs, made_run(FOUR, "seventh"))
    with pytest.raises(OptionError, match="one to 6 runs, not 0"):
        budget()


def test_of_many_answers_neighbours_are_drawn_as_one() -> None:
    answers = answers_of([traced(i, stated=1 + i % 900) for i in range(1200)])
    rows = drawn_rows(answers)
    assert len(rows) == 400 <= MOST_ROWS
    assert rows[0].label.endswith("and 2 more")
    assert [r.stated for r in rows] == sorted(r.stated or 0 for r in rows)


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(OptionError, match="no answer that counts yet"):
        budget(made_run([result(1, "e")]))
    with pytest.raises(OptionError, match="octaves, half"):
        budget(made_run(FOUR), grid="fine")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="takes runs, not str"):
        budget("run")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="Did you mean 'math_500'"):
        budget(made_run(FOUR)).plot("math_50")


def test_a_real_run_has_its_curve_and_the_files(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", endpoint=own_endpoint(server), data=MATH, levels=[1, 2], show=False)
    curve = run.budget()
    assert isinstance(curve, BudgetCurve)
    table = curve.table()
    assert list(table.columns[3:10]) == ["budget", "accuracy", "ci_low", "ci_high", "stands", "ended", "n"]
    assert table.stands.is_monotonic_increasing
    assert (table.stands >= table.ended_right).all()
    assert table.ended_right.iloc[-1] == run.accuracies()["math_500"]
    assert list(curve.samples().columns[2:4]) == ["id", "repeat"]
    assert str(load_run(run.path).budget()) == str(curve), "what is saved is read back"
    assert curve.save(tmp_path / "c.csv").read_text().startswith("run,model,benchmark,budget,")
    assert "<table" in curve.save(tmp_path / "c.html").read_text()
    assert curve.plot().save(tmp_path / "figure.html").stat().st_size > 1_000_000
    assert set(curve._repr_mimebundle_()) == {"text/html", "text/plain"}
    assert "<script" not in curve.html


def test_names_of_models_and_benchmarks_are_escaped() -> None:
    curve = budget(made_run([traced(1, stated=10, benchmark="<b>x")], model="<script>alert(1)</script>"))
    assert "<script>" not in curve.html
    assert "<script>" not in json.dumps(curve.plot().figure.to_plotly_json()["layout"], default=str)


@pytest.mark.skipif(not (SHARED_DATA / "evalscope_run").is_dir(), reason="the recorded run is not here")
def test_a_run_that_evalscope_made(tmp_path: Path) -> None:
    there = tmp_path / "es"
    for kind in ("predictions", "reviews"):
        file = Path(kind, "deepseek-reasoner-v3.2", "math_500_Level 1.jsonl")
        (there / file).parent.mkdir(parents=True)
        shutil.copy(SHARED_DATA / "evalscope_run" / file, there / file)
    run: Run = load_run(there / "predictions" / "deepseek-reasoner-v3.2")
    curve = budget(run)
    table = curve.table().set_index("budget")
    assert table.loc[256, "stands"] > table.loc[256, "ended_right"] + 0.1
    assert 0 < curve.use().iloc[0].after < 1
