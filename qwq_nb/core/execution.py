"""Define the record of an answer whose code was run: how many tests it passed, and how the first that failed ended."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from qwq_nb.core.game import Game, without_game_texts
from qwq_nb.core.text import valid_text

__all__ = [
    "EXECUTION_STATUSES",
    "LONGEST_TEXT",
    "MARKS",
    "Execution",
    "ExecutionStatus",
    "FailedTest",
    "marked",
    "middle_cut",
    "without_texts",
]

ExecutionStatus = Literal["passed", "failed", "timeout", "memory", "crashed", "output_limit", "not_run"]
"""How code ended.

passed        every test
failed        another output or value than expected, an exception, or an exit code other than 0
timeout       the limit of time, once more when it was run alone
memory        the limit of memory
crashed       a signal (segmentation fault), or an end without a result
output_limit  more output than is read
not_run       the sandbox failed: nothing is known of the code
"""
EXECUTION_STATUSES: tuple[ExecutionStatus, ...] = get_args(ExecutionStatus)

MARKS: Final[dict[ExecutionStatus, str]] = {
    "passed": ".",
    "failed": "x",
    "timeout": "t",
    "memory": "m",
    "crashed": "c",
    "output_limit": "o",
    "not_run": "-",
}
"""The character of a test in `Execution.marks`. A test that was not begun, after others took too long, has `-` too."""

LONGEST_TEXT: Final = 2_000
"""Characters kept of an input, an output, or of what the code wrote to standard error."""


class FailedTest(msgspec.Struct, kw_only=True):
    """Hold the first test that failed. Texts are clipped to `LONGEST_TEXT` characters."""

    number: int
    """From 1, in the order of the data set."""
    status: ExecutionStatus
    input: str = ""
    expected: str = ""
    got: str = ""
    """What the code printed, or the value that it returned."""
    line: int | None = None
    """The first line, from 0, in which `got` differs from `expected`; None: it was not compared."""
    stderr: str = ""
    """The end of what the code wrote to standard error, with its traceback. Where files are edited, the first lines of
    the tests' output, as the model is told it."""


class Execution(msgspec.Struct, kw_only=True):
    """Hold what running the code of one answer has shown. Tests are counted from outside; see `differs`."""

    status: Literal["passed", "failed", "timeout", "memory", "crashed", "output_limit", "not_run", ""] = ""
    """`passed`, or that of the first test that failed; empty: there was no code to run."""
    passed: int = 0
    total: int = 0
    """Tests of the problem."""
    marks: str = ""
    """One character a test, from `MARKS`."""
    first_failed: FailedTest | None = None
    seconds: float = 0.0
    """Wall time of all executions of this answer."""
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    sandbox: str = ""
    """Name of the sandbox in which it was run."""
    fault: str = ""
    """Why nothing was run, in words; empty if it was."""
    differs: str = ""
    """Why the official verdict is another one than these tests give; empty if it is the same."""
    game: Game | None = None
    """What playing it has shown, of an answer that is a game: then there are no tests."""


def marked(statuses: list[ExecutionStatus]) -> str:
    """Return the marks of tests, one character each."""
    return "".join(MARKS[status] for status in statuses)


def middle_cut(text: str, most: int = LONGEST_TEXT) -> str:
    """Return a text with its middle left out where it has more than `most` characters."""
    text = valid_text(text)
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"


def without_texts(execution: Execution | None) -> Execution | None:
    """Return the record without what may quote a problem: counts, marks and states stay."""
    if execution is not None and execution.game is not None:
        return msgspec.structs.replace(execution, game=without_game_texts(execution.game))
    if execution is None or execution.first_failed is None:
        return execution
    first = execution.first_failed
    bare = FailedTest(number=first.number, status=first.status, line=None)
    return msgspec.structs.replace(execution, first_failed=bare)
