"""What running an exercise's tests shows: counts, how it ended, and the output as a model is told it."""

from __future__ import annotations

import pytest

from qwq_nb import sandbox
from qwq_nb.bench.editing.case_names import case_names
from qwq_nb.bench.editing.testing import MOST_LINES, run_tests
from qwq_nb.core.execution import Execution

SUM = "def total(numbers):\n    return sum(numbers)\n"
TESTS = {
    "total_test.py": """import unittest

from total import total


class TotalTest(unittest.TestCase):
    def test_b_some(self):
        self.assertEqual(total([1, 2]), 3)

    def test_a_none(self):
        self.assertEqual(total([]), 0, "nothing adds up to nothing")

    def test_c_text(self):
        with self.assertRaisesRegex(TypeError, "unsupported"):
            total(["a"])
"""
}


def ran(box: sandbox.Sandbox, source: str, seconds: float = 60, tests: dict[str, str] = TESTS) -> Execution:
    return run_tests(box.run, {"total.py": source}, tests, seconds)


def told(execution: Execution) -> str:
    assert execution.first_failed is not None
    return execution.first_failed.stderr


def test_tests_are_counted_in_unittests_own_order(box: sandbox.Sandbox) -> None:
    passed = ran(box, SUM)
    assert (passed.status, passed.passed, passed.total, passed.marks) == ("passed", 3, 3, "...")
    assert passed.first_failed is None
    assert passed.sandbox == box.name

    failed = ran(box, "def total(numbers):\n    return sum(numbers) or None\n")
    assert (failed.status, failed.passed, failed.total, failed.marks) == ("failed", 2, 3, "x..")
    assert failed.first_failed is not None
    assert failed.first_failed.number == 1
    assert failed.first_failed.input == "test_a_none (total_test.TotalTest)"


def test_the_output_is_that_of_unittest_without_this_machine(box: sandbox.Sandbox) -> None:
    source = "def total(numbers):\n    return sum(numbers) or inner()\n\n\ndef inner():\n    return object()\n"
    output = told(ran(box, source))
    assert output.startswith("=" * 70 + "\nFAIL: test_a_none (total_test.TotalTest)\n" + "-" * 70 + "\n")
    assert '  File "total_test.py", line 11, in test_a_none\n' in output
    assert '    self.assertEqual(total([]), 0, "nothing adds up to nothing")\n' in output
    assert "AssertionError: <object object at 0x…> != 0 : nothing adds up to nothing" in output
    assert output.endswith("2 of 3 tests passed.")
    assert "/" not in output, "no path"
    assert told(ran(box, source)) == output, "the same each time"


def test_an_error_shows_the_solution_s_lines(box: sandbox.Sandbox) -> None:
    output = told(ran(box, "import json\n\n\ndef total(numbers):\n    return json.loads('[')\n"))
    assert '  File "total.py", line 5, in total\n    return json.loads(' in output
    assert "json.decoder.JSONDecodeError: Expecting value" in output
    assert "decoder.py" not in output, "frames of the standard library are left out"


def test_a_file_that_cannot_be_imported_is_told_once(box: sandbox.Sandbox) -> None:
    failed = ran(box, "def total(numbers:\n")
    assert (failed.status, failed.marks) == ("failed", "xxx")
    output = told(failed)
    assert output.count("SyntaxError: ") == 1
    assert '  File "total.py", line 1\n' in output
    assert "2 more with an error that stands above." in output


def test_at_most_fifty_lines_are_told(box: sandbox.Sandbox) -> None:
    methods = "".join(f"    def test_{n:03}(self):\n        self.assertEqual(total([{n}]), -1)\n" for n in range(40))
    tests = {"total_test.py": TESTS["total_test.py"].partition("    def ")[0] + methods}
    failed = ran(box, SUM, tests=tests)
    assert failed.total == 40
    assert len(told(failed).splitlines()) == MOST_LINES
    assert all(len(line) <= 401 for line in told(ran(box, "def total(numbers):\n    return 'x' * 9999\n")).splitlines())


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (
            "while True: pass",
            "timeout",
            "TIMEOUT: the tests did not end within 0.5 seconds; they were ended while test_a",
        ),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed", "CRASH: the process of the tests ended"),
        ("while True: print('x' * 1000)", "output_limit", "OUTPUT: more was printed than is read"),
        ("return bytes(10**11)", "failed", "MemoryError"),
        ("return total(numbers)", "failed", "RecursionError"),
    ],
)
def test_how_it_ended(box: sandbox.Sandbox, body: str, status: str, said: str) -> None:
    failed = ran(box, f"def total(numbers):\n    {body}\n", 0.5)
    assert (failed.status, failed.passed, failed.total) == (status, 0, 3)
    assert failed.marks[1:] in ("--", "xx")
    assert said in told(failed)


def test_what_passed_before_it_ended_is_counted(box: sandbox.Sandbox) -> None:
    failed = ran(box, "def total(numbers):\n    if numbers == [1, 2]: raise SystemExit\n    return sum(numbers)\n")
    assert failed.marks == ".x.", "an exit is an error of its test"
    endless = ran(box, "def total(numbers):\n    while numbers == [1, 2]: pass\n    return sum(numbers)\n", 0.5)
    assert (endless.marks, endless.passed, endless.status) == (".t-", 1, "timeout")


def test_the_tests_are_in_no_file_and_no_file_can_take_their_place(box: sandbox.Sandbox) -> None:
    search = (
        "import os\n\n\ndef total(numbers):\n    for folder, _, files in os.walk('..'):\n"
        "        for file in files:\n            text = open(os.path.join(folder, file), errors='replace').read()\n"
        "            if 'assertEqual' '(total(' in text: return 'found'\n    return 'not there'\n"
    )
    assert "'not there' != 0" in told(ran(box, search))
    files = {"total.py": "def total(numbers):\n    pass\n", "total_test.py": "", "unittest.py": "1 / 0", "sub/x.py": ""}
    assert run_tests(box.run, files, TESTS).marks == "xxx"


def test_modules_that_tests_share_are_there_for_them(box: sandbox.Sandbox) -> None:
    tests = {
        "helper_test_data.py": "EXPECTED = 3\n",
        "total_test.py": TESTS["total_test.py"]
        .replace("from total import total\n", "from helper_test_data import EXPECTED\nfrom total import total\n")
        .replace("total([1, 2]), 3", "total([1, 2]), EXPECTED"),
    }
    assert ran(box, SUM, tests=tests).marks == "..."


def test_fixtures_subtests_and_skips_of_the_tests_are_kept(box: sandbox.Sandbox) -> None:
    tests = {
        "total_test.py": """import unittest
from unittest import mock

from total import total


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.numbers = [1, 2]

    def test_inherited(self):
        self.assertEqual(total(self.numbers), 3)


class TotalTest(Base):
    def setUp(self):
        self.more = [4]

    def test_parts(self):
        for numbers in ([], [0], self.more):
            with self.subTest(numbers=numbers):
                self.assertEqual(total(numbers), 0)

    @unittest.skip("needs another machine")
    def test_left_out(self):
        self.fail()

    @unittest.expectedFailure
    def test_known(self):
        self.assertEqual(total([1]), 2)

    @mock.patch("total.sum", create=True, return_value=9)
    def test_mocked(self, mocked):
        self.assertEqual(total([1]), 9)
"""
    }
    execution = ran(box, SUM, tests=tests)
    assert [name.method for name in case_names(tests)] == [
        *("test_inherited", "test_inherited", "test_known", "test_left_out", "test_mocked", "test_parts")
    ]
    assert execution.marks == ".....x"
    assert "AssertionError: 4 != 0" in told(execution)


def test_files_beyond_reason_are_not_run(box: sandbox.Sandbox) -> None:
    execution = run_tests(box.run, {"total.py": "#" * 9_000_000}, TESTS)
    assert (execution.status, execution.passed) == ("output_limit", 0)


def test_where_the_sandbox_fails_nothing_is_known() -> None:
    closed = sandbox.Sandbox(jobs=1)
    closed.close()
    execution = run_tests(closed.run, {"total.py": SUM}, TESTS)
    assert (execution.status, execution.passed, execution.total) == ("not_run", 0, 3)
    assert execution.fault == "the sandbox was closed"


def test_there_must_be_tests() -> None:
    with pytest.raises(ValueError, match="no test"):
        run_tests(lambda program: sandbox.Execution("passed"), {"total.py": SUM}, {"total_test.py": "x = 1\n"})
