"""Compute the posterior of a mean share where each problem was answered several times: the Beta-binomial model.

The chance of a right answer to a problem is p ~ Beta(m·κ, (1 - m)·κ): m is the mean over problems without end, and
ρ = 1 / (κ + 1) the correlation between answers to one problem (0: repeats are as good as new problems, 1: copies of
one another). The number of correct answers to a problem is then Beta-binomial. The posterior is computed on a grid,
with m and ρ uniform. Unlike an interval by the estimated variance it does not become too short where few problems, or
few wrong answers, say little of that variance.

Of many problems with many answers the shape of the beta distribution decides where m lies, and real difficulties have
other shapes (most problems sure, some hopeless): so from few problems to `_MANY` the posterior is moved from its own
mean to that of the problems, and `qwq_nb.core.stats` takes the interval by the variance beside it.

Sources: Skellam, J. G. (1948), "A probability distribution derived from the binomial distribution by regarding the
probability of success as variable between the sets of trials", JRSS B 10, 257-261; Bowyer, S. et al. (2025), "Don't use
the CLT in LLM evals with fewer than a few hundred datapoints", arXiv:2503.01747. Coverage: `tests/core/simulate.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, pi, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["CAUTION", "credible_ends", "log_beta", "log_gamma", "mean_interval_of_counts"]

_MEANS = 120
"""Points of the grid in m, over the range that the data leave."""
_CORRELATIONS = 16
"""Points of the grid in ρ, closer together the nearer to 0."""

CAUTION = 0.75
"""What of the probability that may lie outside of an interval does; the rest is a margin."""
_FEW, _ENOUGH = 5, 10
"""From the second number of problems down to the first, half of that: what is seen of so few takes a handful of values,
and coverage jumps from one to the next.
"""

_MANY = 100
"""Problems from which on the interval lies around the mean of the problems."""

Kinds = Sequence[tuple[tuple[float, float], float]]
"""Pairs of (answers, correct ones) with the number of problems that have them. They need not be whole numbers."""


def mean_interval_of_counts(kinds: Kinds, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the interval of m, as shares 0…1 (`credible_ends`).

    A value 0…1 of a problem that k independent draws are behind stands for k answers of which so many are correct. The
    numbers of problems may be weights, of the effective number of problems together (Kish 1965).

    Raises:
        ValueError: there is no problem, or one with more correct answers than answers.
    """
    if not kinds or any(not 0 <= c <= k or k < 1 for (k, c), _ in kinds):
        raise ValueError(f"no interval of {list(kinds)[:3]}")
    import numpy as np

    answers, correct, times = (
        np.array(part, dtype=float) for part in zip(*((k, c, n) for (k, c), n in kinds), strict=True)
    )
    problems = times.sum()
    share = (times @ correct + 0.5) / (times @ answers + 1)
    # m is sin²(θ): on this scale a share has nearly the same error everywhere, at most that of single answers.
    reach = 2.5 / sqrt(problems)
    first, last = max(0.0, asin(sqrt(share)) - reach), min(pi / 2, asin(sqrt(share)) + reach)
    width = (last - first) / _MEANS
    theta = first + width * (np.arange(_MEANS) + 0.5)
    root = (np.arange(_CORRELATIONS) + 0.5) / _CORRELATIONS
    kappa = 1 / root**2 - 1
    a = np.sin(theta)[:, None] ** 2 * kappa
    b = kappa - a
    logs = np.log(np.sin(2 * theta))[:, None] + np.log(root)  # uniform in m and in ρ = root²
    logs = logs - problems * log_beta(a, b)
    for k, c, n in zip(answers, correct, times, strict=True):
        logs = logs + n * log_beta(a + c, b + k - c)
    weights = np.exp(logs - logs.max()).sum(axis=1)
    edges = np.sin(first + width * np.arange(_MEANS + 1)) ** 2
    below, above = edges[:-1], edges[1:]
    posterior_mean = float(weights @ (below + above) / 2 / weights.sum())
    mean = float(times @ correct / (times @ answers))
    edges = np.clip(edges + min(float(problems) / _MANY, 1.0) * (mean - posterior_mean), 0.0, 1.0)
    return credible_ends(weights, edges, confidence, CAUTION * min(max(float(problems), _FEW) / _ENOUGH, 1.0))


def credible_ends(weights: Array, edges: Array, confidence: float, caution: float) -> tuple[float, float]:
    """Return the ends of the interval that holds both the equal-tailed and the shortest credible interval.

    `weights` are those of the cells between the `edges`. Near 0 and 1, where a posterior leans to one side, the
    equal-tailed interval leaves the edge out, and the shortest keeps it. What may lie outside is cut to the part
    `caution`, so that the interval covers at its rate for truths that the prior does not expect.
    """
    import numpy as np

    below = np.concatenate([[0.0], np.cumsum(weights / weights.sum())])
    outside = caution * (1 - confidence)
    left = np.linspace(0.0, outside, 41)
    lows, highs = np.interp(left, below, edges), np.interp(left + 1 - outside, below, edges)
    shortest, middle = int(np.argmin(highs - lows)), len(left) // 2
    return float(min(lows[shortest], lows[middle])), float(max(highs[shortest], highs[middle]))


def log_beta(a: Array, b: Array) -> Array:
    """Compute log B(a, b) of arrays of positive numbers."""
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


def log_gamma(x: Array) -> Array:
    """Compute log Γ(x), x > 0, by Stirling's series at x + 8: eleven digits, without scipy."""
    import numpy as np

    below = x.copy()
    for i in range(1, 8):
        below = below * (x + i)
    y = x + 8
    series = 1 / (12 * y) - 1 / (360 * y**3) + 1 / (1260 * y**5) - 1 / (1680 * y**7)
    return np.asarray((y - 0.5) * np.log(y) - y + 0.5 * np.log(2 * pi) + series - np.log(below))
