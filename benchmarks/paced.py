"""128 streams of 50 chunks a second: does a run keep to the endpoint's own schedule, and what does a chunk cost?

That schedule is what the bare reader gets: the endpoint, on the same two cores, is late itself where 128 requests come
in one moment. All completions are equally long here, so each round ends in 128 gradings, 128 requests and 128 synced
rows at once, which a run of real completions never meets. What that costs is the same whatever their length: 1,500
chunks are a short reasoning of QwQ's, 400 those of `throughput`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .chunk_parts import profile
from .problems import write_problems
from .processes import cpu_of, kernel, ran, served
from .report import Finding, Row

__all__ = ["measure"]


def measure(
    *, streams: int = 128, samples: int = 256, lengths: tuple[int, ...] = (400, 1_500), rate: float = 50.0
) -> Finding:
    """A run of each length in a real kernel, view, files and splitter included, and the bare reader beside it."""
    whole = Finding()
    for chunks in lengths:
        found = measured(streams, samples, chunks, rate)
        whole.rows += found.rows
        whole.details += found.details
        whole.figures[str(chunks)] = found.figures
    return whole


def measured(streams: int, samples: int, chunks: int, rate: float) -> Finding:
    total, ideal = samples * chunks, -(-samples // streams) * chunks / rate
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data, book = write_problems(folder, samples)
        with served(book, chunks=chunks, tokens_per_second=rate) as server:
            floor = ran("floor", server.url, data, streams, samples)
            with kernel(folder) as one:
                one.figures("inside.worker_ready()")
                before = cpu_of(server.pid)
                ours = one.figures(f"inside.evaluated([{server.url!r}], {str(data)!r}, concurrency={streams})")
                ours["cpu_endpoint_s"] = cpu_of(server.pid) - before
                ours["updates"], ours["updates_mb"] = one.updates, one.bytes / 1e6
    micro = 1e6 / total
    ours.pop("latency_s")
    threads = {thread: spent * micro for thread, spent in ours["cpu_threads_s"].items()}
    parts = profile(threads, floor["cpu_s"] * micro)
    name = f"paced {streams} x {rate:g}/s, {chunks:,} chunks"
    return Finding(
        [
            Row(f"{name}: wall", ours["wall_s"], "s", floor["wall_s"], "endpoint", "<= 1.03 ratio"),
            Row(f"{name}: until the last stream ended", ours["streams_s"], "s", floor["wall_s"], "endpoint"),
            Row(f"{name}: kernel CPU a chunk", ours["cpu_s"] * micro, "us", floor["cpu_s"] * micro, "bare", "<= 60"),
            Row(f"{name}: worker CPU a sample", 1000 * ours["cpu_worker_s"] / samples, "ms"),
        ],
        [
            f"{chunks:,} chunks each; a chunk, in microseconds of the kernel's CPU:",
            *(f"{cost:7.1f}  {part}" for part, cost in parts),
            f"{sum(cost for _, cost in parts):7.1f}  all of it",
            f"the last stream ended after {ours['streams_s']:.1f} s, the last verdict was there after "
            f"{ours['verdicts_s']:.1f} s, reports and view after {ours['wall_s']:.1f} s; worker and grader took "
            f"{ours['cpu_worker_s']:.1f} s CPU",
            f"the pace alone would take {ideal:.1f} s; endpoint {ours['cpu_endpoint_s'] * micro:.1f} us a chunk; "
            f"{ours['updates']} updates of the view, {ours['updates_mb']:.1f} MB",
        ],
        {"ours": ours, "floor": floor, "ideal_s": ideal, "profile_us": dict(parts)},
    )
