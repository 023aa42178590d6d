"""Compute intervals of shares, avg@k, pass@k and quantiles, without scipy.

These are drawn four times a second while a run goes on. Importing scipy takes a second, most of it with the
interpreter's lock held, which would stop the streams.

Sources:

- Wilson, E. B. (1927). "Probable inference, the law of succession, and statistical inference." JASA 22, 209-212.
  The score interval; it stays within [0, 1] and does not collapse at 0 % or 100 %.
  For a fixed number of answers its coverage goes up and down with the share: around 95 % on average, from 83 % (8
  answers, shares near 0 or 1) to 100 %, as that of every interval that is not too long on average does: Brown, L.,
  Cai, T., DasGupta, A. (2001). "Interval estimation for a binomial proportion." Statistical Science 16, 101-133.
- Kish, L. (1965). "Survey Sampling." Wiley. The effective sample size under unequal weights.
- Miller, E. (2024). "Adding Error Bars to Evals." arXiv:2411.00640. The parts of an eval's variance.
- Franco, C., Little, R., Louis, T., Slud, E. (2019). "Comparative study of confidence intervals for proportions in
  complex sample surveys." J. Survey Statistics and Methodology 7, 334-364. Wilson with the effective sample size.
- Chen, M. et al. (2021). "Evaluating large language models trained on code." arXiv:2107.03374, section 2.1. pass@k.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple

__all__ = [
    "Interval",
    "VarianceParts",
    "avg_at_k",
    "clustered_interval",
    "interval_of_counts",
    "interval_of_groups",
    "newcombe",
    "pass_at_k",
    "quantile",
    "share_interval",
    "variance_parts",
    "wilson",
    "wilson_of_share",
]

_FOR_VARIANCE = 20
"""Problems from which on their scatter says enough of the variance."""

Interval = tuple[float, float] | tuple[None, None]
"""Low and high end as shares 0…1, or two Nones where nothing can be said."""


@lru_cache(maxsize=4096)
def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Compute Wilson's score interval (1927) of the share successes / n; (None, None) for n = 0.

    Raises:
        ValueError: unless 0 <= successes <= n and 0 < confidence < 1.
    """
    if not (0 <= successes <= n and 0 < confidence < 1):
        raise ValueError(f"no interval of {successes} successes in {n} at a confidence of {confidence}")
    if n == 0:
        return None, None
    return _wilson_of(successes / n, n, confidence)


def newcombe(k1: int, n1: int, k2: int, n2: int, confidence: float = 0.95) -> Interval:
    """Compute Newcombe's interval of the difference of two independent shares, k2 / n2 − k1 / n1.

    The hybrid of Wilson's intervals, method 10 of Newcombe, R. (1998). "Interval estimation for the difference between
    independent proportions: comparison of eleven methods." Statistics in Medicine 17, 873-890. (None, None) where one
    of the two has no values.
    """
    (low1, high1), (low2, high2) = wilson(k1, n1, confidence), wilson(k2, n2, confidence)
    if low1 is None or high1 is None or low2 is None or high2 is None:
        return None, None
    p1, p2 = k1 / n1, k2 / n2
    below, above = sqrt((p2 - low2) ** 2 + (high1 - p1) ** 2), sqrt((high2 - p2) ** 2 + (p1 - low1) ** 2)
    return p2 - p1 - below, p2 - p1 + above


def clustered_interval(groups: Sequence[Sequence[bool]], confidence: float = 0.95) -> Interval:
    """Compute the interval of the share of correct answers where each problem was answered several times.

    `groups` holds one sequence of booleans (correct or not) a problem; empty ones are left out. Without any answer the
    result is (None, None).

    Answers to one problem resemble each other, so n answers say less than n problems would: the interval is that of the
    Beta-binomial posterior (`qwq_nb.core.beta_binomial`), in which the correlation of answers is estimated with its own
    uncertainty, together with Wilson's by the clustered variance, which supposes no distribution of the difficulties
    and is enough of many problems. It is never narrower than `wilson(correct, n)`; nor, where all answers to each
    problem agree (as at 0 % and 100 %) and repeats are as copies of one another, than Wilson's of the problems. Where
    every problem was answered once it is `wilson(correct, n)`.
    """
    return interval_of_counts(((len(group), sum(group)) for group in groups), confidence)


def interval_of_counts(counts: Iterable[tuple[float, float]], confidence: float = 0.95) -> Interval:
    """Compute `clustered_interval` from the pairs (answers, correct ones) of the problems.

    A value 0…1 of a problem stands for as many answers as independent draws are behind it.
    """
    kinds = Counter(pair for pair in counts if pair[0])
    return _clustered(tuple(sorted(kinds.items())), confidence)


def interval_of_groups(
    groups: Sequence[tuple[float, Sequence[tuple[float, float]]]], confidence: float = 0.95
) -> Interval:
    """Compute the interval of a share over groups of problems that weigh differently.

    `groups` are (weight, the pairs (answers, correct ones) of the problems) of each stratum; those without answers are
    left out. Each problem counts by its group's weight, all together as the effective number of problems under unequal
    weights, (Σw)² / Σ(w² / m) of groups of m problems (Kish 1965). The interval is `clustered_interval` of that many.
    """
    known = [(weight, [pair for pair in pairs if pair[0]]) for weight, pairs in groups]
    known = [(weight, pairs) for weight, pairs in known if pairs and weight]
    whole = sum(weight for weight, _ in known)
    if not whole:
        return None, None
    size = whole**2 / sum(weight**2 / len(pairs) for weight, pairs in known)
    kinds: defaultdict[tuple[float, float], float] = defaultdict(float)
    for weight, pairs in known:
        for pair in pairs:
            kinds[pair] += size * weight / whole / len(pairs)
    return _clustered(tuple(sorted(kinds.items())), confidence)


@lru_cache(maxsize=1024)
def _clustered(kinds: tuple[tuple[tuple[float, float], float], ...], confidence: float) -> Interval:
    if not kinds:
        return None, None
    problems = sum(times for _, times in kinds)
    n = sum(k * times for (k, _), times in kinds)
    share = min(sum(c * times for (_, c), times in kinds) / n, 1.0)
    if all(k == 1 and c in (0, 1) for (k, c), _ in kinds):
        return _wilson_of(share, problems, confidence)
    from qwq_nb.core.beta_binomial import CAUTION, mean_interval_of_counts

    low, high = mean_interval_of_counts(kinds, confidence)
    cautious = 1 - CAUTION * (1 - confidence)
    bounds = [wilson_of_share(share, n, confidence)]
    if all(c in (0, k) for (k, c), _ in kinds):
        agreeing = sum(times for (_, c), times in kinds if c) / problems
        bounds.append(_wilson_of(agreeing, problems, confidence))
    elif problems >= _FOR_VARIANCE:
        bounds.append(_by_variance(kinds, share, cautious))
    return min(low, *(end for end, _ in bounds)), max(high, *(end for _, end in bounds))


def _by_variance(
    kinds: Iterable[tuple[tuple[float, float], float]], share: float, confidence: float
) -> tuple[float, float]:
    """Compute Wilson's interval of the effective number of answers, with Student's quantile.

    That number is share · (1 - share) over the clustered variance m / (m - 1) · Σ (c - share · k)² / n² of m problems
    (Miller 2024), as Franco et al. (2019) take it; from m (copies of one another) to n answers (as good as problems).
    """
    known = list(kinds)
    problems = sum(times for _, times in known)
    n = sum(k * times for (k, _), times in known)
    if problems <= 1 or not 0 < share < 1:
        return share, share
    scatter = sum(times * (c - share * k) ** 2 for (k, c), times in known)
    variance = problems / (problems - 1) * scatter / n**2
    size = min(max(share * (1 - share) / variance, problems), n) if variance else n
    return share_interval(share, size, _student((1 + confidence) / 2, problems - 1))


def _student(probability: float, degrees: float) -> float:
    """Compute a quantile of Student's distribution: Abramowitz & Stegun (1964), 26.7.5, within 4 % from two on."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / max(degrees, 1.0) ** (i + 1) for i, term in enumerate(terms))


def _wilson_of(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Compute Wilson's interval with ends that are 0 or 1 exactly where the share is."""
    low, high = wilson_of_share(share, n, confidence)
    return (low if share > 0 else 0.0), (high if share < 1 else 1.0)


def wilson_of_share(p: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Compute Wilson's interval of the share p; n need not be a whole number."""
    return share_interval(p, n, NormalDist().inv_cdf((1 + confidence) / 2))


def share_interval(p: float, n: float, z: float) -> tuple[float, float]:
    """Compute Wilson's interval of the share p for a quantile `z`: the normal distribution's, or Student's."""
    z2 = z * z
    centre = p + z2 / (2 * n)
    half = sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))
    # Rounding can carry an end past the share's own bounds by 1e-17.
    return max(0.0, (centre - half) / (1 + z2 / n)), min(1.0, (centre + half) / (1 + z2 / n))


class VarianceParts(NamedTuple):
    """Hold the parts of the variance of an accuracy over problems with repeats (Miller 2024, section 3)."""

    problems: float
    """Var(p) / problems: which problems were asked. More problems narrow it, repeats do not."""
    answers: float
    """E[p(1 - p)] / answers: chance in the answers. More problems narrow it, and more repeats."""
    correlation: float
    """Var(p) / (Var(p) + E[p(1 - p)]): of the answers to one problem, 0…1."""

    @property
    def share_of_problems(self) -> float:
        """Return the first part's share 0…1 of both."""
        whole = self.problems + self.answers
        return self.problems / whole if whole else 1.0


def variance_parts(counts: Iterable[tuple[int, int]]) -> VarianceParts | None:
    """Split the variance of an accuracy into problems and answers; `counts` are pairs (answers, correct ones).

    By the analysis of variance, without bias: E[p(1 - p)] is the mean of c(k - c) / (k(k - 1)) over the problems with
    two answers or more, Var(p) the variance of c / k less the chance that is in it, and at least 0. None for fewer than
    two problems, or where none has two answers.
    """
    pairs = [pair for pair in counts if pair[0]]
    repeated = [(k, c) for k, c in pairs if k > 1]
    if len(pairs) < 2 or not repeated:
        return None
    within = sum(c * (k - c) / (k * (k - 1)) for k, c in repeated) / len(repeated)
    shares = [c / k for k, c in pairs]
    mean = sum(shares) / len(shares)
    spread = sum((share - mean) ** 2 for share in shares) / (len(shares) - 1)
    chance = within * sum(1 / k for k, _ in pairs) / len(pairs)
    between = max(0.0, spread - chance)
    whole = between + within
    return VarianceParts(between / len(pairs), chance / len(pairs), between / whole if whole else 1.0)


def pass_at_k(n: int, c: int, k: int) -> float:
    """Compute the probability 0…1 that one of k answers drawn from n is correct, if c of them are.

    Chen et al. (2021), without bias. The benchmark's pass@k is the mean over its problems.

    Raises:
        ValueError: unless 0 <= c <= n and 1 <= k <= n.
    """
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"pass@{k} of {c} correct in {n} answers is not defined: it needs 0 <= c <= n and 1 <= k <= n")
    return 1 - comb(n - c, k) / comb(n, k)


def avg_at_k(groups: Sequence[Sequence[bool]], k: int) -> float | None:
    """Compute avg@k: the mean over problems of the share 0…1 that is correct among each one's first k answers.

    As DeepSeek-R1 (2025, arXiv:2501.12948, section 3) and Qwen's reports define it for AIME. None without problems.

    Raises:
        ValueError: a problem has fewer than k answers (leave it out, or take a smaller k), or k is below 1.
    """
    short = sum(len(group) < k for group in groups)
    if short or k < 1:
        raise ValueError(f"avg@{k} is not defined: k must be 1 or more, and {short} problems have fewer answers than k")
    return sum(sum(group[:k]) for group in groups) / (k * len(groups)) if groups else None


def quantile(values: Iterable[float], q: float) -> float | None:
    """Compute the q-quantile (q from 0 to 1) by linear interpolation, in the values' unit; None without values.

    Definition 7 of Hyndman & Fan (1996, The American Statistician 50, 361-365), numpy's default.

    Raises:
        ValueError: q is outside 0…1.
    """
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile lies between 0 and 1, not at {q}")
    ordered = sorted(values)
    if not ordered:
        return None
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])
