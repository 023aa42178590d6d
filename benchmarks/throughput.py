"""500 samples of 400 streamed chunks, 64 at once, unpaced: ours, two peers, the floor.

All answer the same problems from the same endpoint, one after the other, each in a process of its own. Ours is a cell
of a real kernel: grading, files, reports, and a view that is drawn and sent. evalscope is its own `run_task`, with its
own grading. inspect-ai has a trivial scorer, so it does less. Ours, which is over soon, is run three times, and the run
with the median wall counts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

from .problems import write_problems
from .processes import cpu_of, kernel, ran, served
from .report import Finding, Row

__all__ = ["inspect_python", "measure"]


def inspect_python() -> Path:
    """The Python of `.venv-bench/inspect`, which is made where it is missing (a minute, from the package index)."""
    folder = ROOT / ".venv-bench" / "inspect"
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    there = python.exists() and not subprocess.run([str(python), "-c", "import inspect_ai, openai"]).returncode
    if not there:
        print("Installing inspect-ai into .venv-bench/inspect (a minute)...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "inspect-ai", "openai"], check=True)
    return python


def measure(*, samples: int = 500, chunks: int = 400, streams: int = 64, times: int = 3, peers: bool = True) -> Finding:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        data, book = write_problems(folder, samples)
        with served(book, chunks=chunks) as server:
            figures["floor"] = ran("floor", server.url, data, streams, samples)
            with kernel(folder) as one:
                one.figures("inside.worker_ready()")
                runs = []
                for _ in range(times):
                    before, shown = cpu_of(server.pid), one.updates
                    ours = one.figures(f"inside.evaluated([{server.url!r}], {str(data)!r}, concurrency={streams})")
                    ours["cpu_endpoint_s"] = cpu_of(server.pid) - before
                    ours["updates"] = one.updates - shown
                    ours.pop("latency_s")
                    runs.append(ours)
            runs.sort(key=lambda run: float(run["wall_s"]))
            figures["ours"], figures["walls"] = runs[times // 2], [run["wall_s"] for run in runs]
            if peers:
                python = inspect_python()
                figures["inspect"] = ran("inspect_run", server.url, data, streams, folder / "inspect", python=python)
                figures["evalscope"] = ran("evalscope_run", server.url, data, streams, folder / "evalscope")
    return Finding(rows_of(figures, f"{samples} x {chunks} unpaced"), details_of(figures), figures)


def cpu(side: dict[str, Any]) -> float:
    """Of the process and its children."""
    return float(side["cpu_s"] + side.get("cpu_children_s", 0.0) + side.get("cpu_worker_s", 0.0))


def rows_of(figures: dict[str, Any], name: str) -> list[Row]:
    ours, floor = figures["ours"], figures["floor"]
    rows = []
    for side, target in (("evalscope", "<= 0.125 ratio"), ("inspect", "")):
        if side in figures:
            rows.append(Row(f"{name}: wall", ours["wall_s"], "s", figures[side]["wall_s"], side, target))
            rows.append(Row(f"{name}: CPU, all processes", cpu(ours), "s", cpu(figures[side]), side, target))
    return [
        *rows,
        Row(f"{name}: wall", ours["wall_s"], "s", floor["wall_s"], "bare reader"),
        Row(f"{name}: kernel CPU", ours["cpu_s"], "s", floor["cpu_s"], "bare reader"),
    ]


def details_of(figures: dict[str, Any]) -> list[str]:
    ours = figures["ours"]
    parts = ", ".join(f"{name} {spent:.2f}" for name, spent in ours["cpu_threads_s"].items())
    lines = [
        f"ours: kernel {ours['cpu_s']:.2f} s CPU ({parts}), worker and grader {ours['cpu_worker_s']:.2f} s, "
        f"endpoint {ours['cpu_endpoint_s']:.2f} s, {ours['updates']} updates, peak {ours['peak_mb']:.0f} MB",
        f"ours: the last stream ended after {ours['streams_s']:.1f} s, the last verdict was there after "
        f"{ours['verdicts_s']:.1f} s; wall-clock times of all runs: "
        f"{', '.join(f'{wall:.1f}' for wall in figures['walls'])} s",
    ]
    for side in ("inspect", "evalscope"):
        if side in figures:
            f = figures[side]
            lines.append(
                f"{side}: process {f['cpu_s']:.2f} s CPU, children {f['cpu_children_s']:.2f} s, import "
                f"{f['start_s']:.1f} s, peak {f['peak_mb']:.0f} MB"
            )
    return lines
