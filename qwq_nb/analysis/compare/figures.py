"""Draw a comparison: accuracy against what it took (tokens, or cost), and the differences with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Final

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.frontier import Point
from qwq_nb.analysis.compare.record import ComparisonRecord, RunCard
from qwq_nb.analysis.compare.scores import interval
from qwq_nb.analysis.compare.text import shown_rows
from qwq_nb.view.charts import BLUE, GREEN, GREY, PURPLE, VERMILLION, Chart, plain, share
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure, asked_kinds
from qwq_nb.view.wording import UNKNOWN, is_known, number, p_text, percent, signed

__all__ = ["COMPARE_KINDS", "compare_figure"]

_MARKS: Final = (
    (BLUE, "circle"),
    (VERMILLION, "diamond"),
    (GREEN, "square"),
    (PURPLE, "triangle-up"),
    (GREY, "x"),
    (BLUE, "circle-open"),
)
"""Of each run, in order: colour and shape, so that neither alone has to tell."""


def compare_figure(record: ComparisonRecord, kind: str | None = None) -> ChartFigure:
    """Draw a comparison's figure: one of `COMPARE_KINDS`, or all below one another. Raises OptionError otherwise."""
    names = asked_kinds(kind, COMPARE_KINDS)
    demo = "DEMO (says nothing of any model): " if record.demo else ""
    runs = ", ".join(_name(record, card) for card in record.runs)
    return ChartFigure(f"{demo}{runs}", [panel for name in names for panel in COMPARE_KINDS[name](record)], kind)


def _name(record: ComparisonRecord, card: RunCard) -> str:
    """`B qwen-plus`: by model, or by run where models are the same."""
    models = {one.model for one in record.runs}
    return f"{card.letter} {one_line(card.model if len(models) == len(record.runs) else card.name, 60)}"


def frontier(record: ComparisonRecord) -> list[Chart]:
    """Draw a panel a benchmark: large points are all of it, small ones its subsets; up and to the left is better."""
    panels = []
    for benchmark, group in groupby(record.points, key=lambda point: point.benchmark):
        members = list(group)
        subsets = dict.fromkeys(point.subset for point in members)
        shown = [p for p in members if p.subset == "all" or len(subsets) > 2]
        panels.append(_frontier(record, benchmark, shown))
    return panels or [_frontier(record, "", [])]


def _frontier(record: ComparisonRecord, benchmark: str, points: Sequence[Point]) -> Chart:
    priced = bool(points) and all(point.cost is not None for point in points)
    unit = "cost of 1,000 answers" if priced else "mean completion tokens"
    traces: list[dict[str, Any]] = []
    for rank, card in enumerate(record.runs):
        own = [p for p in points if p.run == card.letter and is_known(_spent(p, priced))]
        name = plain(_name(record, card))
        colour, symbol = _MARKS[rank]
        for is_whole in (True, False):
            drawn = [p for p in own if (p.subset == "all") is is_whole]
            if drawn:
                traces.append(_trace(drawn, name, colour, symbol, is_whole, priced))
    barred = any(row.benchmark == benchmark and not row.comparable for row in record.rows)
    most = max((p.accuracy for p in points), default=0.0)
    heading = f"{one_line(benchmark, 60)}: accuracy against {unit}".removeprefix(": ")
    heading += " (not comparable)" if barred else ""
    heading += " (small: subsets)" if any(p.subset != "all" for p in points) else ""
    return Chart(
        heading=heading,
        traces=traces,
        xaxis={"rangemode": "tozero", "title": {"text": unit}},
        yaxis={"range": [_floor(points), 1.02], "tickformat": ".0%", "title": {"text": "accuracy"}},
        height=340,
        heads=["subset", "run", "n", "accuracy", "95 % interval", unit, "no other is better in both"],
        rows=[
            [
                one_line(p.subset, 60),
                p.run,
                f"{p.n:,}",
                percent(p.accuracy),
                f"{percent(p.ci_low)[:-2]} – {percent(p.ci_high)}",
                number(_spent(p, priced), 4 if priced else 0),
                UNKNOWN if barred else "" if p.dominated else "yes",
            ]
            for p in points
        ],
        meters=[p.accuracy if most else None for p in points],
    )


def _trace(
    points: Sequence[Point], name: str, colour: str, symbol: str, is_whole: bool, priced: bool
) -> dict[str, Any]:
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers" if is_whole else "markers+text",
        "name": name if is_whole else f"{name}, subsets",
        "legendgroup": name,
        "showlegend": is_whole,
        "cliponaxis": False,
        "x": [_rounded(_spent(p, priced)) for p in points],
        "y": [share(p.accuracy) for p in points],
        "text": [plain(p.subset.removeprefix("Level ")) for p in points],
        "textposition": "bottom center",
        "marker": {
            "color": colour,
            "symbol": symbol,
            "size": 13 if is_whole else 6,
            "opacity": 1 if is_whole else 0.6,
            "line": {"color": colour, "width": 2 if symbol.endswith("open") else 0},
        },
        "hovertemplate": f"{name} %{{text}}: %{{y:.1%}}, %{{x:,}}<extra></extra>",
    }
    if is_whole:
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [share(p.ci_high - p.accuracy) for p in points],
            "arrayminus": [share(p.accuracy - p.ci_low) for p in points],
            "color": colour,
            "thickness": 2,
        }
        if not priced:
            errors = [_rounded(p.tokens_error) for p in points]
            trace["error_x"] = {"type": "data", "array": errors, "color": colour, "thickness": 2}
    return trace


def _floor(points: Sequence[Point]) -> float:
    """Where the axis begins: points, unlike bars, need no zero, and good runs differ in the last tenth."""
    return max(0.0, int(10 * min((p.ci_low for p in points), default=0.0)) / 10 - 0.02)


def _spent(point: Point, priced: bool) -> float | None:
    return point.cost if priced else point.tokens


def _rounded(value: float | None) -> float | None:
    return float(f"{value:.4g}") if is_known(value) else None


def differences(record: ComparisonRecord) -> list[Chart]:
    """Draw a line a row of the table: the paired difference with its interval, and the line of no difference."""
    # One axis, in percentage points: a score that is not 0 or 1 has another unit.
    rows = [row for row in shown_rows(record) if is_known(row.difference) and not row.metric]
    labels = [_label(record, row) for row in rows]
    traces: list[dict[str, Any]] = []
    for rank, card in enumerate(record.runs):
        own = [(row, label) for row, label in zip(rows, labels, strict=True) if row.b == card.letter]
        if not own:
            continue
        colour, symbol = _MARKS[rank]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": plain(f"{_name(record, card)} against A"),
                # The labels name the run where there are several.
                "showlegend": False,
                "x": [_points(row.difference) for row, _ in own],
                "y": [label for _, label in own],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_points((row.ci_high or 0) - (row.difference or 0)) for row, _ in own],
                    "arrayminus": [_points((row.difference or 0) - (row.ci_low or 0)) for row, _ in own],
                    "color": colour,
                    "thickness": 2,
                },
                "marker": {
                    "color": colour,
                    "symbol": symbol,
                    "size": [8 if row.is_exploratory else 13 for row, _ in own],
                    "opacity": 1,
                    "line": {"color": colour, "width": 2 if symbol.endswith("open") else 0},
                },
                "hovertemplate": "%{y}: %{x:+.1f} points<extra></extra>",
            }
        )
    reach = max((max(abs(row.ci_low or 0), abs(row.ci_high or 0)) for row in rows), default=0.0)
    return [
        Chart(
            heading="Difference against A, 95 % interval",
            traces=traces,
            xaxis={
                "title": {"text": "percentage points; to the right the other run is better"},
                "zeroline": True,
                "zerolinecolor": GREY,
                "zerolinewidth": 2,
                "range": [-110 * reach, 110 * reach] if reach else [-1, 1],
            },
            yaxis={"type": "category", "autorange": "reversed"},
            height=60 + 34 * max(1, len(rows)),
            heads=["subset", "pairs", "difference", "95 % interval", "lost", "gained", "p"],
            rows=[
                [
                    _plain_label(record, row),
                    f"{row.pairs:,}",
                    signed(row.difference),
                    interval(row),
                    f"{row.only_a:,}",
                    f"{row.only_b:,}",
                    _p(row),
                ]
                for row in rows
            ],
            # A bar cannot be negative: none is truer than half a bar.
            meters=[None for _ in rows],
        )
    ]


def _p(row: ComparisonRow) -> str:
    if not row.comparable:
        return "not comparable"
    return p_text(row.p_value) + (" (exploratory)" if row.is_exploratory else "")


def _label(record: ComparisonRecord, row: ComparisonRow) -> str:
    return plain(_plain_label(record, row))


def _plain_label(record: ComparisonRecord, row: ComparisonRow) -> str:
    """`Level 3`, with the benchmark or the run before it where there are several."""
    parts = [one_line(row.subset, 60) + ("" if row.comparable else " (not comparable)")]
    if len({other.benchmark for other in record.rows}) > 1:
        parts.insert(0, one_line(row.benchmark, 60))
    if len(record.runs) > 2:
        parts.insert(0, f"{row.b}:")
    return " ".join(parts)


def _points(value: float | None) -> float | None:
    return round(100 * value, 2) if is_known(value) else None


COMPARE_KINDS: Final[dict[str, Callable[[ComparisonRecord], list[Chart]]]] = {
    "frontier": frontier,
    "differences": differences,
}
