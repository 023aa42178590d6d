"""Say why the outcome of an answer that is a program: by its tests, as a code with values. Pure."""

from __future__ import annotations

from typing import Final, Literal

from qwq_nb.core.execution import Execution
from qwq_nb.core.game import Game
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
    "game_ran",
    "game_crashed",
    "game_blank",
    "game_no_reaction",
    "game_undecided",
    "game_no_program",
    "game_not_run",
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
    "game_ran": "it ran; whether it is the game that was asked for is for you to rule",
    "game_crashed": "it crashed",
    "game_blank": "blank: it shows no picture",
    "game_no_reaction": "no reaction: it runs, and no key that its prompt names changes a frame",
    "game_undecided": "not decidable: what it left behind contradicts itself",
    "game_no_program": "no program: the answer holds none that uses pygame",
    "game_not_run": "the sandbox could not run it",
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
    if execution.game is not None:
        return _why_game(execution.game)
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


def _why_game(game: Game) -> Reason:
    detail = game.why
    if game.state == "crashed" and game.error is not None:
        line = f" in line {game.error.line}" if game.error.line is not None else ""
        detail = f"{game.error.what}{line}"
    return Reason(code=f"game_{game.state}", values={"detail": detail} if detail else {})


def _reason(code: CodeReason, execution: Execution, **further: int | str) -> Reason:
    values = {"passed": execution.passed, "total": execution.total, **further}
    if code == "code_not_run":
        values = further
    return Reason(code=code, values={name: value for name, value in values.items() if value != ""})
