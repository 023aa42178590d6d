"""Draw a speed test against the concurrency: throughput, time to first token, time per output token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from qwq_nb.analysis.speed.metrics import ConcurrencyStep, SpeedRecord
from qwq_nb.view.axes import LineEnd, line_labels, log_axis, number_axis
from qwq_nb.view.charts import BLUE, GOLD, GREEN, PURPLE, VERMILLION, Chart, SideLabel
from qwq_nb.view.clean import one_line
from qwq_nb.view.figures import ChartFigure, asked_kinds
from qwq_nb.view.wording import is_known, number

__all__ = ["KINDS", "speed_figure"]

_DASHES: Final = {50: ("solid", GREEN), 90: ("dash", PURPLE), 99: ("dot", VERMILLION)}
"""Told apart by line as well as by colour; no colour is that of a throughput."""
_HEIGHT: Final = 220


def speed_figure(record: SpeedRecord, kind: str | None = None) -> ChartFigure:
    """Draw `throughput`, `ttft`, `tpot`, or all of them below one another. Raises OptionError for another kind."""
    demo = "DEMO (says nothing of any model): " if record.demo else ""
    title = f"{demo}Speed of {one_line(record.model, 80)} at {one_line(record.endpoint, 60)}"
    return ChartFigure(title, [KINDS[name](record) for name in asked_kinds(kind, KINDS)], kind)


def throughput(record: SpeedRecord) -> Chart:
    """Draw the output tokens per second of all streams together, and of one stream."""
    levels = ordered(record)
    alone = [level.stream_tokens_per_s_p50 for level in levels]
    together = [level.output_tokens_per_s for level in levels]
    most = max(together, default=0.0)
    return Chart(
        heading="Output tokens per second",
        traces=[
            line("all streams", levels, together, "solid", BLUE),
            line("one stream, median", levels, alone, "dash", GOLD),
        ],
        xaxis=axis(levels),
        yaxis=_from_zero([*together, *alone], "tokens/s"),
        height=_HEIGHT,
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
        labels=_named([("all streams", together, BLUE), ("one stream, median", alone, GOLD)]),
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
        traces=[line(f"p{p}", levels, values[p], dash, colour) for p, (dash, colour) in _DASHES.items()],
        xaxis=axis(levels),
        yaxis=_from_zero([value for own in values.values() for value in own], "milliseconds"),
        height=_HEIGHT,
        heads=["concurrency", "p50, ms", "p90, ms", "p99, ms"],
        rows=[[str(level.concurrency), *(number(values[p][i], 1) for p in _DASHES)] for i, level in enumerate(levels)],
        meters=[value / most if most else None for value in values[50]],
        timed=True,
        labels=_named([(f"p{p}", values[p], colour) for p, (_, colour) in _DASHES.items()]),
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
        "showlegend": False,
        "cliponaxis": False,
        "hovertemplate": f"{name} at %{{x}} streams: %{{y:,.1f}}<extra></extra>",
    }


def axis(levels: list[ConcurrencyStep]) -> dict[str, Any]:
    """Make a logarithmic axis, since levels double: equal steps of load are equal steps to the right."""
    return log_axis([level.concurrency for level in levels], "concurrency")


def _from_zero(values: Sequence[float | None], title: str) -> dict[str, Any]:
    """An axis from 0 to a little above the highest value, so that names of lines find their heights."""
    return number_axis(title, range=[0, _top(values)], rangemode="normal")


def _top(values: Sequence[float | None]) -> float:
    return 1.08 * max((value for value in values if is_known(value)), default=0.0) or 1.0


def _named(lines: Sequence[tuple[str, Sequence[float | None], str]]) -> list[SideLabel]:
    """Name each line at its right end."""
    ends = [LineEnd(name=name, value=values[-1] if values else None, colour=colour) for name, values, colour in lines]
    return line_labels(ends, _HEIGHT, _top([value for _, values, _ in lines for value in values]))


def ordered(record: SpeedRecord) -> list[ConcurrencyStep]:
    """Sort the levels that have succeeded by concurrency."""
    return sorted((level for level in record.levels if level.succeeded), key=lambda level: level.concurrency)
