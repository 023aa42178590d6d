"""Draw samples that have a picture, by benchmark: a maze with the path of the answer."""

from __future__ import annotations

from collections.abc import Callable

from qwq_nb.core.drawn_parts import Drawing
from qwq_nb.core.records import Sample
from qwq_nb.core.registry import Registry

__all__ = ["DRAWINGS", "Drawer", "draw"]

Drawer = Callable[[Sample, str], Drawing | None]
"""Draws a sample with the answer to it (empty: none yet)."""

DRAWINGS: Registry[Drawer] = Registry(
    "drawing", "qwq_nb.drawings", {"alphamaze": "qwq_nb.bench.mazes.benchmark:draw_answer"}
)
"""Benchmark → function that draws its samples. Called in the kernel, so it must be light to import."""


def draw(sample: Sample, answer: str) -> Drawing | None:
    """Return the drawing of a sample with an answer; None for benchmarks that have none."""
    if sample.benchmark not in DRAWINGS.names():
        return None
    return DRAWINGS.get(sample.benchmark)(sample, answer)
