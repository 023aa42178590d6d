"""Programs: HumanEval's 164 canonical solutions through the whole product, and the same spoilt, beside evalscope's run.

    python -m benchmarks.code_grading HumanEval.jsonl [--evalscope N]

The file is that of openai/human-eval (MIT), unpacked; it is not part of the project. The solutions are replayed by the
demo endpoint, asked, run in the sandbox and graded; then each with its returned values changed. evalscope runs N of
them as it does by default: in an interpreter of its own for each answer, without a sandbox.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from qwq_nb.bench.shared import shared_worker
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run

Row = dict[str, Any]

THEIRS = """
import json, sys, time
if __name__ == "__main__":
    from evalscope.benchmarks.humaneval.utils import check_correctness
    began, passed = time.perf_counter(), 0
    rows = json.load(open(sys.argv[1]))
    for row in rows:
        passed += check_correctness(problem=row, completion=row["canonical_solution"], timeout=4.0)["passed"]
    print(json.dumps([passed, time.perf_counter() - began]))
"""


def spoilt(row: Row) -> Row:
    """The problem with a solution that returns something else: a text that no problem asks for, or nothing."""
    lines = row["canonical_solution"].splitlines()
    made = [
        f"{line[: len(line) - len(line.lstrip())]}return 'zirconium'" if "return" in line else line for line in lines
    ]
    return {**row, "canonical_solution": "\n".join(made) + "\n"}


def cpu_below(process: psutil.Process) -> float:
    """CPU seconds of a process, its children and those that they waited for."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def ours(rows: list[Row], folder: Path) -> tuple[Run, float, float]:
    """The run of these solutions, its wall time, and the CPU time of the worker with all that it started."""
    folder.mkdir()
    data, book = folder / "humaneval.jsonl", folder / "book.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    answers = [
        {
            "unique_id": row["task_id"],
            "problem": row["prompt"],
            "reasoning": "I have seen this one.",
            "answer": f"```python\n{row['canonical_solution']}```",
        }
        for row in rows
    ]
    book.write_text("".join(json.dumps(answer) + "\n" for answer in answers), encoding="utf-8")
    with DemoEndpoint(transcripts=[book]) as server:
        endpoint = Endpoint(server.url, server.model)
        began = time.perf_counter()
        run = evaluate("humaneval", endpoint=endpoint, data=data, out=folder / "runs", show=False)
        wall = time.perf_counter() - began
    return run, wall, cpu_below(psutil.Process(shared_worker().pid))


def theirs(rows: list[Row], folder: Path) -> tuple[int, float, float]:
    """How many of them evalscope's own run passes, with wall and CPU time."""
    file = folder / "rows.json"
    file.write_text(json.dumps(rows), encoding="utf-8")
    script = folder / "theirs.py"
    script.write_text(THEIRS, encoding="utf-8")
    before = os.times()
    done = subprocess.run([sys.executable, str(script), str(file)], capture_output=True, text=True, check=True)
    after = os.times()
    passed, wall = json.loads(done.stdout.splitlines()[-1])
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return passed, wall, cpu


def main() -> int:
    """Run all three and print a line each; 1 if a verdict is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--evalscope", type=int, default=10, metavar="N", help="answers that evalscope runs itself (10)"
    )
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.file.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as name:
        os.environ["QWQ_NB_CACHE"] = str(Path(name) / "cache")
        right, wall, cpu = ours(rows, Path(name) / "right")
        correct = sum(result.outcome == "correct" for result in right.results())
        agreed = sum(bool(r.verdict and r.verdict.second_correct) for r in right.results())
        print(
            f"canonical: {correct} of {len(rows)} correct ({agreed} by our own tests), {wall:.1f} s wall, {cpu:.1f} s "
            f"CPU of worker and programs, in {right.manifest.sandbox}"
        )
        wrong, wall, after = ours([spoilt(row) for row in rows], Path(name) / "wrong")
        failed = sum(result.outcome == "wrong" for result in wrong.results())
        print(f"spoilt: {failed} of {len(rows)} wrong, {wall:.1f} s wall, {after - cpu:.1f} s CPU")
        part = rows[:: max(1, len(rows) // given.evalscope)][: given.evalscope]
        passed, wall, cpu = theirs(part, Path(name))
        each = f"{wall / len(part):.1f} s wall and {cpu / len(part):.1f} s CPU each"
        print(f"evalscope: {passed} of {len(part)} correct, {each}")
    return int(correct != len(rows) or failed != len(rows))


if __name__ == "__main__":
    sys.exit(main())
