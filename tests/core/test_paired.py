"""Paired statistics: against scipy, against published examples, against enumeration, and what must always hold."""

from __future__ import annotations

import itertools
import random
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from qwq_nb.core.paired import (
    Problem,
    detectable_difference,
    difference_interval,
    holm,
    mcnemar,
    paired_p,
    problems_needed,
    tango,
)
from qwq_nb.core.stats import clustered_interval

CAVO = (16, 6, 161)
"""Cavo et al. (2012), complete response before and after a therapy: only after, only before, and all.

p-value and interval are those of Fagerland, Lydersen and Laake's R package `contingencytables`.
"""
BENTUR = (7, 1, 21)
"""Bentur et al. (2009), airway hyper-responsiveness before and after a transplantation; their example too."""

pairs = st.integers(1, 5).flatmap(
    lambda k: (
        st.tuples(st.integers(0, k), st.integers(0, k)).filter(lambda t: sum(t) <= k).map(lambda t: (k, t[0], t[1]))
    )
)
problems = st.lists(pairs, min_size=1, max_size=30)


def singles(only_a: int, only_b: int, n: int) -> list[Problem]:
    return [(1, 1, 0)] * only_a + [(1, 0, 1)] * only_b + [(1, 0, 0)] * (n - only_a - only_b)


# -- the exact test --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 1), (1, 7), (16, 6), (0, 0), (5, 5), (0, 40), (123, 87)])
def test_mcnemar_is_the_binomial_test(only_a: int, only_b: int) -> None:
    expected = binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected)
    assert paired_p(singles(only_a, only_b, 300)) == pytest.approx(expected)


def test_published_p_values() -> None:
    assert mcnemar(*CAVO[:2]) == pytest.approx(0.052479, abs=1e-6)
    assert mcnemar(*BENTUR[:2]) == pytest.approx(18 / 256)


def enumerated(found: list[Problem]) -> float:
    steps = [b - a for _, a, b in found]
    sums = [abs(sum(s * step for s, step in zip(signs, steps, strict=True))) for signs in signs_of(len(steps))]
    return sum(total >= abs(sum(steps)) for total in sums) / len(sums)


def signs_of(n: int) -> list[tuple[int, ...]]:
    return list(itertools.product((-1, 1), repeat=n))


@given(st.lists(pairs, min_size=1, max_size=9))
def test_the_sign_flip_test_is_what_all_patterns_counted_give(found: list[Problem]) -> None:
    assert paired_p(found) == pytest.approx(enumerated(found))


def test_by_hand() -> None:
    # Differences 3, 1 and -1: of 8 patterns, sums are ±5, ±3, ±3, ±1; at least 3 in size are six.
    assert paired_p([(4, 0, 3), (4, 1, 2), (4, 2, 1)]) == pytest.approx(6 / 8)
    # Only their own problem is turned: what cancels within a problem says nothing.
    assert paired_p([(4, 2, 2), (4, 1, 1)]) == 1


def test_many_problems_with_many_repeats_take_no_time() -> None:
    found = [(64, i % 7, (i * 5) % 11) for i in range(500)]
    assert 0 < paired_p(found) < 1e-20
    assert paired_p([(64, a, b) for _, b, a in found]) == pytest.approx(paired_p(found))


# -- the interval ----------------------------------------------------------------------------------------------------


def test_published_intervals() -> None:
    assert tango(*CAVO) == pytest.approx((-0.1240, -0.0054), abs=5e-5)
    assert tango(*BENTUR) == pytest.approx((-0.517, -0.026), abs=5e-4)
    # R's PropCIs::scoreci.mp, 90 %: 41 and 48 of 549 give -1.57 to 4.14 points.
    assert tango(41, 48, 549, confidence=0.9) == pytest.approx((-0.0157, 0.0414), abs=5e-5)


def test_no_flip_has_a_width_all_the_same() -> None:
    z2 = 1.959963985**2
    assert tango(0, 0, 299) == pytest.approx((-z2 / (299 + z2), z2 / (299 + z2)))
    assert tango(0, 5, 5) == pytest.approx(((5 - z2) / (5 + z2), 1))
    assert tango(0, 0, 0) == (None, None)


def test_the_ends_solve_the_score_equation() -> None:
    for only_a, only_b, n in [(3, 9, 40), (0, 4, 30), (17, 2, 198), (1, 1, 4)]:
        for delta in tango(only_a, only_b, n):
            assert delta is not None
            middle = -only_a - only_b + (2 * n - only_b + only_a) * delta
            q = (sqrt(middle * middle + 8 * n * only_a * delta * (1 - delta)) - middle) / (4 * n)
            score = (only_b - only_a - n * delta) / sqrt(n * (2 * q + delta * (1 - delta)))
            assert abs(score) == pytest.approx(1.959964, abs=1e-5)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 300))
def test_the_interval_holds_the_difference_and_turns_with_the_runs(only_a: int, only_b: int, rest: int) -> None:
    n = only_a + only_b + rest
    low, high = tango(only_a, only_b, n)
    turned = tango(only_b, only_a, n)
    assert low is not None
    assert high is not None
    assert -1 <= low < (only_b - only_a) / n < high <= 1
    assert turned == pytest.approx((-high, -low), abs=1e-9)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="of 3 pairs"):
        tango(2, 2, 3)


@given(problems)
def test_what_always_holds(found: list[Problem]) -> None:
    turned = [(n, b, a) for n, a, b in found]
    assert paired_p(found) == pytest.approx(paired_p(turned))
    assert 0 < paired_p(found) <= 1
    low, high = difference_interval(found)
    other = difference_interval(turned)
    assert low is not None
    assert high is not None
    assert other == pytest.approx((-high, -low), abs=1e-7)
    n = sum(k for k, _, _ in found)
    difference = sum(b - a for _, a, b in found) / n
    assert low - 1e-9 <= difference <= high + 1e-9
    assert high - low >= _width(tango(sum(a for _, a, _ in found), sum(b for _, _, b in found), n)) - 1e-6


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20))
def test_identical_runs_do_not_differ(repeats: list[int]) -> None:
    found = [(k, 0, 0) for k in repeats]
    assert paired_p(found) == 1
    low, high = difference_interval(found)
    assert low is not None
    assert high is not None
    assert low < 0 < high
    assert problems_needed(found) is None


def _width(interval: tuple[float, float] | tuple[None, None]) -> float:
    return (interval[1] or 0) - (interval[0] or 0)


def test_repeats_that_only_repeat_count_as_one() -> None:
    alone = singles(4, 12, 60)
    repeated = [(8, 8 * a, 8 * b) for _, a, b in alone]
    low, high = difference_interval(repeated)
    assert (low, high) == pytest.approx(difference_interval(alone), abs=2e-3)
    assert difference_interval([]) == (None, None)
    # As the interval of a share is treated: no problem but one has no variance between problems.
    assert _width(difference_interval([(8, 0, 0)])) > _width(clustered_interval([[True] * 8]))


# -- planning --------------------------------------------------------------------------------------------------------


def test_connors_n() -> None:
    # The worked example of powerandsamplesize.com after Connor (1987), p. 209: p01 = 0.45, p10 = 0.05 gives 23.
    assert problems_needed(singles(45, 5, 100)) == 23 + 2
    assert problems_needed(singles(5, 45, 100)) == 23 + 2
    # By hand: (1.95996·√0.25 + 0.84162·√0.24)² / 0.01 = 193.9.
    assert problems_needed(singles(15, 35, 200)[:200]) == 194 + 10


@pytest.mark.parametrize(("lost", "gained"), [(20, 50), (50, 100), (100, 200), (20, 100)])
def test_that_many_problems_show_the_difference(lost: int, gained: int) -> None:
    """The power of the exact test, exact itself: over all numbers of differing pairs, and how they may fall."""
    from scipy.stats import binom

    n = problems_needed(singles(lost, gained, 1000))
    assert n is not None
    psi, better = (lost + gained) / 1000, gained / (lost + gained)
    power = 0.0
    for differing in range(int(n * psi * 2) + 10):
        chance = binom.pmf(differing, n, psi)
        if chance < 1e-7:
            continue
        # The most that the rarer kind may have where the test still rejects.
        most = next((k for k in range(differing // 2, -1, -1) if mcnemar(k, differing - k) < 0.05), -1)
        reject = binom.cdf(most, differing, better) + binom.sf(differing - most - 1, differing, better)
        power += chance * reject if most >= 0 else 0
    assert 0.785 < power < 0.84


def test_with_repeats_the_variance_between_problems_decides() -> None:
    found = [(4, 0, 2), (4, 1, 0), (4, 0, 1), (4, 1, 1)]
    differences = [0.5, -0.25, 0.25, 0.0]
    mean = sum(differences) / 4
    variance = sum((d - mean) ** 2 for d in differences) / 3
    assert problems_needed(found) == pytest.approx((1.95996 + 0.84162) ** 2 * variance / mean**2, abs=1)


def test_the_least_difference_that_shows() -> None:
    least = detectable_difference(299, 0.05)
    assert least is not None
    assert problems_needed(singles(0, round(least * 10_000), 10_000)) is not None
    assert least == pytest.approx(0.0378, abs=0.002)
    assert detectable_difference(3, 0.1) is None
    wide, narrow = detectable_difference(30, 0.2), detectable_difference(3_000, 0.2)
    assert wide is not None
    assert narrow is not None
    assert narrow < wide


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_lowers_nothing(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= min(1.0, len(p_values) * p) + 1e-12 for p, q in zip(p_values, adjusted, strict=True))
    ranked = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [adjusted[i] for i in ranked] == sorted(adjusted)


def test_the_interval_covers_and_the_test_does_not_cry_wolf() -> None:
    """120 problems with 4 repeats each, whose difficulty varies; neither run is better, then B is by 5 points."""
    rng = random.Random(20260102)
    for gain in (0.0, 0.05):
        covered = rejected = 0
        runs = 300
        for _ in range(runs):
            found = []
            for _ in range(120):
                level = rng.random() * 0.9
                a = [rng.random() < level for _ in range(4)]
                b = [rng.random() < level + gain for _ in range(4)]
                found.append(
                    (4, sum(x > y for x, y in zip(a, b, strict=True)), sum(x < y for x, y in zip(a, b, strict=True)))
                )
            low, high = difference_interval(found)
            assert low is not None
            assert high is not None
            covered += low <= gain <= high
            rejected += paired_p(found) < 0.05
        assert covered / runs >= 0.92
        if not gain:
            assert rejected / runs <= 0.08
