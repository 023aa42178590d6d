"""Draw a comparison: accuracy against what it took (tokens, or cost) and by subset, and the paired differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Final

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.analysis.compare.frontier import Point
from qwq_nb.analysis.compare.record import ComparisonRecord, RunCard
from qwq_nb.analysis.compare.scores import interval
from qwq_nb.analysis.compare.text import shown_rows
from qwq_nb.core.formats import CI
from qwq_nb.view.axes import ROW_PX, LineEnd, dots, estimate_text, line_labels, number_axis, row_axis, share_axis
from qwq_nb.view.charts import GREY, SERIES, Chart, SideLabel, per_cent, plain
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure, asked_kinds
from qwq_nb.view.wording import UNKNOWN, is_known, number, p_text, percent, points, signed
from qwq_nb.view.wording import interval as interval_text

__all__ = ["COMPARE_KINDS", "compare_figure"]


def compare_figure(record: ComparisonRecord, kind: str | None = None) -> ChartFigure:
    """Draw a comparison's figure: one of `COMPARE_KINDS`, or all below one another. Raises OptionError otherwise."""
    names = asked_kinds(kind, COMPARE_KINDS)
    demo = "DEMO (says nothing of any model): " if record.demo else ""
    where = ", ".join(dict.fromkeys(one_line(row.benchmark, 60) for row in record.rows))
    title = f"{demo}{len(record.runs)} runs compared" + (f" on {where}" if where else "")
    return ChartFigure(title, [panel for name in names for panel in COMPARE_KINDS[name](record)], kind)


def _name(record: ComparisonRecord, card: RunCard) -> str:
    """`B qwen-plus`: by model, or by run where models are the same."""
    models = {one.model for one in record.runs}
    return f"{card.letter} {one_line(card.model if len(models) == len(record.runs) else card.name, 60)}"


def frontier(record: ComparisonRecord) -> list[Chart]:
    """Draw a panel a benchmark: a point a run, with its intervals; up and to the left is better."""
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
    names = {card.letter: _name(record, card) for card in record.runs}
    styles = dict(zip(names, SERIES, strict=False))
    # Subsets stand in the table: here they would lie on one another.
    whole = [p for p in points if p.subset == "all" and is_known(_spent(p, priced))]
    traces = [_trace(p, names[p.run], *styles[p.run], priced=priced) for p in whole]
    barred = any(row.benchmark == benchmark and not row.comparable for row in record.rows)
    axis = share_axis([v for p in whole for v in (p.accuracy, p.ci_low, p.ci_high)], "accuracy")
    low, high = axis["range"]
    most = max((p.accuracy for p in points), default=0.0)
    heading = f"{one_line(benchmark, 60)}: accuracy against {unit}".removeprefix(": ")
    heading += " (not comparable)" if barred else ""
    return Chart(
        heading=heading,
        traces=traces,
        xaxis=number_axis(unit),
        yaxis=axis,
        height=240,
        heads=["subset", "run", "n", "accuracy", CI, unit, "no other is better in both"],
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
        labels=line_labels(
            [
                LineEnd(name=names[p.run], value=per_cent(p.accuracy), colour=colour, marker=marker)
                for p, (colour, marker) in ((p, styles[p.run]) for p in whole)
            ],
            240,
            high,
            low,
        ),
    )


def _trace(point: Point, name: str, colour: str, symbol: str, *, priced: bool) -> dict[str, Any]:
    spent = _rounded(_spent(point, priced))
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "name": plain(name),
        "showlegend": False,
        "cliponaxis": False,
        "x": [spent],
        "y": [per_cent(point.accuracy)],
        "marker": {"color": colour, "symbol": symbol, "size": 12},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [per_cent(point.ci_high - point.accuracy)],
            "arrayminus": [per_cent(point.accuracy - point.ci_low)],
            "color": colour,
            "thickness": 2,
            "width": 0,
        },
        "hovertemplate": f"{plain(name)}: %{{y:.1f}} %, %{{x:,}}<extra></extra>",
    }
    if not priced:
        errors = [_rounded(point.tokens_error)]
        trace["error_x"] = {"type": "data", "array": errors, "color": colour, "thickness": 2, "width": 0}
    return trace


def accuracy(record: ComparisonRecord) -> list[Chart]:
    """Draw a panel a benchmark: a row a subset, in it a dot a run with its interval."""
    panels = []
    for benchmark, group in groupby(record.points, key=lambda point: point.benchmark):
        members = list(group)
        subsets = list(dict.fromkeys(point.subset for point in members))
        if len(subsets) < 3:
            continue  # of one subset the frontier says it all
        panels.append(_accuracy(record, benchmark, members, subsets))
    return panels


def _accuracy(record: ComparisonRecord, benchmark: str, points: Sequence[Point], subsets: Sequence[str]) -> Chart:
    step = 0.7 / max(1, len(record.runs))
    traces = []
    for rank, card in enumerate(record.runs):
        own = [p for p in points if p.run == card.letter]
        colour, symbol = SERIES[rank % len(SERIES)]
        places = [subsets.index(p.subset) + (rank - (len(record.runs) - 1) / 2) * step for p in own]
        name = _name(record, card)
        said = [f"{name}, {p.subset}: {estimate_text(p.accuracy, p.ci_low, p.ci_high)}, n {p.n:,}" for p in own]
        marker = {"color": colour, "symbol": symbol, "size": 8}
        ends = [(p.ci_low, p.ci_high) for p in own]
        traces.append(dots(name, places, [p.accuracy for p in own], ends, marker=marker, said=said))
    levels = all(subset == "all" or subset.removeprefix("Level ").isdigit() for subset in subsets)
    ticks = ["<b>all</b>" if s == "all" else plain(one_line(s.removeprefix("Level "), 40)) for s in subsets]
    return Chart(
        heading=f"{one_line(benchmark, 60)}: accuracy by {'level' if levels else 'subset'}, with 95 % intervals",
        traces=traces,
        xaxis=share_axis([v for p in points for v in (p.accuracy, p.ci_low, p.ci_high)], "accuracy"),
        yaxis=row_axis(ticks, "level" if levels else "subset"),
        height=20 + max(ROW_PX, 15 * len(record.runs)) * len(subsets),
        heads=["subset", "run", "n", "accuracy", CI],
        rows=[
            [one_line(p.subset, 60), p.run, f"{p.n:,}", percent(p.accuracy), interval_text(p.ci_low, p.ci_high)]
            for p in points
        ],
        meters=[p.accuracy for p in points],
    )


def _spent(point: Point, priced: bool) -> float | None:
    return point.cost if priced else point.tokens


def _rounded(value: float | None) -> float | None:
    return float(f"{value:.4g}") if is_known(value) else None


def differences(record: ComparisonRecord) -> list[Chart]:
    """Draw a line a row of the table: the paired difference with its interval, and the line of no difference."""
    # One axis, in percentage points: a score that is not 0 or 1 has another unit.
    rows = [row for row in shown_rows(record) if is_known(row.difference) and not row.metric]
    traces: list[dict[str, Any]] = []
    for rank, card in enumerate(record.runs):
        own = [(row, place) for place, row in enumerate(rows) if row.b == card.letter]
        if not own:
            continue
        colour, symbol = SERIES[rank % len(SERIES)]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": plain(f"{_name(record, card)} against A"),
                # The labels name the run where there are several.
                "showlegend": False,
                "x": [_points(row.difference) for row, _ in own],
                "y": [place for _, place in own],
                "text": [_label(record, row) for row, _ in own],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_points((row.ci_high or 0) - (row.difference or 0)) for row, _ in own],
                    "arrayminus": [_points((row.difference or 0) - (row.ci_low or 0)) for row, _ in own],
                    "color": colour,
                    "thickness": 2,
                    "width": 0,
                },
                "marker": {
                    "color": colour,
                    "symbol": symbol,
                    "size": [8 if row.is_exploratory else 12 for row, _ in own],
                    "opacity": 1,
                    "line": {"width": 0},
                },
                "hovertemplate": "%{text}: %{x:+.1f} points<extra></extra>",
            }
        )
    names = {card.letter: _name(record, card) for card in record.runs}
    first = names.get("A", "A")
    other = names[record.runs[1].letter] if len(record.runs) == 2 else "the other run"
    ends = [100 * end for row in rows for end in (row.ci_low, row.ci_high) if is_known(end)]
    low, high = min(0.0, *ends, -1.0), max(0.0, *ends, 1.0)
    return [
        Chart(
            heading=f"Difference from {first}, with 95 % intervals",
            traces=traces,
            xaxis={
                "title": {"text": plain(f"percentage points; right of 0 {other} is better")},
                "zeroline": True,
                "zerolinecolor": GREY,
                "zerolinewidth": 2,
                "range": [low - 0.06 * (high - low), high + 0.06 * (high - low)],
            },
            yaxis=_difference_rows(record, rows),
            height=20 + ROW_PX * max(2, len(rows)),
            heads=["subset", "pairs", "difference", CI, "lost", "gained", "p"],
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
            labels=[
                SideLabel(y=place, text=f"{points(row.difference)} ({points(row.ci_low)} to {points(row.ci_high)})")
                for place, row in enumerate(rows)
            ],
        )
    ]


def _difference_rows(record: ComparisonRecord, rows: Sequence[ComparisonRow]) -> dict[str, Any]:
    """The axis of the rows: levels of one benchmark are numbers under one title."""
    names = [_plain_label(record, row) for row in rows]
    if len(names) > 1 and all(name == "all" or name.removeprefix("Level ").isdigit() for name in names):
        return row_axis(["<b>all</b>" if name == "all" else name.removeprefix("Level ") for name in names], "level")
    return row_axis([plain(name) for name in names])


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
    "accuracy": accuracy,
    "differences": differences,
}
