"""Say why the outcome of an answer that is a program: by its tests, as a code with values. Pure."""

from __future__ import annotations

from typing import Final, Literal

from qwq_nb.core.execution import Execution
from qwq_nb.core.run_record import Reason

__all__ = ["CODE_REASONS", "NO_EDIT", "CodeReason", "why_code"]

NO_EDIT: Final = "no_edit"
"""The flag of an answer that was to edit files, and changed none."""

CodeReason = Literal[
    "passed_tests",
    "passed_differs",
    "tests_failed",
    "tests_differ",
    "code_timeout",
    "code_memory",
    "code_crashed",
    "code_output",
    "code_not_run",
    "no_code",
    "no_edit",
    "passed_untouched",
]

CODE_REASONS: Final[dict[str, str]] = {
    "passed_tests": "passed {passed} of {total} tests",
    "passed_differs": "right by the benchmark's own harness, {passed} of {total} tests by ours",
    "tests_failed": "{passed} of {total} tests; test {test} is the first that failed",
    "tests_differ": "wrong by the benchmark's own harness, {passed} of {total} tests by ours",
    "code_timeout": "timeout in test {test}; {passed} of {total} tests",
    "code_memory": "memory limit in test {test}; {passed} of {total} tests",
    "code_crashed": "crashed in test {test}; {passed} of {total} tests",
    "code_output": "more output than is read in test {test}; {passed} of {total} tests",
    "code_not_run": "the sandbox could not run the code",
    "no_edit": "no edit: no file was changed; {passed} of {total} tests",
    "passed_untouched": "no edit: the files pass {passed} of {total} tests as they are",
    "no_code": "no code: the answer holds no program that the benchmark can take out",
}
"""The sentence of each code. A view that words reasons itself takes it from the sample's `why`."""

_STATUS: Final[dict[str, CodeReason]] = {
    "timeout": "code_timeout",
    "memory": "code_memory",
    "crashed": "code_crashed",
    "output_limit": "code_output",
}


def why_code(execution: Execution, *, correct: bool, no_edit: bool = False) -> Reason:
    """Return why an answer is right or wrong, or why nothing is known of it.

    `correct`: the official verdict. `no_edit`: the answer was to edit files, and changed none.
    """
    if execution.status == "not_run":
        return _reason("code_not_run", execution, detail=execution.fault)
    if not execution.status:
        return Reason(code="no_code")
    if no_edit:
        return _reason("passed_untouched" if correct else "no_edit", execution)
    if correct:
        if execution.passed == execution.total:
            return _reason("passed_tests", execution)
        return _reason("passed_differs", execution, detail=execution.differs)
    if execution.first_failed is None:
        return _reason("tests_differ", execution, detail=execution.differs)
    return _reason(_STATUS.get(execution.status, "tests_failed"), execution, test=execution.first_failed.number)


def _reason(code: CodeReason, execution: Execution, **further: int | str) -> Reason:
    values = {"passed": execution.passed, "total": execution.total, **further}
    if code == "code_not_run":
        values = further
    return Reason(code=code, values={name: value for name, value in values.items() if value != ""})
