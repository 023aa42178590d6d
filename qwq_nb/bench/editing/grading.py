"""Grade one answer to an exercise: the files that its replies left, and what its tests show of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from qwq_nb.bench.cache import cache_dir
from qwq_nb.bench.code.running import current_run
from qwq_nb.bench.code.tests import restored
from qwq_nb.bench.editing.exercises import FILES, HIDDEN
from qwq_nb.bench.editing.formats.reply import read_reply, unified_diff
from qwq_nb.bench.editing.replay import replayed
from qwq_nb.bench.editing.testing import run_tests
from qwq_nb.bench.protocol import GradeJob
from qwq_nb.core.code_reasons import NO_EDIT
from qwq_nb.core.edits import Edit
from qwq_nb.core.execution import Execution
from qwq_nb.core.records import Verdict

__all__ = ["edited_files", "grade_files"]

MALFORMED: Final = "malformed_edit"
"""The flag of an answer of which a reply could not be read in its format."""


class EditedFiles(NamedTuple):
    """Hold the files as an answer left them, and the edits that led there, in order."""

    before: dict[str, str]
    after: dict[str, str]
    edits: list[Edit]


def edited_files(job: GradeJob, format: str) -> EditedFiles:
    """Return the files after the edits of an answer's steps; without steps, after the answer, read in `format`."""
    before = {str(name): str(text) for name, text in job.sample.metadata.get(FILES, {}).items()}
    if not job.completion.steps:
        reply = read_reply(format, job.completion.answer, before)
        return EditedFiles(before, reply.files, [reply.edit])
    edits = [step.edit for step in job.completion.steps if step.edit is not None]
    return EditedFiles(before, replayed(before, job.completion.steps), edits)


def grade_files(job: GradeJob, format: str) -> Verdict:
    """Run the tests on the files that an answer left. Without `use_sandbox` nothing is run, and the verdict says so.

    Raises:
        DataError: the tests of the exercise are gone.
        ExecutionStopped: the grading was cancelled.
    """
    try:
        run = current_run()
    except RuntimeError as error:  # evalscope grades a run's answers anew, in a process of its own
        return Verdict(status="excluded", explanation=f"the tests were not run: {error}")
    tests: Mapping[str, str] = restored(cache_dir(), job.sample.metadata)[HIDDEN]
    edited = edited_files(job, format)
    execution = run_tests(run.run, edited.after, tests)
    diff = unified_diff(edited.before, edited.after)
    flags = _flags(edited)
    if execution.status == "not_run":
        why = f"the sandbox could not run the tests: {execution.fault}"
        return Verdict(status="excluded", extracted=diff, explanation=why, flags=flags, execution=execution)
    return Verdict(
        correct=execution.status == "passed",
        extracted=diff,
        explanation=_explanation(edited.edits, flags, execution),
        flags=flags,
        execution=execution,
    )


def _flags(edited: EditedFiles) -> list[str]:
    flags = [NO_EDIT] if edited.after == edited.before else []
    return [*flags, MALFORMED] if any(edit.malformed for edit in edited.edits) else flags


def _explanation(edits: Sequence[Edit], flags: Sequence[str], execution: Execution) -> str:
    """Return what is to be said beside the tests' result: that nothing was edited, or the last reply not understood."""
    tests = f"{execution.passed} of {execution.total} tests pass"
    if edits and edits[-1].malformed:
        return f"malformed edit: the last reply could not be read in the format {edits[-1].format}; {tests}"
    return f"no edit: no file was changed; {tests}" if NO_EDIT in flags else ""
