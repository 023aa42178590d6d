"""List the options of `%qwq_gate`, and of `python -m qwq_nb gate`."""

from __future__ import annotations

import math

from qwq_nb.core.options import Option
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.options import EVAL

__all__ = ["GATE", "MARGIN", "RACE", "STRICT", "checked_margin"]

MARGIN = 1.0
"""Margin of a gate that names none, in percentage points."""

GATE = (
    Option("--margin", "number", f"how much worse B may be, in percentage points ({MARGIN:g})", "POINTS"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)

_ENDPOINTS = Option("--endpoint", "text", "of a race: A, and the endpoint to take its place", "A,B")

RACE = (
    GATE[0],
    Option("--race", "flag", "ask two endpoints the same problems until it is decided, and stop: --endpoint A,B"),
    *(
        _ENDPOINTS if option.name == _ENDPOINTS.name else option
        for option in EVAL
        if option.name not in ("--background", "--repeats", "--reveal", "--shard")
    ),
)
"""Options of `%qwq_gate`: with `--race` it evaluates, and takes the options of `%qwq_eval`."""

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
