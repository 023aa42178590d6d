"""Draw a sweep: accuracy and tokens by setting, and a heat map where two options were varied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from qwq_nb.analysis.sweep.grid import axis_text
from qwq_nb.analysis.sweep.report import SweepPicture, rows_by_two
from qwq_nb.analysis.sweep.settings import SettingRow
from qwq_nb.core.turn_counts import CODE_EDITING
from qwq_nb.errors import OptionError
from qwq_nb.run.board.figures import board_chart
from qwq_nb.view.charts import BLUE, GREY, PURPLE, Chart, plain, share
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure, asked_kinds
from qwq_nb.view.wording import UNKNOWN, is_known, number, percent

__all__ = ["KINDS", "sweep_figure"]


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


def heatmap(picture: SweepPicture) -> Chart:
    """Draw the accuracy by two axes, the first down, the second across."""
    down, across = varied_axes(picture)
    lines = rows_by_two(picture.rows, across, down)
    columns = [_value(row, across) for row in lines[0]]
    names = [_value(line[0], down) for line in lines]
    accuracies = [[share(row.accuracy) if row else None for row in line] for line in lines]
    known = [z for line in accuracies for z in line if z is not None] or [0.0]
    # At least ten points wide, so that a difference of one answer does not look like the whole scale.
    middle, half = (min(known) + max(known)) / 2, max(0.05, (max(known) - min(known)) / 2)
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": [plain(c) for c in columns],
        "y": [plain(n) for n in names],
        "z": accuracies,
        "text": [[percent(z) for z in line] for line in accuracies],
        "texttemplate": "%{text}",
        "hovertemplate": "%{y}, %{x}: %{z:.1%}<extra></extra>",
        # Its ends differ in lightness, for every kind of sight.
        "colorscale": "Cividis",
        "zmin": middle - half,
        "zmax": middle + half,
        # The shares stand in the cells; a scale would stand beside the other panels too.
        "showscale": False,
        "showlegend": False,
        "xgap": 2,
        "ygap": 2,
    }
    return Chart(
        heading=f"Accuracy by {down} and {across}",
        traces=[trace],
        xaxis={"type": "category", "title": {"text": across}},
        yaxis={"type": "category", "title": {"text": down}, "autorange": "reversed"},
        height=80 + 50 * len(lines),
        heads=[f"{down} \\ {across}", *columns],
        rows=[
            [name, *(percent(row.accuracy) if row else UNKNOWN for row in line)]
            for name, line in zip(names, lines, strict=True)
        ],
        meters=[None] * len(lines),
    )


def _value(row: SettingRow | None, axis: str) -> str:
    return one_line(axis_text(row.values[axis]), 60) if row else UNKNOWN


def accuracy(picture: SweepPicture) -> Chart:
    """Draw the accuracy of each setting with its interval."""
    rows = [row for row in picture.rows if is_known(row.accuracy)]
    ends = [(row.accuracy or 0.0, row.ci_low or 0.0, row.ci_high or 0.0) for row in rows]
    trace: dict[str, Any] = {
        "type": "bar",
        "name": "accuracy, 95 % interval",
        "x": [_label(row, picture) for row in rows],
        "y": [share(row.accuracy) for row in rows],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [share(high - middle) for middle, _, high in ends],
            "arrayminus": [share(middle - low) for middle, low, _ in ends],
            "color": GREY,
            "thickness": 2,
        },
        "marker": {"color": "rgba(0,114,178,0.25)", "line": {"color": BLUE, "width": 2}},
        "hovertemplate": "%{x}: %{y:.1%}<extra></extra>",
        "showlegend": False,
    }
    return Chart(
        heading="Accuracy by setting, with its 95 % interval",
        traces=[trace],
        xaxis={"type": "category"},
        yaxis={"range": [0, 1.02], "tickformat": ".0%", "title": {"text": "accuracy"}},
        height=320,
        heads=["setting", "n", "accuracy", "95 % interval"],
        rows=[[_name(r), f"{r.n:,}", percent(r.accuracy), f"{percent(r.ci_low)} – {percent(r.ci_high)}"] for r in rows],
        meters=[row.accuracy for row in rows],
    )


def tokens(picture: SweepPicture) -> Chart:
    """Draw the mean tokens of one answer of each setting: what it costs."""
    rows = [row for row in picture.rows if is_known(row.mean_tokens)]
    most = max((row.mean_tokens or 0.0 for row in rows), default=0.0)
    trace: dict[str, Any] = {
        "type": "bar",
        "name": "tokens of one answer",
        "x": [_label(row, picture) for row in rows],
        "y": [round(row.mean_tokens or 0.0, 1) for row in rows],
        "marker": {"color": "rgba(204,121,167,0.25)", "line": {"color": PURPLE, "width": 2}},
        "hovertemplate": "%{x}: %{y:,.0f}<extra></extra>",
        "showlegend": False,
    }
    return Chart(
        heading="Mean tokens of one answer by setting",
        traces=[trace],
        xaxis={"type": "category"},
        yaxis={"rangemode": "tozero", "title": {"text": "tokens"}},
        height=260,
        heads=["setting", "mean tokens", "truncated", "loops"],
        rows=[[_name(r), number(r.mean_tokens), percent(r.truncated_share), percent(r.loop_rate)] for r in rows],
        meters=[(row.mean_tokens or 0.0) / most if most else None for row in rows],
    )


def _label(row: SettingRow, picture: SweepPicture) -> str:
    """Below a bar: the varied values alone; the axes stand in the title of one."""
    varied = varied_axes(picture) or picture.axes
    return "<br>".join(f"{plain(axis)} {plain(axis_text(row.values.get(axis)))}" for axis in varied)


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
