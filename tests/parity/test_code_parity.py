"""evalscope's own verdicts on programs are ours: it takes a run of ours, and grades every answer anew by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run
from tests.support.code_problems import fenced, stdin_record
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import write_jsonl
from tests.support.paths import ROOT


def answer(kind: str, number: int) -> str:
    """An answer to `print n times the number`."""
    right = f"n = int(input())\nprint(n * {number})"
    return {
        "right": fenced(right),
        "wrong": fenced(f"print(2 * {number})"),
        "slow": fenced("while True: pass"),
        "crash": fenced("import os\nos.abort()"),
        "chatty": f"First I read n. `print` prints:\n\n{fenced(right)}\n\nThis multiplies, as was asked.",
        "two": f"{fenced('print(1)')}\n\nNo, better:\n\n{fenced(right)}",
        "usage": f"{fenced(right)}\n\n```\necho 2 | python it.py\n```",
        "bare": right,
        "buffer": fenced(f"import sys\nsys.stdout.buffer.write(b'%d' % (int(input()) * {number}))"),
        "syntax": fenced("print(("),
        "exit": fenced(f"{right}\nexit(1)"),
    }[kind]


KINDS = ("right", "wrong", "slow", "crash", "chatty", "two", "usage", "bare", "buffer", "syntax", "exit")


def a_run(folder: Path, number: int) -> Run:
    """A run of so many problems, whose answers are of all kinds by turns."""
    records = [
        stdin_record(f"times {n}", [("2\n", f"{2 * n}\n")], [(f"{k}\n", f"{k * n}\n") for k in (3, 4, 5, 6, 7)])
        for n in range(number)
    ]
    book = [
        {
            "unique_id": record["question_id"],
            "problem": record["question_content"],
            "reasoning": "Multiply.",
            "answer": answer(KINDS[n % len(KINDS)], n),
        }
        for n, record in enumerate(records)
    ]
    data = write_jsonl(folder / "lcb.jsonl", records)
    with DemoEndpoint(transcripts=[write_jsonl(folder / "book.jsonl", book)]) as server:
        return evaluate(
            "live_code_bench",
            endpoint=own_endpoint(server),
            data=data,
            out=folder / "runs",
            show=False,
        )


def parity(run: Run, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qwq_nb.bench.parity", str(run.path), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)


@pytest.mark.long
def test_evalscope_takes_the_run_and_runs_no_code_unless_asked(tmp_path: Path) -> None:
    run = a_run(tmp_path, 4)
    done = parity(run)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 differences, 0 not explained" in done.stdout
    assert "--unconfined lets it" in done.stdout


@pytest.mark.long
def test_evalscopes_own_verdicts_on_22_programs(tmp_path: Path) -> None:
    run = a_run(tmp_path, 22)
    assert {r.outcome for r in run.results()} == {"correct", "wrong", "no_answer"}
    done = parity(run, "--unconfined")
    assert done.returncode == 0, done.stdout + done.stderr
    # On a busy machine evalscope's own limit may pass before its interpreters have started; that is explained.
    assert "0 not explained" in done.stdout
