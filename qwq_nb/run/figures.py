"""Draw a run's figures: accuracy by subset, tokens by outcome, latency."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any, Final

import msgspec

from qwq_nb.core.formats import CI
from qwq_nb.core.records import OUTCOMES, Outcome
from qwq_nb.core.run_record import RunRecord, SampleView, SubsetRow
from qwq_nb.core.stats import quantile
from qwq_nb.view.axes import ROW_PX, dots, estimate_text, number_axis, row_axis, share_axis
from qwq_nb.view.charts import BLUE, GREEN, GREY, PURPLE, VERMILLION, Chart, SideLabel, plain
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure, asked_kinds
from qwq_nb.view.wording import UNKNOWN, WORDS, is_known, number, percent, row_interval, row_score

__all__ = ["KINDS", "run_figure"]


_COLOURS: dict[Outcome, str] = {
    "correct": GREEN,
    "wrong": VERMILLION,
    "no_answer": PURPLE,
    "truncated": BLUE,
    "not_gradable": GREY,
    "awaiting_ruling": GREY,
}


_PUBLISHED: Final = ("line-ns-open", "diamond-open", "triangle-down-open", "star-open")
_LEVEL: Final = re.compile(r"Level \d+")

FEW: Final = 5
"""Values from which on a box is drawn: quartiles of fewer say less than the values themselves."""
MOST_DOTS: Final = 300
"""Most values that one box is drawn from: of more, as many at even ranks, which gives the same box."""


def accuracy_charts(record: RunRecord) -> list[Chart]:
    """Draw a row a subset: accuracy with its interval, accuracy of what was not truncated, published scores.

    A benchmark of several subsets has a chart of its own, those of one are rows of one chart; scores that are not 0 or
    1 have another axis, and so another chart.
    """
    groups: dict[tuple[str, bool], list[SubsetRow]] = {}
    for row in record.table:
        several = sum(r.benchmark == row.benchmark for r in record.table) > 2
        if is_known(row.score) and (several or row.subset == "all"):
            groups.setdefault((row.benchmark if several else "", bool(row.metric)), []).append(row)
    return [_accuracy_chart(record, name, rows) for (name, _), rows in groups.items()] or [
        _accuracy_chart(record, "", [])
    ]


def _accuracy_chart(record: RunRecord, benchmark: str, rows: Sequence[SubsetRow]) -> Chart:
    degrees = next((one_line(row.metric, 60) for row in rows if row.metric), "")
    what = f"mean score ({degrees})" if degrees else "accuracy"
    unit = 1.0 if degrees else 100.0
    places = range(len(rows))
    ends = [row_ends(row) for row in rows]
    untruncated = [row.accuracy_finished if row.accuracy_finished != row.score else None for row in rows]
    has_more = any(map(is_known, untruncated))
    traces = [
        dots(
            what,
            places,
            [row.score for row in rows],
            ends,
            unit=unit,
            marker={"color": BLUE, "size": 10},
            said=[f"{plain_name(row, record)}: {row_score(row)}, {row_interval(row)}, n {row.n:,}" for row in rows],
        )
    ]
    if has_more:
        traces.append(
            dots(
                "untruncated",
                places,
                untruncated,
                unit=unit,
                marker={"color": PURPLE, "symbol": "circle-open", "size": 10, "line": {"width": 2}},
                said=[f"{plain_name(row, record)}, untruncated only: {percent(row.accuracy_finished)}" for row in rows],
            )
        )
    at = {(row.benchmark, row.subset): place for place, row in zip(places, rows, strict=True)}
    published = [r for r in record.references if (r["benchmark"], r["subset"]) in at]
    for (model, own), symbol in zip(_by_model(published), cycle(_PUBLISHED), strict=False):
        traces.append(
            dots(
                f"published: {model}",
                [at[r["benchmark"], r["subset"]] for r in own],
                [r["score"] for r in own],
                unit=unit,
                marker={"color": VERMILLION, "symbol": symbol, "size": 15, "line": {"width": 3}},
                said=[f"{model}: {percent(r['score'])}, {one_line(str(r['source']), 160)}" for r in own],
            )
        )
    shown = [v for row in rows for v in (row.score, *row_ends(row))]
    shown += untruncated
    shown += [r["score"] for r in published]
    levels = bool(benchmark) and all(_LEVEL.fullmatch(row.subset) or row.subset == "all" for row in rows)
    title = "level" if levels else "subset" if benchmark else ""
    of = f" on {one_line(benchmark, 60)}" if benchmark and len(record.benchmarks) > 1 else ""
    by = f" by {title}" if title else ""
    return Chart(
        heading=f"{what[0].upper()}{what[1:]}{by}{of}, with 95 % intervals",
        traces=traces,
        xaxis=share_axis(shown, what) if not degrees else number_axis(what),
        yaxis=row_axis([_tick(row, named=not benchmark, level=levels) for row in rows], title),
        height=20 + ROW_PX * max(2, len(rows)),
        heads=["subset", "n", "score" if degrees else "accuracy", CI, "untruncated only", "published"],
        rows=[[plain_name(row, record), *numbers(row, record)] for row in rows],
        meters=[row.score for row in rows],
        labels=[
            SideLabel(y=place, text=_said(row, low, high))
            for place, row, (low, high) in zip(places, rows, ends, strict=True)
        ],
    )


def row_ends(row: SubsetRow) -> tuple[float | None, float | None]:
    """Return the ends of a row's interval; where all problems were asked, of that for problems like them."""
    if row.ci_low == row.ci_high and is_known(row.similar_low):
        return row.similar_low, row.similar_high
    return row.ci_low, row.ci_high


def _said(row: SubsetRow, low: float | None, high: float | None) -> str:
    return row_score(row) if row.metric else estimate_text(row.score, low, high)


def _tick(row: SubsetRow, *, named: bool, level: bool) -> str:
    """The name of a row: its benchmark where that has no other row, else its subset; of a level the number alone."""
    if named:
        return plain(one_line(row.benchmark, 40))
    if row.subset == "all":
        return "<b>all</b>"
    return plain(one_line(row.subset.removeprefix("Level ") if level else row.subset, 40))


def _by_model(published: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    models = dict.fromkeys(one_line(str(r["model"]), 60) for r in published)
    return [(model, [r for r in published if one_line(str(r["model"]), 60) == model]) for model in models]


def token_charts(record: RunRecord) -> list[Chart]:
    """Draw the reasoning tokens of each answer, by outcome."""
    groups = [(o, [v.reasoning_tokens for v in counted(record) if v.outcome == o]) for o in OUTCOMES]
    found = [(WORDS[o], sorted(map(float, values)), _COLOURS[o]) for o, values in groups if any(values)]
    return [box_chart("Reasoning tokens by outcome", "reasoning tokens", "outcome", found, digits=0)]


def latency_charts(record: RunRecord) -> list[Chart]:
    """Draw the time to the first token and to the whole answer, in seconds, of the attempts that counted."""
    views = counted(record)
    panels = []
    for title, times, colour in (
        ("Time to first token", {b: [v.ttft_s for v in views if v.benchmark == b] for b in record.benchmarks}, PURPLE),
        (
            "Time to whole answer",
            {b: [v.latency_s for v in views if v.benchmark == b] for b in record.benchmarks},
            BLUE,
        ),
    ):
        # 0 is what programs write that have not measured it.
        found = [(one_line(b, 60), sorted(t for t in ts if is_known(t) and t > 0), colour) for b, ts in times.items()]
        made = box_chart(title, "seconds", "benchmark", [group for group in found if group[1]], digits=2, suffix=" s")
        panels.append(msgspec.structs.replace(made, timed=True))
    return panels


KINDS: Final[dict[str, Callable[[RunRecord], list[Chart]]]] = {
    "accuracy": accuracy_charts,
    "tokens": token_charts,
    "latency": latency_charts,
}


def box_chart(
    heading: str, unit: str, by: str, groups: Sequence[tuple[str, list[float], str]], *, digits: int, suffix: str = ""
) -> Chart:
    """Draw a box for each (name, sorted values, colour); `suffix` is the unit behind a number.

    A box has quartiles, whiskers of 1.5 times the distance between them, and the values beyond; fewer than `FEW` values
    are dots alone.
    """
    most = max((values[-1] for _, values, _ in groups), default=0.0)
    traces = [
        {
            "type": "box",
            "name": plain(name),
            "x": [round(value, 3) for value in ranked(values)],
            "y0": place,
            "width": 0.5,
            "orientation": "h",
            "boxpoints": "outliers" if len(values) > 30 else "all",
            "pointpos": 0,
            **_box_style(colour, few=len(values) < FEW),
            "showlegend": False,
            "hoverlabel": {"namelength": 0},
        }
        for place, (name, values, colour) in enumerate(groups)
    ]
    cuts = [[quantile(values, q) or 0.0 for q in (0, 0.25, 0.5, 0.75, 1)] for _, values, _ in groups]
    return Chart(
        heading=heading,
        traces=traces,
        xaxis=number_axis(unit),
        yaxis=row_axis([plain(name) for name, _, _ in groups], by if len(groups) > 1 else ""),
        height=20 + 40 * max(1, len(groups)),
        heads=[by, "n", "min", "Q1", "median", "Q3", "max"],
        rows=[
            [name, f"{len(values):,}", *(f"{number(cut, digits)}{suffix}" for cut in row)]
            for (name, values, _), row in zip(groups, cuts, strict=True)
        ],
        meters=[row[2] / most if most else None for row in cuts],
        labels=[
            SideLabel(y=place, text=f"median {number(row[2], digits)}{suffix}, n {len(values):,}")
            for place, ((_, values, _), row) in enumerate(zip(groups, cuts, strict=True))
        ],
    )


def _box_style(colour: str, *, few: bool) -> dict[str, Any]:
    if few:
        nothing = "rgba(0,0,0,0)"
        marker = {"color": colour, "size": 9, "opacity": 0.8}
        return {"marker": marker, "line": {"color": nothing}, "fillcolor": nothing, "jitter": 0}
    return {"marker": {"color": colour, "size": 5, "opacity": 0.7}, "line": {"color": colour, "width": 2}}


def ranked(values: list[float]) -> list[float]:
    """Return at most MOST_DOTS of the sorted values, at even ranks, the least and the most among them."""
    if len(values) <= MOST_DOTS:
        return values
    step = (len(values) - 1) / (MOST_DOTS - 1)
    return [values[round(i * step)] for i in range(MOST_DOTS)]


def counted(record: RunRecord) -> list[SampleView]:
    """Return the answers that count: neither failed nor pending."""
    return [view for view in record.samples if view.outcome in _COLOURS]


def plain_name(row: SubsetRow, record: RunRecord) -> str:
    """Return the name of a row in the figure's table: the subset, with its benchmark where there are several."""
    name = one_line(row.subset, 60)
    return name if len(record.benchmarks) == 1 else f"{one_line(row.benchmark, 60)} {name}"


def numbers(row: SubsetRow, record: RunRecord) -> list[str]:
    """Return the cells of a row in the figure's table.

    They are: n, accuracy, its interval, accuracy of the finished, published scores.
    """
    here = [r for r in record.references if (r["benchmark"], r["subset"]) == (row.benchmark, row.subset)]
    published = ", ".join(f"{percent(r['score'])} ({one_line(str(r['model']), 60)})" for r in here) or UNKNOWN
    return [f"{row.n:,}", row_score(row), row_interval(row), percent(row.accuracy_finished), published]


def run_figure(record: RunRecord, kind: str | None = None) -> ChartFigure:
    """Draw a run's figure: one of `KINDS`, or all below one another.

    Raises:
        OptionError: another kind.
    """
    names = asked_kinds(kind, KINDS)
    demo = "DEMO (says nothing of any model): " if record.demo else ""
    where = ", ".join(one_line(name, 60) for name in record.benchmarks)
    title = f"{demo}{one_line(record.model, 80)} on {where}"
    return ChartFigure(title, [panel for name in names for panel in KINDS[name](record)], kind)
