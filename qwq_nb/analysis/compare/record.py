"""A comparison as it is drawn: everything that its views need, and nothing that they would have to look up."""

from __future__ import annotations

from typing import Literal

import msgspec

from qwq_nb.analysis.compare.comparability import Caveat
from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.frontier import Point
from qwq_nb.core.run_record import SampleView

__all__ = ["ComparisonRecord", "Flip", "RunCard", "common_opening"]


class RunCard(msgspec.Struct, kw_only=True):
    """A run in the comparison's heading."""

    letter: str
    name: str
    """The run's name."""
    model: str
    note: str = ""
    """`demo`, `stopped`, `made by evalscope`: what is said beside its name."""


class Flip(msgspec.Struct, kw_only=True):
    """One problem × repeat in two runs: an answer that is right in one of them and not in the other."""

    a: str
    """Letters of the two runs."""
    b: str
    kind: Literal["lost", "gained", ""]
    """Empty where both are right or neither is: no flip, but shown side by side all the same."""
    first: SampleView
    second: SampleView
    alike: int = 0
    """Characters with which both reasonings begin. The views' reasonings are whole: the drawing cuts them."""


class ComparisonRecord(msgspec.Struct, kw_only=True):
    """What `Comparison` draws."""

    runs: list[RunCard]
    caveats: list[Caveat]
    coverage: list[str]
    sentences: list[str]
    rows: list[ComparisonRow]
    flips: list[Flip]
    points: list[Point]
    demo: bool = False
    withheld: bool = False
    """Texts are left out because the benchmark's authors ask not to publish them."""

    @property
    def family(self) -> int:
        """How many whole-benchmark comparisons were made together."""
        return sum(row.p_holm is not None for row in self.rows)


def common_opening(first: str, second: str) -> int:
    """With how many characters both texts begin alike, up to the last word that they share whole."""
    shorter = min(len(first), len(second))
    alike = next((i for i in range(shorter) if first[i] != second[i]), shorter)
    if alike == len(first) == len(second):
        return alike
    while alike and not first[alike - 1].isspace():
        alike -= 1
    return alike
