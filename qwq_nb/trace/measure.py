"""How one completion thought: thoughts, first and last right answer, loops and language mixing in one `Analysis`.

Pure and linear in the length of the reasoning; the benchmark's equivalence is asked for few values (`values.py`).
What each part measures, and by which rules, stands in its module.
"""

from __future__ import annotations

from collections.abc import Callable

from qwq_nb.core.records import Analysis, AnswerKind
from qwq_nb.trace.answer_places import AnswerPlaces, find_correct
from qwq_nb.trace.choice_places import find_choice
from qwq_nb.trace.foreign_scripts import find_foreign
from qwq_nb.trace.loops import find_loop
from qwq_nb.trace.thoughts import switches

__all__ = ["VERSION", "measure"]

VERSION = 2
"""Of the rules: raised when they change, so that older analyses are measured anew."""


def measure(
    reasoning: str,
    answer: str,
    question: str,
    gold: str,
    *,
    kind: AnswerKind,
    choices: list[str],
    correct: bool | None,
    equal: Callable[[str, str], bool],
) -> Analysis:
    """Measure one completion. Offsets are characters of `reasoning`.

    `equal(candidate, gold)` is the benchmark's own equivalence, and asked last. `correct` is the verdict on the answer
    (None: not graded). Where the kind is `code` or `text` nobody can say where the right answer stands.
    """
    if not reasoning.strip():
        return Analysis(version=VERSION, chars=len(reasoning))
    turns = switches(reasoning)
    found = AnswerPlaces()
    if kind == "math":
        found = find_correct(reasoning, answer, question, gold, correct=correct, equal=equal)
    elif kind == "choice":
        found = find_choice(reasoning, answer, question, gold, choices, correct=correct)
    mixing = find_foreign(reasoning, question)
    return Analysis(
        version=VERSION,
        chars=len(reasoning),
        thoughts=len(turns) + 1,
        switches=turns,
        first_correct=found.first,
        last_correct=found.last,
        left=found.left,
        loop=find_loop(reasoning),
        foreign=mixing.spans,
        foreign_share=mixing.share,
        languages=mixing.names,
    )
