"""Count what the turns of one exercise show: tries, malformed replies by role, edits, errors in code. Pure.

A turn is a `Step`. The numbers are those of aider's benchmark (`benchmark/benchmark.py`), with one difference: aider
counts malformed replies of the model that it was started with alone, so that in a pair it sees none of the editor's.
Here every role counts, and aider's own number stands beside it.

lazy_comments       lines of replies that are a comment with ` ... ` in it (after a `+` of a diff)
syntax_errors       lines of a failed test run's output that begin with `SyntaxError`; indentation_errors likewise
exhausted           replies that a limit of tokens cut: the context window, or the request's own
error_outputs       what aider prints as an error: malformed replies of every role, and exhausted ones
test_timeouts       test runs that ran out of time
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from qwq_nb.core.execution import Execution
from qwq_nb.core.records import Completion, SampleResult, Step

__all__ = ["ARCHITECT", "CODE_EDITING", "EDITOR", "SOLO", "TurnCounts", "edits_files", "turn_counts", "turns_of"]

CODE_EDITING: Final = "code_editing"
"""Name of the benchmark whose answers are edits of files."""

ARCHITECT: Final = "architect"
EDITOR: Final = "editor"
SOLO: Final = "solo"

_LAZY = re.compile(r"^\+? *#.* \.\.\. ", re.MULTILINE)


class TurnCounts(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the counts of one exercise × repeat."""

    tries: int = 1
    """The last try that was begun, from 1."""
    malformed: dict[str, int] = {}
    """Role → its replies whose format could not be read; roles that edit nothing are not in it."""
    edited: bool = False
    """Some reply changed a file."""
    lazy_comments: int = 0
    syntax_errors: int = 0
    indentation_errors: int = 0
    exhausted: int = 0
    test_timeouts: int = 0
    prompt_tokens: dict[str, int] = {}
    completion_tokens: dict[str, int] = {}
    """Both by role."""

    @property
    def num_malformed(self) -> int:
        """Return the malformed replies of all roles."""
        return sum(self.malformed.values())

    @property
    def malformed_by_aider(self) -> int:
        """Return the malformed replies that aider counts: those of every role but the editor's."""
        return sum(number for role, number in self.malformed.items() if role != EDITOR)

    @property
    def error_outputs(self) -> int:
        """Return the malformed and the exhausted replies of all roles."""
        return self.num_malformed + self.exhausted

    @property
    def no_edit(self) -> bool:
        """Return whether every reply could be read and none changed a file: no edit, which is not a malformed one."""
        return not self.edited and not self.num_malformed


def turns_of(result: SampleResult) -> list[Step]:
    """Return the turns of an answer, in order; of an answer of one request, that request as the turn of a model alone.

    Empty where there is no completion.
    """
    completion = result.completion
    if completion is None:
        return []
    return completion.steps or [Step(role=SOLO, endpoint=completion.endpoint, completion=completion)]


def edits_files(results: Iterable[SampleResult]) -> bool:
    """Return whether the answers are edits of files: of the benchmark `code_editing`, or with a turn that has one."""
    return any(
        result.sample.benchmark == CODE_EDITING or any(step.edit is not None for step in turns_of(result))
        for result in results
    )


def turn_counts(result: SampleResult) -> TurnCounts:
    """Count the turns of one answer."""
    steps = turns_of(result)
    malformed: dict[str, int] = {}
    prompts: dict[str, int] = {}
    tokens: dict[str, int] = {}
    for step in steps:
        prompts[step.role] = prompts.get(step.role, 0) + step.completion.prompt_tokens
        tokens[step.role] = tokens.get(step.role, 0) + step.completion.completion_tokens
        if step.edit is not None:
            malformed[step.role] = malformed.get(step.role, 0) + bool(step.edit.malformed)
    outputs = [_output(execution) for execution in _executions(steps, result) if execution.status != "passed"]
    return TurnCounts(
        tries=max((step.try_number for step in steps), default=1),
        malformed=malformed,
        edited=any(step.edit is not None and step.edit.files for step in steps),
        lazy_comments=sum(len(_LAZY.findall(step.completion.answer)) for step in steps),
        syntax_errors=sum(_lines_with("SyntaxError", output) for output in outputs),
        indentation_errors=sum(_lines_with("IndentationError", output) for output in outputs),
        exhausted=sum(_is_exhausted(step.completion) for step in steps),
        test_timeouts=sum(execution.status == "timeout" for execution in _executions(steps, result)),
        prompt_tokens=prompts,
        completion_tokens=tokens,
    )


def _executions(steps: Sequence[Step], result: SampleResult) -> list[Execution]:
    """The test runs, one a try: those of the turns, and of the last try the verdict's where its turns have none."""
    found = {step.try_number: step.execution for step in steps if step.execution is not None}
    last = max((step.try_number for step in steps), default=1)
    if last not in found and result.verdict is not None and result.verdict.execution is not None:
        found[last] = result.verdict.execution
    return [found[number] for number in sorted(found)]


def _output(execution: Execution) -> str:
    return execution.first_failed.stderr if execution.first_failed is not None else ""


def _lines_with(name: str, output: str) -> int:
    return sum(line.startswith(name) for line in output.splitlines())


def _is_exhausted(completion: Completion) -> bool:
    return completion.is_truncated or completion.cut_by_server
