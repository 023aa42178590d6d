"""Intervals that may be looked at at every moment: against the definition, exact at the end, true while watched."""

from __future__ import annotations

from itertools import combinations, pairwise, product
from math import comb, prod

import numpy as np
import pytest

from qwq_nb.core.sequential import (
    ConfidenceSequence,
    expected_stop,
    in_random_order,
    interval_in_order,
    interval_of_strata,
    time_uniform_interval,
)


def beta_binomial(correct: int, asked: int, a: int, b: int) -> float:
    """By whole numbers: B(correct + a, asked - correct + b) / B(a, b), times the number of ways."""

    def beta(x: int, y: int) -> float:
        return 1 / ((x + y - 1) * comb(x + y - 2, x - 1))

    return comb(asked, correct) * beta(correct + a, asked - correct + b) / beta(a, b)


@pytest.mark.parametrize(
    ("correct", "asked", "size"), [(0, 5, 20), (5, 5, 20), (13, 15, 30), (1, 29, 30), (40, 60, 198)]
)
def test_the_interval_is_the_set_of_its_definition(correct: int, asked: int, size: int) -> None:
    prior = (beta_binomial(correct, asked, 1, 1) + beta_binomial(correct, asked, 18, 2)) / 2
    inside = [
        number
        for number in range(correct, size - (asked - correct) + 1)
        if comb(number, correct) * comb(size - number, asked - correct) / comb(size, asked) > prior * 0.05
    ]
    assert inside == list(range(inside[0], inside[-1] + 1))
    assert time_uniform_interval(correct, asked, size) == (inside[0] / size, inside[-1] / size)


def test_nothing_asked_may_be_anything_and_all_asked_is_exact() -> None:
    sequence = ConfidenceSequence(4)
    assert sequence.interval == (0.0, 1.0)
    for answer in (True, True, False, True):
        sequence.add(answer)
    assert sequence.interval == (0.75, 0.75)
    with pytest.raises(ValueError, match="all 4 problems"):
        sequence.add(True)


def test_what_was_ruled_out_stays_ruled_out() -> None:
    rng = np.random.default_rng(3)
    sequence = ConfidenceSequence(300)
    ends = [sequence.interval]
    for answer in rng.random(300) < 0.7:
        sequence.add(bool(answer))
        ends.append(sequence.interval)
    assert all(before[0] <= after[0] and after[1] <= before[1] for before, after in pairwise(ends[:-1]))


@pytest.mark.parametrize(("size", "mean"), [(100, 0.9), (198, 0.67), (200, 0.5)])
def test_the_truth_is_inside_at_every_moment(size: int, mean: float) -> None:
    """With a usual 95 % interval more than a quarter of those who look all the time once see a false one."""
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(200):
        answers = rng.random(size) < mean
        sequence = ConfidenceSequence(size)
        for answer in answers:
            sequence.add(bool(answer))
            low, high = sequence.interval
            if not low - 1e-9 <= answers.mean() <= high + 1e-9:
                missed += 1
                break
    assert missed <= 20, "of 200; at 5 % more come about once in a thousand times"


def test_an_answer_that_failed_is_not_known() -> None:
    assert interval_in_order([True] * 9 + [None], 10) == (0.9, 1.0)
    assert interval_in_order([None] * 3, 3) == (0.0, 1.0)
    assert interval_in_order([], 3) == (0.0, 1.0)


def test_large_benchmarks_have_the_interval_of_the_moment() -> None:
    answers: list[bool | None] = [True, True, True, False] * 50
    assert interval_in_order(answers, 14_000) == time_uniform_interval(150, 200, 14_000)


def test_the_order_is_random_and_the_same_again() -> None:
    ids = [f"math_500/level-{n % 5}/{n}" for n in range(500)]
    order = in_random_order(ids, 0)
    assert sorted(order) == sorted(ids)
    assert in_random_order(reversed(ids), 0) == order
    assert in_random_order(ids, 1) != order
    places = [order.index(id) for id in ids if "level-4" in id]
    assert abs(float(np.mean(places)) - 249.5) < 45, "a fifth of the problems, drawn at random"
    assert all(a in order for a, _ in combinations(ids[:3], 2))


def test_the_expected_stop_is_where_the_width_is_reached() -> None:
    stop = expected_stop(95, 100, 500, 0.03)
    assert 180 < stop < 300
    low, high = time_uniform_interval(round(0.95 * stop), stop, 500)
    assert (high - low) / 2 == pytest.approx(0.03, abs=0.004)
    assert expected_stop(95, 100, 500, 0.2) == 100
    assert expected_stop(0, 0, 10, 0.0001) == 10


@pytest.mark.parametrize("wrong", [(5, 4, 10), (-1, 4, 10), (4, 11, 10), (0, 0, 0)])
def test_counts_that_cannot_be_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no interval"):
        time_uniform_interval(*wrong)


# -- levels of which unequal parts were asked ----------------------------------------------------------------------


def test_one_level_is_the_whole_benchmark() -> None:
    assert interval_of_strata([(500, 50, 44)]) == time_uniform_interval(44, 50, 500)


def test_levels_that_were_all_asked_are_exact_and_one_not_asked_may_be_anything() -> None:
    assert interval_of_strata([(10, 10, 3), (10, 10, 5)]) == (0.4, 0.4)
    assert interval_of_strata([(10, 0, 0), (10, 10, 5)]) == (0.25, 0.75)


def test_the_sums_are_those_of_all_numbers_that_are_not_ruled_out() -> None:
    """By trying all: the product of the hypergeometric chances against the even mixture of two priors."""
    strata = [(5, 2, 1), (6, 3, 3), (4, 1, 0)]

    def chance(correct: int, asked: int) -> float:
        return (beta_binomial(correct, asked, 1, 1) + beta_binomial(correct, asked, 18, 2)) / 2

    alone = prod(chance(c, n) for _, n, c in strata)
    together = prod(comb(n, c) for _, n, c in strata) * chance(4, 6) / comb(6, 4)
    bound = 0.05 * (alone + together) / 2
    held = [
        sum(numbers)
        for numbers in product(*(range(size + 1) for size, _, _ in strata))
        if prod(
            comb(number, c) * comb(size - number, n - c) / comb(size, n)
            for (size, n, c), number in zip(strata, numbers, strict=True)
        )
        > bound
    ]
    assert interval_of_strata(strata) == (min(held) / 15, max(held) / 15)


@pytest.mark.parametrize("strata", [[], [(5, 6, 1)], [(5, 2, 3)]])
def test_levels_that_cannot_be_are_refused(strata: list[tuple[int, int, int]]) -> None:
    with pytest.raises(ValueError, match="no interval of"):
        interval_of_strata(strata)
