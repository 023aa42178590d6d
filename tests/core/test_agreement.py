"""Cohen's κ of two verdicts, held against numbers worked out by hand and in the literature."""

from __future__ import annotations

import math

import pytest

from qwq_nb.core.agreement import kappa_of


def test_kappa_is_the_one_worked_out_by_hand() -> None:
    """35 of 50 agree (0.7); by chance 0.5 · 0.6 + 0.5 · 0.4 = 0.5: κ = 0.2 / 0.5."""
    made = kappa_of(20, 5, 10, 15)
    assert made.value == pytest.approx(0.4)
    assert (made.n, made.agreed, made.why) == (50, 35, "")


def test_the_interval_is_that_of_fleiss_cohen_and_everitt() -> None:
    """By their formula: own 0.4 · 0.34² + 0.3 · 0.46²; crossed 0.36 · (0.1 · 1.1² + 0.2 · 0.9²); minus 0.1²."""
    own = 0.4 * (1 - 1.1 * 0.6) ** 2 + 0.3 * (1 - 0.9 * 0.6) ** 2
    crossed = 0.6**2 * (0.1 * (0.6 + 0.5) ** 2 + 0.2 * (0.5 + 0.4) ** 2)
    error = math.sqrt((own + crossed - (0.4 - 0.5 * 0.6) ** 2) / 50) / 0.5
    made = kappa_of(20, 5, 10, 15)
    assert made.low == pytest.approx(0.4 - 1.959964 * error, abs=1e-6)
    assert made.high == pytest.approx(0.4 + 1.959964 * error, abs=1e-6)


def test_the_example_of_the_literature() -> None:
    """Two radiologists on 85 xylograms by two categories (Altman 1991 has three): 45, 15, 25, 15 gives κ 0.13."""
    assert kappa_of(45, 15, 25, 15).value == pytest.approx(0.1304, abs=1e-4)
    assert kappa_of(25, 35, 5, 35).value == pytest.approx(0.2593, abs=1e-4)


def test_who_is_first_does_not_matter() -> None:
    assert kappa_of(7, 2, 5, 11).value == pytest.approx(kappa_of(7, 5, 2, 11).value)
    assert kappa_of(7, 2, 5, 11).low == pytest.approx(kappa_of(11, 5, 2, 7).low)


@pytest.mark.parametrize(("n", "least"), [(1, -1.0), (5, 0.3), (50, 0.9)])
def test_verdicts_that_all_agree_have_an_interval_by_their_number(n: int, least: float) -> None:
    """The formula for large samples would say 1 … 1 of two answers."""
    made = kappa_of(n, 0, 0, n)
    assert (made.value, made.high) == (1, 1)
    assert least < made.low < 1


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ((0, 0, 0, 0), "no answer has both verdicts"),
        ((3, 0, 0, 0), "both call all 3 answers correct: κ is 0 / 0"),
        ((0, 0, 0, 1), "both call the only answer not correct: κ is 0 / 0"),
    ],
)
def test_where_it_is_not_defined_that_is_said(counts: tuple[int, int, int, int], why: str) -> None:
    made = kappa_of(*counts)
    assert all(math.isnan(value) for value in (made.value, made.low, made.high))
    assert made.why == why


def test_one_who_always_says_the_same_agrees_as_chance_does() -> None:
    made = kappa_of(5, 0, 3, 0)
    assert made.value == 0
    assert math.isnan(made.low)
    assert "one and the same verdict" in made.why


def test_opposite_verdicts_are_below_chance() -> None:
    made = kappa_of(0, 4, 4, 0)
    assert made.value == pytest.approx(-1)
    assert made.low >= -1
