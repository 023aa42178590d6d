"""Measure one llama.cpp server by `%qwq_speed` and by `evalscope perf`, in turn, and print both.

    python -m tests.servers.speed_beside_evalscope --url URL --model MODEL [--requests N] [--rounds N]

The same prompts, 96 tokens each whatever the model wants to say, no prompt cache. A machine that does other work is now
slower, now faster: both are asked in turn, as ours, theirs, theirs, ours, and so on, and the means of all
rounds are compared. `compared` is for tests.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from qwq_nb.analysis.speed.api import speed
from qwq_nb.analysis.speed.metrics import time_per_output_token
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.view.tables import text_table

__all__ = ["Compared", "compared", "lines_of"]

TOKENS = 96
EXTRA = {"ignore_eos": True, "cache_prompt": False}
PROMPTS = [
    "What is the sum of 17 and 25? Reason step by step.",
    "How many primes are below 30? Reason step by step.",
    "A train goes 60 km in 40 minutes. How fast is it?",
    "Solve 3x + 5 = 20 for x, step by step.",
    "What is the area of a circle of radius 3?",
    "Explain why the sum of two odd numbers is even.",
    "What is 15 percent of 240? Show your steps.",
    "How many ways are there to order four books?",
]


class Measured(NamedTuple):
    """The requests that failed, and the means over those that did not. Times are milliseconds."""

    failed: int
    ttft: float
    tpot: float
    tokens_per_s: float


class Compared(NamedTuple):
    """Both at one concurrency: the means of all rounds, failures added up."""

    concurrency: int
    ours: Measured
    theirs: Measured


def by_us(endpoint: Endpoint, concurrency: int, requests: int, folder: Path) -> Measured:
    """Measure by `speed`, which `%qwq_speed` calls."""
    test = speed(
        endpoint=endpoint,
        concurrency=[concurrency],
        requests=requests,
        prompt=PROMPTS,
        max_tokens=TOKENS,
        extra=EXTRA,
        out=folder,
        show=False,
    )
    (step,), (asked,) = test.levels, test.record.asked
    good = [a for a in asked if a.ok]
    spent = [t for t in map(time_per_output_token, good) if t is not None]
    ttft = statistics.fmean(a.ttft_s for a in good if a.ttft_s is not None)
    return Measured(step.failed, 1000 * ttft, 1000 * statistics.fmean(spent), step.output_tokens_per_s)


def by_evalscope(endpoint: Endpoint, concurrency: int, requests: int, folder: Path) -> Measured:
    """Measure by `evalscope perf`, of the same environment as this Python."""
    prompts = folder / "prompts.txt"
    prompts.write_text("\n".join(PROMPTS) + "\n", encoding="utf-8")
    words: list[Any] = [Path(sys.executable).with_name("evalscope"), "perf", "--api", "openai", "--stream"]
    words += ["--model", endpoint.model, "--url", endpoint.address("chat/completions"), "--max-tokens", TOKENS]
    words += ["--parallel", concurrency, "--number", requests, "--dataset", "line_by_line", "--dataset-path", prompts]
    words += ["--extra-args", json.dumps(EXTRA), "--outputs-dir", folder / "evalscope"]
    subprocess.run(list(map(str, words)), check=True, capture_output=True, cwd=folder)
    newest = max(folder.glob("evalscope/**/benchmark_summary.json"), key=lambda file: file.stat().st_mtime)
    found = json.loads(newest.read_text(encoding="utf-8"))
    return Measured(
        found["Failed Requests"], found["Avg TTFT (ms)"], found["Avg TPOT (ms)"], found["Output Throughput (tok/s)"]
    )


def compared(
    url: str, model: str, *, requests: int = 8, rounds: int = 2, levels: tuple[int, ...] = (1, 2, 4)
) -> list[Compared]:
    """Measure both at each concurrency, in turn."""
    endpoint = Endpoint(url, model, top_k=None, min_p=None, temperature=0.0)
    found = []
    for concurrency in levels:
        ours: list[Measured] = []
        theirs: list[Measured] = []
        for number in range(rounds):
            with tempfile.TemporaryDirectory() as name:
                tools = [(ours, by_us), (theirs, by_evalscope)]
                for into, tool in tools if number % 2 == 0 else reversed(tools):
                    into.append(tool(endpoint, concurrency, requests, Path(name)))
        found.append(Compared(concurrency, mean(ours), mean(theirs)))
    return found


def mean(rounds: list[Measured]) -> Measured:
    failed, *times = zip(*rounds, strict=True)
    return Measured(sum(failed), *map(statistics.fmean, times))


def lines_of(rows: list[Compared]) -> list[str]:
    """Write the table: ours / evalscope's = ratio."""

    def pair(ours: float, theirs: float) -> str:
        return f"{ours:.1f} / {theirs:.1f} = {ours / theirs:.2f}"

    cells = [
        [
            str(row.concurrency),
            pair(row.ours.ttft, row.theirs.ttft),
            pair(row.ours.tpot, row.theirs.tpot),
            pair(row.ours.tokens_per_s, row.theirs.tokens_per_s),
            f"{row.ours.failed} / {row.theirs.failed}",
        ]
        for row in rows
    ]
    return text_table(["concurrency", "TTFT (ms)", "TPOT (ms)", "output tokens/s", "failed"], cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="a llama-server's, as in http://127.0.0.1:8080/v1")
    parser.add_argument("--model", required=True)
    parser.add_argument("--requests", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    print("\n".join(lines_of(compared(given.url, given.model, requests=given.requests, rounds=given.rounds))))


if __name__ == "__main__":
    main()
