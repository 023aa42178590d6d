"""Run an exercise's tests on given files in the sandbox, and say what they show, to the reader and to the model.

The tests are counted here, from outside: which there are is read from their source, and one has passed only if the
driver says so under this run's token, in a process that went on to its end. Before, between and after the tests the
driver runs cases that must fail, for each kind of assertion: where one of them passes, the solution has changed the
tests' framework, and no test counts as passed.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from qwq_nb import sandbox
from qwq_nb.bench.code.outside import Run
from qwq_nb.bench.editing.case_names import CaseName, case_names, decorated_names
from qwq_nb.core.execution import MARKS, Execution, ExecutionStatus, FailedTest, marked
from qwq_nb.core.text import valid_text

__all__ = ["MOST_LINES", "SECONDS", "run_tests"]

SECONDS: Final = 60.0
"""CPU time for all tests of an exercise."""
_WAITING: Final = 10.0
"""Seconds of wall time beyond that, for a solution that waits: what it waits for a processor does not count."""
MOST_LINES: Final = 50
"""Lines of the tests' output that the model is shown."""
_LONGEST_LINE: Final = 400
_LONGEST: Final = 8_000
"""Characters of what the model is shown."""
_FOLDER: Final = "exercise"
_MOST_FILES: Final = 400
_LARGEST: Final = 8_000_000
"""Bytes of all files."""
_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_PATH: Final = re.compile(r'(?<=File ")/[^"\n]*/(?=[^"/\n]+")')
_CHANGED: Final = "The solution changes how tests are judged: not allowed here.\n"

_END: Final = "-"
"""The key of the driver's last report."""

_MUST_FAIL: Final = (
    "self.assertEqual({0}, {1})",
    "self.assertEqual([{0}], [{1}])",
    "self.assertEqual({{'a': {0}}}, {{'a': {1}}})",
    "self.assertEqual('{0}', '{1}')",
    "self.assertNotEqual({0}, {0})",
    "self.assertTrue({0} == {1})",
    "self.assertFalse({0} != {1})",
    "self.assertIs({0} == {1}, True)",
    "self.assertIsNone({0})",
    "self.assertIn({0}, [{1}])",
    "self.assertListEqual([{0}], [{1}])",
    "self.assertDictEqual({{'a': {0}}}, {{'a': {1}}})",
    "self.assertCountEqual([{0}], [{1}])",
    "self.assertAlmostEqual({0}, {1})",
    "self.assertIsInstance({0}, str)",
    "with self.assertRaises(ValueError):\n            int('{0}')",
    "with self.assertRaisesRegex(ValueError, 'no'):\n            int('{0}')",
    "self.fail('{0}')",
    "raise ValueError({0})",
)
"""Bodies of tests that fail, whatever the two numbers: they differ."""
_BETWEEN: Final = 3
"""Of them, how many are run after each test. All are run before the first and after the last."""


class _Case(NamedTuple):
    key: str
    module: str
    owner: str
    method: str


class _Outcome(NamedTuple):
    mark: str
    text: str = ""


def run_tests(run: Run, files: Mapping[str, str], tests: Mapping[str, str], seconds: float = SECONDS) -> Execution:
    """Run the tests on the files, and return what they show.

    `Execution.first_failed.stderr` is what the model is told: the first lines of the failures' texts, without paths
    and addresses, the same in each run.

    Args:
        run: runs one program in the sandbox.
        files: name → text, of the solution. One that is named like a file of the tests is left out.
        tests: name → source, of the tests and the modules that they import.
        seconds: of CPU time, for all tests together.

    Raises:
        SyntaxError: a file of the tests is no Python.
        ValueError: there is no test.
    """
    names = case_names(tests)
    if not names:
        raise ValueError("there is no test in the files of the tests")
    kept = {name: text.encode("utf-8", "replace") for name, text in files.items() if name not in tests}
    if len(kept) > _MOST_FILES or sum(map(len, kept.values())) > _LARGEST:
        return _too_much(len(names))
    plan = _Plan(names)
    done = run(
        sandbox.Program(
            code=_driver(),
            stdin=plan.job(tests),
            files={f"{_FOLDER}/{name}": data for name, data in kept.items()},
            limits=sandbox.Limits(cpu_s=seconds, wall_s=seconds + _WAITING),
        )
    )
    return plan.execution(done, seconds)


@lru_cache(maxsize=1)
def _driver() -> str:
    return Path(__file__).with_name("unittest_driver.py").read_text(encoding="utf-8")


class _Plan:
    """Hold which cases are run, and read their reports. Keys and the order within a group say nothing of a case."""

    def __init__(self, names: Sequence[CaseName]) -> None:
        self._names = names
        self._token = secrets.token_hex(16)
        self._keys = [secrets.token_hex(6) for _ in names]
        self._module = f"checks_{secrets.token_hex(4)}_test"
        self._owner = f"Checks{secrets.token_hex(3)}Test"
        self._methods = {f"test_{secrets.token_hex(4)}": body for body in _MUST_FAIL}
        self._must_fail: set[str] = set()

    def job(self, tests: Mapping[str, str]) -> bytes:
        """Return what the driver reads."""
        cases = self._checks(len(_MUST_FAIL))
        for key, name in zip(self._keys, self._names, strict=True):
            cases += [_Case(key, *name[:3]), *self._checks(_BETWEEN)]
        cases += self._checks(len(_MUST_FAIL))
        texts = {**tests, f"{self._module}.py": self._source()}
        job = {
            "token": self._token,
            "texts": texts,
            "cases": [list(case) for case in cases],
            "decorated": decorated_names(tests),
        }
        return json.dumps(job).encode()

    def _checks(self, count: int) -> list[_Case]:
        methods = secrets.SystemRandom().sample(list(self._methods), count)
        made = [_Case(secrets.token_hex(6), self._module, self._owner, method) for method in methods]
        self._must_fail.update(case.key for case in made)
        return made

    def _source(self) -> str:
        lines = ["import unittest", "", "", f"class {self._owner}(unittest.TestCase):"]
        for method, body in self._methods.items():
            one = secrets.randbelow(10**6) + 1
            lines += [f"    def {method}(self):", f"        {body.format(one, one + 1 + secrets.randbelow(10**6))}", ""]
        return "\n".join(lines)

    def execution(self, done: sandbox.Execution, seconds: float) -> Execution:
        """Return what the tests have shown, from how the program ended and what it reported."""
        if done.status == "not_run":
            return Execution(
                status="not_run",
                total=len(self._names),
                marks=MARKS["not_run"] * len(self._names),
                sandbox=done.sandbox,
                fault=done.reason or "it gave no reason",
            )
        found = self._outcomes(done.stdout)
        is_over = done.status == "passed" and found.get(_END, _Outcome("")).mark == "="
        is_changed = any(found.get(key, _Outcome("e")).mark in (".", "s") for key in self._must_fail)
        ended: ExecutionStatus = "crashed" if done.status in ("passed", "failed") else done.status
        statuses: list[ExecutionStatus] = []
        texts: list[str] = []
        same: dict[str, int] = {}
        for key, name in zip(self._keys, self._names, strict=True):
            outcome = found.get(key, _Outcome(""))
            if is_changed:
                statuses.append("failed")
                texts = [_CHANGED]
            elif outcome.mark == "." or (outcome.mark == "s" and name.may_skip):
                statuses.append("passed")
            elif outcome.mark in ("x", "e", "s"):
                statuses.append("failed")
                if outcome.text not in same:
                    texts.append(_failure(outcome, name))
                same[outcome.text] = same.get(outcome.text, 0) + 1
            elif is_over or ended not in statuses:
                statuses.append(ended)
                texts.append(self._unfinished(name, ended, done, seconds, is_running=outcome.mark == "?"))
            else:
                statuses.append("not_run")
        if not is_over and "failed" not in statuses and ended not in statuses:
            statuses[-1] = ended  # it ended after the last test, by itself or because it was told to
            texts.append(self._unfinished(self._names[-1], ended, done, seconds, is_running=True))
        if again := sum(count - 1 for count in same.values()):
            texts.append(f"{again} more with an error that stands above.\n")
        first = next((number for number, status in enumerate(statuses, 1) if status != "passed"), 0)
        return Execution(
            status=statuses[first - 1] if first else "passed",
            passed=statuses.count("passed"),
            total=len(statuses),
            marks=marked(statuses),
            first_failed=self._first(first, statuses, texts) if first else None,
            seconds=round(done.seconds, 4),
            cpu_seconds=round(done.cpu_seconds, 4),
            peak_memory_mb=round(done.peak_memory_mb, 1),
            sandbox=done.sandbox,
        )

    def _outcomes(self, stdout: str) -> dict[str, _Outcome]:
        """Return the last report on each key, of lines that begin with the token: key, mark, and the text in hex."""
        found: dict[str, _Outcome] = {}
        for line in stdout.split("\n"):
            words = line.split(" ")
            if len(words) == 4 and words[0] == self._token:
                with contextlib.suppress(ValueError):
                    found[words[1]] = _Outcome(words[2], bytes.fromhex(words[3]).decode("utf-8", "replace"))
        return found

    def _unfinished(
        self, name: CaseName, ended: ExecutionStatus, done: sandbox.Execution, seconds: float, *, is_running: bool
    ) -> str:
        where = f"while {name} ran" if is_running else f"before {name} ran"
        match ended:
            case "timeout":
                return f"TIMEOUT: the tests did not end within {seconds:g} seconds; they were ended {where}.\n"
            case "memory":
                return f"MEMORY: the limit of memory was reached {where}.\n"
            case "output_limit":
                return f"OUTPUT: more was printed than is read; the tests were ended {where}.\n"
            case _:
                return f"CRASH: the process of the tests ended {where}.\n"

    def _first(self, number: int, statuses: Sequence[ExecutionStatus], texts: Sequence[str]) -> FailedTest:
        passed = statuses.count("passed")
        rule = "-" * 70
        said = "\n".join([*texts, rule, f"{passed} of {len(statuses)} tests passed."])
        return FailedTest(
            number=number, status=statuses[number - 1], input=str(self._names[number - 1]), stderr=_shown(said)
        )


def _failure(outcome: _Outcome, name: CaseName) -> str:
    word = "FAIL" if outcome.mark == "x" else "ERROR"
    text = "The solution skips this test: not allowed here.\n" if outcome.mark == "s" else outcome.text
    return f"{'=' * 70}\n{word}: {name}\n{'-' * 70}\n{text}"


def _shown(text: str) -> str:
    """Return the text as the model and the reader see it: its first lines, the same in each run and on each machine."""
    lines = _PATH.sub("", _ADDRESS.sub("0x…", valid_text(text))).split("\n")
    shown = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines[:MOST_LINES]]
    return "\n".join(shown)[:_LONGEST]


def _too_much(total: int) -> Execution:
    first = FailedTest(
        number=1, status="output_limit", stderr=f"The files are more than {_MOST_FILES}, or larger than 8 MB together."
    )
    marks = MARKS["output_limit"] + MARKS["not_run"] * (total - 1)
    return Execution(status="output_limit", total=total, marks=marks, first_failed=first)
