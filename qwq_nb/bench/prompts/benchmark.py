"""Ask prompts of one's own, or those of the slate: the benchmarks `my_prompts` and `hands_on`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qwq_nb.bench.benchmark import loaded_benchmark
from qwq_nb.bench.data_options import refuse_options
from qwq_nb.bench.prompts.data import prompt_sample, read_prompts
from qwq_nb.bench.prompts.equality import best_match, stands_within, stated_value
from qwq_nb.bench.prompts.slate import PARTS, SLATE
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.core.records import AnswerKind, Verdict
from qwq_nb.errors import DataError

__all__ = ["HandsOn", "MyPrompts"]

_ASK_FOR_A_LINE: Final = "\n\nEnd your answer with a line that begins with “Answer:”."
_RULE: Final = (
    "Answers are compared with the references as they are, then without case, spaces and punctuation, then as "
    "mathematics; what a reader makes of them may differ: run.rule."
)


class MyPrompts:
    """Load a user's prompts; those with a reference are graded, the others await a ruling."""

    name = "my_prompts"
    kind: AnswerKind = "text"
    withheld = False

    def subsets(self) -> Sequence[str]:
        """Return `default`: other subsets are those that the rows name."""
        return ["default"]

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Return the prompts of `request.data`.

        Raises:
            DataError: there is no file, or a row has no text to ask; the message names the row.
            OptionError: an option of evalscope's benchmarks.
        """
        refuse_options(request)
        if request.data is None:
            raise DataError(
                "my_prompts asks prompts of your own: `%qwq_eval my_prompts --data prompts.jsonl`, or "
                "`evaluate('my_prompts', data=['…', '…'])`. A slate that comes with the package: `%qwq_eval hands_on`."
            )
        samples = read_prompts(request.data, self.name)
        graded = sum(bool(sample.gold) for sample in samples)
        notes = [_RULE] if graded else []
        return loaded_benchmark(self, request, samples, notes=notes)

    def grade(self, job: GradeJob) -> Verdict:
        """Return whether the answer is a reference, and by which rule; `no_reference` where there is none.

        Where the answer states something else, it is wrong; where it states nothing that can be compared, there is no
        answer, and it is said whether the reference stands in it.
        """
        references = [text for text in (job.sample.gold, *job.sample.targets) if text.strip()]
        if not references:
            return Verdict(status="no_reference", explanation="the prompt has no reference to grade against")
        answer = job.completion.answer
        match = best_match(answer, references)
        if match is not None:
            how = "letter by letter" if match.rule == "exact" else f"as {_WORDS[match.rule]}"
            said = f"the answer is the reference, {how}"
            return Verdict(correct=True, extracted=match.said, explanation=said, explained=True)
        return Verdict(
            correct=False,
            extracted=stated_value(answer),
            present=any(stands_within(text, answer) for text in references),
        )

    def equivalent(self, candidate: str, gold: str) -> bool | None:
        """Return whether two texts are the same by the rules of `grade`."""
        return best_match(candidate, [gold]) is not None


_WORDS: Final = {"normalised": "normalised text", "mathematical": "mathematics"}


class HandsOn(MyPrompts):
    """Load the slate of prompts that comes with the package, in parts: knowledge, logic, …"""

    name = "hands_on"

    def subsets(self) -> Sequence[str]:
        """Return the parts of the slate."""
        return list(PARTS)

    def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Return the slate.

        Raises:
            OptionError: an option of evalscope's benchmarks, or `--data`.
        """
        refuse_options(request)
        if request.data is not None:
            raise DataError("hands_on has prompts of its own: ask those of a file by my_prompts --data FILE.")
        samples = [
            prompt_sample(
                entry.prompt,
                entry.references,
                subset=part,
                source_id=f"{part}-{number}",
                asked=entry.prompt + _ASK_FOR_A_LINE if entry.references else "",
            )
            for part, entries in SLATE.items()
            for number, entry in enumerate(entries, 1)
        ]
        return loaded_benchmark(self, request, samples, notes=[_RULE], prompt_template="{question}" + _ASK_FOR_A_LINE)
