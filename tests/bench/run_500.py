"""Time and memory of a whole run: 500 samples × 400 streamed chunks, 64 at once, from an unpaced loopback endpoint.

    python tests/bench/run_500.py [--samples 500] [--chunks 400] [--concurrency 64] [--no-peer] [--json FILE]

Each side runs in a process of its own against the same endpoint, one after the other: this package with grading, files,
reports and a live view that is rendered four times a second; and evalscope's own `run_task`. Printed: wall time, CPU
time of the process and of its children, peak memory of the process, and the ratio. The problems are MATH-500's where
`shared/data` is at hand, else sums made here.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from qwq_nb.demo import DemoEndpoint

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("QWQ_SHARED_DATA", HERE.parents[3] / "shared" / "data"))
Row = dict[str, Any]


def problems(count: int) -> list[Row]:
    """Rows in MATH-500's fields."""
    if (SHARED / "math_500.jsonl").is_file():
        with open(SHARED / "math_500.jsonl", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines][:count]
    return [
        {
            "problem": f"Find the sum of ${17 * i}$ and ${i}$.",
            "solution": f"${17 * i} + {i} = \\boxed{{{18 * i}}}$.",
            "answer": str(18 * i),
            "subject": "Prealgebra",
            "level": i % 5 + 1,
            "unique_id": f"bench/{i}.json",
        }
        for i in range(count)
    ]


def transcripts(rows: list[Row]) -> list[Row]:
    """About 1,500 characters of reasoning, and a boxed answer that is right nine times in ten."""
    texts = []
    for number, row in enumerate(rows):
        thought = (f"Okay, let me see. {row['solution']} Wait, let me check that again. " * 12)[:1500]
        given = row["answer"] if number % 10 else "12345"
        texts.append(
            {
                "unique_id": row["unique_id"],
                "problem": row["problem"],
                "reasoning": thought,
                "answer": f"Putting it together, the answer is \\boxed{{{given}}}.",
            }
        )
    return texts


def ours(url: str, data: Path, out: Path, concurrency: int) -> Row:
    """One run of this package. The view renders what a notebook would be sent, and sends it nowhere."""
    from qwq_nb import Endpoint
    from qwq_nb.api import begin, draw_until_over, shared_worker
    from qwq_nb.loop import shared_loop
    from qwq_nb.view.bundle import bundle
    from qwq_nb.view.live import View, record_of

    endpoint = Endpoint(url, "QwQ-32B-demo", name="bench")
    # Imports and warm-up are the start's business, and are timed as such.
    begun = time.perf_counter()
    shared_loop().call(shared_worker().ready())
    start = time.perf_counter() - begun

    class Rendered(View):
        updates = 0

        def update(self) -> None:
            bundle(record_of(self.run, self.run.results()[:40]), live=True)
            self.updates += 1

    cpu = os.times()
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    run, control = begin(
        ("math_500",),
        out=out,
        fresh=False,
        endpoint=endpoint,
        reveal=False,
        options={"data": str(data), "concurrency": concurrency},
    )
    view = Rendered(run)
    draw_until_over(control, view)
    wall = time.perf_counter() - begun
    final = bundle(record_of(run), live=False)
    spent = os.times()
    shared_loop().call(shared_worker().close())
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    accuracy = run.accuracies()["math_500"]
    return {
        "start_s": start,
        "wall_s": wall,
        "cpu_s": spent.user + spent.system - cpu.user - cpu.system,
        "cpu_children_s": children.ru_utime + children.ru_stime,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "grown_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024,
        "updates": view.updates,
        "output_kb": len(json.dumps(final)) / 1000,
        "accuracy": accuracy,
    }


def theirs(url: str, data: Path, out: Path, concurrency: int) -> Row:
    """The same by evalscope's own runner."""
    begun = time.perf_counter()
    from evalscope import TaskConfig, run_task

    start = time.perf_counter() - begun
    folder = out / "data"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_bytes(data.read_bytes())
    config = TaskConfig(
        model="QwQ-32B-demo",
        eval_type="openai_api",
        api_url=url,
        api_key="EMPTY",
        datasets=["math_500"],
        dataset_args={"math_500": {"local_path": str(folder)}},
        generation_config={"temperature": 0.6, "top_p": 0.95, "max_tokens": 32768, "stream": True},
        eval_batch_size=concurrency,
        work_dir=str(out),
        no_timestamp=True,
    )
    cpu = os.times()
    begun = time.perf_counter()
    result = run_task(config)
    wall = time.perf_counter() - begun
    spent = os.times()
    report = result["math_500"]
    return {
        "start_s": start,
        "wall_s": wall,
        "cpu_s": spent.user + spent.system - cpu.user - cpu.system,
        "cpu_children_s": spent.children_user + spent.children_system,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "accuracy": report.score,
    }


def measured(side: str, arguments: list[str]) -> Row:
    """Run one side in a process of its own, and read what it measured of itself."""
    with tempfile.TemporaryDirectory() as cache:
        made = subprocess.run(
            [sys.executable, str(HERE), "--side", side, *arguments],
            env={**os.environ, "QWQ_NB_CACHE": cache},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if side == "theirs" else None,
            text=True,
            check=True,
        )
    return json.loads(made.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--chunks", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--side", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        measure = ours if args.side == "ours" else theirs
        print(json.dumps(measure(args.url, args.data, args.out, args.concurrency)))
        return 0
    figures: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        rows = problems(args.samples)
        data, book = folder / "problems.jsonl", folder / "transcripts.jsonl"
        data.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        book.write_text("".join(json.dumps(r) + "\n" for r in transcripts(rows)), encoding="utf-8")
        with DemoEndpoint(transcripts=[book], chunks=args.chunks) as server:
            for side in ("ours",) if args.no_peer else ("ours", "theirs"):
                given = ["--url", server.url, "--data", str(data), "--out", str(folder / side)]
                figures[side] = measured(side, [*given, "--concurrency", str(args.concurrency)])
    print(f"{len(rows)} samples x {args.chunks} chunks, {args.concurrency} at once, unpaced loopback endpoint")
    names = {"ours": "qwq_nb", "theirs": "evalscope run_task"}
    keys = list(figures["ours"])
    print(f"{'':<16}" + "".join(f"{names[s]:>20}" for s in figures) + ("" if args.no_peer else f"{'ratio':>10}"))
    for key in keys:
        values = [figures[s].get(key) for s in figures]
        cells = "".join(f"{v:>20.2f}" if v is not None else f"{'-':>20}" for v in values)
        known = len(values) == 2 and all(values)
        print(f"{key:<16}{cells}" + (f"{values[0] / values[1]:>10.3f}" if known else ""))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
