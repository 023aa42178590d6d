"""Draw budget curves: the shares above, one bar an answer below, on one axis of thinking tokens; a pair a model.

The left edge of a bar's second part is where its right answer was stated, so the edge of all bars is the curve S; the
dots at the bars' ends are the curve of those ended and right. Labels are text traces and not annotations, whose places
would have to change with the kind of axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log10
from textwrap import wrap
from typing import Any, Final

from qwq_nb.analysis.budget.bars import DENSE, bar_traces, drawn_rows
from qwq_nb.analysis.budget.curve import CurvePoint, widest_gap
from qwq_nb.analysis.budget.record import MEANING, BudgetPanel
from qwq_nb.core.estimates import Estimate
from qwq_nb.view.axes import log_ticks, share_axis
from qwq_nb.view.charts import BLUE, GOLD, GREEN, GREY, PURPLE, VERMILLION, per_cent, plain
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import LEGEND, TEMPLATE, Figure, figure_title, heading
from qwq_nb.view.pictures import CAPTION
from qwq_nb.view.wording import is_known, number, percent

__all__ = ["BudgetFigure"]

_GAP: Final = 0.1
_TICKS: Final = 8
"""Numbers that have room beside one another below a row of panels, 600 pixels wide."""


class BudgetFigure(Figure):
    """Represent the curves of one benchmark, a panel a model; where plotly cannot draw, the tables say the same."""

    def __init__(self, title: str, panels: Sequence[BudgetPanel], *, html: str, text: str) -> None:
        super().__init__(title)
        self._panels = list(panels)
        self._html = html
        self._text = text

    def _drawn(self) -> dict[str, Any]:
        return drawn(self.title, self._panels)

    @property
    def html(self) -> str:
        """Return the tables as html."""
        return self._html

    def text(self, *, times: bool = True) -> str:
        """Return the tables as plain text."""
        return self._text


def drawn(title: str, panels: Sequence[BudgetPanel]) -> dict[str, Any]:
    """Make plotly's `data` and `layout`."""
    columns = 1 if len(panels) == 1 else 2 if len(panels) <= 4 else 3
    rows = max(1, ceil(len(panels) / columns))
    height = 560 if len(panels) == 1 else 440
    layout: dict[str, Any] = {
        "template": TEMPLATE,
        "title": figure_title(title),
        "height": rows * height + 312,
        "margin": {"t": 132, "b": 180, "l": 60, "r": 20},
        # Last, since it takes more lines in a narrow window; signs as large as in a legend.
        "legend": {**LEGEND, "y": -78 / (rows * height), "yanchor": "top", "itemsizing": "constant"},
        "barmode": "overlay",
        "bargap": 0.25 if max(len(p.answers) for p in panels) < DENSE else 0,
        "hovermode": "closest",
        "annotations": [_caption()],
        "meta": {"qwq": {"study": "budget", "runs": runs_by_axis(panels)}},
    }
    data: list[dict[str, Any]] = []
    width, tall = (1 - _GAP * (columns - 1)) / columns, (1 - 0.14 * (rows - 1)) / rows
    for i, panel in enumerate(panels):
        row, column = divmod(i, columns)
        left, top = column * (width + _GAP), 1 - row * (tall + 0.14)
        names = ("" if i == 0 else str(i + 1), "" if i == 0 else str(2 * i + 1), str(2 * i + 2))
        x, above, below = (f"x{names[0]}", f"y{names[1]}", f"y{names[2]}")
        data += _curves(panel, x, above, first=i == 0, alone=len(panels) == 1)
        data += bar_traces(panel, x, below, first=i == 0)
        bars = max(1, len(drawn_rows(panel.answers)))
        layout[f"xaxis{names[0]}"] = {
            **log_axis(panel, columns),
            "domain": [left, left + width],
            "anchor": below,
            "title": {"text": "thinking tokens"},
        }
        layout[f"yaxis{names[1]}"] = {
            "domain": [top - 0.46 * tall, top],
            "anchor": x,
            **share_axis((), "share of all answers", whole=True),
            "range": [0, 105],
            **({} if column == 0 else {"title": None}),
        }
        layout[f"yaxis{names[2]}"] = {
            "domain": [max(0.0, top - tall), top - 0.5 * tall],
            "anchor": x,
            "range": [bars - 0.3, -0.7],
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
            "title": {"text": f"{len(panel.answers):,} answers"},
        }
        whole = f"{percent(panel.accuracy.value)} with all its thinking"
        layout["annotations"].append(heading(one_line(panel.model, 60), left, top, 2, below=whole))
    layout["updatemenus"] = [_switch(panels, columns)]
    return {"data": data, "layout": layout}


def runs_by_axis(panels: Sequence[BudgetPanel]) -> dict[str, str]:
    """Return the run's folder of each panel by its axis: in JupyterLab a click on a bar opens the sample there."""
    return {f"x{'' if i == 0 else i + 1}": panel.run_dir for i, panel in enumerate(panels) if panel.run_dir}


def _note(text: str, x: float, y: float, anchor: str, **more: Any) -> dict[str, Any]:
    place = {"xref": "paper", "yref": "paper", "x": x, "xanchor": "left", "y": y, "yanchor": anchor}
    return {"text": text, "showarrow": False, "align": "left", **place, **more}


def _caption() -> dict[str, Any]:
    lines = wrap(f"Bands: 95 %, pointwise. {MEANING}", 88)
    return _note("<br>".join(map(plain, lines)), 0, 0, "top", yshift=-44, font={"size": 11}, name=CAPTION)


def log_axis(panel: BudgetPanel, columns: int) -> dict[str, Any]:
    """Return the logarithmic axis of a panel, from below its first event to the longest reasoning."""
    low, high = ends_of(panel)
    ticks = log_ticks(low, high, _TICKS // columns)
    return {
        "type": "log",
        "range": [round(log10(low), 4), round(log10(high), 4)],
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [number(v) for v in ticks],
        "tickangle": 0,
    }


def ends_of(panel: BudgetPanel) -> tuple[float, float]:
    """Return the first and the last number of tokens on the axis."""
    events = [v for a in panel.answers for v in (a.tokens, a.stated) if v]
    low, high = (max(min(events) * 0.8, 1.0), max(events) * 1.04) if events else (1.0, 10.0)
    return low, max(high, low * 2)


def _switch(panels: Sequence[BudgetPanel], columns: int) -> dict[str, Any]:
    """Make the buttons that choose a logarithmic or a linear axis; a log axis flatters the late part of a bar."""
    log: dict[str, Any] = {}
    linear: dict[str, Any] = {}
    for i, panel in enumerate(panels):
        axis = f"xaxis{'' if i == 0 else i + 1}"
        for name, value in log_axis(panel, columns).items():
            log[f"{axis}.{name}"] = value
        linear |= {f"{axis}.type": "linear", f"{axis}.range": [0, ends_of(panel)[1]], f"{axis}.tickmode": "auto"}
        linear[f"{axis}.nticks"] = max(3, _TICKS // columns)
    return {
        "type": "buttons",
        "direction": "right",
        "x": 1,
        "xanchor": "right",
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": 44},
        "showactive": False,
        "bgcolor": "rgba(118,118,118,0.12)",
        "bordercolor": "rgba(118,118,118,0.5)",
        "font": {"size": 12},
        "buttons": [
            {"label": "log", "method": "relayout", "args": [log]},
            {"label": "linear", "method": "relayout", "args": [linear]},
        ],
    }


# -- the curves ------------------------------------------------------------------------------------------------------


def _curves(panel: BudgetPanel, x: str, y: str, *, first: bool, alone: bool) -> list[dict[str, Any]]:
    low, high = ends_of(panel)
    points = [p for p in panel.steps if p.budget <= high]
    if not points:
        return []
    base = {"xaxis": x, "yaxis": y, "type": "scatter"}
    stated = "right answer stated" + (" (at least; not validated)" if panel.choice else "")
    lines: list[tuple[str, list[Estimate], str, dict[str, Any]]] = [
        ("reasoning ended", [p.ended for p in points], GREY, {"width": 1.5, "dash": "dot"}),
        ("given, and right", [p.ended_right for p in points], GREEN, {"width": 3}),
    ]
    if panel.placed:
        dash = {"dash": "dash"} if panel.choice else {}
        lines.append((stated, [p.stands for p in points], BLUE, {"width": 3, **dash}))
    at = [min(1.0, low), *(p.budget for p in points), high]
    data: list[dict[str, Any]] = []
    for name, values, colour, _ in lines[1:]:
        if not (panel.choice and colour == BLUE):
            data.append({**base, **_band(at, values, colour), "name": name})
    for name, values, colour, style in lines:
        own = [0.0, *(e.value or 0.0 for e in values), values[-1].value or 0.0]
        data.append(
            {
                **base,
                "mode": "lines",
                "name": name,
                "legendgroup": name,
                "showlegend": first,
                "x": at,
                "y": [per_cent(v) for v in own],
                "line": {"color": colour, "shape": "hv", **style},
                "hovertemplate": f"{plain(name)}: %{{y:.1f}} % by %{{x:,.0f}} tokens<extra></extra>",
            }
        )
    return (
        data + _gap(panel, points, base, alone) + _forced(panel, base, first=first) + _native(panel, base, first=first)
    )


def _band(at: Sequence[float], values: Sequence[Estimate], colour: str) -> dict[str, Any]:
    """Shade the interval of a step curve: its corners one after another, to the right and back."""
    lows = [values[0].low or 0.0 if not values[0].value else 0.0, *(e.low or 0.0 for e in values)]
    highs = [0.0, *(e.high if is_known(e.high) else e.value or 0.0 for e in values)]
    lows[0] = highs[0] = 0.0
    xs: list[float] = []
    up: list[float] = []
    down: list[float] = []
    for i in range(len(at) - 1):
        xs += [at[i], at[i + 1]]
        up += [highs[i], highs[i]]
        down += [lows[i], lows[i]]
    return {
        "mode": "lines",
        "x": [*xs, *reversed(xs)],
        "y": [per_cent(v) for v in (*up, *reversed(down))],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": 0.15,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _gap(panel: BudgetPanel, points: Sequence[CurvePoint], base: dict[str, Any], alone: bool) -> list[dict[str, Any]]:
    widest = widest_gap(points) if panel.placed else None
    if widest is None:
        return []
    stated, given = widest.stands.value or 0.0, widest.ended_right.value or 0.0
    least = "at least " if panel.choice else ""
    words = [f"{number(widest.budget)} tokens:", f"{least}{percent(stated)} stated,", f"{percent(given)} given"]
    low, high = ends_of(panel)
    # Right of it nothing is drawn below the curves, left of it nothing above them.
    left = log10(max(widest.budget, low)) < (log10(low) + log10(high)) / 2
    return [
        {
            **base,
            "mode": "lines+markers",
            "x": [widest.budget, widest.budget],
            "y": [per_cent(given), per_cent(stated)],
            "line": {"color": GOLD, "width": 2},
            "marker": {"size": 7},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        {
            **base,
            "mode": "text",
            "x": [widest.budget],
            "y": [14 if left else 88],
            "text": ["<br>".join(f"  {plain(line)}  " for line in words)],
            "textposition": "middle right" if left else "middle left",
            "textfont": {"size": 13 if alone else 11},
            "hoverinfo": "skip",
            "showlegend": False,
        },
    ]


def _forced(panel: BudgetPanel, base: dict[str, Any], *, first: bool) -> list[dict[str, Any]]:
    """Draw the accuracy of forced answers as points with intervals; what is concluded beside the first it holds for."""
    points = [p for p in panel.forced_points.values() if p.budget and is_known(p.accuracy.value)]
    if not points:
        return []
    drawn: dict[str, Any] = {
        **base,
        "mode": "lines+markers",
        "name": "forced answer right",
        "legendgroup": "forced",
        "showlegend": first,
        **_points([(p.budget, p.accuracy) for p in points]),
        "line": {"color": PURPLE, "width": 2},
        "marker": {"color": PURPLE, "size": 8, "symbol": "circle-open", "line": {"width": 2}},
        "hovertemplate": "forced at %{x:,.0f}: %{y:.1f} %<extra></extra>",
    }
    claim = panel.forced.curve.claim if panel.forced is not None and panel.forced.curve is not None else None
    if claim is None:
        return [drawn]
    words = (
        f"within {claim.margin:g} points from {number(claim.budget)} on: {percent(claim.share_of_tokens)} of the tokens"
    )
    line = {
        **base,
        "mode": "lines+text",
        "x": [claim.budget, claim.budget],
        "y": [0, 102],
        "line": {"color": PURPLE, "width": 1, "dash": "dot"},
        "text": ["", f"{plain(words)} "],
        "textposition": "bottom left",
        "textfont": {"size": 12},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [drawn, line]


def _native(panel: BudgetPanel, base: dict[str, Any], *, first: bool) -> list[dict[str, Any]]:
    """Draw whole runs with a budget of the server's own as points that no line joins: their answers are not paired."""
    points = [p for p in panel.native if p.is_enforced]
    if not points:
        return []
    return [
        {
            **base,
            "mode": "markers",
            "name": "whole run with the server's budget",
            "legendgroup": "native",
            "showlegend": first,
            **_points([(p.budget, p.accuracy) for p in points]),
            "marker": {"color": VERMILLION, "size": 10, "symbol": "diamond"},
            "hovertemplate": "whole run at %{x:,.0f}: %{y:.1f} %<extra></extra>",
        }
    ]


def _points(given: Sequence[tuple[int, Estimate]]) -> dict[str, Any]:
    """Return the places of points with intervals."""
    values = [e.value or 0.0 for _, e in given]
    both = list(zip([e for _, e in given], values, strict=True))
    return {
        "x": [budget for budget, _ in given],
        "y": [per_cent(v) for v in values],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [per_cent(max(0.0, (e.high or v) - v)) for e, v in both],
            "arrayminus": [per_cent(max(0.0, v - (e.low or 0.0))) for e, v in both],
            "thickness": 1,
            "width": 0,
        },
    }
