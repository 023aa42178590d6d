"""Render a speed test as html and plain text.

Units are those of `evalscope perf`: TTFT, TPOT, ITL in ms, latency in s.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from qwq_nb.analysis.speed.metrics import ConcurrencyStep, SpeedRecord
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import code, esc
from qwq_nb.view.tables import demo_frame, demo_line, html_table, progress_bar, text_table, unbroken
from qwq_nb.view.wording import UNKNOWN, count, duration, is_known, number

__all__ = ["SpeedPicture", "speed_html", "speed_progress_line", "speed_text"]

_DEMO: Final = "the built-in endpoint replays texts at a set pace. These numbers say nothing about any model."
_READING: Final = (
    "TTFT: time to the first token. TPOT: (latency − TTFT) / (tokens − 1). ITL: gaps between the chunks of a stream. "
    "Each as p50 / p90 / p99 over the requests that succeeded. Throughput is over all streams together. "
    "Definitions as in vLLM's and evalscope's benchmarks."
)
_HEADS: Final = (
    "concurrency",
    "requests",
    "succeeded",
    "streams",
    "req/s",
    "output tok/s",
    "total tok/s",
    "tok/s a stream",
    "TTFT ms",
    "TPOT ms",
    "ITL ms",
    "latency s",
    "input",
    "output",
)


class SpeedPicture(msgspec.Struct, kw_only=True):
    """Hold what is drawn of a speed test at one moment."""

    record: SpeedRecord
    notes: list[str] = []
    progress: dict[str, Any] | None = None
    """Of the level under way, as `Load.progress` gives it; None where nothing is."""
    file: str = ""


def speed_html(picture: SpeedPicture) -> str:
    """Render the whole report as html."""
    record = picture.record
    parts = [demo_frame(_DEMO)] if record.demo else []
    parts.append(f"<h3>{'DEMO · ' if record.demo else ''}Speed of {esc(_subject(record))}</h3>\n")
    if picture.progress is not None:
        now = picture.progress
        bar = progress_bar(now["done"], now["planned"])
        parts.append(f"<p>{bar} {esc(' · '.join(_going(now)))}</p>\n")
    if record.levels:
        rows = [[unbroken(cell) for cell in _cells(level)] for level in record.levels]
        parts.append(html_table("Speed by concurrency", _HEADS, rows) + f"<p><small>{_READING}</small></p>\n")
    if picture.notes:
        parts.append("<ul>" + "".join(f"<li>{esc(one_line(note, 400))}</li>" for note in picture.notes) + "</ul>\n")
    parts.append(f"<p><small>{esc(_how(record))}</small></p>\n")
    if picture.file and picture.progress is None:
        parts.append(
            f"<p><small>Measurements: {code(picture.file)}. To repeat it: {code(record.command)}</small></p>\n"
        )
    return f"<div>{''.join(parts)}</div>"


def speed_text(picture: SpeedPicture, *, times: bool) -> str:
    """Render the report as plain text. `times=False`: counts alone, which a second test has too."""
    record = picture.record
    lines = [demo_line(_DEMO)] if record.demo else []
    lines += [f"Speed of {_subject(record)}", _how(record)]
    if times:
        heads, grid = list(_HEADS), list(map(_cells, record.levels))
    else:
        heads, grid = ["concurrency", "requests", "succeeded", "output tokens"], []
        for level in record.levels:
            tokens = round((level.output_tokens or 0) * level.succeeded)
            grid.append([str(level.concurrency), str(level.requests), str(level.succeeded), f"{tokens:,}"])
    blocks = [lines, text_table(heads, grid, "r") if record.levels else ["Nothing is measured yet."]]
    if picture.notes:
        blocks.append([f"Note: {one_line(note, 400)}" for note in picture.notes])
    if times and picture.file:
        blocks.append([f"Measurements: {one_line(picture.file, 300)}"])
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks)


def speed_progress_line(picture: SpeedPicture) -> str:
    """Render the level under way in one line: `concurrency 8: 3 of 16, 8 open, 512 tok/s`."""
    words = ", ".join(_going(picture.progress)) if picture.progress is not None else _subject(picture.record)
    return ("DEMO " if picture.record.demo else "") + words


def _going(now: dict[str, Any]) -> list[str]:
    if not now["concurrency"]:
        return ["warming up"]
    rate = now["tokens"] / now["elapsed_s"] if now["elapsed_s"] > 0.2 else 0.0
    return [
        f"concurrency {now['concurrency']}: {now['done']} of {now['planned']} requests",
        f"{now['open']} open",
        f"{number(rate)} tokens/s",
        duration(now["elapsed_s"]),
    ]


def _subject(record: SpeedRecord) -> str:
    return f"{one_line(record.model, 80)} at {one_line(record.endpoint, 60)}"


def _how(record: SpeedRecord) -> str:
    cap = record.sampling.get("max_tokens")
    facts = [record.prompts, f"at most {cap} tokens an answer" if cap else "no token limit"]
    facts.append("streamed" if record.streamed else "not streamed")
    facts.append(f"{count(record.warmup, 'warm-up request')}, not counted" if record.warmup else "no warm-up")
    if not record.cache_hit:
        facts.append("each request with a beginning of its own")
    return one_line("; ".join(facts), 300)


def _cells(level: ConcurrencyStep) -> list[str]:
    return [
        str(level.concurrency),
        f"{level.requests:,}",
        f"{level.succeeded:,}",
        number(level.streams_mean, 1),
        number(level.requests_per_s, 2),
        number(level.output_tokens_per_s, 1),
        number(level.total_tokens_per_s, 1),
        number(level.stream_tokens_per_s_p50, 1),
        _three(level, "ttft", 1000),
        _three(level, "tpot", 1000),
        _three(level, "itl", 1000),
        _three(level, "latency", 1),
        number(level.input_tokens),
        number(level.output_tokens),
    ]


def _three(level: ConcurrencyStep, name: str, times: float) -> str:
    """`12.1 / 14.0 / 19.8`: the three percentiles, or a dash where nothing is known."""
    values = [getattr(level, f"{name}_p{percent}_s") for percent in (50, 90, 99)]
    if not all(map(is_known, values)):
        return UNKNOWN
    return " / ".join(number(value * times, 1 if value * times < 1000 else 0) for value in values)
