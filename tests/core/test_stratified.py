"""The score of a whole benchmark from a part of it: exact, unbiased, and with an interval that holds at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from qwq_nb.core.stats import wilson
from qwq_nb.core.stratified import Stratum, stratified_interval, stratified_share

MATH_500 = (43, 90, 105, 128, 134)
"""Problems of MATH-500 by level."""
BY_LEVEL = (0.95, 0.85, 0.75, 0.6, 0.4)
"""A model that is worse at harder levels."""


def asked_evenly(limit: int) -> list[int]:
    """Problems asked of each level, as `--limit` spreads them."""
    quota = [0] * len(MATH_500)
    while limit:
        for level, size in enumerate(MATH_500):
            if limit and quota[level] < size:
                quota[level] += 1
                limit -= 1
    return quota


def drawn(rng: np.random.Generator, limit: int, chances: tuple[float, ...] = BY_LEVEL) -> tuple[list[Stratum], float]:
    """Answers to all problems, of which some are asked; and the share that is correct of all."""
    strata, correct = [], 0
    for size, asked, chance in zip(MATH_500, asked_evenly(limit), chances, strict=True):
        answers = rng.random(size) < chance
        strata.append(Stratum(size, asked, int(answers[:asked].sum())))
        correct += int(answers.sum())
    return strata, correct / sum(MATH_500)


def test_levels_weigh_as_much_as_they_have_problems() -> None:
    strata = [
        Stratum(43, 40, 38),
        Stratum(90, 40, 34),
        Stratum(105, 40, 30),
        Stratum(128, 40, 24),
        Stratum(134, 40, 16),
    ]
    assert sum(s.correct for s in strata) / 200 == 0.71
    share = stratified_share(strata)
    assert share == pytest.approx(sum(n * p for n, p in zip(MATH_500, BY_LEVEL, strict=True)) / 500)
    low, high = stratified_interval(strata)
    assert low is not None
    assert high is not None
    assert low < 0.653 < high < 0.72
    assert 0.104 < high - low < 0.118, "of 200 drawn from any number of problems it would be .124"


def test_all_asked_is_exact() -> None:
    strata = [Stratum(43, 43, 41), Stratum(90, 90, 70)]
    assert stratified_interval(strata) == (111 / 133, 111 / 133)
    low, high = stratified_interval([Stratum(43, 42, 41), Stratum(90, 90, 70)])
    assert (low, high) == (111 / 133, 112 / 133), "one problem is left: it is right or wrong"


@pytest.mark.parametrize(
    ("size", "asked"), [(500, 1), (500, 10), (500, 250), (500, 490), (500, 499), (30, 15), (14_000, 60)]
)
def test_none_and_all_correct_have_an_interval(size: int, asked: int) -> None:
    low, high = stratified_interval([Stratum(size, asked, asked)])
    assert high == 1.0
    assert low is not None
    assert 0 < low < 1
    assert low >= (wilson(asked, asked)[0] or 0) - 0.1, "little wider than of problems without end"
    low, high = stratified_interval([Stratum(size, asked, 0)])
    assert low == 0.0
    assert high is not None
    assert 0 < high < 1


def test_one_problem_a_level_has_an_interval() -> None:
    low, high = stratified_interval([Stratum(n, 1, 1) for n in MATH_500])
    assert high == 1.0
    assert low is not None
    assert 0.3 < low < 0.8


def test_a_level_that_was_not_asked_may_have_any_accuracy() -> None:
    strata = [Stratum(43, 43, 43), Stratum(90, 90, 90), Stratum(105, 105, 105), Stratum(128, 0, 0), Stratum(134, 0, 0)]
    assert stratified_share(strata) == 1.0
    assert stratified_interval(strata) == (238 / 500, 1.0)


def test_nothing_asked_is_not_known() -> None:
    assert stratified_share([Stratum(43, 0, 0)]) is None
    assert stratified_interval([Stratum(43, 0, 0)]) == (None, None)
    assert stratified_interval([]) == (None, None)


@pytest.mark.parametrize("stratum", [Stratum(10, 11, 3), Stratum(10, 5, 6), Stratum(10, 5, -1)])
def test_counts_that_cannot_be_are_refused(stratum: Stratum) -> None:
    with pytest.raises(ValueError, match="no interval of"):
        stratified_interval([stratum])


def test_more_problems_than_the_lattice_has_steps_give_the_same_interval() -> None:
    """Past the lattice's size the interval goes on without a break: of ever more problems it nears the infinite one."""
    ends = [stratified_interval([Stratum(size, 100, 80)]) for size in (1_100, 1_200, 100_000, 10_000_000)]
    widths = [(high or 0) - (low or 0) for low, high in ends]
    assert widths[1] == pytest.approx(widths[0], abs=0.002)
    assert widths[1] < widths[2] <= widths[3]
    assert ends[-1] == pytest.approx(wilson(80, 100), abs=0.01)


def test_the_estimate_is_unbiased_over_seeds() -> None:
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(200):
        strata, truth = drawn(rng, 50)
        errors.append((stratified_share(strata) or 0) - truth)
    # Correct / asked is 5.7 points too high; the mean of 200 has a standard error of .45 points.
    assert abs(float(np.mean(errors))) < 0.0135


@pytest.mark.parametrize("limit", [25, 50, 200, 450])
@pytest.mark.parametrize("chances", [BY_LEVEL, (0.95,) * 5, (0.98, 0.98, 0.97, 0.95, 0.9)])
def test_the_interval_covers(limit: int, chances: tuple[float, ...]) -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(100):
        strata, truth = drawn(rng, limit, chances)
        low, high = stratified_interval(strata)
        held += (low or 0) - 1e-9 <= truth <= (high or 0) + 1e-9
    assert held >= 88, "of 100; at 95 % fewer than 88 come about once in two thousand times"
