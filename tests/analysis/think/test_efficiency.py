"""Token efficiency against hand-worked numbers and scipy, and the marks at their thresholds."""

from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import bootstrap, t

from qwq_nb.analysis.think.corrected import corrected_rows
from qwq_nb.analysis.think.efficiency import think_rows
from qwq_nb.analysis.think.habit_rates import habit_rows
from qwq_nb.analysis.think.literature import literature_rows
from qwq_nb.core.estimates import mean_estimate, share_estimate
from qwq_nb.core.records import Analysis, Completion, Loop, Outcome, Sample, SampleResult
from qwq_nb.core.stats import wilson
from qwq_nb.trace.habits import HABITS, Thresholds, habits, wasted_tokens


def result(
    problem: str,
    first: int | None = None,
    *,
    outcome: Outcome = "correct",
    tokens: int = 1000,
    repeat: int = 0,
    subset: str = "Level 1",
    thoughts: int = 3,
    **analysis: Any,
) -> SampleResult:
    """A thought of 100 characters; the right answer ends at character `first`."""
    sample = Sample(benchmark="math_500", subset=subset, id=problem, index=0, question="q", gold="7", messages=[])
    place = None if first is None else (first - 1, first)
    return SampleResult(
        sample=sample,
        repeat=repeat,
        outcome=outcome,
        completion=Completion(reasoning="x" * 100, answer="7", reasoning_tokens=tokens),
        analysis=Analysis(chars=100, thoughts=thoughts, first_correct=place, **analysis),
    )


def test_a_row_by_hand() -> None:
    rows = think_rows(
        [
            result("a", 50),
            result("b", 20, tokens=2000, thoughts=5),
            result("c", 80, outcome="wrong"),
            result("d", None),  # correct, but its place is not known
            result("e", None, outcome="truncated", tokens=500),
            result("f", 10, outcome="error"),
            result("g", 10, outcome="pending"),
            result("h", 10, tokens=0),
        ]
    )
    level, whole = rows
    assert (level.subset, whole.subset, level.n, level.known) == ("Level 1", "all", 5, 3)
    assert level.reasoning_tokens.value == pytest.approx((1000 + 2000 + 1000 + 1000 + 500) / 5)
    assert level.first_correct_tokens.value == pytest.approx((500 + 400 + 800) / 3)
    assert level.reflection_tokens.value == pytest.approx((500 + 1600 + 200) / 3)
    assert level.useful_share.value == pytest.approx((0.5 + 0.2 + 0.8) / 3)
    assert level.token_efficiency.value == pytest.approx((0.5 + 0.2 + 0 + 0) / 4), (
        "the guide's: a wrong answer counts 0"
    )
    assert level.token_efficiency.n == 4
    assert level.thoughts.value == pytest.approx((3 + 5 + 3 + 3 + 3) / 5)
    assert (level.accuracy.value, level.accuracy.low) == (0.6, wilson(3, 5)[0])
    assert whole.reasoning_tokens == level.reasoning_tokens


def test_efficiency_is_missing_where_no_right_answer_has_a_place() -> None:
    """And not 0, which the wrong answers alone would make of it; a level with wrong answers alone does have 0."""
    nowhere = [result("a", None), result("b", None, outcome="wrong")]
    found = (think_rows, lambda row: row.token_efficiency), (corrected_rows, lambda row: row.token_efficiency)
    for rows, value in (*found, (literature_rows, lambda row: row.outcome_efficiency)):
        assert [value(row).value for row in rows(nowhere)] == [None, None]
        placed = [*nowhere, result("c", 50, subset="Level 2"), result("d", None, outcome="wrong", subset="Level 3")]
        one, two, three, whole = [value(row).value for row in rows(placed)]
        assert one is None, "what of its right answer is not known is not made 0 by its wrong one"
        assert two is not None
        assert two > 0.4
        assert three == 0.0
        assert whole is not None


def test_a_tokenizer_counts_exactly() -> None:
    row = think_rows([result("a", 50)], count_tokens=lambda text: len(text) // 4)[0]
    assert (row.reasoning_tokens.value, row.first_correct_tokens.value, row.useful_share.value) == (25, 12, 12 / 25)


def test_subsets_and_benchmarks_in_order() -> None:
    rows = think_rows([result("a", 5, subset="Level 2"), result("b", 5), result("c", 5, subset="Level 2")])
    assert [(row.subset, row.n) for row in rows] == [("Level 2", 2), ("Level 1", 1), ("all", 3)]
    assert think_rows([]) == []


def test_the_interval_of_a_mean_is_students() -> None:
    values = [3.0, 5.0, 9.0, 4.0, 6.5]
    found = mean_estimate([(str(n), value) for n, value in enumerate(values)])
    mean = sum(values) / 5
    error = (sum((v - mean) ** 2 for v in values) / 4 / 5) ** 0.5
    low, high = t.interval(0.95, 4, mean, error)
    assert (found.value, found.low, found.high) == pytest.approx((mean, low, high))
    assert mean_estimate([("a", 2.0)]).low is None, "one problem says nothing of the others"
    wide = mean_estimate([("a", 0.02), ("b", 0.98)], most=1.0)
    assert (wide.low, wide.high) == (0.0, 1.0), "no share is below nothing or above all"
    assert mean_estimate([]).value is None


def test_repeats_of_a_problem_are_no_new_problems() -> None:
    values = [3.0, 5.0, 9.0, 4.0, 6.5, 2.0, 8.0, 7.5]
    once = mean_estimate([(str(n), value) for n, value in enumerate(values)])
    again = mean_estimate([(str(n), value) for n, value in enumerate(values) for _ in range(8)])
    assert (again.value, again.low, again.high) == pytest.approx((once.value, once.low, once.high))
    # Against the bootstrap of problems, which a t-interval of 7 degrees of freedom is somewhat wider than.
    ends = bootstrap((values,), lambda x, axis: x.mean(axis), n_resamples=4000, random_state=1).confidence_interval
    assert once.low is not None
    assert once.high is not None
    assert 0.7 < (ends.high - ends.low) / (once.high - once.low) < 1.0


def test_shares() -> None:
    assert share_estimate([]).value is None
    assert share_estimate([("a", True), ("b", False)]).low == wilson(1, 2)[0]


# Marks


@pytest.mark.parametrize(
    ("first", "tokens", "marked"),
    [
        (40, 2000, True),
        (60, 2000, False),
        (10, 1000, False),
        (70, 10_000, False),
        (49, 2100, True),
        (None, 9000, False),
    ],
)
def test_overthinking(first: int | None, tokens: int, marked: bool) -> None:
    assert ("overthinking" in habits(result("a", first, tokens=tokens), [])) is marked


def test_thresholds_can_be_set() -> None:
    sample = result("a", 60, tokens=2000)
    assert habits(sample, [], Thresholds(after_share=0.3, after_tokens=700)) == ["overthinking"]
    foreign = result("a", foreign=[(0, 3)], foreign_share=0.01)
    assert habits(foreign, []) == ["language_switch"], "a word is enough"
    assert habits(foreign, [], Thresholds(foreign_chars=4)) == []
    assert habits(foreign, [], Thresholds(foreign_chars=4, foreign_share=0.01)) == ["language_switch"]


def test_underthinking_is_far_from_the_peers_and_wrong() -> None:
    peers = [result(str(n), thoughts=3 + n % 3) for n in range(9)]
    assert habits(result("a", outcome="wrong", thoughts=12), peers) == ["underthinking"]
    assert habits(result("a", outcome="correct", thoughts=12), peers) == []
    assert habits(result("a", outcome="wrong", thoughts=7), peers) == []
    assert habits(result("a", outcome="wrong", thoughts=12), peers[:4]) == [], "too few peers"
    assert habits(result("a", outcome="wrong", thoughts=12, tokens=400), peers) == [], "too short"


def test_other_marks() -> None:
    loop = Loop(start=60, end=90, period=10, repeats=4)
    marked = result("a", 20, outcome="wrong", left=(19, 20), loop=loop, foreign=[(0, 30)], foreign_share=0.3)
    assert habits(marked, []) == ["left_right_answer", "loop", "language_switch"]
    assert wasted_tokens(marked) == pytest.approx(300)
    assert habits(SampleResult(sample=marked.sample), []) == []


def test_rates_per_subset() -> None:
    loop = Loop(start=60, end=90, period=10, repeats=4)
    rows = habit_rows([result("a", loop=loop), result("b"), result("c", subset="all"), result("d", outcome="error")])
    assert [(row.subset, row.n) for row in rows] == [("Level 1", 2), ("all", 1), ("all", 3)]
    level = rows[0]
    assert list(level.rates) == list(HABITS)
    assert (level.rates["loop"].value, level.counts["loop"], level.loop_tokens) == (0.5, 1, 300)
    assert level.rates["overthinking"].low == wilson(0, 2)[0]
    assert level.loop_tokens_mean.value == 150
