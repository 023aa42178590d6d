"""Estimate the score of a whole benchmark from the part of its problems that was asked, level by level.

A limit asks as many problems of each level, while the levels of a benchmark have different sizes, so correct / asked is
not the benchmark's score. The estimate weights each level (stratum) by its size, and its interval is about the problems
that were not asked: with all asked there is none left, and the interval has no width.

Interval: the number of correct answers among the problems that were not asked, predicted by a hierarchical
Beta-binomial model. The chance of a right answer in stratum h is p_h ~ Beta(m·κ, (1 - m)·κ), on a grid with m uniform
and the correlation ρ = 1 / (κ + 1) = u² / 2, u uniform: with few problems a stratum ρ cannot be estimated, and a small
one is the cautious choice. At a point of the grid the number in each stratum is Beta-binomial, and their sum is a
convolution, computed exactly by the fast Fourier transform up to `LATTICE` problems. So the interval does not collapse
at 0 % and 100 %, where the variances of a normal approximation are 0, nor with one problem a stratum. Strata of which
nothing was asked are not predicted: the interval allows for none and for all of their problems being correct.

Sources: Cochran, W. G. (1977), "Sampling techniques", 3rd ed., Wiley, chapter 5 (the stratified estimate, and its
variance in a finite population); Gelman, A. et al. (2013), "Bayesian data analysis", 3rd ed., sections 5.3 and 8.3 (the
hierarchical model; a finite population by prediction of what was not sampled). Coverage: `tests/core/simulate.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import asin, pi, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from qwq_nb.core.beta_binomial import credible_ends, log_beta
from qwq_nb.core.stats import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["LATTICE", "Stratum", "stratified_interval", "stratified_share"]

LATTICE = 1024
"""Problems not asked up to which the prediction is exact; of more, each step of the lattice stands for several."""

_CORRELATIONS = 8
"""Points of the grid in ρ."""
_MEANS = 25
"""Points of the grid in m for each ρ, over the range that the data leave."""
_NEGLIGIBLE = 1e-3
"""Points of the grid that are less likely than this, beside the likeliest, are left out."""


class Stratum(NamedTuple):
    """Hold the counts of one level or subset."""

    size: int
    """Problems that the benchmark has in it."""
    asked: int
    """Problems that were answered; 0 <= asked <= size."""
    correct: int


def stratified_share(parts: Sequence[tuple[float, float, float]]) -> float | None:
    """Compute the mean of shares weighted by size: Σ size · correct / asked, over Σ size.

    `parts` are (size, asked, correct) of each stratum; those of which nothing was asked are left out. None where
    nothing was asked at all.
    """
    known = [(size, correct / asked) for size, asked, correct in parts if asked]
    whole = sum(size for size, _ in known)
    return sum(size * share for size, share in known) / whole if whole else None


def stratified_interval(strata: Sequence[Stratum], confidence: float = 0.95) -> Interval:
    """Compute the interval of the share 0…1 of all problems that are answered correctly; see the module's docstring.

    It holds the estimate of `stratified_share`, and is (None, None) where nothing was asked.

    Raises:
        ValueError: a stratum with more asked than it has, or more correct than asked.
    """
    for size, asked, correct in strata:
        if not 0 <= correct <= asked <= size:
            raise ValueError(f"no interval of {correct} correct among {asked} asked of {size}")
    return _interval(tuple(sorted(strata)), confidence)


@lru_cache(maxsize=256)
def _interval(strata: tuple[Stratum, ...], confidence: float) -> Interval:
    estimate = stratified_share(strata)
    if estimate is None:
        return None, None
    size = sum(s.size for s in strata)
    unknown = sum(s.size for s in strata if not s.asked)
    known = [s for s in strata if s.asked]
    correct = sum(s.correct for s in known)
    fewest, most = _predicted(known, confidence) if any(s.asked < s.size for s in known) else (0.0, 0.0)
    low, high = (correct + fewest) / size, (correct + most + unknown) / size
    return min(low, estimate), max(high, estimate)


def _predicted(known: Sequence[Stratum], confidence: float) -> tuple[float, float]:
    """Return the ends of the interval of the number of correct answers among the problems not asked."""
    import numpy as np

    weights, alpha, beta = _posterior(known)
    left = [s.size - s.asked for s in known]
    step = max(1.0, sum(left) / LATTICE)
    cells = [round(number / step) for number in left]
    total = sum(cells)
    length = 1 << max(1, total).bit_length()
    transformed = np.ones((len(weights), length // 2 + 1), dtype=complex)
    for h, stratum in enumerate(known):
        if cells[h]:
            a, b = alpha[:, h] + stratum.correct, beta[:, h] + stratum.asked - stratum.correct
            a, b = _thinned(a, b, left[h], cells[h])
            transformed *= np.fft.rfft(_beta_binomial(cells[h], a, b), n=length, axis=1)
    # By einsum: for a product by `@` BLAS wakes threads that spin for longer than it takes, four times a second.
    mixed = np.einsum("g,gk->k", weights, transformed)
    pmf = np.clip(np.fft.irfft(mixed, n=length)[: total + 1], 0.0, None)
    # Each number is the cell from half below to half above it.
    ends = credible_ends(pmf, np.arange(total + 2, dtype=np.float64) - 0.5, confidence, caution=1.0)
    scale = sum(left) / total
    # Strata with few problems asked are drawn to the common mean, which is not that of the larger ones: the interval
    # holds both where the prediction lies and where the unbiased estimate does.
    unbiased = sum(number * s.correct / s.asked for number, s in zip(left, known, strict=True)) / scale
    shift = unbiased - float(pmf @ np.arange(total + 1)) / float(pmf.sum())
    low = min(max(round(ends[0] + min(shift, 0.0)), 0), total)
    high = min(max(round(ends[1] + max(shift, 0.0)), 0), total)
    if low >= high:
        # As long as a problem is left, the score is not exact.
        low, high = max(0, high - 1), low + 1
    return low * scale, min(high, total) * scale


def _posterior(known: Sequence[Stratum]) -> tuple[Array, Array, Array]:
    """Return the weights (grid) of the likely points of the grid, and κm and κ(1 - m) (grid × strata) at them."""
    import numpy as np

    asked = np.array([s.asked for s in known], dtype=float)
    correct = np.array([s.correct for s in known], dtype=float)
    n, mean_asked = asked.sum(), asked.mean()
    centre = asin(sqrt((correct.sum() + 0.5) / (n + 1)))
    found: list[tuple[Any, Any, Any]] = []
    for i in range(_CORRELATIONS):
        rho = 0.5 * ((i + 0.5) / _CORRELATIONS) ** 2
        # m is sin²(θ): on this scale a share has nearly the same error everywhere.
        reach = 2.5 * sqrt((1 + (mean_asked - 1) * rho) / n)
        first, last = max(0.0, centre - reach), min(pi / 2, centre + reach)
        width = (last - first) / _MEANS
        theta = first + width * (np.arange(_MEANS) + 0.5)
        kappa = 1 / rho - 1
        a = kappa * np.sin(theta) ** 2
        a, b = a[:, None], (kappa - a)[:, None]
        likelihood = (log_beta(a + correct, b + asked - correct) - log_beta(a, b)).sum(axis=1)
        found.append((likelihood + np.log(np.sin(2 * theta) * width), a, b))
    logs, alpha, beta = (np.concatenate(parts) for parts in zip(*found, strict=True))
    weights = np.exp(logs - logs.max())
    likely = weights > _NEGLIGIBLE
    ones = np.ones((1, len(known)))
    return weights[likely] / weights[likely].sum(), alpha[likely] * ones, beta[likely] * ones


def _thinned(a: Array, b: Array, number: int, cells: int) -> tuple[Array, Array]:
    """Return parameters with which a share of `cells` has the variance that it has among `number` problems."""
    if cells >= number:
        return a, b
    import numpy as np

    kappa = a + b
    spread = (kappa + number) / (number * (kappa + 1))
    excess = np.maximum(spread * cells - 1, 1e-6)
    factor = np.minimum(cells * (1 - spread) / excess, 1e7) / kappa
    return a * factor, b * factor


def _beta_binomial(n: int, a: Array, b: Array) -> Array:
    """Return the probabilities of 0…n (grid × n + 1), by the ratios of one to the next."""
    import numpy as np

    k = np.arange(n)
    ratios = np.log((n - k) * (a[:, None] + k)) - np.log((k + 1) * (b[:, None] + n - k - 1))
    logs = np.concatenate([np.zeros((len(a), 1)), np.cumsum(ratios, axis=1)], axis=1)
    pmf = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(pmf / pmf.sum(axis=1, keepdims=True))
