"""Draw a board: pass rates of each model or pair after the first try and the second, with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.formats import CI
from qwq_nb.view.axes import dots, row_axis, share_axis
from qwq_nb.view.charts import BLUE, FAINT, GREEN, Chart, SideLabel, plain
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure
from qwq_nb.view.wording import UNKNOWN, is_known, number, range_of

__all__ = ["board_chart", "board_figure"]

_NAME: Final = 60
_UP: Final = 0.12
"""Of a row, how far its first try stands above its middle, and the second below it: no interval hides another."""


def board_figure(title: str, rows: Sequence[BoardRow]) -> ChartFigure:
    """Draw the rows in their order; those that are published say so below their bars."""
    demo = "DEMO (says nothing of any model): " if any(row.demo for row in rows) else ""
    return ChartFigure(f"{demo}{title}", [board_chart(rows)])


def board_chart(rows: Sequence[BoardRow]) -> Chart:
    """Draw a row a model or pair: a ring after the first try, a dot after the second, each with its interval."""
    shown = [row for row in rows if is_known(row.pass_rate_2)]
    places = range(len(shown))
    one = [(row.pass_rate_1, *_ends_1(row)) for row in shown]
    two = [(row.pass_rate_2, row.ci_low, row.ci_high) for row in shown]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [x for row in shown for x in (row.pass_rate_1, row.pass_rate_2, None)],
            "y": [y for place in places for y in (place - _UP, place + _UP, None)],
            "line": {"color": FAINT, "width": 6},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        _dots("first try", [place - _UP for place in places], one, shown, BLUE, "circle-open"),
        _dots("two tries", [place + _UP for place in places], two, shown, GREEN, "diamond"),
    ]
    names = _names(shown)
    axis = share_axis([v / 100 for ends in (*one, *two) for v in ends if is_known(v)], "exercises that pass")
    return Chart(
        heading="Exercises that pass, with 95 % intervals",
        traces=traces,
        xaxis=axis,
        yaxis=row_axis(names),
        height=20 + (14 + 16 * max((name.count("<br>") + 1 for name in names), default=1)) * max(1, len(shown)),
        heads=["model", "first try", CI, "two tries", CI, "exercises", "from"],
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
        meters=[(row.pass_rate_2 or 0.0) / 100 for row in shown],
        labels=[
            SideLabel(
                y=place,
                text=f"{rate(row.pass_rate_1).removesuffix(' %')} → {rate(row.pass_rate_2)}, n {row.test_cases:,}",
            )
            for place, row in enumerate(shown)
        ],
    )


def rate(value: float | None) -> str:
    """Format a rate in per cent: `73.6 %`; a dash where it is not known."""
    return f"{number(value, 1)} %" if is_known(value) else UNKNOWN


def rate_interval(low: float | None, high: float | None) -> str:
    """Format the interval of a rate in per cent: `55.2–95.3 %`; a dash where it is not known."""
    return f"{range_of(number(low, 1), number(high, 1))} %" if is_known(low) and is_known(high) else UNKNOWN


def _names(rows: Sequence[BoardRow]) -> list[str]:
    """Labels beside the rows: a pair on two lines."""
    names: list[str] = []
    for row in rows:
        parts = [plain(one_line(part, 30)) for part in row.label.split(" + ", 1)]
        name = "<br>+ ".join(parts) + (f" ({plain(row.format)})" if row.format else "")
        names.append(name + ("<br><i>published</i>" if row.published else ""))
    return names


def _dots(
    name: str,
    places: Sequence[float],
    rates: Sequence[tuple[float | None, float | None, float | None]],
    rows: Sequence[BoardRow],
    colour: str,
    symbol: str,
) -> dict[str, Any]:
    return dots(
        name,
        places,
        [middle for middle, _, _ in rates],
        [(low, high) for _, low, high in rates],
        unit=1.0,
        marker={"color": colour, "symbol": symbol, "size": 10, "line": {"color": colour, "width": 2}},
        said=[
            f"{row.label}, {name}: {rate(middle)} ({rate_interval(low, high)})"
            for row, (middle, low, high) in zip(rows, rates, strict=True)
        ],
    )


def _ends_1(row: BoardRow) -> tuple[float | None, float | None]:
    return row.pass_rate_1_low, row.pass_rate_1_high
