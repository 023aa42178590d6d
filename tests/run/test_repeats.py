"""avg@k, pass@k and cons@k against enumeration of every draw, and their intervals against stats and a bootstrap."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwq_nb.core.records import Completion, Outcome, Sample, SampleResult, Verdict
from qwq_nb.core.stats import clustered_interval, wilson
from qwq_nb.run.repeats import (
    REPEAT_COLUMNS,
    Votes,
    cons_at_k,
    counts_of,
    mean_interval,
    repeat_rows,
    vote_key,
    votes_of,
)

Groups = tuple[tuple[int, float], ...]


def result(problem: int, repeat: int, extracted: str = "", outcome: Outcome = "wrong", **verdict: Any) -> SampleResult:
    sample = Sample(
        benchmark="math_500", subset="Level 1", id=f"p{problem}", index=problem, question="q", gold="7", messages=[]
    )
    given = None
    if outcome not in ("error", "pending"):
        given = Verdict(extracted=extracted, correct=outcome == "correct", **verdict)
    return SampleResult(
        sample=sample, repeat=repeat, outcome=outcome, verdict=given, completion=Completion(answer=extracted)
    )


def answers(problem: int, *extracted: str, gold: str = "7") -> list[SampleResult]:
    """`!` is an error, `` no answer, the gold value is correct."""
    made = []
    for repeat, text in enumerate(extracted):
        outcome: Outcome = "error" if text == "!" else "correct" if text == gold else "wrong" if text else "no_answer"
        made.append(result(problem, repeat, "" if text == "!" else text, outcome))
    return made


def enumerated(groups: Groups, silent: int, k: int) -> float:
    """Every draw of k, one by one."""
    voters = [i for i, (size, _) in enumerate(groups) for _ in range(size)] + [-1] * silent
    total = 0.0
    for draw in combinations(voters, k):
        counts = {i: draw.count(i) for i in draw if i >= 0}
        if counts:
            winners = [i for i, c in counts.items() if c == max(counts.values())]
            total += sum(groups[i][1] for i in winners) / len(winners)
    return total / comb(len(voters), k)


GROUPS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0.0, 1.0, 0.5])), max_size=4).map(tuple)


@settings(max_examples=150, deadline=None)
@given(GROUPS, st.integers(0, 3), st.data())
def test_cons_at_k_is_the_mean_over_all_draws(groups: Groups, silent: int, data: st.DataObject) -> None:
    n = sum(size for size, _ in groups) + silent
    if not n:
        return
    k = data.draw(st.integers(1, n))
    assert cons_at_k(groups, silent, k) == pytest.approx(enumerated(groups, silent, k), abs=1e-12)


def test_cons_at_k_by_hand() -> None:
    assert cons_at_k(((1, 0.0), (2, 1.0)), 0, 3) == 1.0
    assert cons_at_k(((2, 0.0), (2, 1.0)), 0, 4) == 0.5, "a tie is shared"
    assert cons_at_k(((2, 0.0), (2, 1.0), (1, 0.0)), 3, 8) == 0.5, "the silent do not vote"
    assert cons_at_k((), 4, 2) == 0.0
    assert cons_at_k(((3, 1.0), (1, 0.0)), 0, 1) == pytest.approx(0.75)
    # 2 of 4 drawn, 3 of them right: both right C(3,2)/C(4,2) = 1/2, else a tie.
    assert cons_at_k(((3, 1.0), (1, 0.0)), 0, 2) == pytest.approx(0.75)


def test_cons_at_k_of_very_many_answers_is_a_share() -> None:
    value = cons_at_k(((700, 1.0), (600, 0.0), (1, 0.0)), 400, 100)
    assert 0.7 < value < 1.0


@pytest.mark.parametrize("k", [0, 4])
def test_cons_at_k_needs_k_answers(k: int) -> None:
    with pytest.raises(ValueError, match=f"cons@{k} of 3 answers"):
        cons_at_k(((2, 1.0),), 1, k)


# -- who votes with whom -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0.50", r"\frac{1}{2}"),
        (r"\dfrac12", "1/2"),
        ("1,234", "1234"),
        ("1{,}234", "1234.0"),
        ("007", "7"),
        ("+3", "3"),
        (r"-\frac{2}{4}", "-0.5"),
        (r"\left(1, 2\right)", "(1,2)"),
        (r"\text{ yes }", "yes"),
        ("$x^2$", "x^2"),
    ],
)
def test_equal_answers_have_one_key(one: str, other: str) -> None:
    assert vote_key(one) == vote_key(other)


@pytest.mark.parametrize(("one", "other"), [("1,2", "12"), ("x", "X"), ("1/0", "0"), ("12,34", "1234"), ("-1", "1")])
def test_other_answers_have_another(one: str, other: str) -> None:
    assert vote_key(one) != vote_key(other)


@given(st.text(max_size=60) | st.sampled_from([r"\frac{1}{0}", "9" * 5000, "1e999999", ".", "-", "\ud800", "{,}"]))
def test_any_text_has_a_key(text: str) -> None:
    assert isinstance(vote_key(text), str)


def test_what_the_grader_takes_for_right_votes_as_one() -> None:
    """The benchmark's own equivalence: `2\\sqrt{2}` and `\\sqrt{8}` both passed as the gold value."""
    right = [result(0, 0, r"2\sqrt{2}", "correct"), result(0, 1, r"\sqrt{8}", "correct")]
    wrong = [result(0, 2, "3"), result(0, 3, "3.0"), result(0, 4, "4")]
    assert votes_of(right + wrong) == Votes(5, 2, ((1, 0.0), (2, 0.0), (2, 1.0)))


def test_an_answer_the_grader_gave_up_on_votes_with_its_like_and_weighs_nothing() -> None:
    gave_up = result(0, 1, "7.0", "not_gradable", status="deadline")
    assert votes_of([result(0, 0, "7", "correct"), gave_up]).groups == ((2, 1.0),)
    assert votes_of([gave_up]).groups == ((1, 0.0),)


def test_no_answer_is_silent_and_errors_are_not_there() -> None:
    votes = votes_of(answers(0, "7", "", "!"))
    assert (votes.n, votes.correct, votes.groups, votes.silent) == (2, 1, ((1, 1.0),), 1)


def test_a_right_answer_without_an_extracted_value_votes() -> None:
    assert votes_of([result(0, 0, "", "correct")]) == Votes(1, 1, ((1, 1.0),))


# -- rows ----------------------------------------------------------------------------------------------------------


def test_the_row_s_fields_are_the_columns_and_k_doubles() -> None:
    rows = repeat_rows([*answers(0, "7", "7", "3", "3", "4", "7"), *answers(1, "1", "7", "1", "", "2", "1")])
    assert REPEAT_COLUMNS[:4] == ("benchmark", "subset", "k", "problems")
    assert [(r.subset, r.k) for r in rows] == [(s, k) for s in ("Level 1", "all") for k in (1, 2, 4, 6)]
    last = rows[3]
    assert last.avg_at_k == pytest.approx(4 / 12)
    assert (last.pass_at_k, last.cons_at_k) == (1.0, 0.5)
    assert rows[1].pass_at_k == pytest.approx(((1 - comb(3, 2) / comb(6, 2)) + (1 - comb(5, 2) / comb(6, 2))) / 2)
    assert counts_of(1) == [1]
    assert counts_of(0) == [1]
    assert counts_of(5) == [1, 2, 4, 5]
    assert counts_of(8) == [1, 2, 4, 8]


def test_errors_are_left_out_and_counted() -> None:
    rows = repeat_rows([*answers(0, "7", "!"), *answers(1, "3", "7")])
    one, two = rows[:2]
    assert (one.k, one.problems, one.short, one.left_out, one.avg_at_k) == (1, 2, 0, 1, 0.75)
    assert (two.k, two.problems, two.short, two.left_out, two.avg_at_k) == (2, 1, 1, 1, 0.5)


def test_nothing_finished_is_a_row_of_nothing() -> None:
    (row, _) = repeat_rows(answers(0, "!", "!"))
    assert (row.k, row.problems, row.short, row.left_out) == (1, 0, 1, 2)
    assert (row.avg_at_k, row.avg_low, row.cons_at_k, row.pass_high) == (None, None, None, None)
    assert repeat_rows([]) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["7", "1", "2", "3", ""]), min_size=4, max_size=4), min_size=1, max_size=8))
def test_what_must_hold_of_every_run(problems: list[list[str]]) -> None:
    rows = repeat_rows([r for i, texts in enumerate(problems) for r in answers(i, *texts)])
    one, two, four = rows[:3]
    assert one.avg_at_k == pytest.approx(one.pass_at_k)
    assert one.avg_at_k == pytest.approx(one.cons_at_k)
    assert one.pass_at_k is not None
    assert two.pass_at_k is not None
    assert four.pass_at_k is not None
    assert four.cons_at_k is not None
    assert one.pass_at_k <= two.pass_at_k + 1e-12 <= four.pass_at_k + 2e-12
    assert four.cons_at_k <= four.pass_at_k + 1e-12
    low, high = clustered_interval([[text == "7" for text in texts] for texts in problems])
    for row in rows[:3]:
        assert (row.avg_low, row.avg_high) == pytest.approx((low, high)), "as in run.table()"
        for name in ("avg", "pass", "cons"):
            value, ends = getattr(row, f"{name}_at_k"), (getattr(row, f"{name}_low"), getattr(row, f"{name}_high"))
            assert 0 <= ends[0] <= value + 1e-9
            assert value - 1e-9 <= ends[1] <= 1
            assert ends[0] < ends[1]


# -- intervals -----------------------------------------------------------------------------------------------------


def test_one_draw_a_problem_is_wilson() -> None:
    values = [1.0] * 12 + [0.0] * 8
    assert mean_interval(values, 20) == pytest.approx(wilson(12, 20))
    assert mean_interval([1.0] * 20, 80) == pytest.approx(wilson(20, 20))
    assert mean_interval([], 0) == (None, None)


def test_values_that_are_all_alike_count_every_draw_and_no_more() -> None:
    assert mean_interval([0.5] * 10, 40) == pytest.approx(wilson(20, 40), abs=0.02)


def test_the_interval_is_as_wide_as_a_bootstrap_over_problems() -> None:
    """Percentile bootstrap (Efron 1979) of 10,000 draws of problems, seed 0; 200 problems, so both should agree."""
    rng = np.random.default_rng(0)
    rate = rng.beta(2, 2, 200)
    correct = rng.binomial(8, rate)
    values = [1 - comb(8 - c, 2) / comb(8, 2) for c in correct.tolist()]
    low, high = mean_interval(values, 200 * 8 / 2)
    means = rng.choice(values, (10_000, 200)).mean(axis=1)
    expected = np.quantile(means, [0.025, 0.975])
    assert low is not None
    assert high is not None
    assert (low, high) == pytest.approx(tuple(expected), abs=0.006)


def test_the_interval_covers_at_its_rate() -> None:
    """2,000 runs of 40 problems × 4 from known rates, seed 1: 95 % of the intervals hold the true pass@2."""
    rng = np.random.default_rng(1)
    rates = rng.beta(1.5, 1.5, (2_000, 40))
    # E[(1 - p)²] of Beta(a, a) is (a + 1) / (4 a + 2).
    exact = 1 - 2.5 / 8
    correct = rng.binomial(4, rates)
    table = np.array([1 - comb(4 - c, 2) / comb(4, 2) for c in range(5)])
    held = 0
    for values in table[correct]:
        low, high = mean_interval(values.tolist(), 80)
        assert low is not None
        assert high is not None
        held += low <= exact <= high
    assert 0.93 < held / 2_000 < 0.985


@pytest.mark.parametrize(("problems", "mean", "k"), [(5, 0.5, 4), (8, 0.8, 4), (30, 0.9, 4)])
def test_few_problems_are_covered(problems: int, mean: float, k: int) -> None:
    """pass@4 of 16 answers, correlated by .5: with the normal quantile .84 of the intervals held it at 5 problems."""
    rng = np.random.default_rng(2)
    # E[(1 - p)^k] of Beta(a, b), a + b = 1.
    exact = 1 - float(np.prod([(1 - mean + i) / (1 + i) for i in range(k)]))
    held = 0
    for rates in rng.beta(mean, 1 - mean, (300, problems)):
        values = [1 - comb(16 - int(c), k) / comb(16, k) for c in rng.binomial(16, rates)]
        low, high = mean_interval(values, problems * 16 / k)
        held += (low or 0.0) <= exact <= (high or 0.0)
    assert held >= 0.92 * 300


def test_rows_say_where_the_variance_comes_from() -> None:
    row = repeat_rows(answers(0, "7", "7") + answers(1, "1", "1") + answers(2, "7", "7"))[-1]
    assert (row.correlation, row.from_problems) == (1.0, 1.0)
    row = repeat_rows(answers(0, "7", "1") + answers(1, "1", "7"))[-1]
    assert (row.correlation, row.from_problems) == (0.0, 0.0)
    assert repeat_rows(answers(0, "7") + answers(1, "1"))[-1].from_problems is None
