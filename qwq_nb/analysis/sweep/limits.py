"""Find endpoints of a sweep whose token limit is not the first setting's and cut answers: they are not tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qwq_nb.core.pairing import pair_up
from qwq_nb.core.records import SampleResult
from qwq_nb.run.facts import facts_of
from qwq_nb.run.token_limit import limit_difference

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["other_limit"]


def other_limit(first: tuple[str, Run, Sequence[SampleResult]], other: tuple[str, Run, Sequence[SampleResult]]) -> str:
    """Return why two settings of (label, run, results) are not comparable, in a sentence; empty where they are.

    A sweep that varies `max_tokens` itself compares limits, and does not ask this.
    """
    a, b = (facts_of(*setting) for setting in (first, other))
    for pairing in pair_up(first[2], other[2], lambda _: True):
        differs = limit_difference(a, b, pairing)
        if differs is not None and differs[1]:
            return f"{differs[0]} They are not compared by a test."
    return ""
