"""A part of `make simulate`: the intervals hold the truth as often as they promise, and the estimate has no bias."""

from __future__ import annotations

import pytest

from tests.core.coverage_grid import (
    BY_LEVEL,
    MATH_500,
    Case,
    accuracy,
    bias,
    cells,
    passes,
    peeking,
    peeking_at_a_limit,
    scores,
    single,
    stops,
    stratified,
    until,
    votes,
    weighted,
)

CASES = [
    stratified(MATH_500, BY_LEVEL, 50),
    stratified(MATH_500, (0.95,) * 5, 200),
    stratified((198,), (0.8,), 50),
    scores(MATH_500, (0.8,) * 5, 25),
    accuracy(8, 16, 0.9, 0.5),
    accuracy(30, 4, 0.8, 0.5),
    accuracy(30, 64, 0.98, 0.1),
    passes(8, 4, 0.5, 0.5, 16),
    votes(8, 4, 0.8, 0.5, 16),
    until(MATH_500, (0.95,) * 5, 3),
    until((198,), (0.67,), 5),
    peeking(MATH_500, (0.95,) * 5, spread=False),
    peeking(MATH_500, BY_LEVEL, spread=True),
    peeking_at_a_limit(MATH_500, (0.95,) * 5, 50),
    weighted(MATH_500, (0.98,) * 5, 25, 16, 0.5),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_intervals_cover(case: Case) -> None:
    (cell,) = cells([case], 200, 1)
    assert cell.covered >= 0.9, "of 200 trials; at 95 % fewer come about twice in a thousand times"


def test_the_estimate_has_no_bias() -> None:
    error, plain = bias(200, 50, 1)
    assert abs(error) < 0.005
    assert plain > 0.03, "correct / asked has more easy problems"


def test_until_asks_half_of_math_500() -> None:
    assert stops(40, 0.95, 3, 1) <= 0.55


@pytest.mark.parametrize("n", [5, 8, 30, 500])
def test_single_answers_cover_on_average_and_not_at_every_share(n: int) -> None:
    mean, least, _, _ = single(n)
    assert mean >= 0.945
    assert 0.83 <= least < 0.945, "of which `make simulate` prints the least, and at which share"
