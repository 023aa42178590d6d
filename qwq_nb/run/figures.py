"""Draw a run's figures: accuracy by subset, tokens by outcome, latency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.records import OUTCOMES, Outcome
from qwq_nb.core.run_record import RunRecord, SampleView, SubsetRow
from qwq_nb.core.stats import quantile
from qwq_nb.errors import listed
from qwq_nb.view.charts import BLUE, GREEN, GREY, PURPLE, VERMILLION, Chart, plain, share
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


MOST_DOTS: Final = 300
"""Most values that one box is drawn from: of more, as many at even ranks, which gives the same box."""


def accuracy_charts(record: RunRecord) -> list[Chart]:
    """Draw both accuracies of each row of the table with the interval of the first, and published scores."""
    labels = {(row.benchmark, row.subset): label(row, record) for row in record.table}
    rows = [row for row in record.table if is_known(row.score) and labels[row.benchmark, row.subset]]
    names = [labels[row.benchmark, row.subset] for row in rows]
    degrees = listed(dict.fromkeys(f"{one_line(row.benchmark, 60)} ({row.metric})" for row in rows if row.metric))
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": "score, 95 % interval" if degrees else "accuracy, 95 % interval",
            "x": names,
            "y": [share(row.score) for row in rows],
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": [share((row.ci_high or 0) - (row.score or 0)) for row in rows],
                "arrayminus": [share((row.score or 0) - (row.ci_low or 0)) for row in rows],
                "color": GREY,
                "thickness": 2,
            },
            # Pale, so that the interval is seen on it, on either ground.
            "marker": {"color": "rgba(0,114,178,0.25)", "line": {"color": BLUE, "width": 2}},
            "hovertemplate": "%{x}: %{y:.1%}",
        },
        {
            "type": "bar",
            "name": "of finished (truncated left out)",
            "x": names,
            "y": [share(row.accuracy_finished) for row in rows],
            # Narrower, not hatched: JupyterLab saves a PNG of what it drew, and hatching makes that five times larger.
            "width": 0.18,
            "marker": {"color": "rgba(204,121,167,0.25)", "line": {"color": PURPLE, "width": 2}},
            "hovertemplate": "%{x}: %{y:.1%}",
        },
    ]
    published = [r for r in record.references if labels.get((r["benchmark"], r["subset"])) in names]
    if published:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "cliponaxis": False,
                "name": f"published: {', '.join(dict.fromkeys(plain(r['model']) for r in published))}",
                "x": [labels[r["benchmark"], r["subset"]] for r in published],
                "y": [share(r["score"]) for r in published],
                "text": [plain(str(r["source"])[:160]) for r in published],
                "marker": {"color": VERMILLION, "symbol": "diamond", "size": 11, "line": {"color": GREY, "width": 1}},
                "hovertemplate": "%{x}: %{y:.1%}<br>%{text}",
            }
        )
    return [
        Chart(
            heading=f"Accuracy by subset; of {degrees} the mean score" if degrees else "Accuracy by subset",
            traces=traces,
            xaxis={"type": "category"},
            yaxis={"range": [0, 1.02], "tickformat": ".0%", "title": {"text": "accuracy"}},
            height=340,
            heads=["subset", "n", "score" if degrees else "accuracy", "95 % interval", "of finished", "published"],
            rows=[[plain_name(row, record), *numbers(row, record)] for row in rows],
            meters=[row.score for row in rows],
        )
    ]


def token_charts(record: RunRecord) -> list[Chart]:
    """Draw the reasoning tokens of each answer, by outcome."""
    groups = [(o, [v.reasoning_tokens for v in counted(record) if v.outcome == o]) for o in OUTCOMES]
    found = [(WORDS[o], sorted(map(float, values)), _COLOURS[o]) for o, values in groups if values]
    return [box_chart("Reasoning tokens by outcome", "reasoning tokens", "outcome", found, digits=0)]


def latency_charts(record: RunRecord) -> list[Chart]:
    """Draw the time to the first token and to the whole answer, in seconds, of the attempts that counted."""
    views = counted(record)
    panels = []
    for heading, times, colour in (
        ("Time to first token", {b: [v.ttft_s for v in views if v.benchmark == b] for b in record.benchmarks}, PURPLE),
        (
            "Time to whole answer",
            {b: [v.latency_s for v in views if v.benchmark == b] for b in record.benchmarks},
            BLUE,
        ),
    ):
        found = [(one_line(b, 60), sorted(t for t in ts if is_known(t)), colour) for b, ts in times.items()]
        made = box_chart(heading, "seconds", "benchmark", [group for group in found if group[1]], digits=2)
        panels.append(msgspec.structs.replace(made, timed=True))
    return panels


KINDS: Final[dict[str, Callable[[RunRecord], list[Chart]]]] = {
    "accuracy": accuracy_charts,
    "tokens": token_charts,
    "latency": latency_charts,
}


def box_chart(
    heading: str, unit: str, by: str, groups: Sequence[tuple[str, list[float], str]], *, digits: int
) -> Chart:
    """Draw a box for each (name, sorted values, colour).

    A box has quartiles, whiskers of 1.5 times the distance between them, and the values beyond.
    """
    most = max((values[-1] for _, values, _ in groups), default=0.0)
    traces = [
        {
            "type": "box",
            "name": plain(name),
            "x": [round(value, 3) for value in ranked(values)],
            "orientation": "h",
            "boxpoints": "outliers" if len(values) > 30 else "all",
            "pointpos": 0,
            "marker": {"color": colour, "size": 5, "opacity": 0.7},
            "line": {"color": colour, "width": 2},
            "showlegend": False,
        }
        for name, values, colour in groups
    ]
    cuts = [[quantile(values, q) or 0.0 for q in (0, 0.25, 0.5, 0.75, 1)] for _, values, _ in groups]
    return Chart(
        heading=heading,
        traces=traces,
        xaxis={"rangemode": "tozero", "title": {"text": unit}},
        yaxis={"type": "category", "autorange": "reversed"},
        height=60 + 60 * max(1, len(groups)),
        heads=[by, "n", "least", "quarter", "median", "three quarters", "most"],
        rows=[
            [name, f"{len(values):,}", *(number(cut, digits) for cut in row)]
            for (name, values, _), row in zip(groups, cuts, strict=True)
        ],
        meters=[row[2] / most if most else None for row in cuts],
    )


def ranked(values: list[float]) -> list[float]:
    """Return at most MOST_DOTS of the sorted values, at even ranks, the least and the most among them."""
    if len(values) <= MOST_DOTS:
        return values
    step = (len(values) - 1) / (MOST_DOTS - 1)
    return [values[round(i * step)] for i in range(MOST_DOTS)]


def counted(record: RunRecord) -> list[SampleView]:
    """Return the answers that count: neither failed nor pending."""
    return [view for view in record.samples if view.outcome in _COLOURS]


def label(row: SubsetRow, record: RunRecord) -> str:
    """Return the label below a bar; empty for a row that the figure leaves out, since `all` has the same numbers."""
    several = sum(r.benchmark == row.benchmark for r in record.table) > 2
    if row.subset != "all" and not several:
        return ""
    if len(record.benchmarks) == 1:
        return plain(row.subset)
    return f"{plain(row.benchmark)}<br>{plain(row.subset)}" if several else plain(row.benchmark)


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
