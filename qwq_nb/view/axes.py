"""Make the axes and marks that figures share: shares around their data, rows of dots with intervals, labelled lines.

An axis of shares begins near the data, since dots, unlike bars, need no zero, and says so in its title.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor, log10
from typing import Any, Final

import msgspec

from qwq_nb.view.charts import SIGNS, SideLabel, plain
from qwq_nb.view.wording import UNKNOWN, interval, is_known, number, percent

__all__ = [
    "ROW_PX",
    "LineEnd",
    "dots",
    "estimate_text",
    "line_labels",
    "log_axis",
    "log_ticks",
    "number_axis",
    "ranged",
    "row_axis",
    "share_axis",
]

ROW_PX: Final = 30
"""Pixels of a row of dots."""
_LABEL_PX: Final = 15
"""Pixels between two labels of lines at least."""


def share_axis(values: Iterable[float | None], title: str, *, whole: bool = False) -> dict[str, Any]:
    """Make an axis of shares that is drawn in per cent, around the shares (0…1) it is given; its title gives the unit.

    `whole`: from 0 to 100 %, for curves.
    """
    known = [100 * value for value in values if is_known(value)]
    low, high = (0.0, 100.0) if whole or not known else ranged(min(known), max(known))
    steps = next(step for step in (1, 2, 5, 10, 20) if (high - low) / step <= 6)
    hint = f" (axis starts at {number(low)} %)" if low > 0 else ""
    return {
        "range": [low, high],
        "tick0": 0,
        "dtick": steps,
        "ticksuffix": " %",
        "title": {"text": plain(f"{title}{hint}")},
        "zeroline": False,
    }


def ranged(low: float, high: float) -> tuple[float, float]:
    """Return the ends of an axis in per cent around `low` to `high`: tens, or fives where these are close."""
    step = 5 if high - low <= 30 else 10
    begin = floor((low - 0.1 * step) / step) * step
    end = ceil((high + 0.1 * step) / step) * step
    return float(max(0, begin if begin >= 20 else 0)), float(min(100, end))


def number_axis(title: str, **more: Any) -> dict[str, Any]:
    """Make an axis of numbers from 0 on, with the commas that the tables have."""
    return {"rangemode": "tozero", "tickformat": ",", "title": {"text": plain(title)}, **more}


def log_axis(ticks: Sequence[float], title: str) -> dict[str, Any]:
    """Make a logarithmic axis with these ticks."""
    return {
        "type": "log",
        "tickmode": "array",
        "tickvals": list(ticks),
        "ticktext": [number(tick) for tick in ticks],
        "title": {"text": plain(f"{title} (log scale)")},
    }


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers between two ends of a logarithmic axis: as many as have room, none turned.

    Args:
        low: where the axis begins, above 0.
        high: where it ends.
        most: ticks that have room.
    """
    powers = [10.0**power for power in range(floor(log10(low)), ceil(log10(high)) + 1)]
    choices = [
        [step * power for power in powers for step in steps if low <= step * power <= high]
        for steps in ((1, 2, 5), (1, 3), (1,), range(1, 10))
    ]
    fitting = [ticks for ticks in choices if 2 <= len(ticks) <= most]
    return fitting[0] if fitting else min(filter(None, choices), key=len, default=[low, high])


def row_axis(names: Sequence[str], title: str = "") -> dict[str, Any]:
    """Make an axis of rows, the first above, each at its number from 0 on; `names` are plotly's labels."""
    return {
        "range": [len(names) - 0.5, -0.5],
        "type": "linear",
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "title": {"text": plain(title)} if title else None,
        "zeroline": False,
    }


def dots(
    name: str,
    places: Sequence[float],
    values: Sequence[float | None],
    ends: Sequence[tuple[float | None, float | None]] | None = None,
    *,
    marker: dict[str, Any],
    unit: float = 100.0,
    said: Sequence[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """Make plotly's trace of a dot a row, with intervals (`ends`).

    Args:
        name: of the series, in the legend.
        places: of the rows on the axis.
        values: shares 0…1, or scores; None where one is not known.
        ends: of the intervals.
        marker: plotly's.
        unit: what they are multiplied by: shares are drawn in per cent.
        said: what the pointer is told, a text a dot: any text.
        more: further members of the trace.
    """
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "name": plain(name),
        "cliponaxis": False,
        "x": [round(unit * value, 4) if is_known(value) else None for value in values],
        "y": list(places),
        "marker": marker,
        "text": [plain(text) for text in said],
        "hovertemplate": "%{text}<extra></extra>" if said else "%{x:.1f} %<extra></extra>",
    }
    if ends is not None:
        both = list(zip(values, ends, strict=True))
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [_off(high, value, unit) for value, (_, high) in both],
            "arrayminus": [_off(value, low, unit) for value, (low, _) in both],
            "color": marker["color"],
            "thickness": 2,
            "width": 0,
        }
    return {**trace, **more}


def _off(high: float | None, low: float | None, unit: float) -> float:
    """The distance between two values as it is drawn, at least 0; 0 where one is not known."""
    return round(max(0.0, unit * (high - low)), 4) if is_known(high) and is_known(low) else 0.0


def estimate_text(value: float | None, low: float | None, high: float | None) -> str:
    """Write a share with its interval, as it stands beside its dot: `95.4 % (91.0 – 97.8)`."""
    if not is_known(value):
        return UNKNOWN
    between = interval(low, high)
    return percent(value) if between == UNKNOWN else f"{percent(value)} ({between.removesuffix(' %')})"


class LineEnd(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the right end of a line, or a point, that is to be named."""

    name: str
    value: float | None
    """Its height; it is not named where that is not known."""
    colour: str
    marker: str = "line"
    """One of `charts.SIGNS`."""


def line_labels(ends: Sequence[LineEnd], height: int, most: float, least: float = 0.0) -> list[SideLabel]:
    """Name lines at their right ends, each name at least a line of text from the next.

    Args:
        ends: those of the lines.
        height: pixels of the plotting area.
        most: the value at its top.
        least: the value at its bottom.
    """
    span = (most - least) or 1.0
    known = sorted((end.value, i) for i, end in enumerate(ends) if is_known(end.value))
    labels: list[SideLabel] = []
    last = float("-inf")
    for value, i in known:
        at = (value - least) / span * height
        placed = max(at, last + _LABEL_PX)
        sign = SIGNS[ends[i].marker]
        labels.append(SideLabel(y=value, text=ends[i].name, colour=ends[i].colour, sign=sign, shift=round(placed - at)))
        last = placed
    return labels
