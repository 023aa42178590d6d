"""Means of scores that are not 0 or 1: of a part of a benchmark and of all of it, with intervals that cover."""

from __future__ import annotations

import random
from math import sqrt

import pytest

from qwq_nb.core.estimates import difference_estimate
from qwq_nb.core.mean_scores import ScoreStratum, mean_of, mean_score_interval, stratified_mean_interval
from qwq_nb.core.stats import wilson


def by_problem(*scores: float) -> dict[str, list[float]]:
    return {str(number): [score] for number, score in enumerate(scores)}


def test_many_scores_have_the_interval_of_the_normal_distribution() -> None:
    """Mean .5, standard deviation .1, n = 400: ± 1.96 · .1 / 20, as any method has it then."""
    scores = by_problem(*[0.4, 0.6] * 200)
    low, high = mean_score_interval(scores)
    assert mean_of(scores) == pytest.approx(0.5)
    assert low == pytest.approx(0.5 - 1.96 * 0.1 / 20, abs=0.002)
    assert high == pytest.approx(0.5 + 1.96 * 0.1 / 20, abs=0.002)


def test_scores_of_0_and_1_have_nearly_wilsons_interval() -> None:
    """They are right and wrong answers: the design effect is 1."""
    low, high = mean_score_interval(by_problem(*[1.0] * 90, *[0.0] * 10))
    wanted = wilson(90, 100)
    assert low == pytest.approx(wanted[0], abs=0.004)
    assert high == pytest.approx(wanted[1], abs=0.004)


def test_repeats_are_clustered_by_problem() -> None:
    """Four equal answers to a problem say as much as one."""
    once = mean_score_interval(by_problem(0.1, 0.4, 0.9))
    often = mean_score_interval({name: [score] * 4 for name, (score,) in by_problem(0.1, 0.4, 0.9).items()})
    assert often[0] == pytest.approx(once[0])
    assert often[1] == pytest.approx(once[1])


def test_equal_scores_of_few_problems_are_no_certainty() -> None:
    for share in (0.0, 0.5, 1.0):
        low, high = mean_score_interval(by_problem(share, share, share))
        assert low is not None
        assert high is not None
        assert 0 <= low <= share <= high <= 1
        assert high - low > 0.3
    assert mean_score_interval({}) == (None, None)
    assert mean_of({}) is None


def test_scores_below_0_keep_their_range() -> None:
    """EQ-Bench's are so: an interval of them is not cut at 0."""
    low, high = mean_score_interval(by_problem(-0.4, -0.1, 0.2, -0.3))
    assert low is not None
    assert low < -0.15
    assert high is not None
    assert high > -0.15


def test_of_all_problems_asked_the_mean_is_exact() -> None:
    strata = [ScoreStratum(2, by_problem(0.2, 0.4)), ScoreStratum(1, by_problem(0.9))]
    low, high = stratified_mean_interval(strata)
    assert low == high == pytest.approx(0.5)


def test_the_variance_is_that_of_a_finite_population() -> None:
    """Cochran 5.3: of strata of 300 and 700, each weighted by its size, less the share that was asked."""
    first, second = [0.2, 0.4] * 100, [0.7, 0.9] * 100
    low, high = stratified_mean_interval(
        [ScoreStratum(300, by_problem(*first)), ScoreStratum(700, by_problem(*second))]
    )
    assert low is not None
    assert high is not None
    assert (low + high) / 2 == pytest.approx(0.3 * 0.3 + 0.7 * 0.8, abs=0.001)
    variance = 0.3**2 * (1 - 200 / 300) * 0.01 / 200 + 0.7**2 * (1 - 200 / 700) * 0.01 / 200
    assert (high - low) / 2 == pytest.approx(1.96 * sqrt(variance), rel=0.1)


def test_a_stratum_of_which_nothing_was_asked_may_have_any_mean() -> None:
    asked = ScoreStratum(50, by_problem(0.4, 0.5, 0.6, 0.5))
    low, high = stratified_mean_interval([asked, ScoreStratum(50, {})])
    assert low is not None
    assert high is not None
    assert low < 0.25
    assert high > 0.75


@pytest.mark.parametrize("asked", [2, 10, 40])
def test_the_intervals_cover_the_mean_of_the_whole_benchmark(asked: int) -> None:
    """500 benchmarks of three levels of uneven size, of which as many problems of each are asked."""
    chance = random.Random(4)
    inside = 0
    for _ in range(500):
        levels = [
            [chance.betavariate(6 * mean, 6 * (1 - mean)) for _ in range(size)]
            for mean, size in ((0.8, 60), (0.6, 100), (0.4, 140))
        ]
        truth = sum(map(sum, levels)) / sum(map(len, levels))
        strata = [ScoreStratum(len(level), by_problem(*chance.sample(level, asked))) for level in levels]
        low, high = stratified_mean_interval(strata)
        inside += low is not None and high is not None and low <= truth <= high
    assert inside / 500 >= 0.93


@pytest.mark.parametrize("problems", [5, 10, 100])
def test_the_intervals_of_skewed_scores_cover_too(problems: int) -> None:
    """Nine of ten right, half of all scores 0 or 1: the t-interval holds the truth 65 % of the time with 5 problems."""
    chance = random.Random(problems)
    inside = 0
    for _ in range(500):
        scores = [
            float(chance.random() < 0.9) if chance.random() < 0.5 else chance.betavariate(2.7, 0.3)
            for _ in range(problems)
        ]
        low, high = mean_score_interval(by_problem(*scores))
        inside += low is not None and high is not None and low <= 0.9 <= high
    assert inside / 500 >= 0.93


def test_the_paired_difference_has_the_t_tests_p_value() -> None:
    """Differences 1, 2, 3, 4 tenths: t = 3.873 with 3 degrees of freedom, p = .0305."""
    made, p = difference_estimate([(str(n), n / 10) for n in (1, 2, 3, 4)])
    assert made.value == pytest.approx(0.25)
    assert p == pytest.approx(0.0305, abs=0.0002)
    assert made.low is not None
    assert made.low > 0
    assert difference_estimate([("a", 0.1), ("b", 0.1)])[1] == 0
    assert difference_estimate([("a", 0.0), ("b", 0.0)])[1] == 1
    assert difference_estimate([("a", 0.5)])[1] is None
    assert difference_estimate([])[1] is None
    assert difference_estimate([("a", -0.5), ("b", -0.7)])[0].high is not None
