"""Estimate the mean of scores that are not 0 or 1 (ROUGE, F1), of a part of a benchmark and of all of it.

Of problems like those asked: the t-interval of the mean, clustered by problem (`qwq_nb.core.estimates`; Miller 2024,
arXiv:2411.00640). Of all problems of a benchmark: the stratified estimate with the variance of a finite population, by
Student's t with Satterthwaite's degrees of freedom (Cochran 1977, "Sampling techniques", 3rd ed., 5.3, 5.4 and 5.9). A
stratum of which one problem was asked has no variance of its own: it takes the mean variance of the others. Strata of
which nothing was asked may have any mean.

Where all scores are equal the estimated variance is 0, which says nothing with few problems. A score 0…1 with mean m
varies no more than answers of which the share m is correct: Wilson's interval of that share stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import NamedTuple

from qwq_nb.core.estimates import mean_estimate
from qwq_nb.core.stats import Interval, wilson_of_share

__all__ = ["ScoreStratum", "mean_of", "mean_score_interval", "stratified_mean_interval"]

Scores = Mapping[str, Sequence[float]]
"""Problem → the scores of its answers."""


class ScoreStratum(NamedTuple):
    """Hold the scores of one level or subset, and the number of problems that the benchmark has in it."""

    size: int
    scores: Scores


def mean_of(scores: Scores) -> float | None:
    """Return the mean over all answers; None without any."""
    found = [score for answers in scores.values() for score in answers]
    return sum(found) / len(found) if found else None


def mean_score_interval(scores: Scores, confidence: float = 0.95) -> Interval:
    """Compute the interval of the mean score on problems like these; (None, None) where nothing can be said."""
    values = [(problem, score) for problem, answers in scores.items() for score in answers]
    mean = mean_of(scores)
    if mean is None:
        return None, None
    least, most = _range(score for _, score in values)
    made = mean_estimate(values, confidence, least=least, most=most)
    if made.low is None or made.high is None or made.low == made.high:
        return _of_equal(mean, len({problem for problem, _ in values}), confidence)
    return made.low, made.high


def stratified_mean_interval(strata: Sequence[ScoreStratum], confidence: float = 0.95) -> Interval:
    """Compute the interval of the mean score of all problems of a benchmark, each answered once or not asked.

    It has no width where all were asked, and is (None, None) where nothing was. A problem answered several times
    counts by its mean.
    """
    means = [[sum(answers) / len(answers) for answers in s.scores.values() if answers] for s in strata]
    sizes = [max(s.size, len(found)) for s, found in zip(strata, means, strict=True)]
    asked = [(size, found) for size, found in zip(sizes, means, strict=True) if found]
    known, whole = sum(size for size, _ in asked), sum(sizes)
    if not asked:
        return None, None
    mean = sum(size / known * sum(found) / len(found) for size, found in asked)
    least, most = _range(score for _, found in asked for score in found)
    low, high = _ends(asked, mean, (least, most), confidence)
    if low is None or high is None:
        return None, None
    share = known / whole
    return share * low + (1 - share) * least, share * high + (1 - share) * most


def _ends(
    asked: Sequence[tuple[int, list[float]]], mean: float, bounds: tuple[float, float], confidence: float
) -> Interval:
    if all(size == len(found) for size, found in asked):
        return mean, mean
    own = [_variance(found) for _, found in asked]
    several = [variance for variance in own if variance is not None]
    pooled = sum(several) / len(several) if several else 0.0
    known = sum(size for size, _ in asked)
    parts, freedom = [], 0.0
    for (size, found), variance in zip(asked, own, strict=True):
        n = len(found)
        part = (size / known) ** 2 * (1 - n / size) * (pooled if variance is None else variance) / n
        parts.append(part)
        freedom += part**2 / max(1, n - 1)
    error = sqrt(sum(parts))
    if not error:
        return _of_equal(mean, sum(len(found) for _, found in asked), confidence)
    from scipy.special import stdtrit  # type: ignore[import-untyped, unused-ignore]

    half = error * float(stdtrit(max(1.0, sum(parts) ** 2 / freedom), (1 + confidence) / 2))
    return max(bounds[0], mean - half), min(bounds[1], mean + half)


def _variance(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _of_equal(mean: float, problems: int, confidence: float) -> Interval:
    return wilson_of_share(mean, problems, confidence) if 0 <= mean <= 1 and problems else (None, None)


def _range(scores: Iterable[float]) -> tuple[float, float]:
    """Return the bounds of a score: 0…1, or more where scores are outside of that (EQ-Bench's may be negative)."""
    found = list(scores)
    return min(0.0, *found), max(1.0, *found)
