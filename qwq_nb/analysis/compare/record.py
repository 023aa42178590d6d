"""Define the drawn record of a comparison: all that its views need."""

from __future__ import annotations

from typing import Literal

import msgspec

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.frontier import Point
from qwq_nb.core.run_record import SampleView
from qwq_nb.run.comparability import Caveat

__all__ = ["ComparisonRecord", "Flip", "RunCard", "common_opening"]


class RunCard(msgspec.Struct, kw_only=True):
    """Describe a run in the comparison's heading."""

    letter: str
    name: str
    """The run's name."""
    model: str
    note: str = ""
    """Written beside the name: `demo`, `stopped`, `made by evalscope`."""


class Flip(msgspec.Struct, kw_only=True):
    """Hold one problem × repeat in two runs: an answer that is right in one of them and not in the other."""

    a: str
    """Letters of the two runs."""
    b: str
    kind: Literal["lost", "gained", ""]
    """Empty where both are right or neither is; such a pair can be drawn side by side too."""
    first: SampleView
    second: SampleView
    alike: int = 0
    """Characters with which both reasonings begin. The views hold whole reasonings: the drawing cuts them."""


class ComparisonRecord(msgspec.Struct, kw_only=True):
    """Hold what `Comparison` draws."""

    runs: list[RunCard]
    caveats: list[Caveat]
    coverage: list[str]
    sentences: list[str]
    rows: list[ComparisonRow]
    flips: list[Flip]
    games: list[Flip]
    """Games that both runs have, right or not."""
    points: list[Point]
    demo: bool = False
    withheld: bool = False
    """True if texts are left out because the benchmark's authors ask not to publish them."""

    @property
    def family(self) -> int:
        """Return how many whole-benchmark comparisons were made together."""
        return sum(row.p_holm is not None for row in self.rows)


def common_opening(first: str, second: str) -> int:
    """Return the number of characters with which both texts begin alike, up to the last word that they share whole."""
    shorter = min(len(first), len(second))
    alike = next((i for i in range(shorter) if first[i] != second[i]), shorter)
    if alike == len(first) == len(second):
        return alike
    while alike and not first[alike - 1].isspace():
        alike -= 1
    return alike
