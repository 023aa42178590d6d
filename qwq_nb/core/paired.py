"""Compare two runs on the same problems: difference of accuracies, its interval, its p-value, sample sizes.

A pair is one problem × repeat that both runs answered. `only_a` of the `n` pairs are correct in A alone, `only_b` in B
alone; the others say nothing of the difference d = (only_b - only_a) / n. Shares are 0…1, positive where B is better.

Where problems were answered several times, the answers to one problem resemble each other, so everything is by
problem: a `Problem` is (pairs, only_a, only_b). scipy and numpy do the mathematics and are imported when asked for.

Sources:

- McNemar, Q. (1947). "Note on the sampling error of the difference between correlated proportions or percentages."
  Psychometrika 12, 153-157. Its exact form is the binomial test of only_b among only_a + only_b at 1/2.
- Tango, T. (1998). "Equivalence test and confidence interval for the difference in proportions for the paired-sample
  design." Statistics in Medicine 17, 891-908. The score interval: it has a width where no pair differs, too.
- Fagerland, M. W., Lydersen, S., Laake, P. (2014). "Recommended tests and confidence intervals for paired binomial
  proportions." Statistics in Medicine 33, 2850-2875. Compares these with the other methods, and recommends Tango's.
- Miller, E. (2024). "Adding Error Bars to Evals." arXiv:2411.00640. Paired differences, standard errors clustered by
  problem, and the number of problems that an eval needs.
- Kish, L. (1965). "Survey Sampling." Wiley. The design effect: variance under clustering / variance if independent.
- Fisher, R. A. (1935). "The Design of Experiments", section 21. The randomisation test of paired differences.
- Connor, R. J. (1987). "Sample size for testing differences in proportions for the paired-sample design."
  Biometrics 43, 207-211. After Miettinen, O. S. (1968), Biometrics 24, 339-352.
- Holm, S. (1979). "A simple sequentially rejective multiple test procedure." Scand. J. Statistics 6, 65-70.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import ceil, sqrt

from qwq_nb.core.stats import Interval

__all__ = [
    "ALPHA",
    "Problem",
    "detectable_difference",
    "difference_interval",
    "effective_counts",
    "holm",
    "mcnemar",
    "paired_p",
    "problems_needed",
    "tango",
]

ALPHA = 0.05
"""Significance level of every statement about two runs; their intervals are of 95 %."""

Problem = tuple[int, int, int]
"""One problem's pairs: their number, how many of them only A has right, and how many only B has right."""


def mcnemar(only_a: int, only_b: int) -> float:
    """Compute the two-sided p-value of the exact McNemar test; 1 where no pair differs.

    `only_a` and `only_b` count the pairs that are correct in one run alone. McNemar (1947), exact binomial form.
    """
    return _mcnemar(min(only_a, only_b), max(only_a, only_b))


@lru_cache(maxsize=4096)
def _mcnemar(fewer: int, more: int) -> float:
    if not more:
        return 1.0
    from scipy.stats import binomtest  # type: ignore[import-untyped, unused-ignore]

    return float(binomtest(fewer, fewer + more, 0.5).pvalue)


def paired_p(problems: Iterable[Problem]) -> float:
    """Compute the two-sided exact p-value of the hypothesis that neither run is better, by problem.

    Were A and B alike, each problem's difference (only_b - only_a) could as well have the other sign (Fisher 1935). p
    is the share of all sign patterns whose sum is at least as far from 0 as the observed one. The patterns are counted
    by convolution and not sampled, so p is exact for any number of problems. With one pair a problem it is the exact
    McNemar test; without problems it is 1.
    """
    kept = list(problems)
    steps = Counter(abs(b - a) for _, a, b in kept if a != b)
    if not steps:
        return 1.0
    only_a, only_b = sum(a for _, a, _ in kept), sum(b for _, _, b in kept)
    if set(steps) == {1} and steps.total() == only_a + only_b:
        return mcnemar(only_a, only_b)
    return _sign_flip(tuple(sorted(steps.items())), abs(only_b - only_a))


@lru_cache(maxsize=256)
def _sign_flip(steps: tuple[tuple[int, int], ...], seen: int) -> float:
    """Compute the share of sign patterns whose sum is at least `seen` in size.

    `steps` holds (size of a difference, how many problems have it).
    """
    import numpy as np

    reach = sum(size * times for size, times in steps)
    # chances[i]: probability of the sum 2i - reach. A sign turned is one step of `size` there.
    chances = np.zeros(reach + 1)
    chances[0], top = 1.0, 0
    for size, times in steps:
        for _ in range(times):
            chances[: top + size + 1] *= 0.5
            # The copy matters: both sides of the addition are the same memory.
            chances[size : top + size + 1] += chances[: top + 1].copy()
            top += size
    sums = np.abs(2 * np.arange(reach + 1) - reach)
    return min(1.0, float(chances[sums >= seen].sum()))


def tango(only_a: float, only_b: float, n: float, confidence: float = 0.95) -> Interval:
    """Compute Tango's score interval (1998) of (only_b - only_a) / n; (None, None) for n = 0.

    All δ for which |T(δ)| <= z, where T(δ) = (only_b - only_a - nδ) / √(n(2q + δ(1 - δ))) and q is the most likely
    share of "only A" if δ is the difference. Counts need not be whole numbers, since a design effect divides them.

    Raises:
        ValueError: unless 0 <= only_a, 0 <= only_b, only_a + only_b <= n.
    """
    if only_a < 0 or only_b < 0 or only_a + only_b > n + 1e-9:
        raise ValueError(f"of {n} pairs, {only_a} cannot be correct in A alone and {only_b} in B alone")
    return _tango(float(only_a), float(only_b), float(n), confidence) if n else (None, None)


@lru_cache(maxsize=1024)
def _tango(only_a: float, only_b: float, n: float, confidence: float) -> Interval:
    from scipy.optimize import brentq  # type: ignore[import-untyped, unused-ignore]

    z = normal_quantile((1 + confidence) / 2)
    seen = (only_b - only_a) / n

    def excess(delta: float) -> float:
        """Return T² - z², negative inside the interval.

        T is squared so that nothing is divided near its zero variance.
        """
        middle = (2 * n + only_a - only_b) * delta - only_a - only_b
        q = (sqrt(max(0.0, middle * middle + 8 * n * only_a * delta * (1 - delta))) - middle) / (4 * n)
        return (n * (seen - delta)) ** 2 - z * z * n * max(0.0, 2 * q + delta * (1 - delta))

    def end(outer: float) -> float:
        """Find one end of the interval between the observed difference and `outer` (-1 or 1).

        The search starts a little off the observed difference, where T² - z² may be 0 because the variance is 0.
        """
        inner = seen + 1e-9 * (outer - seen)
        if abs(seen - outer) < 1e-12 or excess(inner) >= 0 or excess(outer) <= 0:
            return outer
        return float(brentq(excess, inner, outer, xtol=1e-12))

    return end(-1.0), end(1.0)


def difference_interval(problems: Iterable[Problem], confidence: float = 0.95) -> Interval:
    """Compute the interval of the difference over all pairs, clustered by problem; (None, None) without pairs.

    Tango's interval with the counts divided by the design effect (n pairs, m problems, d_i of k_i pairs the difference
    of a problem's correct answers, D = Σd_i / n)

        deff = [m / (m - 1) · Σ(d_i - D·k_i)² / n²] / [((only_a + only_b) / n - D²) / n],     1 <= deff <= n / m.

    The numerator is Miller's clustered variance of a paired difference (2024), the quotient Kish's design effect
    (1965), as `qwq_nb.core.stats.clustered_interval` uses them for a share. Where the variance is 0 and says nothing,
    and for a single problem, the upper bound is taken. With one pair a problem the result equals `tango`.
    """
    only_a, only_b, n = effective_counts(problems)
    return tango(only_a, only_b, n, confidence)


def effective_counts(problems: Iterable[Problem]) -> tuple[float, float, float]:
    """Return (only_a, only_b, n) divided by the design effect of `difference_interval`; zeros without pairs."""
    kept = [problem for problem in problems if problem[0]]
    m, n = len(kept), sum(pairs for pairs, _, _ in kept)
    if not n:
        return 0.0, 0.0, 0.0
    only_a, only_b = sum(a for _, a, _ in kept), sum(b for _, _, b in kept)
    deff = n / m
    mean = (only_b - only_a) / n
    independent = ((only_a + only_b) / n - mean * mean) / n
    if m > 1 and independent > 1e-15:
        scatter = sum((b - a - mean * pairs) ** 2 for pairs, a, b in kept) / (n * n)
        deff = min(max(m / (m - 1) * scatter / independent, 1.0), deff)
    return only_a / deff, only_b / deff, n / deff


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values by Holm's procedure (1979), in the order given, so that they hold for all hypotheses together."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def problems_needed(problems: Iterable[Problem], power: float = 0.8, alpha: float = 0.05) -> int | None:
    """Compute how many such problems show the observed difference with this power; None where there is no difference.

    With one pair a problem: Connor's n (1987), with ψ the share of pairs that differ and δ the difference,

        n = [z(1 - α/2)·√ψ + z(power)·√(ψ - δ²)]² / δ² + 1 / δ.

    Connor's n is for the large-sample test, and gives the exact one about 77 % where 80 % is meant. The term 1 / δ is
    our addition and makes that 79 to 83 % (half of the usual correction for continuity, which would make it up to 86
    %). With repeats: Miller's (2024), (z(1 - α/2) + z(power))² · variance of the problems' differences / δ². The
    observed difference is itself uncertain, and so is n.
    """
    kept = [problem for problem in problems if problem[0]]
    m, n = len(kept), sum(pairs for pairs, _, _ in kept)
    only_a, only_b = sum(a for _, a, _ in kept), sum(b for _, _, b in kept)
    if only_a == only_b:
        return None
    if n == m:
        return _connor((only_a + only_b) / n, abs(only_b - only_a) / n, power, alpha)
    differences = [(b - a) / pairs for pairs, a, b in kept]
    mean = sum(differences) / m
    if m < 2 or abs(mean) < 1e-12:
        return None
    variance = sum((d - mean) ** 2 for d in differences) / (m - 1)
    z = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    return max(2, ceil(z * z * variance / (mean * mean)))


def detectable_difference(n: int, differing: float, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """Compute the smallest difference (a share) that n problems show with this power; None where not even 1 would do.

    Inverts `problems_needed`. The share of pairs that differ is taken to be `differing`, or the difference itself if
    that is larger.
    """
    if n < 1 or _connor(1.0, 1.0, power, alpha) > n:
        return None
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if _connor(max(differing, middle), middle, power, alpha) <= n:
            high = middle
        else:
            low = middle
    return high


def _connor(differing: float, difference: float, power: float, alpha: float) -> int:
    if difference < 1e-9:
        return 2**63
    rest = sqrt(max(0.0, differing - difference * difference))
    root = normal_quantile(1 - alpha / 2) * sqrt(differing) + normal_quantile(power) * rest
    return max(1, ceil(root * root / (difference * difference) + 1 / difference - 1e-9))


@lru_cache(maxsize=16)
def normal_quantile(share: float) -> float:
    """Return the quantile of the standard normal distribution at `share` (0…1)."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
