"""Do the paired intervals of forced answers cover, and how often is the sentence on them wrong? By simulation.

    python -m tests.analysis.budget.simulate [--trials 400] [--seed 1]     (some minutes)

The truth is known: an answer is right with some chance, and needs a lognormal number of tokens; forced answers flicker
now and then. Printed for each number of answers, accuracy and margin: how often the paired 95 % intervals hold the true
difference at a budget, how often the sentence "within m points from b on" is said, and how often it is wrong. Beside it
the same sentence read off the points, which is what the test is there to prevent.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from qwq_nb.analysis.budget.answers import Answer
from qwq_nb.analysis.budget.forced_curve import ForcedPoint, forced_curve

GRID: Final = [round(512 * 2 ** (i / 2)) for i in range(12)]
LONGEST: Final = 10**6
MIDDLE, SPREAD, FLICKER = math.log(2500), 0.9, 0.004
CASES: Final = ((500, 0.95, 2.0), (500, 0.95, 3.0), (198, 0.65, 3.0), (198, 0.8, 5.0), (480, 0.8, 3.0))
LEAST_COVERED, MOST_WRONG = 0.94, 0.05


class Seen(NamedTuple):
    """Shares 0…1 over the trials."""

    covered: float
    said: float
    """Trials in which the margin asked for is claimed."""
    wrong: float
    """Of these."""
    read_off_wrong: float
    """Of the same sentence read off the points, where it can be."""


def true_difference(budget: float, accuracy: float) -> float:
    """A(b) − A(full) of the population."""
    stands = 0.5 * (1 + math.erf((math.log(budget) - MIDDLE) / SPREAD / math.sqrt(2)))
    forced = accuracy * (stands * (1 - FLICKER) + (1 - stands) * FLICKER) + (1 - accuracy) * FLICKER / 2
    return forced - accuracy


def drawn(rng: random.Random, n: int, accuracy: float) -> list[ForcedPoint]:
    """The points of one measured curve of n answers."""
    answers, cells = [], {}
    for i in range(n):
        right, needed = rng.random() < accuracy, rng.lognormvariate(MIDDLE, SPREAD)
        answer = Answer(id=str(i), tokens=LONGEST, right=right, outcome="correct" if right else "wrong")
        answers.append(answer)
        flips = FLICKER if right else FLICKER / 2
        cells[answer.key] = {b: (right and b >= needed) != (rng.random() < flips) for b in GRID}
    return forced_curve(answers, cells, GRID).points


def claims(rng: random.Random, *, n: int, accuracy: float, margin: float, trials: int) -> Seen:
    """Measure curves of known truth, and judge what is said of them."""
    from qwq_nb.analysis.budget.forced_curve import claim_of

    truth = {b: true_difference(b, accuracy) for b in GRID}
    holds = [b for i, b in enumerate(GRID) if all(truth[later] >= -margin / 100 for later in GRID[i:])]
    first = min(holds, default=LONGEST)
    covered = said = wrong = read = read_wrong = 0
    for _ in range(trials):
        points = drawn(rng, n, accuracy)
        covered += sum((p.low or 0) - 1e-9 <= truth[p.budget] <= (p.high or 0) + 1e-9 for p in points)
        claim = claim_of(points, margin)
        if claim is not None and claim.is_asked_margin:
            said += 1
            wrong += claim.budget < first
        seen = read_off(points, margin)
        read += seen is not None
        read_wrong += seen is not None and seen < first
    return Seen(covered / trials / len(GRID), said / trials, wrong / max(said, 1), read_wrong / max(read, 1))


def read_off(points: Sequence[ForcedPoint], margin: float) -> int | None:
    """The first budget from which on the points themselves lie within the margin."""
    found = None
    for point in reversed(points):
        if point.difference < -margin / 100:
            break
        found = point.budget
    return found


def main() -> int:
    """Print a line a case; fail where one is out of bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng, failed = random.Random(given.seed), False
    for n, accuracy, margin in CASES:
        seen = claims(rng, n=n, accuracy=accuracy, margin=margin, trials=given.trials)
        bad = seen.covered < LEAST_COVERED or seen.wrong > MOST_WRONG
        failed |= bad
        print(
            f"{n:4} answers, accuracy {accuracy:.2f}, margin {margin:g}: covered {seen.covered:.3f}, said "
            f"{seen.said:.2f}, wrong {seen.wrong:.3f} (read off the points {seen.read_off_wrong:.2f})"
            f"{' FAILED' if bad else ''}",
            flush=True,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
