"""The benchmarks, in one table.

    python -m benchmarks [--only a,b [--add]] [--quick] [--no-peers] [--front-end] [--json FILE] [--docs]

Each measure runs in processes of its own, against the demo endpoint in its own process; CPU is counted by process, so
that a shared core falsifies wall-clock times only. `docs/speed.md` says what each measures; `--docs` writes the table
there.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.support.paths import ROOT

from . import front, grading, logprobs, memory, opening, paced, page, responsive, scale, sharding, starting, throughput
from .report import Finding, as_text, save, saved

MEASURES: dict[str, tuple[Callable[..., Finding], dict[str, object]]] = {
    "starting": (starting.measure, {"times": 1}),
    "paced": (paced.measure, {"streams": 8, "samples": 8, "lengths": (40,)}),
    "logprobs": (logprobs.measure, {"streams": 8, "samples": 8, "chunks": 40}),
    "responsive": (responsive.measure, {"streams": 8, "samples": 16, "chunks": 60, "cells": 5}),
    "scale": (scale.measure, {"sizes": (4, 16), "per_second": 400.0, "seconds": 2.0}),
    "sharding": (sharding.measure, {"samples": 16, "chunks": 20, "streams": 4, "shards": 2, "rows": 60}),
    "memory": (memory.measure, {"samples": 40, "lengths": (200, 1_000)}),
    "opening": (opening.measure, {"samples": 20, "characters": 500}),
    "grading": (grading.measure, {"share": 10, "paced": 10, "most": 30}),
    "throughput": (throughput.measure, {"samples": 20, "chunks": 40, "streams": 8, "times": 1}),
}
"""Each measure, and the tiny sizes of `--quick`, which say nothing of speed and show that it runs."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(MEASURES), help=f"of these: {', '.join(MEASURES)}")
    parser.add_argument("--add", action="store_true", help="keep what the file holds of other measures, in one table")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does everything still run?")
    parser.add_argument("--no-peers", action="store_true", help="leave out evalscope and inspect-ai in `throughput`")
    parser.add_argument("--front-end", action="store_true", help="the JupyterLab view too, in Chromium")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="where it is saved")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/speed.md")
    options = parser.parse_args(arguments)
    unknown = set(options.only.split(",")) - set(MEASURES)
    if unknown:
        parser.error(f"there is no measure {', '.join(sorted(unknown))}")
    findings: dict[str, Finding] = saved(options.json) if options.add else {}
    failed = False
    for name in options.only.split(","):
        measure, tiny = MEASURES[name]
        sizes = dict(tiny) if options.quick else {}
        if name == "throughput" and (options.no_peers or options.quick):
            sizes["peers"] = False
        begun = time.perf_counter()
        print(f"{name} ...", end="", flush=True, file=sys.stderr)
        try:
            findings[name] = measure(**sizes)
            save(findings, options.json)
        except Exception:  # the other measures are still worth having
            failed = True
            traceback.print_exc()
        print(f" {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    if options.front_end:
        findings["front end"] = front.measure()
    findings = {name: findings[name] for name in [*MEASURES, "front end"] if name in findings}
    rows = [row for found in findings.values() for row in found.rows]
    print(as_text(rows))
    for name, found in findings.items():
        if found.details:
            print(f"\n{name}\n" + "\n".join(f"  {line}" for line in found.details))
    save(findings, options.json)
    if options.docs:
        page.write(findings)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
