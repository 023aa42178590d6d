"""Run an answer's code on each test and compare from outside: how many of n pass, and how the first that fails ends.

The comparison is done here, in the parent: what is expected never enters the process that runs the code, except for
benchmarks whose tests are assertions in Python.
"""

from __future__ import annotations

import ast
import contextlib
import json
import math
import secrets
from collections.abc import Callable
from typing import Final

from qwq_nb import sandbox
from qwq_nb.bench.code.comparison import differing_line, expected_value, parsed_value, same_value
from qwq_nb.bench.code.drivers import ANSWER, ASSERTS, FUNCTION, STDIN, answer_traceback
from qwq_nb.bench.code.tests import IoTests
from qwq_nb.core.execution import Execution, ExecutionStatus, FailedTest, marked, middle_cut

__all__ = ["MOST_MARKS", "MOST_TIMEOUTS", "Run", "run_asserts", "run_io_tests"]

Run = Callable[[sandbox.Program], sandbox.Execution]
"""Run one program in the sandbox and wait for it."""

MOST_TIMEOUTS: Final = 2
"""Tests that run out of time before the others are left: a program that loops does so at each."""
MOST_MARKS: Final = 2_000
"""Marks kept of an answer. HumanEval+ has thousands of assertions in one problem; all of them are counted."""
_STDERR: Final = 2_000


def run_io_tests(run: Run, code: str, tests: IoTests, seconds: float) -> Execution:
    """Run the code on every test of a LiveCodeBench problem, each in a process of its own.

    `seconds`: of CPU time for each test. Once two tests ran out of time the others are not begun.
    """
    sums = _Sums()
    statuses: list[ExecutionStatus] = []
    first: FailedTest | None = None
    for number, (given, expected) in enumerate(zip(tests.inputs, tests.outputs, strict=True), 1):
        if statuses.count("timeout") >= MOST_TIMEOUTS:
            statuses.append("not_run")
            continue
        program = _program(code, given, tests.fn_name, seconds)
        done = run(program)
        sums.add(done)
        if done.status == "not_run":
            return sums.made("not_run", [*statuses, "not_run"], len(tests.inputs), None, fault=done.reason)
        status, got, line = _judged(done, expected, is_function=tests.fn_name is not None)
        statuses.append(status)
        if status != "passed" and first is None:
            first = FailedTest(
                number=number,
                status=status,
                input=middle_cut(given),
                expected=middle_cut(expected),
                got=middle_cut(got),
                line=line,
                stderr=_tail(answer_traceback(done.stderr)),
            )
    return sums.made(first.status if first else "passed", statuses, len(tests.inputs), first)


def _program(code: str, given: str, function: str | None, seconds: float) -> sandbox.Program:
    stdin = given if function is None else json.dumps({"function": function, "input": given})
    return sandbox.Program(
        code=STDIN if function is None else FUNCTION,
        stdin=stdin.encode("utf-8", "surrogatepass"),
        files={ANSWER: code.encode("utf-8", "surrogatepass")},
        limits=_limits(seconds),
    )


def _limits(seconds: float) -> sandbox.Limits:
    return sandbox.Limits(cpu_s=seconds, wall_s=3 * seconds + 10)


def _judged(done: sandbox.Execution, expected: str, *, is_function: bool) -> tuple[ExecutionStatus, str, int | None]:
    """Return how one test ended, what the code gave, and the first differing line."""
    if done.status != "passed":
        return done.status, "" if is_function else done.stdout, None
    if not is_function:
        line = differing_line(done.stdout, expected)
        return ("passed" if line is None else "failed"), done.stdout, line
    is_there, value = parsed_value(done.stdout)
    if not is_there:
        return "crashed", "", None  # it ended before a value was returned
    same = same_value(value, expected_value(expected))
    return ("passed" if same else "failed"), done.stdout.rstrip("\n"), None if same else 0


def run_asserts(run: Run, code: str, tests: str, seconds: float) -> Execution:
    """Run the code and then its tests, which are assertions in Python, and count those that hold.

    `seconds`: of CPU time for all of them. An assertion that fails does not end the others.
    """
    nonce = secrets.token_hex(16)
    job = json.dumps({"tests": tests, "nonce": nonce})
    done = run(
        sandbox.Program(
            code=ASSERTS,
            stdin=job.encode("utf-8", "surrogatepass"),
            files={ANSWER: code.encode("utf-8", "surrogatepass")},
            limits=_limits(seconds),
        )
    )
    sums = _Sums()
    sums.add(done)
    if done.status == "not_run":
        return sums.made("not_run", [], _assertions(tests), None, fault=done.reason)
    lines = done.stdout.splitlines()
    over = f"={nonce}" in lines[-1:]
    statuses: list[ExecutionStatus] = [
        "passed" if line == "." else "failed" for line in lines if line[:1] in (".", "x")
    ]
    first = _first_failed(lines, statuses, answer_traceback(done.stderr))
    total = len(statuses)
    if not over:
        # What was not reached is one more test at least.
        ended: ExecutionStatus = "crashed" if done.status == "passed" else done.status
        total = max(_assertions(tests), total + 1)
        if first is None:
            first = FailedTest(number=len(statuses) + 1, status=ended, stderr=_tail(answer_traceback(done.stderr)))
        statuses.append(ended)
        statuses += ["not_run"] * (total - len(statuses))
    return sums.made(first.status if first else "passed", statuses, total, first)


def _first_failed(lines: list[str], statuses: list[ExecutionStatus], stderr: str) -> FailedTest | None:
    if "failed" not in statuses:
        return None
    number = statuses.index("failed") + 1
    said = next(line for line in lines if line[:1] == "x")[1:]
    text, expected, got = "", "", ""
    with contextlib.suppress(ValueError, TypeError):  # the code may write to the same pipe
        text, expected, got = (str(part) for part in json.loads(said))
    return FailedTest(
        number=number,
        status="failed",
        input=middle_cut(text),
        expected=middle_cut(expected),
        got=middle_cut(got),
        line=0 if expected else None,
        stderr=_tail(stderr),
    )


def _assertions(tests: str) -> int:
    """Return how many assertions stand in tests, each counted once; 1 at least."""
    try:
        found = sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(tests)))
    except (SyntaxError, ValueError, RecursionError):
        return 1
    return max(1, found)


def _tail(text: str) -> str:
    return middle_cut(text[-_STDERR:])


class _Sums:
    """Add up what all executions of one answer took."""

    def __init__(self) -> None:
        self.seconds = self.cpu = self.peak = 0.0
        self.sandbox = ""

    def add(self, done: sandbox.Execution) -> None:
        self.seconds += done.seconds
        self.cpu += done.cpu_seconds
        self.peak = max(self.peak, done.peak_memory_mb)
        self.sandbox = done.sandbox

    def made(
        self,
        status: ExecutionStatus,
        statuses: list[ExecutionStatus],
        total: int,
        first: FailedTest | None,
        *,
        fault: str = "",
    ) -> Execution:
        peak = self.peak if math.isfinite(self.peak) else 0.0
        return Execution(
            status=status,
            passed=statuses.count("passed"),
            total=total,
            marks=marked(statuses[:MOST_MARKS]),
            first_failed=first,
            seconds=round(self.seconds, 4),
            cpu_seconds=round(self.cpu, 4),
            peak_memory_mb=round(peak, 1),
            sandbox=self.sandbox,
            fault=fault,
        )
