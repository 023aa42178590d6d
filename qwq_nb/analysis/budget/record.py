"""Define what is drawn of a budget curve: one panel a run and benchmark. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.budget.answers import Answer, answers_of
from qwq_nb.analysis.budget.curve import CurvePoint, ThinkingUse, curve_points, steps_of, thinking_use, widest_gap
from qwq_nb.analysis.budget.forced_curve import ForcedPoint
from qwq_nb.analysis.budget.forced_panel import ForcedPart
from qwq_nb.analysis.budget.native_points import NativePoint, native_notes
from qwq_nb.core.estimates import Estimate, share_estimate
from qwq_nb.core.records import SampleResult
from qwq_nb.trace.question_kinds import are_places_known, is_choice
from qwq_nb.view.wording import count, number, percent

__all__ = ["MEANING", "BudgetPanel", "budget_panel"]

MEANING: Final = (
    "Stated once is not the same as answered: a right answer may be left again, and a forced answer may be right "
    "before it is stated."
)
_MOST_STEPS: Final = 120
"""Points of a drawn curve."""


class BudgetPanel(msgspec.Struct, kw_only=True):
    """Hold one run's curve on one benchmark."""

    run: str
    model: str
    benchmark: str
    demo: bool = False
    run_dir: str = ""
    """The run's folder as records have it: relative to the notebook's where it lies below it."""
    answers: list[Answer]
    left_out: int = 0
    """Samples × repeats without an answer that counts: failed, or not asked yet."""
    choice: bool = False
    """The questions are multiple choice: S is a lower bound."""
    placed: bool = True
    """Whether it is known at all where right answers are stated: it is not of programs and free texts."""
    accuracy: Estimate
    points: list[CurvePoint]
    """At the budgets of the table."""
    steps: list[CurvePoint]
    """Where the drawn curves change."""
    use: ThinkingUse
    forced: ForcedPart | None = None
    """Of forced answers; None: none was ever asked."""
    native: list[NativePoint] = []
    """Whole runs with a budget of the server's own, by budget."""
    native_problems: list[str] = []

    @property
    def longest(self) -> int:
        """Return the tokens of the longest reasoning."""
        return self.points[-1].budget if self.points else 0

    @property
    def forced_points(self) -> dict[int, ForcedPoint]:
        """Return the points of forced answers by budget; none where there is no curve of them."""
        curve = self.forced.curve if self.forced is not None else None
        return {point.budget: point for point in curve.points} if curve is not None else {}

    def needed(self, answer: Answer) -> float | None:
        """Return the tokens that an answer needs; None where it has none, or it is not known."""
        curve = self.forced.curve if self.forced is not None else None
        return curve.needed.get(answer.key) if curve is not None else None

    @property
    def gap_sentence(self) -> str:
        """Return where most answers have stated the right answer and not yet given it; empty where none has."""
        widest = widest_gap(self.steps) if self.placed else None
        if widest is None:
            return ""
        least = "at least " if self.choice else ""
        stated, given = percent(widest.stands.value), percent(widest.ended_right.value)
        return f"By {number(widest.budget)} tokens {least}{stated} have stated the right answer, {given} have given it."

    @property
    def notes(self) -> list[str]:
        """Return what a reader must know beside the numbers, one sentence each."""
        use = self.use
        notes = []
        if not use.tokens:
            notes.append("No answer of this run has reasoning: all are given after 0 thinking tokens.")
        if not self.placed:
            notes.append(
                "Where a right answer is stated is not known of this benchmark's answers (programs, free texts): there "
                "is no curve of it."
            )
        elif self.choice:
            notes.append(
                "Multiple choice: “stated” is a lower bound, not validated, since a reasoning may settle on a choice "
                "without naming it. What depends on the place is left out."
            )
        if use.cut:
            notes.append(
                f"{count(use.cut, 'reasoning')} cut by a token limit: beyond their lengths it is not known what would "
                f"have come, and the curves can only be higher."
            )
        if use.unplaced and self.placed:
            notes.append(
                f"{count(use.unplaced, 'right answer')} whose place in the reasoning was not found: stated at its end."
            )
        if self.left_out:
            notes.append(f"{count(self.left_out, 'answer')} failed or not asked yet: left out.")
        notes += self.forced.notes if self.forced is not None else []
        return [*notes, *native_notes(self.native), *self.native_problems]


def budget_panel(
    results: Sequence[SampleResult],
    *,
    run: str,
    model: str,
    benchmark: str,
    demo: bool,
    run_dir: str,
    budgets: Sequence[int],
    forced: ForcedPart | None = None,
    native: Sequence[NativePoint] = (),
    native_problems: Sequence[str] = (),
) -> BudgetPanel:
    """Make the panel of one benchmark's results of a run."""
    answers = answers_of(results)
    choice = is_choice(results)
    placed = are_places_known(results)
    return BudgetPanel(
        run=run,
        model=model,
        benchmark=benchmark,
        demo=demo,
        run_dir=run_dir,
        answers=answers,
        left_out=len(results) - len(answers),
        choice=choice,
        placed=placed,
        accuracy=share_estimate([(a.id, a.right) for a in answers]),
        points=curve_points(answers, budgets),
        steps=curve_points(answers, steps_of(answers, _MOST_STEPS)),
        use=thinking_use(answers, choice=choice, placed=placed),
        forced=forced,
        native=list(native),
        native_problems=list(native_problems),
    )
