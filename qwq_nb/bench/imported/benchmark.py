"""Grade the answers of another tool's run that the tool has not scored, by the kind of answers that its problems have.

Nothing is loaded or asked by these classes: the problems are those of the run.
"""

from __future__ import annotations

from collections.abc import Sequence

from qwq_nb.bench.prompts.benchmark import MyPrompts
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.worker.stated_choice import choice_by_text, stated_letter
from qwq_nb.core.records import AnswerKind, Verdict
from qwq_nb.errors import OptionError

__all__ = ["ImportedChoice", "ImportedMath", "ImportedText"]


class ImportedText(MyPrompts):
    """Grade texts as `my_prompts` does: letter by letter, without case and punctuation, then as mathematics."""

    name = "imported_text"
    kind: AnswerKind = "text"

    def subsets(self) -> Sequence[str]:
        """Return `default`."""
        return ["default"]

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Raise OptionError: a run of another tool is opened, not asked."""
        raise OptionError("The run of another tool can be shown and analysed, not asked again.")


class ImportedMath(ImportedText):
    """Grade expressions, by the same rules."""

    name = "imported_math"
    kind: AnswerKind = "math"

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return None: math-verify compares."""
        return None


class ImportedChoice(ImportedText):
    """Grade letters: the one that the answer states, or that of the choice whose text it states."""

    name = "imported_choice"
    kind: AnswerKind = "choice"

    def grade(self, job: GradeJob) -> Verdict:
        """Return whether the letter is among the targets; without targets there is nothing to grade against."""
        targets = {target.strip().upper() for target in (job.sample.gold, *job.sample.targets) if target.strip()}
        if not targets:
            return Verdict(status="no_reference", explanation="the problem has no reference to grade against")
        text, choices = job.completion.answer, job.sample.choices
        letter = stated_letter(text, len(choices) or 26) or choice_by_text(text, choices)
        return Verdict(correct=bool(letter) and letter in targets, extracted=letter or "")

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return whether two letters are the same."""
        return candidate.strip().upper() == gold.strip().upper()
