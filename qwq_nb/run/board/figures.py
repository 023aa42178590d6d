"""Draw a board: pass rates of each model or pair, the second try stacked on the first, with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from qwq_nb.core.board_row import BoardRow
from qwq_nb.view.charts import BLUE, GREEN, GREY, Chart, plain
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure
from qwq_nb.view.wording import UNKNOWN, is_known, number, range_of

__all__ = ["board_chart", "board_figure"]

_NAME: Final = 60
_PALE: Final = {True: 0.08, False: 0.3}
"""Opacity of a bar's ground, by whether the row is published: fainter, and its name says so."""


def board_figure(title: str, rows: Sequence[BoardRow]) -> ChartFigure:
    """Draw the rows in their order; those that are published say so below their bars."""
    demo = "DEMO (says nothing of any model): " if any(row.demo for row in rows) else ""
    return ChartFigure(f"{demo}{title}", [board_chart(rows)])


def board_chart(rows: Sequence[BoardRow]) -> Chart:
    """Draw pass_rate_1, and on it what the second try added; the whiskers are of either rate by itself.

    The bars lie, so that names of pairs have room in a narrow notebook.
    """
    shown = [row for row in rows if is_known(row.pass_rate_2)]
    names = _names(shown)
    first = [row.pass_rate_1 or 0.0 for row in shown]
    last = [row.pass_rate_2 or 0.0 for row in shown]
    gained = [max(b - a, 0.0) for a, b in zip(first, last, strict=True)]
    traces = [
        _bars("first try", names, first, first, shown, (0, 114, 178), BLUE),
        _bars("+ second try", names, gained, last, shown, (0, 158, 115), GREEN) | {"base": first},
        _whiskers("first try", names, first, [_ends_1(row) for row in shown], "circle-open", 1),
        _whiskers("two tries", names, last, [(row.ci_low, row.ci_high) for row in shown], "diamond", 2.5),
    ]
    return Chart(
        heading="Exercises that pass, with 95 % intervals",
        traces=traces,
        xaxis={"range": [0, 102], "ticksuffix": " %"},
        yaxis={"type": "category", "autorange": "reversed"},
        height=60 + 52 * max(1, len(shown)),
        heads=["model", "first try", "95 % interval", "two tries", "95 % interval", "exercises", "from"],
        rows=[
            [
                one_line(row.label, _NAME),
                rate(row.pass_rate_1),
                rate_interval(*_ends_1(row)),
                rate(row.pass_rate_2),
                rate_interval(row.ci_low, row.ci_high),
                f"{row.test_cases:,}",
                "published" if row.published else "measured",
            ]
            for row in shown
        ],
        meters=[value / 100 for value in last],
    )


def rate(value: float | None) -> str:
    """Format a rate in per cent: `73.6 %`; a dash where it is not known."""
    return f"{number(value, 1)} %" if is_known(value) else UNKNOWN


def rate_interval(low: float | None, high: float | None) -> str:
    """Format the interval of a rate in per cent: `55.2–95.3 %`; a dash where it is not known."""
    return f"{range_of(number(low, 1), number(high, 1))} %" if is_known(low) and is_known(high) else UNKNOWN


def _names(rows: Sequence[BoardRow]) -> list[str]:
    """Labels beside the bars: a pair on two lines; each is its own, else plotly would draw two bars on one another."""
    names: list[str] = []
    for row in rows:
        parts = [plain(one_line(part, 30)) for part in row.label.split(" + ", 1)]
        name = "<br>+ ".join(parts) + (f" ({plain(row.format)})" if row.format else "")
        name += "<br><i>published</i>" if row.published else ""
        while name in names:
            name += " "
        names.append(name)
    return names


def _bars(
    title: str,
    names: list[str],
    lengths: list[float],
    said: list[float],
    rows: Sequence[BoardRow],
    ground: tuple[int, int, int],
    line: str,
) -> dict[str, Any]:
    red, green, blue = ground
    return {
        "type": "bar",
        "name": title,
        "orientation": "h",
        "y": names,
        "x": [round(length, 2) for length in lengths],
        # One place for both bars, so that the second stands on the first (its `base`).
        "offsetgroup": "rate",
        "customdata": [rate(value) for value in said],
        "marker": {
            "color": [f"rgba({red},{green},{blue},{_PALE[row.published]})" for row in rows],
            "line": {"color": line, "width": 2},
        },
        "hovertemplate": "%{y}: %{customdata}<extra>" + title + "</extra>",
    }


def _whiskers(
    title: str,
    names: list[str],
    middles: list[float],
    ends: list[tuple[float | None, float | None]],
    symbol: str,
    thickness: float,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": title,
        "cliponaxis": False,
        "showlegend": False,
        "y": names,
        "x": [round(middle, 2) for middle in middles],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_gap(high, m) for (_, high), m in zip(ends, middles, strict=True)],
            "arrayminus": [_gap(m, low) for (low, _), m in zip(ends, middles, strict=True)],
            "color": GREY,
            "thickness": thickness,
        },
        "marker": {"color": GREY, "size": 7, "symbol": symbol},
        "hovertemplate": "%{y}: %{x:.1f} %<extra>" + title + "</extra>",
    }


def _gap(high: float | None, low: float | None) -> float | None:
    return round(high - low, 2) if is_known(high) and is_known(low) else None


def _ends_1(row: BoardRow) -> tuple[float | None, float | None]:
    return row.pass_rate_1_low, row.pass_rate_1_high
