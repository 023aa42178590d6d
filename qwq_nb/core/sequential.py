"""Compute intervals of a benchmark's score that hold at every moment of a run, however often they are looked at.

A usual 95 % interval may be looked at once: whoever watches it and stops where it pleases is misled more often. Here
the problems are asked in random order without replacement, and the set

    C_t = {N⁺ : m(S_t) / P(S_t | N⁺) < 1 / α}

of the numbers N⁺ of problems that the model can answer, of N, holds the truth at all times t together with probability
1 - α: S_t of the first t answers are correct, P is hypergeometric, and m is the probability of S_t under a prior on N⁺,
here an even mixture of Beta-binomials (1, 1) and (18, 2): any prior is valid, this one makes the interval short for
models that answer most problems. The ratio is a martingale at the true N⁺ (Ville's inequality), and it is the ratio of
prior to posterior in the source. What has been ruled out once stays ruled out.

Where a limit asks as many problems of each level, order and share are not those of the whole benchmark. There the ratio
is of the counts in all levels together: P is the product of the levels' hypergeometric probabilities, m an even mixture
of one Beta-binomial prior for all levels and of one for each. It is a martingale whatever level is asked next, and the
interval is of the sum of N⁺ over all levels.

Source: Waudby-Smith, I., Ramdas, A. (2020), "Confidence sequences for sampling without replacement", NeurIPS,
arXiv:2006.04347, section 2. Coverage: `tests/core/simulate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from heapq import heappop, heappush
from math import exp, inf, lgamma, log

__all__ = [
    "ConfidenceSequence",
    "expected_stop",
    "in_random_order",
    "interval_in_order",
    "interval_of_strata",
    "time_uniform_interval",
]

_PRIORS = ((0.5, 1.0, 1.0), (0.5, 18.0, 2.0))
"""Weights of the mixture, and the parameters of its beta distributions."""


MOST_STEPS = 2_000
"""Problems up to which what was ruled out earlier counts too; of more, each interval is that of its moment."""


def in_random_order(ids: Iterable[str], seed: int) -> list[str]:
    """Return the ids in an order that is random, and the same for the same seed whatever order they come in."""
    return sorted(ids, key=lambda id: sha256(f"{seed}/{id}".encode("utf-8", "surrogatepass")).digest())


def interval_in_order(answers: Sequence[bool | None], size: int, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the interval of the share 0…1 of `size` problems, from the first answers in the random order.

    None stands for an answer that failed: of it nothing is known. An answer may be taken in only when all before it in
    the order are there: those that come first are the quick ones, and easier than the others.

    Raises:
        ValueError: there are more answers than problems, or no problem.
    """
    known = [answer for answer in answers if answer is not None]
    failed = len(answers) - len(known)
    if failed == size:
        return 0.0, 1.0
    if size - failed > MOST_STEPS:
        low, high = time_uniform_interval(sum(known), len(known), size - failed, confidence)
    else:
        sequence = ConfidenceSequence(size - failed, confidence)
        for answer in known:
            sequence.add(answer)
        low, high = sequence.interval
    share = (size - failed) / size
    return low * share, high * share + failed / size


class ConfidenceSequence:
    """Keep the interval of the share of `size` problems that are answered correctly, one answer after another."""

    def __init__(self, size: int, confidence: float = 0.95) -> None:
        if size < 1 or not 0 < confidence < 1:
            raise ValueError(f"no interval for {size} problems at a confidence of {confidence}")
        self.size = size
        self.asked = 0
        self.correct = 0
        self._confidence = confidence
        self._low, self._high = 0, size

    def add(self, correct: bool) -> None:
        """Take in the next answer in the random order.

        Raises:
            ValueError: there is no problem left.
        """
        if self.asked == self.size:
            raise ValueError(f"all {self.size} problems were answered")
        self.asked += 1
        self.correct += correct
        low, high = _counts(self.correct, self.asked, self.size, self._confidence)
        low, high = max(low, self._low), min(high, self._high)
        if low <= high:  # else the truth was ruled out before, as happens once in twenty runs
            self._low, self._high = low, high

    @property
    def interval(self) -> tuple[float, float]:
        """Return its ends, as shares 0…1."""
        if self.asked == self.size:
            return self.correct / self.size, self.correct / self.size
        return self._low / self.size, self._high / self.size

    @property
    def half_width(self) -> float:
        """Return half of its width, a share 0…1."""
        low, high = self.interval
        return (high - low) / 2


def time_uniform_interval(correct: int, asked: int, size: int, confidence: float = 0.95) -> tuple[float, float]:
    """Compute C_t by what is known at t alone: the interval of a share of `size` problems after `asked` answers.

    Raises:
        ValueError: unless 0 <= correct <= asked <= size, and size >= 1.
    """
    if not (0 <= correct <= asked <= size and size >= 1):
        raise ValueError(f"no interval of {correct} correct among {asked} asked of {size}")
    low, high = _counts(correct, asked, size, confidence)
    return low / size, high / size


def interval_of_strata(strata: Sequence[tuple[int, int, int]], confidence: float = 0.95) -> tuple[float, float]:
    """Compute the interval of the share of all problems, of (size, asked, correct) of each level or subset.

    Raises:
        ValueError: unless 0 <= correct <= asked <= size in each, or there is no problem.
    """
    if not strata or any(not 0 <= correct <= asked <= size for size, asked, correct in strata):
        raise ValueError(f"no interval of {list(strata)[:5]}")
    least, most = _sums(tuple(sorted(strata)), confidence)
    whole = sum(size for size, _, _ in strata)
    return least / whole, most / whole


@lru_cache(maxsize=1024)
def _sums(strata: tuple[tuple[int, int, int], ...], confidence: float) -> tuple[int, int]:
    """Return the least and the largest sum of N⁺ over all levels.

    The logarithm of each level's P is concave in its N⁺. So from the likeliest numbers on, a step down (or up) always
    at the level where it costs least comes to every sum at the least cost.
    """
    asked, correct = sum(s[1] for s in strata), sum(s[2] for s in strata)
    # The ways to choose which answers are correct stand in both parts of the ratio, and are left out.
    alone = sum(_log_marginal(s[2], s[1]) - _log_choose(s[1], s[2]) for s in strata)
    together = _log_marginal(correct, asked) - _log_choose(asked, correct)
    top = max(alone, together)
    bound = top + log((exp(alone - top) + exp(together - top)) / 2) + log(1 - confidence)
    likeliest = [min(max(c * (size + 1) // n, c), size - n + c) if n else 0 for size, n, c in strata]
    logs = [
        _log_hypergeometric(c, n, number, size) - _log_choose(n, c)
        for (size, n, c), number in zip(strata, likeliest, strict=True)
    ]
    ends = []
    for step in (-1, 1):
        numbers, left, free = list(likeliest), sum(logs) - bound, 0
        costs: list[tuple[float, int]] = []
        for i, stratum in enumerate(strata):
            if not stratum[1]:
                free += stratum[0] if step > 0 else 0  # of which nothing was asked: all numbers are alike
            elif (cost := _cost(stratum, numbers[i], step)) is not None:
                heappush(costs, (cost, i))
        while costs:
            cost, i = heappop(costs)
            left -= cost
            if left <= 0:
                break
            numbers[i] += step
            further = _cost(strata[i], numbers[i], step)
            if further is not None:
                heappush(costs, (further, i))
        ends.append(sum(numbers) + free)
    return ends[0], ends[1]


def _cost(stratum: tuple[int, int, int], number: int, step: int) -> float | None:
    """Return by how much the logarithm of P falls from `number` to `number + step`; None where P becomes 0."""
    size, asked, correct = stratum
    if not correct <= number + step <= size - (asked - correct):
        return None
    n = max(number, number + step)  # P(n) / P(n - 1) = n (size - n + 1 - wrong) / ((n - correct)(size - n + 1))
    ratio = log(n * (size - n + 1 - (asked - correct))) - log((n - correct) * (size - n + 1))
    return ratio if step < 0 else -ratio


def expected_stop(correct: int, asked: int, size: int, half_width: float, confidence: float = 0.95) -> int:
    """Return after about how many answers the interval is narrow enough, if further ones are correct as often.

    At least `asked`, at most `size`.
    """
    share = (correct + 0.5) / (asked + 1)
    low, high = asked, size
    while low < high:
        t = (low + high) // 2
        further = min(max(round(correct + share * (t - asked)), correct), correct + t - asked)
        ends = time_uniform_interval(further, t, size, confidence)
        low, high = (low, t) if (ends[1] - ends[0]) / 2 <= half_width else (t + 1, high)
    return low


@lru_cache(maxsize=4096)
def _counts(correct: int, asked: int, size: int, confidence: float) -> tuple[int, int]:
    """Return the least and the largest N⁺ in C_t. P is log-concave in N⁺, so all between them are in it."""
    fewest, most = correct, size - (asked - correct)
    if asked == 0:
        return fewest, most
    bound = _log_marginal(correct, asked) + log(1 - confidence)

    def holds(number: int) -> bool:
        return _log_hypergeometric(correct, asked, number, size) > bound

    likeliest = min(max(correct * (size + 1) // asked, fewest), most)
    low, high = fewest, likeliest
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    first = low
    low, high = likeliest, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return first, low


def _log_marginal(correct: int, asked: int) -> float:
    wrong = asked - correct
    ways = _log_choose(asked, correct)
    logs = [log(w) + ways + _log_beta(correct + a, wrong + b) - _log_beta(a, b) for w, a, b in _PRIORS]
    top = max(logs)
    return top + log(sum(exp(value - top) for value in logs))


def _log_hypergeometric(correct: int, asked: int, number: int, size: int) -> float:
    right, wrong = _log_choose(number, correct), _log_choose(size - number, asked - correct)
    return right + wrong - _log_choose(size, asked)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) if 0 <= k <= n else -inf


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
