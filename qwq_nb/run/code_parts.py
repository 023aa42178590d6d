"""Render what running an answer's code has shown: its tests as a row of squares, the first that failed, the code."""

from __future__ import annotations

from typing import Final

from qwq_nb.core.execution import MARKS, Execution, FailedTest
from qwq_nb.run.game_parts import error_html, facts_html, game_lines, game_text
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import Html, esc, pre
from qwq_nb.view.wording import count, duration

__all__ = ["SQUARES", "execution_html", "execution_lines", "marks_text", "squares", "tests_word"]

SQUARES: Final = 200
"""Tests drawn one by one; of more, how many there are besides."""

_PASSED: Final = "\N{BLACK SQUARE}"
_FAILED: Final = "\N{WHITE SQUARE}"
_NOT_RUN: Final = "\N{MIDDLE DOT}"
_WORDS: Final = {
    "failed": "another result than expected",
    "timeout": "ran out of time",
    "memory": "ran out of memory",
    "crashed": "crashed",
    "output_limit": "wrote more than is read",
    "not_run": "was not run",
}
_LINE: Final = "\N{BLACK RIGHT-POINTING TRIANGLE} "
"""What stands before the first line that differs."""


def tests_word(execution: Execution) -> str:
    """Return the counts in words: `11 of 14 tests`, `no code`, `not run`."""
    if execution.game is not None:
        return game_text(execution.game)
    if execution.status == "not_run":
        return "not run"
    if not execution.status:
        return execution.fault or "no code"
    return f"{execution.passed:,} of {count(execution.total, 'test')}"


def marks_text(execution: Execution) -> str:
    """Return the tests as characters: filled squares passed, hollow ones failed, dots were not run."""
    signs = {MARKS["passed"]: _PASSED, MARKS["not_run"]: _NOT_RUN}
    shown = "".join(signs.get(mark, _FAILED) for mark in execution.marks[:SQUARES])
    more = execution.total - min(SQUARES, len(execution.marks))
    return f"{shown} and {more:,} more" if shown and more > 0 else shown


def squares(execution: Execution) -> Html:
    """Return the tests as a row of small squares, which are read without colours too."""
    return Html(f'<span style="letter-spacing:0.1em">{esc(marks_text(execution))}</span>')


def execution_html(execution: Execution, program: str) -> str:
    """Return the parts of a sample's fold on its code. `program`: as it was taken out of the answer; may be empty."""
    parts = []
    if execution.game is not None:
        parts += [facts_html(execution.game), error_html(execution.game.error, program)]
    if execution.marks:
        reading = f"{_PASSED} passed, {_FAILED} failed, {_NOT_RUN} not run"
        parts.append(
            f"<p><strong>Tests:</strong> {tests_word(execution)} {squares(execution)} <small>{reading}</small></p>"
        )
    if execution.differs:
        parts.append(f"<p><strong>The official verdict differs:</strong> {esc(execution.differs)}</p>")
    if execution.first_failed is not None:
        parts.append(_failed_html(execution.first_failed))
    if program:
        parts.append(f"<details><summary>Code taken out of the answer</summary>{pre(program)}</details>")
    facts = _facts(execution)
    if facts:
        parts.append(f"<p><small>{esc(facts)}</small></p>")
    return "".join(parts)


def _failed_html(test: FailedTest) -> str:
    parts = [f"<p><strong>First that failed:</strong> test {test.number}, {_WORDS.get(test.status, test.status)}</p>"]
    for name, text in (("Input", test.input), ("Expected", test.expected), ("Got", test.got)):
        marked = text if name == "Input" else _line_marked(text, test.line)
        if text:
            parts.append(f"<div>{name}:</div>{pre(marked)}")
    if test.stderr.strip():
        parts.append(f"<div>Standard error, its end:</div>{pre(test.stderr)}")
    return "".join(parts)


def _line_marked(text: str, line: int | None) -> str:
    """Return a text with a sign before the line that differs; as it is if there is only one, or it is cut before it."""
    lines = text.strip("\n").split("\n")
    if line is None or len(lines) == 1 or line >= len(lines):
        return text
    return "\n".join(f"{_LINE if number == line else '  '}{each}" for number, each in enumerate(lines))


def _facts(execution: Execution) -> str:
    if not execution.sandbox:
        return ""
    what = "all plays" if execution.game is not None else "all tests"
    took = f"{what} took {duration(execution.seconds)}, {execution.cpu_seconds:.2f} s of CPU time"
    return f"{took}, at most {execution.peak_memory_mb:,.0f} MB, in {one_line(execution.sandbox, 80)}"


def execution_lines(execution: Execution, program: str) -> list[str]:
    """Return the same as lines of text, without times. Foreign text is still to be made visible by the caller."""
    if execution.game is not None:
        return [*game_lines(execution.game), *(["", "Code taken out of the answer:", program] if program else [])]
    lines = [f"Tests: {tests_word(execution)} {marks_text(execution)}".rstrip()]
    if execution.differs:
        lines.append(f"The official verdict differs: {execution.differs}")
    test = execution.first_failed
    if test is not None:
        lines.append(f"First that failed: test {test.number}, {_WORDS.get(test.status, test.status)}")
        for name, text in (("Input", test.input), ("Expected", test.expected), ("Got", test.got)):
            marked = text if name == "Input" else _line_marked(text, test.line)
            if text:
                lines += [f"{name}:", *(f"    {line}" for line in marked.rstrip("\n").split("\n"))]
        if test.stderr.strip():
            lines += ["Standard error, its end:", *(f"    {line}" for line in test.stderr.rstrip("\n").split("\n"))]
    if program:
        lines += ["", "Code taken out of the answer:", program]
    return lines
