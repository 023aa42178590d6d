"""Draw the figure of cognitive efficiency: six small panels over the levels, up to six models, as in EvalScope's guide.

EvalScope, "Best Practices for Evaluating the QwQ Model" (docs/en/best_practice/eval_qwq.md), draws the same six in one
figure of 2 x 3 panels; here each point has its 95 % interval. Colours are Okabe and Ito's, and each model has a marker
of its own, so that no one needs the colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from qwq_nb.view.charts import BLUE, GREEN, GREY, PURPLE, VERMILLION, plain
from qwq_nb.view.figures import TEMPLATE, Figure, figure_title
from qwq_nb.view.wording import is_known

__all__ = ["Metric", "ModelLine", "ThinkFigure"]

_MARKS: Final = (
    (BLUE, "circle"),
    (VERMILLION, "diamond"),
    (GREEN, "square"),
    (PURPLE, "triangle-up"),
    ("#8A6D00", "cross"),
    (GREY, "x"),
)
_COLUMNS: Final = 3
_GAP: Final = 0.07
_ROW_PX: Final = 270


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

    @property
    def html(self) -> str:
        """Return the tables as html."""
        return self._html

    def text(self, *, times: bool = True) -> str:
        """Return the tables as plain text."""
        return self._text


def grid(title: str, metrics: Sequence[Metric]) -> dict[str, Any]:
    """Make a plotly figure with the panels in rows of three."""
    rows = -(-len(metrics) // _COLUMNS)
    layout: dict[str, Any] = {
        "template": TEMPLATE,
        "title": figure_title(title),
        "height": rows * _ROW_PX + 130,
        "margin": {"t": 110, "b": 60, "l": 40, "r": 20},
        "legend": {"orientation": "h", "x": 0, "y": 1.07, "yanchor": "bottom"},
        # Models side by side at a level, so that no interval hides another.
        "scattermode": "group",
        "scattergap": 0.5,
        "annotations": [],
    }
    data = []
    width, height = (1 - _GAP * (_COLUMNS - 1)) / _COLUMNS, (1 - 0.16 * (rows - 1)) / rows
    for i, metric in enumerate(metrics):
        end = "" if i == 0 else str(i + 1)
        row, column = divmod(i, _COLUMNS)
        left, top = column * (width + _GAP), 1 - row * (height + 0.16)
        layout[f"xaxis{end}"] = {"domain": [left, left + width], "anchor": f"y{end}", "type": "category"}
        axis: dict[str, Any] = {"domain": [max(0, top - height), top], "anchor": f"x{end}", "rangemode": "tozero"}
        if metric.unit == "share":
            axis |= {"range": [0, 1.05], "tickformat": ".0%"}
        layout[f"yaxis{end}"] = axis
        layout["annotations"].append(
            {
                "text": f"<b>{plain(metric.heading)}</b>",
                "showarrow": False,
                "xref": "paper",
                "yref": "paper",
                "x": left,
                "xanchor": "left",
                "y": top,
                "yanchor": "bottom",
            }
        )
        data += [
            {**trace(line, number), "xaxis": f"x{end}", "yaxis": f"y{end}", "showlegend": i == 0}
            for number, line in enumerate(metric.lines)
        ]
    return {"data": data, "layout": layout}


def trace(line: ModelLine, number: int) -> dict[str, Any]:
    """Make plotly's trace of one model's line with its intervals."""
    colour, symbol = _MARKS[number % len(_MARKS)]
    name = plain(line.name)
    above = [off(high, value) for high, value in zip(line.highs, line.values, strict=True)]
    below = [off(value, low) for low, value in zip(line.lows, line.values, strict=True)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "legendgroup": str(number),
        "offsetgroup": str(number),
        "x": [plain(level) for level in line.levels],
        "y": [round(v, 4) if is_known(v) else None for v in line.values],
        "error_y": {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.5},
        "line": {"color": colour, "width": 2},
        "marker": {"color": colour, "symbol": symbol, "size": 9},
    }


def off(high: float | None, low: float | None) -> float:
    """Return the distance between two values, at least 0; 0 where one is not known."""
    return round(max(0.0, high - low), 4) if is_known(high) and is_known(low) else 0.0
