"""What `--logprobs 5` costs the kernel a chunk: the same run with and without, one after the other in one kernel.

With five alternatives a chunk is three times as long, is decoded into six structs, and is measured by blocks. CPU is
counted by process; the endpoint, which writes the alternatives, has its own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .problems import write_problems
from .processes import kernel, served
from .report import Finding, Row

__all__ = ["measure"]


def measure(
    *, streams: int = 64, samples: int = 128, chunks: int = 400, rate: float = 50.0, alternatives: int = 5
) -> Finding:
    """Compare the kernel's CPU a chunk with log probabilities and without, paced, view, files and splitter included."""
    micro = 1e6 / (samples * chunks)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data, book = write_problems(folder, samples)
        with served(book, chunks=chunks, tokens_per_second=rate) as server, kernel(folder) as one:
            one.figures("inside.worker_ready()")
            call = f"inside.evaluated([{server.url!r}], {str(data)!r}, concurrency={streams}"
            # The first run of a kernel pays for what it imports.
            one.figures(f"{call}, limit={streams})")
            plain = one.figures(f"{call})")
            asked = one.figures(f"{call}, logprobs={alternatives})")
    name = f"logprobs {alternatives}, {streams} x {rate:g}/s"
    return Finding(
        [
            Row(
                f"{name}: kernel CPU a chunk",
                asked["cpu_s"] * micro,
                "us",
                plain["cpu_s"] * micro,
                "without",
                "<= 1.5 ratio",
            ),
            Row(f"{name}: memory grown", asked["grown_mb"], "MB", plain["grown_mb"], "without"),
        ],
        [],
        {"plain": plain, "asked": asked},
    )
