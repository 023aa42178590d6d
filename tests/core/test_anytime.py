"""The interval that holds at every look: what it is, and that it holds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import betaln  # type: ignore[import-untyped, unused-ignore]

from qwq_nb.core.anytime import anytime_interval
from qwq_nb.core.paired import tango
from qwq_nb.core.stats import Interval


def ends(interval: Interval) -> tuple[float, float]:
    low, high = interval
    assert low is not None
    assert high is not None
    return low, high


def test_it_is_wider_than_the_interval_of_a_fixed_number_and_narrows_with_more() -> None:
    low, high = ends(anytime_interval(30, 60, 500))
    fixed_low, fixed_high = ends(tango(30, 60, 500))
    assert low < fixed_low < 0.06 < fixed_high < high
    assert high - low < 2 * (fixed_high - fixed_low)
    more_low, more_high = ends(anytime_interval(300, 600, 5_000))
    assert low < more_low < 0.06 < more_high < high


def test_turned_round_it_changes_its_sign_alone() -> None:
    low, high = ends(anytime_interval(3, 17, 100))
    back_low, back_high = ends(anytime_interval(17, 3, 100))
    assert (low, high) == (-back_high, -back_low)


def test_of_no_difference_it_is_the_beta_mixture_over_the_pairs_that_differ() -> None:
    """Twice the upper half of 2^(w+l) B(½ + w, ½ + l) / B(½, ½) is the one-sided wealth, where the lower half is 0."""
    wins = next(w for w in range(1, 50) if ends(anytime_interval(0, w, w))[0] > 0)
    both = [math.exp(w * math.log(2) + betaln(0.5 + w, 0.5) - betaln(0.5, 0.5)) for w in (wins - 1, wins)]
    assert 2 * both[0] < 1.05 * 40 < 1.2 * 2 * both[1]


@pytest.mark.parametrize(("margin", "gained"), [pytest.param(0.0, 0.05, marks=pytest.mark.long), (0.03, 0.03)])
def test_it_holds_at_every_look(margin: float, gained: float) -> None:
    """400 races of 300 pairs with a true difference of -margin: at most 2.5 % ever miss it from above."""
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(400):
        kinds = rng.choice(3, p=[margin + gained, gained, 1 - margin - 2 * gained], size=300)
        only_a, only_b = (kinds == 0).cumsum(), (kinds == 1).cumsum()
        # Between two gains the lower end does not rise above what it was at the last one.
        looks = np.nonzero(kinds == 1)[0]
        missed += any(ends(anytime_interval(int(only_a[i]), int(only_b[i]), int(i) + 1))[0] > -margin for i in looks)
    assert missed / 400 <= 0.035


def test_what_cannot_be_is_refused() -> None:
    assert anytime_interval(0, 0, 0) == (None, None)
    with pytest.raises(ValueError, match="cannot be correct"):
        anytime_interval(3, 3, 5)
