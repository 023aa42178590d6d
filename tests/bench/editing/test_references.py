"""Exercism's own solutions pass, and its stubs do not, as they do when they are run by hand. Recorded data."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from qwq_nb import sandbox
from qwq_nb.bench.editing.testing import run_tests
from qwq_nb.demo import PROBLEMS
from tests.support.paths import SHARED_DATA

STATES = {"2023-06-15": {"error-handling"}, "2024-11-28": {"error-handling"}}
"""State of the track → exercises whose own solution fails: their tests need a module that is not in their folder.

`parallel-letter-frequency` of 2023 passes: its solution works with threads, which the sandbox allows.
"""
UNTOUCHED = {"ledger", "markdown"}
SOME = ["bank-account", "diffie-hellman", "grep", "hello-world", "paasio", "rest-api", "zipper"]


def exercises(state: str) -> list[dict[str, Any]]:
    path = SHARED_DATA / "code" / f"exercism_python_{state}.jsonl"
    if not path.exists():
        pytest.skip(f"needs {path.name}, which is no part of the project")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def solved(row: dict[str, Any]) -> dict[str, str]:
    """The files with the reference solution in the place of the first."""
    solution = next(iter(row["example"].values()))
    return {name: solution if at == 0 else text for at, (name, text) in enumerate(row["stub"].items())}


@pytest.mark.parametrize("name", SOME)
def test_some_solutions_pass_and_their_stubs_do_not(box: sandbox.Sandbox, name: str) -> None:
    row = next(row for row in exercises("2024-11-28") if row["id"] == name)
    right = run_tests(box.run, solved(row), row["tests"])
    assert right.status == "passed", right.first_failed
    assert right.marks == "." * right.total
    assert run_tests(box.run, row["stub"], row["tests"]).status == "failed"


@pytest.mark.long
def test_no_stub_that_ships_passes(box: sandbox.Sandbox) -> None:
    rows = [json.loads(line) for line in PROBLEMS["code_editing"].read_text(encoding="utf-8").splitlines()]
    for row in rows:
        execution = run_tests(box.run, row["stub"], row["tests"])
        assert execution.status == "failed"
        assert execution.total > 2


@pytest.mark.long
@pytest.mark.parametrize("state", STATES)
def test_all_solutions_pass_but_those_that_cannot(box: sandbox.Sandbox, state: str) -> None:
    rows = exercises(state)
    right = {row["id"]: run_tests(box.run, solved(row), row["tests"]) for row in rows}
    stubs = {row["id"]: run_tests(box.run, row["stub"], row["tests"]) for row in rows}
    counts = Counter(execution.status for execution in right.values())
    seconds = sorted(execution.cpu_seconds for execution in right.values())
    print(f"{state}: {dict(counts)}; CPU seconds: median {seconds[len(seconds) // 2]:.2f}, longest {seconds[-1]:.2f}")
    assert len(rows) == 133
    assert {name for name, execution in right.items() if execution.status != "passed"} == STATES[state]
    assert {name for name, execution in stubs.items() if execution.status == "passed"} == UNTOUCHED
