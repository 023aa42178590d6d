"""Compute what a confidence is worth: AUROC, calibration, and votes that it weighs. Pure.

- AUROC: the probability that a right answer has a higher confidence than a wrong one, ties half. Its interval is
  Newcombe's method 5, which does not collapse at 0 and 1: Newcombe, R. (2006). "Confidence intervals for an effect
  size measure based on the Mann-Whitney statistic. Part 2." Statistics in Medicine 25, 559-573. The variance in it is
  that of Hanley and McNeil (1982), Radiology 143, 29-36, at the bound itself.
- Expected calibration error of a probability, in ten bins of equal width: Guo, C. et al. (2017). "On Calibration of
  Modern Neural Networks." arXiv:1706.04599. Brier score: the mean squared difference from 0 or 1.
- A vote weighed by confidence: the group of equal answers with the largest sum of weights wins (arXiv:2508.15260,
  section 3.3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import NormalDist

import msgspec

__all__ = ["Auroc", "auroc", "brier", "calibration_error", "weighted_vote"]

_BINS = 10


class Auroc(msgspec.Struct, kw_only=True, frozen=True):
    """Hold an AUROC with its 95 % interval; None where there are no right or no wrong answers."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


def auroc(right: Sequence[float], wrong: Sequence[float], confidence: float = 0.95) -> Auroc:
    """Compute the AUROC of the confidences of right and of wrong answers."""
    n, m = len(right), len(wrong)
    if not n or not m:
        return Auroc()
    ranked = sorted([(value, True) for value in right] + [(value, False) for value in wrong])
    below = ties = above = 0.0
    i = 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        rights = sum(is_right for _, is_right in ranked[i:j])
        wrongs = j - i - rights
        above += rights * below
        ties += rights * wrongs
        below += wrongs
        i = j
    area = (above + ties / 2) / (n * m)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return Auroc(value=area, low=_bound(area, 0.0, n, m, z), high=_bound(area, 1.0, n, m, z))


def _bound(area: float, end: float, n: int, m: int, z: float) -> float:
    """Return the value between the area and an end of its range from which the area is z standard errors away."""
    mean = (n + m) / 2 - 1

    def is_outside(value: float) -> bool:
        variance = value * (1 - value) / (n * m) * (1 + mean * (1 - value) / (2 - value) + mean * value / (1 + value))
        return (value - area) ** 2 > z * z * variance

    near, far = area, end
    for _ in range(60):
        middle = (near + far) / 2
        near, far = (near, middle) if is_outside(middle) else (middle, far)
    return far


def calibration_error(given: Sequence[tuple[float, bool]]) -> float | None:
    """Compute the expected calibration error of (probability, right) pairs; None without any."""
    if not given:
        return None
    bins: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for probability, is_right in given:
        bins[min(_BINS - 1, max(0, int(probability * _BINS)))].append((probability, is_right))
    error = 0.0
    for pairs in bins.values():
        mean = sum(p for p, _ in pairs) / len(pairs)
        share = sum(is_right for _, is_right in pairs) / len(pairs)
        error += abs(mean - share) * len(pairs) / len(given)
    return error


def brier(given: Sequence[tuple[float, bool]]) -> float | None:
    """Compute the Brier score of (probability, right) pairs; None without any."""
    return sum((p - is_right) ** 2 for p, is_right in given) / len(given) if given else None


def weighted_vote(votes: Sequence[tuple[str, float, bool]]) -> float:
    """Return what a vote of (group, weight, right) is worth: 1 if the heaviest group is right, 0 if not, without a
    vote 0.

    Several heaviest groups share the win evenly. A group is as right as its members on average.
    """
    weights: defaultdict[str, float] = defaultdict(float)
    worth: defaultdict[str, list[bool]] = defaultdict(list)
    for group, weight, is_right in votes:
        if group:
            weights[group] += weight
            worth[group].append(is_right)
    if not weights:
        return 0.0
    most = max(weights.values())
    first = [sum(worth[g]) / len(worth[g]) for g, weight in weights.items() if weight == most]
    return sum(first) / len(first)
