"""What the kernel's user feels while 128 paced streams run: a timer's lateness, and a cell beside `--background`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from .problems import write_problems
from .processes import kernel, served
from .report import Finding, Row

__all__ = ["measure"]


def measure(
    *, streams: int = 128, samples: int = 192, chunks: int = 300, rate: float = 50.0, cells: int = 30
) -> Finding:
    """First with the cell busy, a timer of 10 ms in a thread of its own; then `--background` and `1 + 1` in cells."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data, book = write_problems(folder, samples)
        with served(book, chunks=chunks, tokens_per_second=rate) as server, kernel(folder) as one:
            one.figures("inside.worker_ready()")
            idle = one.figures("inside.timed(2.0)")
            what = f"[{server.url!r}], {str(data)!r}, concurrency={streams}"
            busy = one.figures(f"inside.evaluated({what}, timer=True)")
            one.run("%load_ext qwq_nb")
            one.run(f"%qwq_endpoint {server.url} --model QwQ-32B-demo --name bench")
            quiet = sorted(one.run("1 + 1") for _ in range(cells))
            begun = time.perf_counter()
            one.run(f"%qwq_eval math_500 --data {data} --concurrency {streams} --background --out beside")
            returned = time.perf_counter() - begun
            took = []
            for _ in range(cells):
                time.sleep(0.1)
                took.append(one.run("1 + 1"))
            took.sort()
    busy.pop("latency_s")
    figures = {"idle": idle, "busy": busy, "cells_s": took, "cells_idle_s": quiet, "background_returns_s": returned}
    return Finding(
        [
            Row("10 ms timer, late at p99", busy["late_p99_ms"], "ms", idle["late_p99_ms"], "idle kernel", "<= 20"),
            Row("cell `1 + 1` beside --background, worst", 1000 * took[-1], "ms", 1000 * quiet[-1], "idle", "<= 100"),
        ],
        [
            f"timer: median {busy['late_p50_ms']:.1f} ms, worst {busy['late_max_ms']:.1f} ms; "
            f"cells: median {1000 * took[len(took) // 2]:.1f} ms; --background returned in {returned:.2f} s"
        ],
        figures,
    )
