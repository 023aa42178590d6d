"""Draw the figure of cognitive efficiency: six small panels over the levels, up to six models, as in EvalScope's guide.

EvalScope, "Best Practices for Evaluating the QwQ Model" (docs/en/best_practice/eval_qwq.md), draws the same six in one
figure of 2 x 3 panels; here each point has its 95 % interval. Colours are Okabe and Ito's, and each model has a marker
of its own, so that no one needs the colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from qwq_nb.view.axes import number_axis, share_axis
from qwq_nb.view.charts import SERIES, plain
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import LEGEND, TEMPLATE, Figure, figure_title, heading, nothing_drawn
from qwq_nb.view.wording import is_known, number

__all__ = ["Metric", "ModelLine", "ThinkFigure"]

_COLUMNS: Final = 3
_NARROW: Final = 2
"""Columns of panels in a column of a paper."""
_GAP: Final = 0.09
_ROW_PX: Final = 180
_BETWEEN_PX: Final = 108
"""Pixels between two rows of panels: ticks, the title of the axis, the next heading and what it counts."""
_BEFORE_PX: Final = 116
_AFTER_PX: Final = 60


class ModelLine(msgspec.Struct, kw_only=True):
    """Hold one model's values of a metric, a level each; None where nothing is known."""

    name: str
    levels: list[str]
    values: list[float | None]
    lows: list[float | None]
    highs: list[float | None]


class Metric(msgspec.Struct, kw_only=True):
    """Hold one panel: a metric with a line a model."""

    heading: str
    unit: str
    """`tokens`, `share` (0…1) or a plain number."""
    lines: list[ModelLine]


class ThinkFigure(Figure):
    """Represent the six panels; where plotly cannot draw, the tables beside it say the same."""

    def __init__(self, title: str, metrics: Sequence[Metric], *, html: str, text: str) -> None:
        super().__init__(title)
        self._metrics = list(metrics)
        self._html = html
        self._text = text

    def _drawn(self) -> dict[str, Any]:
        return grid(self.title, self._metrics)

    def _for_column(self) -> Any:
        """Put the panels in rows of two; all else is as it was changed by hand."""
        from plotly.graph_objects import Figure as Plotly

        placed = grid(self.title, self._metrics, _NARROW)["layout"]
        still = Plotly(self.figure)
        for name, axis in placed.items():
            if "axis" in name:
                still.layout[name].domain = axis["domain"]
        for note, place in zip(still.layout.annotations, placed["annotations"], strict=False):
            note.update(x=place["x"], y=place["y"])
        return still.update_layout(height=placed["height"], legend_y=placed.get("legend", {}).get("y"))

    @property
    def html(self) -> str:
        """Return the tables as html."""
        return self._html

    def text(self, *, times: bool = True) -> str:
        """Return the tables as plain text."""
        return self._text


def grid(title: str, metrics: Sequence[Metric], columns: int = _COLUMNS) -> dict[str, Any]:
    """Make a plotly figure with the panels in rows of `columns`; one of which nothing is known is left out."""
    metrics = [m for m in metrics if any(is_known(v) for line in m.lines for v in line.values)]
    if not metrics:
        return nothing_drawn(title)
    several = max(len(metric.lines) for metric in metrics) > 1
    rows = -(-len(metrics) // columns)
    before = _BEFORE_PX if several else _BEFORE_PX - 24
    inner = rows * _ROW_PX + (rows - 1) * _BETWEEN_PX
    layout: dict[str, Any] = {
        "template": TEMPLATE,
        "title": figure_title(title),
        "height": inner + before + _AFTER_PX,
        "margin": {"t": before, "b": _AFTER_PX, "l": 50, "r": 20},
        # A legend has no shift of its own: it stands above the headings of the first panels.
        "legend": {**LEGEND, "y": 1 + 46 / inner},
        # Models side by side at a level, so that no interval hides another.
        "scattermode": "group",
        "scattergap": 0.5,
        "annotations": [],
    }
    data = []
    gap = _GAP if columns == _COLUMNS else 2 * _GAP
    width, height, between = (1 - gap * (columns - 1)) / columns, _ROW_PX / inner, _BETWEEN_PX / inner
    for i, metric in enumerate(metrics):
        end = "" if i == 0 else str(i + 1)
        row, column = divmod(i, columns)
        left, top = column * (width + gap), 1 - row * (height + between)
        levels = list(dict.fromkeys(level for line in metric.lines for level in line.levels))
        names, by = axis_names(levels)
        layout[f"xaxis{end}"] = {
            "domain": [round(left, 5), round(left + width, 5)],
            "anchor": f"y{end}",
            "tickmode": "array",
            "tickvals": list(range(len(names))),
            "ticktext": names,
            "range": [-0.6, len(names) - 0.4],
            "showgrid": False,
            "zeroline": False,
            "title": {"text": by} if by else None,
        }
        where = {"domain": [round(max(0.0, top - height), 5), round(top, 5)], "anchor": f"x{end}"}
        ends = [v for line in metric.lines for v in (*line.values, *line.lows, *line.highs)]
        if metric.unit == "share":
            axis = share_axis(ends, "")
        else:
            axis = number_axis("", range=[0, top_of(ends)], rangemode="normal")
        start = axis["range"][0]
        counted = UNITS[metric.unit] + (f", axis from {number(start)} %" if start > 0 else "")
        layout[f"yaxis{end}"] = {**axis, **where, "title": None}
        place = round(left, 5), round(top, 5)
        layout["annotations"].append(heading(metric.heading, *place, below=counted))
        data += [
            {
                **trace(line, place, levels, 100.0 if metric.unit == "share" else 1.0),
                "xaxis": f"x{end}",
                "yaxis": f"y{end}",
                "showlegend": several and i == 0,
            }
            for place, line in enumerate(metric.lines)
        ]
    return {"data": data, "layout": layout}


def top_of(ends: Sequence[float | None]) -> float:
    """Return where an axis ends so that the intervals stand inside it."""
    return round(1.06 * max((v for v in ends if is_known(v)), default=0.0), 4) or 1.0


UNITS: Final = {"tokens": "tokens per answer", "number": "number per answer", "share": "share"}


def axis_names(levels: Sequence[str]) -> tuple[list[str], str]:
    """Return the ticks of an axis of subsets, and its title: levels are numbers under one title."""
    if len(levels) > 1 and all(level.removeprefix("Level ").isdigit() for level in levels):
        return [plain(level.removeprefix("Level ")) for level in levels], "level"
    return [plain(one_line(level, 20)) for level in levels], "subset" if len(levels) > 1 else ""


def trace(line: ModelLine, number: int, levels: Sequence[str], unit: float) -> dict[str, Any]:
    """Make plotly's trace of one model's line with its intervals; values are multiplied by `unit`."""
    colour, symbol = SERIES[number % len(SERIES)]
    name = plain(line.name)
    above = [off(high, value, unit) for high, value in zip(line.highs, line.values, strict=True)]
    below = [off(value, low, unit) for low, value in zip(line.lows, line.values, strict=True)]
    known = {level: place for place, level in enumerate(levels)}
    percent = " %" if unit > 1 else ""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "legendgroup": str(number),
        "offsetgroup": str(number),
        "cliponaxis": False,
        "x": [known.get(level) for level in line.levels],
        "y": [round(unit * v, 4) if is_known(v) else None for v in line.values],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": above,
            "arrayminus": below,
            "thickness": 1.5,
            "width": 0,
        },
        "line": {"color": colour, "width": 1.5},
        "marker": {"color": colour, "symbol": symbol, "size": 8},
        "hovertemplate": f"{name}: %{{y:,.1f}}{percent}<extra></extra>",
    }


def off(high: float | None, low: float | None, unit: float) -> float:
    """Return the distance between two values, at least 0; 0 where one is not known."""
    return round(max(0.0, unit * (high - low)), 4) if is_known(high) and is_known(low) else 0.0
