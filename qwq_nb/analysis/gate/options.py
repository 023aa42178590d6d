"""List the options of `%qwq_gate`, which are those of `python -m qwq_nb gate` too."""

from __future__ import annotations

import math

from qwq_nb.core.options import Option
from qwq_nb.errors import OptionError

__all__ = ["GATE", "MARGIN", "STRICT", "checked_margin"]

MARGIN = 1.0
"""Margin of a gate that names none, in percentage points."""

GATE = (
    Option("--margin", "number", f"how much worse B may be, in percentage points ({MARGIN:g})", "POINTS"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)

STRICT = Option("--strict", "flag", "exit with 1 for NO-GO and 2 for INCONCLUSIVE, not with 0 whatever is decided")
"""Further option of the command line."""


def checked_margin(margin: float) -> float:
    """Return a margin in points.

    Raises:
        OptionError: it is no number from 0 to 100.
    """
    is_number = isinstance(margin, int | float) and not isinstance(margin, bool)
    if not (is_number and math.isfinite(margin) and 0 <= margin <= 100):
        raise OptionError(f"The margin of a gate is a number of percentage points from 0 to 100, not {margin!r}.")
    return float(margin)
