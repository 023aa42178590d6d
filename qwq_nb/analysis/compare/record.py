"""Define the drawn record of a comparison: all that its views need."""

from __future__ import annotations

from typing import Literal

import msgspec

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.frontier import Point
from qwq_nb.core.run_record import RunRecord, SampleView
from qwq_nb.run.comparability import Caveat

__all__ = ["ComparisonRecord", "Conclusion", "ConclusionKind", "Flip", "PairKey", "RunCard", "common_opening"]


ConclusionKind = Literal["gain", "loss", "open", "barred", "nothing"]


class RunCard(msgspec.Struct, kw_only=True):
    """Describe a run in the comparison's heading."""

    letter: str
    name: str
    """The run's name."""
    model: str
    title: str
    """What the run is called throughout: its model, or its own name where models are the same."""
    note: str = ""
    """Written beside the name: `demo`, `stopped`, `made by evalscope`."""


class Conclusion(msgspec.Struct, kw_only=True):
    """Hold what a whole benchmark says about run `b` against the first, in words."""

    benchmark: str
    b: str
    """Letter of the run."""
    on: str
    """What it is said of: `math_500, 299 problems`."""
    kind: ConclusionKind
    """`gain`, `loss`: a difference is shown, for or against `b`; `open`: none is; `barred`: a caveat forbids it."""
    headline: str
    """Difference, interval and test, or why there are none; without a full stop."""
    detail: str
    """What follows from it, and what does not."""

    @property
    def sentence(self) -> str:
        """Return all of it as one paragraph."""
        headline = self.headline
        if self.kind == "barred":
            headline = headline.replace("Not comparable: ", "not comparable, ", 1)
        return f"{self.on}: {headline}. {self.detail}"


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


class PairKey(msgspec.Struct, kw_only=True):
    """Name one problem × repeat in two runs."""

    b: str
    """Letter of the run that is held against the first."""
    kind: Literal["lost", "gained", ""]
    first: tuple[str, int]
    """Id and repeat in the first run; the other may call the problem otherwise."""
    second: tuple[str, int]


class ComparisonRecord(msgspec.Struct, kw_only=True):
    """Hold what `Comparison` draws."""

    runs: list[RunCard]
    caveats: list[Caveat]
    coverage: list[str]
    conclusions: list[Conclusion]
    rows: list[ComparisonRow]
    flips: list[Flip]
    games: list[Flip]
    """Games that both runs have, right or not."""
    points: list[Point]
    pairs: list[PairKey] = []
    """Flips, and then pairs that neither run has right, as the JupyterLab view lists them."""
    sides: dict[str, RunRecord] = {}
    """The runs by letter, each with the samples of `pairs` that are its own, their texts clipped."""
    demo: bool = False
    withheld: bool = False
    """True if texts are left out because the benchmark's authors ask not to publish them."""

    def title(self, letter: str) -> str:
        """Return what the run with that letter is called."""
        return next(card.title for card in self.runs if card.letter == letter)

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
