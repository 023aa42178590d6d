"""Decide when enough of a benchmark was asked: when the interval of its score is as narrow as `--until` wants it."""

from __future__ import annotations

from collections.abc import Mapping

from qwq_nb.core.apart import together
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.core.sequential import expected_stop, in_random_order, interval_in_order
from qwq_nb.evaluation.plan import Plan
from qwq_nb.store.request import Selection

__all__ = ["UntilNarrow", "until_narrow"]


def until_narrow(plan: Plan, selection: Selection) -> UntilNarrow | None:
    """Return what ends a run by `--until`; None for one that asks everything."""
    return None if selection.until is None else UntilNarrow(plan, seed=selection.seed, points=selection.until)


class UntilNarrow:
    """Find the benchmarks of which enough was asked. One answer a problem, in the plan's random order."""

    def __init__(self, plan: Plan, *, seed: int, points: float) -> None:
        """`points`: half of the width that the 95 % interval may have, in percentage points."""
        self.half_width = points / 100
        self._orders: dict[str, list[str]] = {}
        for sample in together(plan.samples, lambda sample: sample):
            self._orders.setdefault(sample.benchmark, []).append(sample.id)
        self._orders = {name: in_random_order(ids, seed) for name, ids in self._orders.items()}
        self.closed: set[str] = set()
        """Benchmarks of which nothing more need be asked."""

    def look(self, results: Mapping[tuple[str, int], SampleResult]) -> bool:
        """Look at the answers so far, by (id, repeat); return whether another benchmark was closed."""
        before = len(self.closed)
        for benchmark, order in self._orders.items():
            if benchmark in self.closed:
                continue
            low, high = interval_in_order(self._answers(order, results), len(order))
            if (high - low) / 2 <= self.half_width + 1e-9:
                self.closed.add(benchmark)
        return len(self.closed) > before

    def reached(self, results: Mapping[tuple[str, int], SampleResult]) -> bool:
        """Return whether all that was not asked was left out because enough was asked."""
        return all(r.outcome != "pending" or r.sample.benchmark in self.closed for r in results.values())

    def expected_left(self, results: Mapping[tuple[str, int], SampleResult]) -> int:
        """Return about how many further answers it takes, if they are correct as often as those so far."""
        left = 0
        for benchmark, order in self._orders.items():
            if benchmark in self.closed:
                continue
            found = [results[id, 0].outcome for id in order]
            asked = [outcome for outcome in found if counts(outcome)]
            correct = sum(outcome == "correct" for outcome in asked)
            left += expected_stop(correct, len(asked), len(order), self.half_width) - len(asked)
        return left

    @staticmethod
    def _answers(order: list[str], results: Mapping[tuple[str, int], SampleResult]) -> list[bool | None]:
        """Return the answers in order up to the first that is not there; None is one that failed."""
        answers: list[bool | None] = []
        for id in order:
            outcome = results[id, 0].outcome
            if outcome == "pending":
                break
            answers.append(outcome == "correct" if counts(outcome) else None)
        return answers
