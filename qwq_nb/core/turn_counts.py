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

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from qwq_nb.core.compressed import packed_steps, steps_of
from qwq_nb.core.execution import Execution
from qwq_nb.core.records import Completion, SampleResult, Step

__all__ = [
    "ARCHITECT",
    "CODE_EDITING",
    "EDITOR",
    "SOLO",
    "TurnCounts",
    "counts_of",
    "editor_tokens",
    "edits_files",
    "turn_counts",
    "turns_of",
]

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
    formats: list[str] = []
    """The formats that replies were read as."""
    editor_model: str = ""
    """The model that edits for another, as its server gave it, or its endpoint's name; empty: there is none."""
    lazy_comments: int = 0
    syntax_errors: int = 0
    indentation_errors: int = 0
    exhausted: int = 0
    test_timeouts: int = 0
    tested_tries: list[int] = []
    """The tries after which tests were run."""
    prompt_tokens: dict[str, int] = {}
    """By role."""
    completion_tokens: dict[str, int] = {}
    """By role."""

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
        """Return whether no reply changed a file: prose, a file as it was, nothing, or none that can be read."""
        return not self.edited


def turns_of(result: SampleResult) -> list[Step]:
    """Return the turns of an answer, in order; of an answer of one request, that request as the turn of a model alone.

    Empty where there is no completion.
    """
    completion = result.completion
    if completion is None:
        return []
    return completion.steps or [Step(role=SOLO, endpoint=completion.endpoint, completion=completion)]


def edits_files(results: Iterable[SampleResult]) -> bool:
    """Return whether the answers are edits of files: those of `code_editing`, or of a solver whose turns are edits.

    Of other benchmarks' answers the first that took several requests decides.
    """
    for result in results:
        if result.sample.benchmark == CODE_EDITING:
            return True
        if result.completion is not None and (steps := result.completion.steps):
            return any(step.edit is not None for step in steps)
    return False


def editor_tokens(completion: Completion) -> tuple[int, int]:
    """Return the tokens of an editor's prompts, and those that it wrote; of an answer without an editor (0, 0)."""
    packed = packed_steps(completion)
    if not (packed or completion.steps):
        return 0, 0
    counts = _counts_of_packed(packed) if packed else counts_of(completion.steps)
    return counts.prompt_tokens.get(EDITOR, 0), counts.completion_tokens.get(EDITOR, 0)


def turn_counts(result: SampleResult) -> TurnCounts:
    """Count the turns of one answer."""
    packed = packed_steps(result.completion) if result.completion is not None else b""
    counts = _counts_of_packed(packed) if packed else counts_of(turns_of(result))
    execution = result.verdict.execution if result.verdict is not None else None
    if execution is None or counts.tries in counts.tested_tries:
        return counts
    # The tests after the last try are the grader's, unless the solver ran them itself.
    syntax, indentation = _errors_in(execution)
    return msgspec.structs.replace(
        counts,
        syntax_errors=counts.syntax_errors + syntax,
        indentation_errors=counts.indentation_errors + indentation,
        test_timeouts=counts.test_timeouts + (execution.status == "timeout"),
    )


@functools.lru_cache(maxsize=1_024)
def _counts_of_packed(packed: bytes) -> TurnCounts:
    """Counted once: a board is drawn four times a second while its run goes on."""
    return counts_of(steps_of(packed))


def counts_of(steps: Sequence[Step]) -> TurnCounts:
    """Count turns; of the tests those that were run between them."""
    malformed: dict[str, int] = {}
    prompts: Counter[str] = Counter()
    written: Counter[str] = Counter()
    for step in steps:
        prompts[step.role] += step.completion.prompt_tokens
        written[step.role] += step.completion.completion_tokens
        if step.edit is not None:
            malformed[step.role] = malformed.get(step.role, 0) + bool(step.edit.malformed)
    # One run of the tests a try; of several (after a crash they are run again) the last.
    runs = {step.try_number: step.execution for step in steps if step.execution is not None}
    errors = [_errors_in(run) for run in runs.values()]
    return TurnCounts(
        tries=max((step.try_number for step in steps), default=1),
        malformed=malformed,
        edited=any(step.edit is not None and step.edit.files for step in steps),
        formats=list(dict.fromkeys(step.edit.format for step in steps if step.edit is not None)),
        editor_model=next((step.completion.model or step.endpoint for step in steps if step.role == EDITOR), ""),
        lazy_comments=sum(len(_LAZY.findall(step.completion.answer)) for step in steps),
        syntax_errors=sum(syntax for syntax, _ in errors),
        indentation_errors=sum(indentation for _, indentation in errors),
        exhausted=sum(step.completion.is_truncated or step.completion.cut_by_server for step in steps),
        test_timeouts=sum(run.status == "timeout" for run in runs.values()),
        tested_tries=sorted(runs),
        prompt_tokens=dict(prompts),
        completion_tokens=dict(written),
    )


def _errors_in(execution: Execution) -> tuple[int, int]:
    """Count the lines of a failed run's output that begin with `SyntaxError`, and with `IndentationError`."""
    if execution.status == "passed" or execution.first_failed is None:
        return 0, 0
    lines = execution.first_failed.stderr.splitlines()
    return _begin(lines, "SyntaxError"), _begin(lines, "IndentationError")


def _begin(lines: Iterable[str], word: str) -> int:
    return sum(line.startswith(word) for line in lines)
