"""Draw runs whose truth is known, and count how often the intervals hold it: the grid of `make simulate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import comb, lgamma
from typing import NamedTuple

import numpy as np

from qwq_nb.core.mean_scores import ScoreStratum, stratified_mean_interval
from qwq_nb.core.sequential import ConfidenceSequence, interval_of_strata
from qwq_nb.core.stats import interval_of_counts, interval_of_groups, wilson
from qwq_nb.core.stratified import Stratum, stratified_interval, stratified_share
from qwq_nb.run.repeats import cons_at_k, mean_interval

__all__ = [
    "BY_LEVEL",
    "MATH_500",
    "Case",
    "Cell",
    "accuracy",
    "bias",
    "cases",
    "cells",
    "even",
    "passes",
    "peeking",
    "peeking_at_a_limit",
    "scores",
    "single",
    "stops",
    "stratified",
    "until",
    "votes",
    "weighted",
]

Rng = np.random.Generator

MATH_500 = (43, 90, 105, 128, 134)
"""Problems of MATH-500 by level."""
BY_LEVEL = (0.95, 0.85, 0.75, 0.6, 0.4)
"""A model that is worse at harder levels."""

_ROUNDING = 1e-9


class Case(NamedTuple):
    """Hold one cell of the grid: `draw` makes an interval and the truth that it should hold."""

    kind: str
    """`stratified`, `scores`, `accuracy`, `weighted`, `pass`, `cons`, `until`, `peeking`."""
    name: str
    draw: Callable[[Rng], tuple[float, float, float]]


class Cell(NamedTuple):
    """Hold how often the intervals of a case held the truth, and their mean width."""

    case: Case
    covered: float
    width: float


def even(sizes: Sequence[int], limit: int) -> list[int]:
    """Problems asked of each subset, as `--limit` spreads them."""
    quota, left = [0] * len(sizes), limit
    while left:
        for i, size in enumerate(sizes):
            if left and quota[i] < size:
                quota[i] += 1
                left -= 1
    return quota


def drawn_strata(rng: Rng, sizes: Sequence[int], chances: Sequence[float], limit: int) -> tuple[list[Stratum], float]:
    """Answer all problems, ask some of them; return the counts, and the share of all that is correct."""
    strata, correct = [], 0
    for size, asked, chance in zip(sizes, even(sizes, limit), chances, strict=True):
        answers = rng.random(size) < chance
        strata.append(Stratum(size, asked, int(answers[:asked].sum())))
        correct += int(answers.sum())
    return strata, correct / sum(sizes)


def stratified(sizes: Sequence[int], chances: Sequence[float], limit: int) -> Case:
    """The score of a whole benchmark from `limit` of its problems."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        strata, truth = drawn_strata(rng, sizes, chances, limit)
        low, high = stratified_interval(strata)
        return low or 0.0, 1.0 if high is None else high, truth

    p = sum(n * c for n, c in zip(sizes, chances, strict=True)) / sum(sizes)
    return Case("stratified", f"{limit} of {sum(sizes)} in {len(sizes)} subsets, p {p:.3f}", draw)


def scores(sizes: Sequence[int], means: Sequence[float], limit: int) -> Case:
    """The mean score of a whole benchmark from `limit` of its problems: half of the scores are 0 or 1."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        strata, whole = [], 0.0
        for size, asked, mean in zip(sizes, even(sizes, limit), means, strict=True):
            found = rng.beta(3 * mean, 3 * (1 - mean), size=size)
            found = np.where(rng.random(size) < 0.5, rng.random(size) < mean, found)
            strata.append(ScoreStratum(size, {str(i): [float(score)] for i, score in enumerate(found[:asked])}))
            whole += float(found.sum())
        low, high = stratified_mean_interval(strata)
        return low or 0.0, 1.0 if high is None else high, whole / sum(sizes)

    mean = sum(n * m for n, m in zip(sizes, means, strict=True)) / sum(sizes)
    return Case("scores", f"{limit} of {sum(sizes)} in {len(sizes)} subsets, mean {mean:.3f}", draw)


def correct_counts(rng: Rng, n: int, k: int, p: float, rho: float) -> np.ndarray:
    """Correct answers of k to each of n problems, whose chances have mean p; rho correlates answers to one problem."""
    kappa = 1 / rho - 1
    return np.asarray(rng.binomial(k, rng.beta(p * kappa, (1 - p) * kappa, size=n)))


def accuracy(n: int, k: int, p: float, rho: float) -> Case:
    """Accuracy, which is avg@k: n problems, k answers each."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        low, high = interval_of_counts((k, int(c)) for c in correct_counts(rng, n, k, p, rho))
        return low or 0.0, 1.0 if high is None else high, p

    return Case("accuracy", f"n {n}, k {k}, p {p}, rho {rho}", draw)


def weighted(sizes: Sequence[int], chances: Sequence[float], limit: int, k: int, rho: float) -> Case:
    """The accuracy on a benchmark of which `limit` problems were asked, as many of each subset, k times each."""
    truth = sum(n * c for n, c in zip(sizes, chances, strict=True)) / sum(sizes)

    def draw(rng: Rng) -> tuple[float, float, float]:
        groups = []
        for size, asked, chance in zip(sizes, even(sizes, limit), chances, strict=True):
            groups.append((size, [(k, int(c)) for c in correct_counts(rng, asked, k, chance, rho)]))
        low, high = interval_of_groups(groups)
        return low or 0.0, 1.0 if high is None else high, truth

    name = f"{limit} of {sum(sizes)} in {len(sizes)} subsets, k {k}, p {truth:.3f}, rho {rho}"
    return Case("weighted", name, draw)


def single(n: int) -> tuple[float, float, float, float]:
    """Wilson's interval of n single answers, without simulation: its coverage for shares from .02 to .98.

    Returned are the mean over these shares, the least, at which share that is, and the mean width. Of a fixed number of
    answers no interval has the same coverage for every share: those that nowhere have less than 95 % have 96 to 99 % on
    average, and the guarantee of this one is the mean (Brown, Cai, DasGupta 2001, Statistical Science 16, 101-133).
    """
    shares = np.linspace(0.02, 0.98, 481)
    found = np.arange(n + 1)
    ends = np.array([wilson(int(x), n) for x in found], dtype=float)
    logs = np.array([lgamma(n + 1) - lgamma(x + 1) - lgamma(n - x + 1) for x in found])
    chance = np.exp(logs + np.outer(np.log(shares), found) + np.outer(np.log(1 - shares), n - found))
    holds = (ends[:, 0] <= shares[:, None] + _ROUNDING) & (shares[:, None] <= ends[:, 1] + _ROUNDING)
    covered = (chance * holds).sum(axis=1)
    width = (chance @ (ends[:, 1] - ends[:, 0])).mean()
    return float(covered.mean()), float(covered.min()), float(shares[covered.argmin()]), float(width)


def passes(n: int, k: int, p: float, rho: float, of: int) -> Case:
    """pass@k of `of` answers to each of n problems."""
    kappa = 1 / rho - 1
    # E[(1 - p)^k] of the beta distribution.
    truth = 1 - float(np.prod([((1 - p) * kappa + i) / (kappa + i) for i in range(k)]))

    def draw(rng: Rng) -> tuple[float, float, float]:
        values = [1 - comb(of - int(c), k) / comb(of, k) for c in correct_counts(rng, n, of, p, rho)]
        low, high = mean_interval(values, n * of / k)
        return low or 0.0, 1.0 if high is None else high, truth

    return Case("pass", f"pass@{k} of {of}, n {n}, p {p}, rho {rho}", draw)


def votes(n: int, k: int, p: float, rho: float, of: int) -> Case:
    """cons@k of `of` answers to each of n problems, where all wrong answers are the same one."""
    kappa = 1 / rho - 1
    rates = np.random.default_rng(0).beta(p * kappa, (1 - p) * kappa, size=400_000)
    wins = sum(
        comb(k, c) * rates**c * (1 - rates) ** (k - c) * (1.0 if 2 * c > k else 0.5 if 2 * c == k else 0.0)
        for c in range(k + 1)
    )
    truth = float(np.mean(wins))

    def draw(rng: Rng) -> tuple[float, float, float]:
        values = []
        for c in map(int, correct_counts(rng, n, of, p, rho)):
            groups = tuple((size, worth) for size, worth in ((c, 1.0), (of - c, 0.0)) if size)
            values.append(cons_at_k(tuple(sorted(groups)), 0, k))
        low, high = mean_interval(values, n * of / k)
        return low or 0.0, 1.0 if high is None else high, truth

    return Case("cons", f"cons@{k} of {of}, n {n}, p {p}, rho {rho}", draw)


def watched(rng: Rng, sizes: Sequence[int], chances: Sequence[float], points: float) -> tuple[float, float, float, int]:
    """Ask in random order until ± points; return the interval, the truth, and how many were asked."""
    answers = np.concatenate([rng.random(n) < c for n, c in zip(sizes, chances, strict=True)])
    answers = rng.permutation(answers)
    sequence = ConfidenceSequence(len(answers))
    for answer in answers:
        sequence.add(bool(answer))
        if sequence.half_width <= points / 100 + _ROUNDING:
            break
    return *sequence.interval, float(answers.mean()), sequence.asked


def until(sizes: Sequence[int], chances: Sequence[float], points: float) -> Case:
    """The interval at the moment at which `--until` ends the run."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        low, high, truth, _ = watched(rng, sizes, chances, points)
        return low, high, truth

    p = sum(n * c for n, c in zip(sizes, chances, strict=True)) / sum(sizes)
    return Case("until", f"until ± {points:g} of {sum(sizes)} in {len(sizes)} subsets, p {p:.3f}", draw)


def peeking(sizes: Sequence[int], chances: Sequence[float], *, spread: bool) -> Case:
    """The worst interval of all moments: it holds the truth only where each of them does.

    `spread`: the problems are asked in proportion to the subsets, as without `--until`.
    """

    def draw(rng: Rng) -> tuple[float, float, float]:
        parts = [rng.random(n) < c for n, c in zip(sizes, chances, strict=True)]
        answers = np.concatenate(parts)
        ranks = [(rng.permutation(len(part)) + 0.5) / len(part) for part in parts]
        order = np.argsort(np.concatenate(ranks), kind="stable") if spread else rng.permutation(len(answers))
        truth = float(answers.mean())
        sequence = ConfidenceSequence(len(answers))
        for answer in answers[order]:
            sequence.add(bool(answer))
            low, high = sequence.interval
            if not low - _ROUNDING <= truth <= high + _ROUNDING:
                break
        return low, high, truth

    p = sum(n * c for n, c in zip(sizes, chances, strict=True)) / sum(sizes)
    how = "in proportion" if spread else "at random"
    return Case("peeking", f"every moment of {sum(sizes)} in {len(sizes)} subsets, {how}, p {p:.3f}", draw)


def peeking_at_a_limit(sizes: Sequence[int], chances: Sequence[float], limit: int) -> Case:
    """The worst interval of all moments of a run of `limit` problems, as many of each subset."""

    def draw(rng: Rng) -> tuple[float, float, float]:
        parts = [rng.random(n) < c for n, c in zip(sizes, chances, strict=True)]
        truth = sum(int(part.sum()) for part in parts) / sum(sizes)
        quota = even(sizes, limit)
        ranks = [(rng.permutation(n) + 0.5) / n for n in quota]
        places = [(float(r), h) for h, rank in enumerate(ranks) for r in rank]
        asked, correct = [0] * len(sizes), [0] * len(sizes)
        low, high = 0.0, 1.0
        for _, h in sorted(places):
            correct[h] += int(parts[h][asked[h]])
            asked[h] += 1
            low, high = interval_of_strata(list(zip(sizes, asked, correct, strict=True)))
            if not low - _ROUNDING <= truth <= high + _ROUNDING:
                break
        return low, high, truth

    p = sum(n * c for n, c in zip(sizes, chances, strict=True)) / sum(sizes)
    return Case("peeking", f"every moment of {limit} of {sum(sizes)} in {len(sizes)} subsets, p {p:.3f}", draw)


def cases() -> Iterator[Case]:
    """Make all cells of the grid."""
    flat = [(p,) * 5 for p in (0.5, 0.9, 0.95, 0.98, 0.995)]
    for chances in (BY_LEVEL, (0.99, 0.98, 0.97, 0.95, 0.9), *flat):
        for limit in (10, 25, 50, 200, 450):
            yield stratified(MATH_500, chances, limit)
    for p in (0.5, 0.8, 0.95):
        for limit in (10, 50, 150):
            yield stratified((198,), (p,), limit)
    subjects = [400 + 50 * i for i in range(14)]
    for limit in (14, 50, 200):
        yield stratified(subjects, list(np.linspace(0.3, 0.95, 14)), limit)
        yield stratified(subjects, [0.9] * 14, limit)
    for means in (BY_LEVEL, (0.8,) * 5, (0.5,) * 5):
        for limit in (10, 25, 50, 200, 450):
            yield scores(MATH_500, means, limit)
    for n in (5, 8, 12, 30, 200, 500):
        for k in (2, 4, 16, 64):
            for p in (0.02, 0.5, 0.8, 0.9, 0.98):
                for rho in (0.1, 0.5, 0.9):
                    yield accuracy(n, k, p, rho)
    for chances in (BY_LEVEL, (0.99, 0.98, 0.97, 0.95, 0.9), (0.98,) * 5):
        for limit in (10, 25, 50, 200):
            for k in (2, 16):
                for rho in (0.1, 0.5, 0.9):
                    yield weighted(MATH_500, chances, limit, k, rho)
    for n in (5, 8, 30, 200):
        for p in (0.1, 0.5, 0.8, 0.9, 0.98):
            for rho in (0.1, 0.5, 0.9):
                for k, of in ((4, 16), (16, 64)):
                    yield passes(n, k, p, rho, of)
                    yield votes(n, k, p, rho, of)
    for chances in (BY_LEVEL, (0.95,) * 5, (0.8,) * 5, (0.99, 0.98, 0.97, 0.95, 0.9)):
        for points in (3, 5):
            yield until(MATH_500, chances, points)
        yield peeking(MATH_500, chances, spread=False)
        yield peeking(MATH_500, chances, spread=True)
        for limit in (50, 200):
            yield peeking_at_a_limit(MATH_500, chances, limit)
    yield until((198,), (0.67,), 5)
    yield peeking((198,), (0.67,), spread=False)


def cells(chosen: Sequence[Case], trials: int, seed: int) -> Iterator[Cell]:
    """Draw each case `trials` times."""
    for case in chosen:
        rng = np.random.default_rng(seed)
        drawn = [case.draw(rng) for _ in range(trials)]
        held = sum(low - _ROUNDING <= truth <= high + _ROUNDING for low, high, truth in drawn)
        yield Cell(case, held / trials, float(np.mean([high - low for low, high, _ in drawn])))


def bias(seeds: int, limit: int, seed: int) -> tuple[float, float]:
    """Mean error over `seeds` choices of `limit` problems of one benchmark: of the estimate, and of correct / asked."""
    rng = np.random.default_rng(seed)
    answers = [rng.random(n) < p for n, p in zip(MATH_500, BY_LEVEL, strict=True)]
    truth = sum(int(part.sum()) for part in answers) / sum(MATH_500)
    estimates, plain = [], []
    for _ in range(seeds):
        strata = []
        for part, asked in zip(answers, even(MATH_500, limit), strict=True):
            strata.append(Stratum(len(part), asked, int(rng.permutation(part)[:asked].sum())))
        estimates.append((stratified_share(strata) or 0.0) - truth)
        plain.append(sum(s.correct for s in strata) / limit - truth)
    return float(np.mean(estimates)), float(np.mean(plain))


def stops(trials: int, chance: float, points: float, seed: int) -> float:
    """Median share of MATH-500 that `--until` asks of a model that is right with that chance."""
    rng = np.random.default_rng(seed)
    asked = [watched(rng, MATH_500, (chance,) * 5, points)[3] for _ in range(trials)]
    return float(np.median(asked)) / sum(MATH_500)
