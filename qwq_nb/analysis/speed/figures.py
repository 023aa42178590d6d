"""Draw a speed test against the concurrency: throughput, time to first token, time per output token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from qwq_nb.analysis.speed.metrics import ConcurrencyStep, SpeedRecord
from qwq_nb.view.charts import BLUE, GREEN, PURPLE, VERMILLION, Chart
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure, asked_kinds
from qwq_nb.view.wording import is_known, number

__all__ = ["KINDS", "speed_figure"]

_DASHES: Final = {50: ("solid", BLUE), 90: ("dash", PURPLE), 99: ("dot", VERMILLION)}
"""Told apart by line as well as by colour."""


def speed_figure(record: SpeedRecord, kind: str | None = None) -> ChartFigure:
    """Draw `throughput`, `ttft`, `tpot`, or all of them below one another. Raises OptionError for another kind."""
    demo = "DEMO (says nothing of any model): " if record.demo else ""
    title = f"{demo}Speed of {one_line(record.model, 80)} at {one_line(record.endpoint, 60)}"
    panels = [KINDS[name](record) for name in asked_kinds(kind, KINDS)]
    named: set[str] = set()
    for trace in (trace for panel in panels for trace in panel.traces):
        # One legend for all panels names each kind of line once.
        trace["showlegend"] = trace["name"] not in named
        named.add(trace["name"])
    return ChartFigure(title, panels, kind)


def throughput(record: SpeedRecord) -> Chart:
    """Draw the output tokens per second of all streams together, and of one stream."""
    levels = ordered(record)
    alone = [level.stream_tokens_per_s_p50 for level in levels]
    most = max((level.output_tokens_per_s for level in levels), default=0.0)
    return Chart(
        heading="Output tokens per second",
        traces=[
            line("all streams together", levels, [level.output_tokens_per_s for level in levels], "solid", BLUE),
            line("one stream, median", levels, alone, "dash", GREEN),
        ],
        xaxis=axis(levels),
        yaxis={"rangemode": "tozero", "title": {"text": "tokens/s"}},
        height=280,
        heads=["concurrency", "requests", "succeeded", "output tok/s", "tok/s a stream", "req/s"],
        rows=[
            [
                str(level.concurrency),
                f"{level.requests:,}",
                f"{level.succeeded:,}",
                number(level.output_tokens_per_s, 1),
                number(level.stream_tokens_per_s_p50, 1),
                number(level.requests_per_s, 2),
            ]
            for level in levels
        ],
        meters=[level.output_tokens_per_s / most if most else None for level in levels],
        timed=True,
    )


def ttft(record: SpeedRecord) -> Chart:
    """Draw the time to first token."""
    return percentiles(record, "ttft", "Time to first token")


def tpot(record: SpeedRecord) -> Chart:
    """Draw the time per output token."""
    return percentiles(record, "tpot", "Time per output token")


KINDS: Final[dict[str, Callable[[SpeedRecord], Chart]]] = {"throughput": throughput, "ttft": ttft, "tpot": tpot}


def percentiles(record: SpeedRecord, name: str, heading: str) -> Chart:
    """Draw p50, p90 and p99 in milliseconds."""
    levels = [level for level in ordered(record) if is_known(getattr(level, f"{name}_p50_s"))]
    values = {p: [1000 * getattr(level, f"{name}_p{p}_s") for level in levels] for p in _DASHES}
    most = max(values[99], default=0.0)
    return Chart(
        heading=heading,
        traces=[line(f"time, p{p}", levels, values[p], dash, colour) for p, (dash, colour) in _DASHES.items()],
        xaxis=axis(levels),
        yaxis={"rangemode": "tozero", "title": {"text": "ms"}},
        height=240,
        heads=["concurrency", "p50 ms", "p90 ms", "p99 ms"],
        rows=[[str(level.concurrency), *(number(values[p][i], 1) for p in _DASHES)] for i, level in enumerate(levels)],
        meters=[value / most if most else None for value in values[50]],
        timed=True,
    )


def line(
    name: str, levels: list[ConcurrencyStep], values: list[float | None] | list[float], dash: str, colour: str
) -> Any:
    """Make plotly's trace of one line over the concurrencies."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [level.concurrency for level in levels],
        "y": [round(value, 3) if is_known(value) else None for value in values],
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"color": colour, "size": 8},
        "hovertemplate": "%{x} streams: %{y:,.1f}",
    }


def axis(levels: list[ConcurrencyStep]) -> dict[str, Any]:
    """Make a logarithmic axis, since levels double: equal steps of load are equal steps to the right."""
    ticks = [level.concurrency for level in levels]
    return {
        "type": "log",
        "tickvals": ticks,
        "ticktext": [str(tick) for tick in ticks],
        "title": {"text": "concurrency", "standoff": 4},
    }


def ordered(record: SpeedRecord) -> list[ConcurrencyStep]:
    """Sort the levels that have succeeded by concurrency."""
    return sorted((level for level in record.levels if level.succeeded), key=lambda level: level.concurrency)
