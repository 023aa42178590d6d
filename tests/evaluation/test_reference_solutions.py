"""Exercism's own solutions as a model's replies: the whole way finds the same ones right as running them by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.editing.formats.parsed import fence_of
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.run import Run
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import write_jsonl
from tests.support.paths import SHARED_DATA
from tests.support.sandboxes import skip_unless_here

pytestmark = pytest.mark.long

FAIL = {"error-handling"}
"""Its tests need a module that is not in its folder."""


def exercises(state: str) -> list[dict[str, Any]]:
    path = SHARED_DATA / "code" / f"exercism_python_{state}.jsonl"
    if not path.exists():
        pytest.skip(f"needs {path.name}, which is no part of the project")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def reply(row: dict[str, Any]) -> dict[str, str]:
    """The transcript of a model that writes the reference solution."""
    name, solution = next(iter(row["stub"])), next(iter(row["example"].values()))
    opening, closing = fence_of(row["stub"])
    answer = f"Here it is.\n\n{name}\n{opening}python\n{solution.rstrip()}\n{closing}\n"
    return {
        "unique_id": row["id"],
        "problem": row["instructions"].strip(),
        "reasoning": "I know this one.",
        "answer": answer,
    }


def run_of(rows: list[dict[str, Any]], folder: Path) -> Run:
    skip_unless_here()
    data = write_jsonl(folder / "exercises.jsonl", rows)
    with DemoEndpoint(transcripts=[write_jsonl(folder / "replies.jsonl", [reply(row) for row in rows])]) as server:
        endpoint = own_endpoint(server)
        return evaluate(
            "code_editing", endpoint=endpoint, data=data, max_tokens=32_768, out=folder / "runs", show=False
        )


@pytest.mark.parametrize("state", ["2023-06-15", "2024-11-28"])
def test_all_solutions_are_found_right_but_one(state: str, tmp_path: Path) -> None:
    rows = exercises(state)
    run = run_of(rows, tmp_path)
    outcomes = {result.sample.source_id: result.outcome for result in run.results()}
    executions = [result.verdict.execution for result in run.results() if result.verdict is not None]
    tests = sum(execution.total for execution in executions if execution is not None)
    print(f"{state}: {dict(Counter(outcomes.values()))}, {tests} tests, {run.record().progress.elapsed_s:.0f} s")
    assert len(outcomes) == 133
    assert {name for name, outcome in outcomes.items() if outcome != "correct"} == FAIL
    assert any("ledger, markdown: the untouched files pass" in note for note in run.record().notes)


def test_evalscope_is_not_to_run_the_code_and_its_files_are_valid(tmp_path: Path) -> None:
    run = run_of([row for row in exercises("2024-11-28") if row["id"] in ("leap", "clock", "two-fer")], tmp_path)
    command = [sys.executable, "-m", "qwq_nb.bench.parity", str(run.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "code_editing are run in qwq_nb's sandbox only, and evalscope has none" in done.stdout
    assert done.stdout.endswith("1 differences, 0 not explained.\n")
