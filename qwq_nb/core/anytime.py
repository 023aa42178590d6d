"""Compute the interval of a paired difference that may be looked at after every pair, and stop a race by it.

An interval of a fixed number of pairs does not hold where one looks again and again, and stops at the first look that
decides. This one holds at all looks together, so also at the one that ended the race.

Of a hypothesis "the difference is δ or less", the wealth of a gambler who bets the share λ of it on each pair is

    K(λ) = (1 + λ(1 - δ))^only_b · (1 - λ(1 + δ))^only_a · (1 - λδ)^(n - only_a - only_b),     0 < λ < 1 / (1 + δ),

which is expected never to grow if the hypothesis holds, whatever is looked at. The mean over several λ is such a wealth
too, and reaches 1 / α at some time with a chance of α at most (Ville). For δ = 0 and λ drawn from the arcsine
distribution K is 2^(w+l) B(½ + w, ½ + l) / B(½, ½), with w and l the pairs that differ; its upper half is what is used
here, by 64 points of it.

Sources:

- Ville, J. (1939). "Étude critique de la notion de collectif." Gauthier-Villars. The inequality.
- Waudby-Smith, I., Ramdas, A. (2024). "Estimating means of bounded random variables by betting." J. R. Statist. Soc. B
  86, 1-27, arXiv:2010.09686. The wealth, and the interval of all differences that it does not reject.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, log, log1p, pi, sin

from qwq_nb.core.stats import Interval

__all__ = ["anytime_interval"]

_POINTS = 64

_SHARES = tuple(sin(pi / 2 * (k + 0.5) / _POINTS) for k in range(_POINTS))
"""Points of equal weight of the arcsine distribution's upper half: the bets, as shares of the largest one."""


def anytime_interval(only_a: int, only_b: int, n: int, confidence: float = 0.95) -> Interval:
    """Compute the interval of (only_b - only_a) / n that holds at every n; (None, None) for n = 0.

    `only_a` and `only_b` count the pairs that are correct in one run alone, with one pair a problem.

    Raises:
        ValueError: unless 0 <= only_a, 0 <= only_b, only_a + only_b <= n.
    """
    if only_a < 0 or only_b < 0 or only_a + only_b > n:
        raise ValueError(f"of {n} pairs, {only_a} cannot be correct in A alone and {only_b} in B alone")
    if not n:
        return None, None
    return _low(only_a, only_b, n, confidence), -_low(only_b, only_a, n, confidence)


@lru_cache(maxsize=4096)
def _low(only_a: int, only_b: int, n: int, confidence: float) -> float:
    """Return the largest δ of which "the difference is δ or less" is rejected; -1 if none is."""
    needed = log(2 / (1 - confidence))
    low, high = -1.0, (only_b - only_a) / n
    # The wealth falls as δ grows, and is 1 at most at the difference seen.
    while high - low > 1e-7:
        middle = (low + high) / 2
        if _log_wealth(only_a, only_b, n, middle) >= needed:
            low = middle
        else:
            high = middle
    return low


def _log_wealth(only_a: int, only_b: int, n: int, delta: float) -> float:
    """Return the logarithm of the mean wealth over the bets."""
    most = 1 / (1 + delta)
    logs = [
        only_b * log1p(share * most * (1 - delta))
        + only_a * log1p(-share)
        + (n - only_a - only_b) * log1p(-share * most * delta)
        for share in _SHARES
    ]
    top = max(logs)
    return top + log(sum(exp(value - top) for value in logs) / len(logs))
