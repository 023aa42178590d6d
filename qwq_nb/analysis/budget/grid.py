"""Choose the budgets of a curve: octaves or half octaves of 256 tokens, or those that were named. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Literal

from qwq_nb.errors import OptionError

__all__ = ["GRIDS", "Grid", "budgets_between", "checked_budgets"]

Grid = Literal["octaves", "half"]
GRIDS: tuple[Grid, ...] = ("octaves", "half")
UNIT = 256
"""Budgets are this many tokens times powers of two, or of its root."""
LEAST = 16
_BELOW_TYPICAL = 8
"""The first budget is at most this part of a typical reasoning, so that short ones have a curve too."""
MOST_BUDGETS = 200
MOST_TOKENS = 10_000_000


def budgets_between(tokens: Sequence[float], grid: Grid = "octaves", named: Sequence[int] | None = None) -> list[int]:
    """Return 0, the budgets of the grid (or the named ones) below the longest reasoning, and that length, ascending.

    `tokens` are the lengths of all reasonings. Octaves begin at 256 tokens, or at the first power of two that is at
    most an eighth of the median.
    """
    longest = ceil(max(tokens, default=0))
    if named is not None:
        return sorted({*(b for b in named if b < longest), longest})
    typical = sorted(tokens)[len(tokens) // 2] if tokens else 0
    start = UNIT
    while start > LEAST and start > typical / _BELOW_TYPICAL:
        start //= 2
    step = 1 if grid == "octaves" else 2
    found = [round(start * 2 ** (i / step)) for i in range(step * 40)]
    return sorted({0, *(b for b in found if b < longest), longest})


def checked_budgets(given: str | Iterable[int] | None) -> list[int] | None:
    """Return named budgets ("500,1000" or whole numbers) sorted, each once; None for none.

    Raises:
        OptionError: something that is no whole number of tokens from 0 on, or more than 200 of them.
    """
    if given is None:
        return None
    parts = given.split(",") if isinstance(given, str) else list(given)
    found: set[int] = set()
    for part in parts:
        text = str(part).strip().replace("_", "")
        if (
            isinstance(part, bool)
            or not text.isascii()
            or not text.isdigit()
            or len(text) > 8
            or int(text) > MOST_TOKENS
        ):
            raise OptionError(f"--budgets takes numbers of thinking tokens, as in 500,1000,2000: {part!r} is none.")
        found.add(int(text))
    if not found or len(found) > MOST_BUDGETS:
        raise OptionError(f"--budgets takes 1 to {MOST_BUDGETS} numbers of thinking tokens, not {len(found)}.")
    return sorted(found)
