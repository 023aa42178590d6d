"""What 2,000 samples of 10,000 tokens leave in the kernel, and whether a chunk of a long stream costs more.

The endpoint sends each completion in few chunks, so that 20 million tokens need not pass one by one: what a run keeps
of a completion is its text, however it was cut.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from .problems import write_problems
from .processes import kernel, served
from .report import Finding, Row

__all__ = ["measure"]

CHARACTERS = 40_000
"""Of 10,000 tokens."""


def measure(*, samples: int = 2_000, streams: int = 64, lengths: tuple[int, ...] = (1_000, 10_000, 100_000)) -> Finding:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data, book = write_problems(folder, samples, CHARACTERS)
        with served(book, chunks=40) as server, kernel(folder) as one:
            one.figures("inside.worker_ready()")
            # A first small run pays for imports and pools, which are no matter of its samples.
            small = folder / "small.jsonl"
            small.write_text("\n".join(data.read_text(encoding="utf-8").splitlines()[:16]) + "\n")
            one.figures(f"inside.evaluated([{server.url!r}], {str(small)!r}, concurrency=16)")
            ours = one.figures(f"inside.evaluated([{server.url!r}], {str(data)!r}, concurrency={streams})", 600)
            ours.pop("latency_s")
        slope = slopes(folder, lengths)
    low, high = slope[0]["us_a_chunk"], slope[-1]["us_a_chunk"]
    text_mb = samples * CHARACTERS / 1e6
    rows = [
        Row(
            f"memory: kernel growth, {samples:,} x 10,000 tokens", ours["grown_mb"], "MB", text_mb, "of text", "<= 300"
        ),
        Row(f"one stream, CPU a chunk at {lengths[-1]:,}", high, "us", low, f"at {lengths[0]:,}", "<= 1.25 ratio"),
    ]
    table = ", ".join(f"{s['chunks']:,} chunks: {s['us_a_chunk']:.1f} us" for s in slope)
    line = f"a run of {ours['wall_s']:.0f} s; kernel CPU {ours['cpu_s']:.1f} s, worker {ours['cpu_worker_s']:.1f} s"
    return Finding(rows, [f"one unpaced stream, {table}", line], {"run": ours, "slope": slope})


def slopes(folder: Path, lengths: tuple[int, ...]) -> list[dict[str, Any]]:
    """One stream at a time, ever longer, in the same kernel."""
    part = folder / "slope"
    part.mkdir()
    data, book = write_problems(part, 1, CHARACTERS)
    problem = data.read_text(encoding="utf-8")
    found = []
    with served(book, chunks=lengths[0]) as server, kernel(part) as one:
        one.figures(f"inside.streamed({server.url!r}, {problem!r}, 3)")
        for chunks in lengths:
            server.configure(chunks=chunks)
            times = max(1, 20_000 // chunks)
            figures = one.figures(f"inside.streamed({server.url!r}, {problem!r}, {times})")
            found.append({"chunks": chunks, "us_a_chunk": 1e6 * figures["cpu_s"] / chunks / times, **figures})
    return found
