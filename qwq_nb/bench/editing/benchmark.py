"""Grade edited exercises by their tests: the benchmark `code_editing`.

The exercises are Exercism's, or in its form; the protocol is aider's (aider.chat/docs/benchmarks.html, 2023), whose
tests decide whether an exercise is solved. What a model is asked on the way is the solver's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.bench.benchmark import loaded_benchmark
from qwq_nb.bench.editing.formats.reply import EDIT_FORMATS
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.core.records import AnswerKind, Verdict
from qwq_nb.errors import OptionError

__all__ = ["CodeEditing"]

_FORMAT: Final = "edit_format"
"""Key of `dataset_args` for answers without steps, such as those of another solver."""
_BUILT_IN: Final = (
    "The exercises are the {count} that come with qwq_nb, of Exercism's Python track (MIT licence). Scores on them "
    "are not comparable with aider's, which are of 133: give those by --data."
)


class CodeEditing:
    """Load exercises, built-in ones or a file's or folder's, and run their tests on the files as they were edited."""

    name = "code_editing"
    kind: AnswerKind = "code"
    withheld = False

    def subsets(self) -> Sequence[str]:
        """Return the only subset."""
        return ["default"]

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Return the exercises of `request.data`, or the built-in ones. Their tests are written to the prompt cache.

        Raises:
            DataError: there are none, or one lacks something; the message says which and what.
            OptionError: an option that says how evalscope's benchmarks are prepared.
        """
        from qwq_nb.bench.cache import cache_dir
        from qwq_nb.bench.editing.exercises import exercise_sample, read_exercises
        from qwq_nb.bench.editing.testing import SECONDS
        from qwq_nb.bench.editing.untouched import passing_untouched, untouched_note
        from qwq_nb.demo import PROBLEMS

        _check_options(request)
        built_in = PROBLEMS[self.name]
        exercises = read_exercises(request.data or str(built_in), self.name)
        notes = [] if request.data else [_BUILT_IN.format(count=len(exercises))]
        untouched = passing_untouched(exercises)
        notes += [note for note in [untouched_note(untouched)] if note]
        samples = [exercise_sample(exercise, cache_dir(), untouched) for exercise in exercises]
        loaded = loaded_benchmark(self, request, samples, notes=notes)
        return msgspec.structs.replace(loaded, facts=msgspec.structs.replace(loaded.facts, seconds_per_test=SECONDS))

    def grade(self, job: GradeJob) -> Verdict:
        """Return the verdict on the files that the steps of an answer left, by the exercise's tests in the sandbox.

        Where the sandbox failed, or there is none, as where evalscope grades a run's answers anew by itself, nothing
        is known of the answer: it is not gradable.

        Raises:
            DataError: the tests of the exercise are gone.
            ExecutionStopped: the grading was cancelled.
        """
        from qwq_nb.bench.editing.grading import grade_files

        return grade_files(job, _format_of(job))

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return None: programs are compared by their tests."""
        return None


def _check_options(request: LoadRequest) -> None:
    if request.few_shot is not None:
        raise OptionError("--few-shot is for evalscope's benchmarks; code_editing does not take it.")
    if request.preset:
        raise OptionError("--preset is for evalscope's benchmarks; code_editing does not take it.")
    for name, value in request.dataset_args.items():
        if name != _FORMAT:
            raise OptionError(f"code_editing knows no {name!r} in --dataset-args.")
        if value not in EDIT_FORMATS:
            raise OptionError(f"{value!r} is no edit format: use {', '.join(EDIT_FORMATS)}.")


def _format_of(job: GradeJob) -> str:
    return str(job.request.dataset_args.get(_FORMAT, EDIT_FORMATS[0]))
