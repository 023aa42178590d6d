"""Intervals against published values and against scipy, their properties, avg@k, pass@k, quantiles."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.stats import (
    avg_at_k,
    clustered_interval,
    interval_of_counts,
    interval_of_groups,
    pass_at_k,
    quantile,
    variance_parts,
    wilson,
    wilson_of_share,
)

GROUPS = st.lists(st.lists(st.booleans(), max_size=8), max_size=30)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (90, 90, 0.959, 1.0),
        (24, 30, 0.627, 0.905),
        (41, 43, 0.845, 0.987),
        # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_published(successes: int, n: int, low: float, high: float) -> None:
    digits = 4 if n in (263, 148, 20, 29) else 3
    assert tuple(round(end or 0.0, digits) for end in wilson(successes, n)) == (low, high)


def test_nothing_to_say() -> None:
    assert wilson(0, 0) == (None, None)
    assert clustered_interval([]) == (None, None)
    assert clustered_interval([[], []]) == (None, None)


def test_wilson_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="no interval of 3 successes in 2"):
        wilson(3, 2)


def ends(interval: tuple[float, float] | tuple[None, None]) -> tuple[float, float]:
    low, high = interval
    assert low is not None
    assert high is not None
    return low, high


@given(GROUPS.filter(any), st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_hold_the_share_and_have_width(groups: list[list[bool]], confidence: float) -> None:
    n, correct = sum(map(len, groups)), sum(map(sum, groups))
    naive_low, naive_high = ends(wilson(correct, n, confidence))
    low, high = ends(clustered_interval(groups, confidence))
    tiny = 1e-9
    assert 0 <= naive_low <= correct / n + tiny
    assert correct / n - tiny <= naive_high <= 1
    assert naive_low < naive_high
    # Clustering never narrows it, and never counts less than one answer a problem.
    assert 0 <= low <= naive_low + tiny
    assert naive_high - tiny <= high <= 1


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 8))
def test_repeats_that_only_repeat_count_once(answers: list[bool], k: int) -> None:
    """So the interval is that of the problems, and with few of them a little wider: Wilson's covers 84 % of some."""
    low, high = ends(wilson(sum(answers), len(answers)))
    found = ends(clustered_interval([[answer] * k for answer in answers]))
    assert low - 0.12 <= found[0] <= low + 1e-9
    assert high - 1e-9 <= found[1] <= high + 0.12
    if k == 1:
        assert found == (low, high)
    elif len(answers) >= 30:
        assert found == pytest.approx((low, high), abs=0.025)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_single_answers_are_wilson(answers: list[bool]) -> None:
    assert clustered_interval([[answer] for answer in answers]) == wilson(sum(answers), len(answers))


def test_independent_repeats_count_nearly_all() -> None:
    # Every problem has exactly the overall share: nothing of the scatter is between problems.
    low, high = ends(clustered_interval([[True, False]] * 20))
    assert (low, high) == pytest.approx(wilson(20, 40), abs=0.02)


def test_the_scatter_between_problems_widens_it() -> None:
    widths = []
    for counts in ([(4, 2)] * 12, [(4, 1), (4, 3)] * 6, [(4, 0), (4, 4), (4, 2)] * 4, [(4, 0), (4, 4)] * 6):
        low, high = ends(interval_of_counts(counts))
        assert low + high == pytest.approx(1, abs=0.01)
        widths.append(high - low)
    assert widths == sorted(widths)
    assert widths[-1] == pytest.approx(2 * (ends(wilson(6, 12))[1] - 0.5), abs=0.04)


@pytest.mark.parametrize(
    ("problems", "mean", "repeats", "correlation"),
    [
        (5, 0.9, 16, 0.5),
        (8, 0.9, 16, 0.5),
        (30, 0.98, 16, 0.5),
        (30, 0.9, 64, 0.5),
        (8, 0.98, 2, 0.9),  # Wilson's interval of the problems held .86 of these
        (8, 0.02, 16, 0.9),
        (5, 0.98, 4, 0.9),
    ],
)
def test_few_problems_with_many_repeats_are_covered(
    problems: int, mean: float, repeats: int, correlation: float
) -> None:
    """The interval by the estimated variance held .83 to .91 of these."""
    numpy = pytest.importorskip("numpy")
    rng, kappa = numpy.random.default_rng(1), 1 / correlation - 1
    held = 0
    for chances in rng.beta(mean * kappa, (1 - mean) * kappa, (300, problems)):
        low, high = ends(interval_of_counts((repeats, int(c)) for c in rng.binomial(repeats, chances)))
        held += low <= mean <= high
    assert held >= 0.92 * 300, "at 95 % fewer come about once in a hundred times"


@pytest.mark.parametrize(
    ("chances", "shares"),
    [((1.0, 0.1), (0.9, 0.1)), ((1.0, 0.5), (0.8, 0.2)), ((0.95, 0.3), (0.5, 0.5))],
)
def test_difficulties_of_other_shapes_are_covered(chances: tuple[float, ...], shares: tuple[float, ...]) -> None:
    """Most problems sure, some hopeless: no beta distribution. The posterior alone held .60 to .84 of these."""
    numpy = pytest.importorskip("numpy")
    rng, mean = numpy.random.default_rng(1), sum(p * share for p, share in zip(chances, shares, strict=True))
    held = widths = 0.0
    for drawn in rng.choice(chances, p=shares, size=(200, 200)):
        low, high = ends(interval_of_counts((64, int(c)) for c in rng.binomial(64, drawn)))
        held += low <= mean <= high
        widths += high - low
    assert held >= 0.9 * 200, "at 95 % fewer come about twice in a thousand times"
    spread = sum(share * (p - mean) ** 2 for p, share in zip(chances, shares, strict=True)) ** 0.5
    assert widths / 200 <= 1.2 * 2 * 1.96 * spread / 200**0.5, "and not much wider than the scatter makes it"


def test_groups_that_weigh_alike_are_as_one() -> None:
    first, second = [(4, 4), (4, 2), (4, 3)], [(4, 1), (4, 0), (4, 4)]
    together = ends(interval_of_counts([*first, *second]))
    assert ends(interval_of_groups([(3, first), (3, second), (9, [])])) == pytest.approx(together)
    assert interval_of_groups([(3, [])]) == (None, None)


def test_a_group_weighs_by_its_size_and_the_interval_widens_by_that() -> None:
    sure, even = [(1, 1)] * 20, [(1, 1), (1, 0)] * 10
    low, high = ends(interval_of_groups([(90, sure), (10, even)]))
    # Kish's effective number of 40 problems that weigh 9 : 1 is 100² / (90² / 20 + 10² / 20) = 24.4.
    assert (low, high) == pytest.approx(wilson_of_share(0.95, 10_000 / 410))


def test_the_parts_of_the_variance() -> None:
    # Copies of one another: all of it is the choice of problems. c / k is 1 or 0, its variance over 4 problems 1/3.
    copies = variance_parts([(4, 4), (4, 4), (4, 0), (4, 0)])
    assert copies is not None
    assert copies == pytest.approx((1 / 12, 0.0, 1.0))
    assert copies.share_of_problems == 1.0
    # Every problem alike: chance alone. E[p(1 - p)] is 2·2 / (4·3) = 1/3, over 16 answers.
    alike = variance_parts([(4, 2)] * 4)
    assert alike == pytest.approx((0.0, 1 / 48, 0.0))
    assert alike is not None
    assert alike.share_of_problems == 0.0
    assert variance_parts([(1, 1), (1, 0)]) is None
    assert variance_parts([(4, 1)]) is None


def test_the_parts_of_the_variance_add_up_to_it() -> None:
    """Of 2,000 runs of 20 problems with 4 answers each, the variance of the accuracy is the sum of the mean parts."""
    numpy = pytest.importorskip("numpy")
    rng = numpy.random.default_rng(1)
    correct = rng.binomial(4, rng.beta(2, 1, (2_000, 20)))
    parts = [variance_parts((4, int(c)) for c in row) for row in correct]
    sums = [part.problems + part.answers for part in parts if part is not None]
    assert float(numpy.mean(sums)) == pytest.approx(float(correct.mean(axis=1).var() / 16), rel=0.1)


def test_ends_stay_within_a_share() -> None:
    """Five problems, each right once in four: by rounding, the low end once came to -3e-17."""
    low, _ = clustered_interval([[True, False, False, False]] * 5)
    assert low is not None
    assert low >= 0


def test_a_single_problem_counts_once() -> None:
    assert ends(clustered_interval([[True] * 4])) == pytest.approx((0.14, 1), abs=0.05)
    low, high = ends(clustered_interval([[True, True, False, False]]))
    assert high - low > 0.75


def test_order_of_problems_does_not_matter() -> None:
    counts = [(4, 1), (3, 3), (4, 0)]
    assert len({interval_of_counts(some) for some in itertools.permutations(counts)}) == 1


@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_the_share_of_draws_that_hold_a_correct_one(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(itertools.combinations(range(n), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(min(draw) < c for draw in draws) / len(draws))


@pytest.mark.parametrize(("n", "c", "k"), [(4, 5, 1), (4, -1, 1), (4, 2, 5), (4, 2, 0), (0, 0, 1)])
def test_pass_at_k_refuses_nonsense(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(n, c, k)


def test_avg_at_k() -> None:
    groups = [[True, False, True], [False, False, True]]
    assert avg_at_k(groups, 3) == pytest.approx(0.5)
    assert avg_at_k(groups, 2) == pytest.approx(0.25)
    assert avg_at_k([], 2) is None
    for bad, k in ((groups, 4), (groups, 0), ([[]], 1)):
        with pytest.raises(ValueError, match="not defined"):
            avg_at_k(bad, k)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_quantile_is_numpys(values: list[float], q: float) -> None:
    numpy = pytest.importorskip("numpy")
    assert quantile(values, q) == pytest.approx(float(numpy.quantile(values, q)), abs=1e-6)


def test_quantile_edges() -> None:
    assert quantile([], 0.5) is None
    assert quantile([3.0, 1.0], 0.5) == 2.0
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile([1.0], 50)


def test_import_brings_nothing_heavy() -> None:
    code = "import sys, qwq_nb.core.stats, qwq_nb.core.tally; print({'scipy', 'numpy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
