"""Whether a run may take another's place: what is decided, what is not, and what would decide."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from qwq_nb.analysis.gate.api import Gate, gate
from qwq_nb.analysis.gate.decision import GateRow, decided, more_problems, row_of
from qwq_nb.core.paired import difference_interval, tango
from qwq_nb.errors import OptionError
from qwq_nb.run.open import load_run
from tests.support.made_runs import made_run, result, results_of
from tests.support.paths import SHARED_DATA


def two(a: Any, b: Any, margin: float = 1, **changes: Any) -> Gate:
    return gate(made_run(results_of(a), "one"), made_run(results_of(b), "two", **changes), margin)


def aime(outcomes: str) -> list[Any]:
    return [result(i, o, benchmark="aime24", subset="default", id=f"aime24/{i}") for i, o in enumerate(outcomes)]


# -- decisions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "margin", "decision", "code"),
    [
        ("c" * 500, "c" * 500, 1, "GO", 0),
        ("c" * 450 + "w" * 50, "c" * 440 + "w" * 60, 5, "GO", 0),
        ("c" * 450 + "w" * 50, "c" * 400 + "w" * 100, 1, "NO-GO", 1),
        ("c" * 450 + "w" * 50, "c" * 440 + "w" * 60, 2, "INCONCLUSIVE", 2),
        ("c" * 30, "c" * 30, 1, "INCONCLUSIVE", 2),
        ("c" * 450 + "w" * 50, "c" * 480 + "w" * 20, 0, "GO", 0),
    ],
    ids=["alike", "worse by less", "worse by more", "not told", "too few", "better"],
)
def test_the_interval_decides_against_the_margin(a: str, b: str, margin: float, decision: str, code: int) -> None:
    found = two(a, b, margin)
    assert (found.decision, found.exit_code) == (decision, code)
    row = found.rows()[0]
    lost, gained = row.lost, row.gained
    assert (row.ci_low, row.ci_high) == tango(lost, gained, len(a))
    assert found.sentence.startswith(f"{decision}: ")
    assert found.text.startswith(found.sentence)
    assert found.sentence in found.html.replace("&#x27;", "'")
    assert decision in repr(found)


def test_a_is_the_run_that_is_known_and_b_the_one_to_take_its_place() -> None:
    full, quantised = made_run(results_of("c" * 300), "one"), made_run(results_of("c" * 240 + "w" * 60), "two")
    assert gate(full, quantised).decision == "NO-GO"
    assert gate(quantised, full).decision == "GO"
    assert "B (model-two) is worse than A (model-one) by more than 1 point." in gate(full, quantised).sentence


def test_the_table_has_a_row_a_benchmark_and_then_all_pairs_together() -> None:
    a = made_run(results_of("c" * 90 + "w" * 10) + aime("c" * 30), "one")
    b = made_run(results_of("c" * 89 + "w" * 11) + aime("c" * 29 + "w"), "two")
    table = gate(a, b, margin=10).table()
    assert tuple(table.columns) == GateRow.__struct_fields__
    assert list(table.benchmark) == ["math_500", "aime24", "pooled"]
    assert list(table.pairs) == [100, 30, 130]
    assert list(table.lost) == [1, 1, 2]
    assert list(table.decision) == ["GO", "INCONCLUSIVE", "GO"]
    assert (table.ci_low[2], table.ci_high[2]) == tango(2, 0, 130)


def test_repeats_are_counted_by_problem() -> None:
    a, b = ["cccc"] * 40, ["cccc"] * 36 + ["wwww"] * 4
    row = two(a, b, margin=5).rows()[0]
    assert (row.pairs, row.problems, row.lost) == (160, 40, 16)
    assert (row.ci_low, row.ci_high) == difference_interval([(4, 0, 0)] * 36 + [(4, 4, 0)] * 4)
    assert (row.ci_low or 0) < (tango(16, 0, 160)[0] or 0), "four copies of an answer are not four answers"


@pytest.mark.skipif(not (SHARED_DATA / "evalscope_run").is_dir(), reason="needs the shared data")
def test_two_models_of_a_real_run() -> None:
    plus, reasoner = (
        load_run(SHARED_DATA / "evalscope_run" / "predictions" / m) for m in ("qwen-plus", "deepseek-reasoner-v3.2")
    )
    assert gate(plus, reasoner, margin=1).decision == "GO"
    assert gate(plus, reasoner, margin=0.5).decision == "INCONCLUSIVE"


# -- what would decide -------------------------------------------------------------------------------------------------


def test_the_number_of_further_problems_decides_where_the_rates_stay() -> None:
    found = two("c" * 90 + "w" * 10, "c" * 89 + "w" * 11, margin=3)
    more = found.rows()[0].more_problems
    assert more is not None
    assert f"About {more:,} more problems would decide" in found.sentence
    problems = [(1, 1, 0)] + [(1, 0, 0)] * 99
    grown = (100 + more) / 100
    assert decided(tango(grown, 0, 100 * grown), 3) == "GO"
    less = (100 + more - 2) / 100
    assert decided(tango(less, 0, 100 * less), 3) == "INCONCLUSIVE"
    assert more_problems(problems, 3) == more


def test_where_the_margin_itself_is_seen_no_number_decides() -> None:
    found = two("c" * 90 + "w" * 10, "c" * 89 + "w" * 11, margin=1)
    assert found.rows()[0].more_problems is None
    assert "no number of problems would decide" in found.sentence


def test_of_true_differences_of_the_margin_one_in_forty_is_go() -> None:
    """10,000 pairs of runs whose true difference is the margin: 2.5 % GO is meant; the standard error is 0.16."""
    rng = np.random.default_rng(3)
    draws = rng.multinomial(500, [0.06, 0.03, 0.91], size=10_000)
    kinds, times = np.unique(draws[:, :2], axis=0, return_counts=True)
    go = sum(int(n) for (a, b), n in zip(kinds.tolist(), times, strict=True) if decided(tango(a, b, 500), 3) == "GO")
    assert 0.015 < go / 10_000 < 0.03


# -- what forbids a decision -------------------------------------------------------------------------------------------


def test_runs_that_cannot_be_compared_are_not_decided_on() -> None:
    a, b = "c" * 300, "c" * 150 + "t" * 150
    assert two(a, b).decision == "NO-GO", "the control: one token limit is part of the task"
    found = two(a, b, sampling={"max_tokens": 4096})
    assert found.decision == "INCONCLUSIVE"
    assert "answers were cut by token limits that are not the same" in found.sentence.lower()
    assert "max_tokens 4096 in B" in found.warnings[0]
    other = two("c" * 300, "c" * 300, data_hash={"math_500": "fedcba9876543210"})
    assert other.decision == "INCONCLUSIVE"


def test_a_benchmark_that_cannot_be_compared_keeps_the_whole_from_go() -> None:
    a = made_run(results_of("c" * 500) + aime("c" * 30), "one")
    b = made_run(results_of("c" * 500) + aime("c" * 10 + "t" * 20), "two", sampling={"max_tokens": 4096})
    found = gate(a, b)
    assert [row.decision for row in found.rows()] == ["GO", "INCONCLUSIVE", "GO"]
    assert found.decision == "INCONCLUSIVE"
    assert "Aime24 could not be decided" in found.sentence or "aime24 could not be decided" in found.sentence


def test_one_benchmark_that_is_no_go_stops_the_whole() -> None:
    a = made_run(results_of("c" * 1_000) + aime("c" * 30), "one")
    b = made_run(results_of("c" * 1_000) + aime("c" * 15 + "w" * 15), "two")
    found = gate(a, b, margin=3)
    assert [row.decision for row in found.rows()] == ["GO", "NO-GO", "GO"]
    assert found.decision == "NO-GO"
    assert "ime24 alone is NO-GO" in found.sentence


def test_answers_that_failed_may_not_hide_what_would_decide() -> None:
    """Left out as errors, the hardest problems would make a bad server pass."""
    found = two("c" * 500, "c" * 470 + "e" * 30)
    assert found.decision == "INCONCLUSIVE"
    assert "30 answers of B failed and are left out; counted as wrong, they would change the decision" in found.sentence
    assert two("c" * 470 + "w" * 30, "c" * 470 + "e" * 30).decision == "GO", "A has them wrong: nothing is hidden"


def test_nothing_in_common_decides_nothing() -> None:
    found = gate(made_run(results_of("ccc"), "one"), made_run(aime("ccc"), "two"))
    assert found.decision == "INCONCLUSIVE"
    assert "Nothing was answered by both" in found.sentence or "nothing" in found.sentence
    assert math.isnan(found.table().difference.astype(float).iloc[-1])


def test_a_demo_says_that_it_is_one() -> None:
    demos = made_run(results_of("c" * 500), "one", demo=True), made_run(results_of("c" * 500), "two", demo=True)
    assert gate(*demos).sentence.startswith("DEMO: GO")
    assert "These are demos" in gate(*demos).html
    assert gate(demos[0], made_run(results_of("c" * 500), "two")).decision == "INCONCLUSIVE"


# -- calls and views ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [-1, 101, math.nan, math.inf, True, "1"])
def test_a_margin_that_is_none_is_refused(margin: Any) -> None:
    with pytest.raises(OptionError, match="from 0 to 100"):
        two("c", "c", margin)


def test_a_name_is_no_run() -> None:
    with pytest.raises(OptionError, match="load_run"):
        gate(made_run(results_of("c")), "other")  # type: ignore[arg-type]


def test_names_cannot_break_out_of_the_page() -> None:
    evil = "<script>alert(1)</script>\x1b[31m"
    found = gate(made_run(results_of("ccc"), "one", model=evil), made_run(results_of("ccw"), "two", model="x"))
    assert "<script" not in found.html
    assert "\x1b" not in found.html + found.text


def test_saving_writes_a_page_or_text(tmp_path: Any) -> None:
    found = two("c" * 10, "c" * 10)
    assert found.save(tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert found.save(tmp_path / "a.txt").read_text(encoding="utf-8") == found.text


def test_no_pairs_make_no_row_of_numbers() -> None:
    row = row_of("x", [], (0, 0), 1.0)
    assert (row.difference, row.ci_low, row.decision) == (None, None, "INCONCLUSIVE")
