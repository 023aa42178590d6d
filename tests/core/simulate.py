"""Do the intervals cover, and is the number of problems that is said to be needed enough? By simulation.

    python -m tests.core.simulate [--trials 1000] [--seed 1]     (make simulate; some twenty minutes)

Problems differ in difficulty (a beta distribution), and the answers to one problem are drawn with its own chance, as
repeats of a model are. Printed: how often 95 % intervals hold the true value, how often the test rejects where nothing
differs (at most 5 %), how often it rejects with the number of problems that `problems_needed` gives (80 % is meant),
and what scipy's own tests and a bootstrap over problems give for the same data. Then the grid of `coverage_grid`: every
interval by number of problems, repeats, accuracy, correlation and subsets, at the stopping time of `--until`, and at
every moment at which a run may be looked at. Beside the coverage stands the mean width: an interval covers easily that
is too wide.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import groupby

import numpy as np

from qwq_nb.core.estimates import mean_estimate
from qwq_nb.core.paired import difference_interval, mcnemar, paired_p, problems_needed
from qwq_nb.core.stats import Interval, clustered_interval, pass_at_k
from qwq_nb.run.repeats import mean_interval
from tests.core.coverage_grid import bias, cases, cells, single, stops

Rng = np.random.Generator

WANTED = dict.fromkeys(
    ("single", "stratified", "accuracy", "weighted", "pass", "cons", "scores"), 0.94
) | dict.fromkeys(("until", "peeking"), 0.95)
"""Least coverage of each kind of interval. `single` is that of Wilson's interval, on average over the true share."""

AGAIN = 10
"""How many times as many trials are drawn anew of a cell that shows less: of 1,000 trials, one in fourteen intervals
that truly cover 95 % shows less than 94 % by chance.
"""


def covered(trials: int, truth: float, draw: Callable[[], Interval]) -> float:
    """Share of the intervals that hold the truth."""
    hits = 0
    for _ in range(trials):
        low, high = draw()
        hits += low is not None and high is not None and low <= truth <= high
    return hits / trials


def chances(rng: Rng, problems: int, mean: float, spread: float) -> np.ndarray:
    """Each problem's chance of a right answer; spread is the beta distribution's a + b: small is uneven."""
    return rng.beta(mean * spread, (1 - mean) * spread, size=problems)


def accuracy(rng: Rng, problems: int, repeats: int, mean: float, spread: float) -> Interval:
    p = chances(rng, problems, mean, spread)
    return clustered_interval([list(map(bool, rng.random(repeats) < chance)) for chance in p])


def bootstrap(rng: Rng, problems: int, repeats: int, mean: float, spread: float) -> Interval:
    """The percentile bootstrap over problems, for comparison."""
    p = chances(rng, problems, mean, spread)
    shares = (rng.random((problems, repeats)) < p[:, None]).mean(axis=1)
    means = shares[rng.integers(0, problems, size=(400, problems))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def passes(rng: Rng, problems: int, repeats: int, k: int, mean: float, spread: float) -> Interval:
    p = chances(rng, problems, mean, spread)
    values = [pass_at_k(repeats, int((rng.random(repeats) < chance).sum()), k) for chance in p]
    return mean_interval(values, problems * repeats / k)


def true_pass(k: int, mean: float, spread: float) -> float:
    """1 - E[(1 - p)^k] for p of that beta distribution."""
    p = np.random.default_rng(0).beta(mean * spread, (1 - mean) * spread, size=2_000_000)
    return float(1 - ((1 - p) ** k).mean())


def tokens(rng: Rng, problems: int, repeats: int) -> Interval:
    """Tokens of a problem's answers: lognormal, with a part that the repeats share."""
    shared = rng.normal(0, 0.6, size=problems)
    values = [(str(i), float(np.exp(7 + s + rng.normal(0, 0.5)))) for i, s in enumerate(shared) for _ in range(repeats)]
    found = mean_estimate(values)
    return (found.low, found.high) if found.low is not None and found.high is not None else (None, None)


def paired(rng: Rng, problems: int, repeats: int, mean: float, gap: float, spread: float) -> list[tuple[int, int, int]]:
    """(pairs, only A, only B) of each problem; B is better by `gap` on the same problems."""
    p = chances(rng, problems, mean, spread)
    a = rng.random((problems, repeats)) < p[:, None]
    b = rng.random((problems, repeats)) < np.clip(p + gap, 0, 1)[:, None]
    return [(repeats, int((x & ~y).sum()), int((y & ~x).sum())) for x, y in zip(a, b, strict=True)]


def needed(rng: Rng, trials: int, lost: float, gained: float) -> tuple[int, float]:
    """How many problems are said to be needed where those shares are true, and how often so many show it."""
    parts = ((lost, (1, 1, 0)), (gained, (1, 0, 1)), (1 - lost - gained, (1, 0, 0)))
    n = problems_needed([problem for share, problem in parts for _ in range(round(1e4 * share))])
    assert n is not None
    shown = 0
    for _ in range(trials):
        rows = draws(rng, n, lost, gained)
        shown += mcnemar(int(rows[:, 0].sum()), int(rows[:, 1].sum())) < 0.05
    return n, shown / trials


def draws(rng: Rng, n: int, lost: float, gained: float) -> np.ndarray:
    u = rng.random(n)
    return np.column_stack([u < lost, (u >= lost) & (u < lost + gained)]).astype(int)


def against_scipy(trials: int, rng: Rng) -> float:
    """Largest difference between the sign-flip test and scipy's permutation test, enumerated, on small data."""
    from scipy.stats import permutation_test

    worst = 0.0
    for _ in range(trials):
        found = paired(rng, 8, 3, 0.6, 0.1, 3)
        d = np.array([b - a for _, a, b in found], dtype=float)
        theirs = permutation_test((d,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
        worst = max(worst, abs(theirs - paired_p(found)))
    return worst


def report(trials: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    print(f"{trials} trials, seed {seed}; 95 % intervals hold the truth in …")
    for problems, repeats, mean, spread in ((30, 1, 0.8, 2), (30, 8, 0.8, 1), (198, 4, 0.67, 1), (500, 2, 0.96, 1)):
        own = covered(trials, mean, lambda: accuracy(rng, problems, repeats, mean, spread))  # noqa: B023
        other = covered(trials, mean, lambda: bootstrap(rng, problems, repeats, mean, spread))  # noqa: B023
        print(
            f"  accuracy {mean:.0%}, {problems} problems x {repeats}: {own:.1%} (bootstrap over problems {other:.1%})"
        )
    for problems, repeats, k in ((30, 16, 4), (30, 16, 16)):
        truth = true_pass(k, 0.6, 1)
        own = covered(trials, truth, lambda: passes(rng, problems, repeats, k, 0.6, 1))  # noqa: B023
        print(f"  pass@{k} {truth:.0%}, {problems} problems x {repeats}: {own:.1%}")
    truth = float(np.exp(7 + (0.36 + 0.25) / 2))
    for problems, repeats in ((43, 1), (134, 4)):
        own = covered(trials, truth, lambda: tokens(rng, problems, repeats))  # noqa: B023
        print(f"  mean tokens, {problems} problems x {repeats}: {own:.1%}")
    for problems, repeats in ((100, 1), (100, 4)):
        own = covered(trials, 0.0, lambda: difference_interval(paired(rng, problems, repeats, 0.7, 0, 2)))  # noqa: B023
        wolf = sum(paired_p(paired(rng, problems, repeats, 0.7, 0, 2)) < 0.05 for _ in range(trials)) / trials
        print(f"  difference 0, {problems} problems x {repeats}: {own:.1%}; the test rejects in {wolf:.1%}")
    for lost, gained in ((0.02, 0.05), (0.05, 0.1), (0.01, 0.02)):
        n, power = needed(rng, trials, lost, gained)
        print(f"  {lost:.0%} lost, {gained:.0%} gained: {n:,} problems are said to be needed; shown in {power:.1%}")
    print(f"sign-flip test against scipy's permutation test, all patterns: {against_scipy(20, rng):.1e} apart at most")


def report_grid(trials: int, seed: int) -> bool:
    """Print the coverage of every case of the grid, those below what is wanted marked; return whether none is."""
    fine = True
    for n in (5, 8, 12, 30, 40, 90, 198, 500):
        mean, least, at, width = single(n)
        fine = fine and mean >= WANTED["single"]
        name = f"n {n}, Wilson's; mean over shares from .02 to .98"
        print(f"  {'single':<10}  {name:<60}  {mean:6.1%}  width {width:.3f}  least {least:.1%} at {at:.3f}")
    for kind, cells_of_kind in groupby(
        cells(sorted(cases(), key=lambda c: c.kind), trials, seed), lambda c: c.case.kind
    ):
        least, wanted = 1.0, WANTED[kind]
        for first in cells_of_kind:
            cell, mark = first, ""
            if first.covered < wanted:
                (cell,) = cells([first.case], AGAIN * trials, seed + 1)
                mark = f"  of {AGAIN * trials:,} trials; first {first.covered:.1%}"
            least = min(least, cell.covered)
            mark += "  below" if cell.covered < wanted else ""
            print(f"  {kind:<10}  {cell.case.name:<60}  {cell.covered:6.1%}  width {cell.width:.3f}{mark}", flush=True)
        fine = fine and least >= wanted
        print(f"{kind}: {least:.1%} at least, of {wanted:.0%} wanted", flush=True)
    error, plain = bias(200, 50, seed)
    print(
        f"bias over 200 seeds at limit 50: {100 * error:+.2f} points (correct / asked: {100 * plain:+.2f}), 0.5 wanted"
    )
    share = stops(200, 0.95, 3, seed)
    print(f"median share of MATH-500 asked by --until 3 at 95 % accuracy: {share:.0%}, 55 % wanted")
    return fine and abs(error) < 0.005 and share <= 0.55


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    report(args.trials, args.seed)
    sys.exit(not report_grid(args.trials, args.seed))


if __name__ == "__main__":
    main()
