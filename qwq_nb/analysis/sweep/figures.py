"""Draw a sweep: accuracy and tokens by setting, and a heat map where two options were varied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final

from qwq_nb.analysis.sweep.grid import axis_text
from qwq_nb.analysis.sweep.report import SweepPicture, rows_by_two
from qwq_nb.analysis.sweep.settings import SettingRow
from qwq_nb.core.formats import CI
from qwq_nb.core.turn_counts import CODE_EDITING
from qwq_nb.errors import OptionError
from qwq_nb.run.board.figures import board_chart
from qwq_nb.view.axes import ROW_PX, dots, estimate_text, number_axis, row_axis, share_axis
from qwq_nb.view.charts import BLUE, PURPLE, Chart, SideLabel, per_cent, plain
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure, asked_kinds
from qwq_nb.view.wording import UNKNOWN, interval, is_known, number, percent

__all__ = ["KINDS", "sweep_figure"]

_SCALE: Final = [[0.0, "#F3F8FC"], [1.0, "#56B4E9"]]
"""From pale to Okabe and Ito's sky blue: darker is more in grey too, and `_CELL_TEXT` has 9:1 on all of it."""
_CELL_TEXT: Final = "#111111"
_CATEGORIES: Final = {"type": "category", "showgrid": False, "ticks": ""}


def sweep_figure(picture: SweepPicture, kind: str | None = None) -> ChartFigure:
    """Draw `accuracy`, `tokens`, `heatmap` (two axes), `board` (code editing), or all that suit the grid.

    Raises:
        OptionError: another kind, a heat map of a grid that has not two axes, or a board of another benchmark.
    """
    names = asked_kinds(kind, KINDS)
    varied = varied_axes(picture)
    if kind == "heatmap" and len(varied) != 2:
        raise OptionError(
            f"A heat map wants two options that were varied, and here {'is' if len(varied) == 1 else 'are'} "
            f"{len(varied)}: `accuracy` shows any number."
        )
    if kind == "board" and not picture.board:
        raise OptionError(f"A board is of {CODE_EDITING}, and nothing of it is finished here.")
    names = [name for name in names if name != "heatmap" or len(varied) == 2]
    names = [name for name in names if name != "board" or picture.board]
    demo = "DEMO (says nothing of any model): " if picture.demo else ""
    where = ", ".join(one_line(name, 60) for name in picture.benchmarks)
    subject = f"{one_line(picture.model, 80)} on {where}" if picture.model else where
    return ChartFigure(f"{demo}{subject}", [KINDS[name](picture) for name in names], kind)


def varied_axes(picture: SweepPicture) -> list[str]:
    """Return the axes of more than one value."""
    return [axis for axis in picture.axes if len({axis_text(row.values.get(axis)) for row in picture.rows}) > 1]


def _scale(rows: Sequence[SettingRow]) -> tuple[float, float]:
    """Return the ends of the colours in per cent: at least two intervals wide, so that noise has no contrast."""
    known = [row.accuracy or 0.0 for row in rows] or [0.0]
    widths = [row.ci_high - row.ci_low for row in rows if is_known(row.ci_low) and is_known(row.ci_high)] or [0.0]
    middle, half = (min(known) + max(known)) / 2, max(0.05, (max(known) - min(known)) / 2, median(widths))
    return round(max(0.0, 100 * (middle - half)), 1), round(min(100.0, 100 * (middle + half)), 1)


def _cell(row: SettingRow | None) -> str:
    """Its accuracy, and below it the interval; only numbers."""
    return f"<b>{percent(row.accuracy)}</b><br>{interval(row.ci_low, row.ci_high)}" if row else ""


def heatmap(picture: SweepPicture) -> Chart:
    """Draw the accuracy by two axes, the first down, the second across."""
    down, across = varied_axes(picture)
    lines = rows_by_two(picture.rows, across, down)
    columns = [_value(row, across) for row in lines[0]]
    names = [_value(line[0], down) for line in lines]
    cells = [[row if row is not None and is_known(row.accuracy) else None for row in line] for line in lines]
    low, high = _scale([row for line in cells for row in line if row is not None])
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": [plain(c) for c in columns],
        "y": [plain(n) for n in names],
        "z": [[per_cent(row.accuracy) if row else None for row in line] for line in cells],
        "text": [[_cell(row) for row in line] for line in cells],
        "texttemplate": "%{text}",
        "textfont": {"color": _CELL_TEXT},
        "hovertemplate": "%{y}, %{x}: %{z:.1f} %<extra></extra>",
        "colorscale": _SCALE,
        "zmin": low,
        "zmax": high,
        "colorbar": {
            "title": {"text": "accuracy", "side": "right", "font": {"size": 12}},
            "ticksuffix": " %",
            "nticks": 5,
        },
        "showlegend": False,
        "xgap": 2,
        "ygap": 2,
    }
    return Chart(
        heading=f"Accuracy by {down} and {across}",
        traces=[trace],
        xaxis={**_CATEGORIES, "title": {"text": across}},
        yaxis={**_CATEGORIES, "title": {"text": down}, "autorange": "reversed"},
        height=20 + 56 * len(lines),
        heads=[f"{down} \\ {across}", *columns],
        rows=[[name, *(_text(row) for row in line)] for name, line in zip(names, cells, strict=True)],
        meters=[None] * len(lines),
    )


def _value(row: SettingRow | None, axis: str) -> str:
    return one_line(axis_text(row.values[axis]), 60) if row else UNKNOWN


def _text(row: SettingRow | None) -> str:
    return estimate_text(row.accuracy, row.ci_low, row.ci_high) if row else UNKNOWN


def accuracy(picture: SweepPicture) -> Chart:
    """Draw the accuracy of each setting with its interval, a row a setting."""
    rows = [row for row in picture.rows if is_known(row.accuracy)]
    names, title = _ticks(rows, picture)
    ends = [(row.ci_low, row.ci_high) for row in rows]
    return Chart(
        heading="Accuracy by setting, with 95 % intervals",
        traces=[
            dots(
                "accuracy",
                range(len(rows)),
                [row.accuracy for row in rows],
                ends,
                marker={"color": BLUE, "size": 10},
                said=[f"{_name(row)}: {_text(row)}, n {row.n:,}" for row in rows],
                showlegend=False,
            )
        ],
        xaxis=share_axis([v for row in rows for v in (row.accuracy, row.ci_low, row.ci_high)], "accuracy"),
        yaxis=row_axis(names, title),
        height=20 + ROW_PX * max(2, len(rows)),
        heads=["setting", "n", "accuracy", CI],
        rows=[[_name(r), f"{r.n:,}", percent(r.accuracy), interval(r.ci_low, r.ci_high)] for r in rows],
        meters=[row.accuracy for row in rows],
        labels=[SideLabel(y=place, text=_text(row)) for place, row in enumerate(rows)],
    )


def tokens(picture: SweepPicture) -> Chart:
    """Draw the mean tokens of one answer of each setting: what it costs."""
    rows = [row for row in picture.rows if is_known(row.mean_tokens)]
    most = max((row.mean_tokens or 0.0 for row in rows), default=0.0)
    names, title = _ticks(rows, picture)
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "name": "tokens of one answer",
        "y": list(range(len(rows))),
        "x": [round(row.mean_tokens or 0.0, 1) for row in rows],
        "text": [plain(_name(row)) for row in rows],
        "textposition": "none",
        "width": 0.5,
        "marker": {"color": PURPLE},
        "hovertemplate": "%{text}: %{x:,.0f} tokens<extra></extra>",
        "showlegend": False,
    }
    return Chart(
        heading="Mean tokens of one answer by setting",
        traces=[trace],
        xaxis=number_axis("tokens"),
        yaxis=row_axis(names, title),
        height=20 + ROW_PX * max(2, len(rows)),
        heads=["setting", "mean tokens", "truncated", "loops"],
        rows=[[_name(r), number(r.mean_tokens), percent(r.truncated_share), percent(r.loop_rate)] for r in rows],
        meters=[(row.mean_tokens or 0.0) / most if most else None for row in rows],
        labels=[
            SideLabel(
                y=place,
                text=number(row.mean_tokens)
                + (f", {percent(row.truncated_share)} truncated" if row.truncated_share else ""),
            )
            for place, row in enumerate(rows)
        ],
    )


def _ticks(rows: Sequence[SettingRow], picture: SweepPicture) -> tuple[list[str], str]:
    """Name the rows by their values of what was varied; the axis has the names of the options as its title."""
    varied = varied_axes(picture) or picture.axes
    names = [" / ".join(plain(one_line(axis_text(row.values.get(axis)), 40)) for axis in varied) for row in rows]
    return names, " / ".join(varied)


def _name(row: SettingRow) -> str:
    return one_line(row.label, 120)


def board(picture: SweepPicture) -> Chart:
    """Draw the pass rates of each model or pair, after the first and the second try."""
    return board_chart(picture.board)


KINDS: Final[dict[str, Callable[[SweepPicture], Chart]]] = {
    "heatmap": heatmap,
    "board": board,
    "accuracy": accuracy,
    "tokens": tokens,
}
