"""Make the forced part of a panel from the rows that a run's directory holds: the curve, or why there is none. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.budget.answers import Answer
from qwq_nb.analysis.budget.forced_curve import LEAST_AGREEMENT, Claim, ForcedCurve, forced_curve
from qwq_nb.analysis.budget.forced_plan import Plan
from qwq_nb.analysis.budget.forced_rows import Forced, ForcedRow
from qwq_nb.core.records import SampleResult
from qwq_nb.evaluation.continuing.suffixes import Suffix
from qwq_nb.view.clean import one_line
from qwq_nb.view.wording import count, number, percent

__all__ = ["Disagreement", "ForcedPart", "forced_part"]

LEAST_PROVED: Final = 0.9
"""Of the forced answers: with fewer that are proved, those that are left are no fair part of all."""
_SHOWN: Final = 5
"""Disagreements that a note lists."""


class Disagreement(msgspec.Struct, kw_only=True, frozen=True):
    """Hold an answer that forcing changed, although the whole reasoning stood before it."""

    id: str
    repeat: int
    given: str
    forced: str


class ForcedPart(msgspec.Struct, kw_only=True):
    """Hold what is known of forced answers on one benchmark of a run."""

    curve: ForcedCurve | None
    """None: `reasons` say why it is not drawn."""
    reasons: list[str]
    notes: list[str]
    checked: int
    """Forced answers after a whole reasoning, beside a given one."""
    agreed: int
    disagreements: list[Disagreement]
    asked: int
    """Forced answers that there are."""
    missing: int
    """Those that are planned, and neither there nor shown to be impossible."""

    @property
    def sentences(self) -> list[str]:
        """Return what is concluded, or why nothing is."""
        if self.curve is None:
            return [f"No curve of forced answers: {'; '.join(self.reasons)}."]
        claim, curve = self.curve.claim, self.curve
        if claim is None:
            return [
                f"How little thinking would do is not shown: no paired interval lies above −{curve.margin:g} points, "
                f"nor above −10. More answers would show it."
            ]
        return [_claim_sentence(claim, curve.margin)]


def forced_part(
    results: Sequence[SampleResult],
    answers: Sequence[Answer],
    plan: Plan,
    forced: Forced,
    suffix: Suffix,
    budgets: Sequence[int],
    margin: float,
) -> ForcedPart | None:
    """Make the part; None where no answer was ever forced."""
    given = {(r.sample.id, r.repeat): r for r in results}
    cells: dict[tuple[str, int], dict[int, bool]] = {}
    whole: list[tuple[ForcedRow, SampleResult]] = []
    every: list[ForcedRow] = []
    asked = missing = unproved = failed = 0
    for sample in plan.samples:
        key = sample.result.sample.id, sample.result.repeat
        rows = [(unit, forced.of(sample, unit, suffix)) for unit in sample.units]
        missing += sum(row is None for _, row in rows)
        found = [(unit, row) for unit, row in rows if row is not None]
        every += [row for _, row in found]
        asked += sum(row.outcome != "failed" for _, row in found)
        unproved += sum(row.outcome == "unproved" for _, row in found)
        failed += sum(row.outcome == "failed" for _, row in found)
        whole += [(row, given[key]) for unit, row in found if unit.whole and row.outcome == "asked"]
        if len(found) == len(rows):  # an answer of which a budget is not asked yet takes no part
            cells[key] = {u.budget: bool(row.right) for u, row in found if not u.whole and row.outcome == "asked"}
    if not asked and not failed:
        return None
    pairs = [pair for pair in whole if _is_comparable(pair[1])]
    differing = [_disagreement(row, result) for row, result in pairs if not _agrees(row, result)]
    reasons = _reasons(len(pairs), differing, asked, unproved, bool(cells))
    notes = (
        [f"{count(missing, 'forced answer')} not asked yet: the answers they belong to are left out."]
        if missing
        else []
    )
    if tokens := sum(row.prompt for row in every):
        cached = sum(row.cached for row in every)
        told = (
            f"{percent(cached / tokens)} of them from its prefix cache"
            if cached
            else "none of them from a prefix cache"
        )
        notes.append(f"The server counted {number(tokens)} prompt tokens for forced answers, {told}.")
    if unproved:
        notes.append(f"{count(unproved, 'forced answer')} without proof that the thought arrived: not counted.")
    if failed:
        notes.append(f"{count(failed, 'forced answer')} failed: not counted; the next call asks again.")
    if plan.uncounted:
        notes.append(f"{count(plan.uncounted, 'answer')} without a count of the prompt's tokens: left out.")
    return ForcedPart(
        curve=None if reasons else forced_curve(answers, cells, budgets, margin),
        reasons=reasons,
        notes=notes,
        checked=len(pairs),
        agreed=len(pairs) - len(differing),
        disagreements=differing,
        asked=asked,
        missing=missing,
    )


def _reasons(checked: int, differing: Sequence[Disagreement], asked: int, unproved: int, complete: bool) -> list[str]:
    reasons = []
    if unproved > (1 - LEAST_PROVED) * asked:
        reasons.append(
            f"of {count(asked, 'forced answer')} {unproved:,} have a prompt whose token count does not show that the "
            f"thought arrived"
        )
    if not checked:
        reasons.append("no forced answer after a whole reasoning stands beside a given one, so forcing is not checked")
    elif 1 - len(differing) / checked < LEAST_AGREEMENT:
        pairs = ", ".join(
            f"{one_line(d.id, 60)} ({one_line(d.given, 30)!r}, forced {one_line(d.forced, 30)!r})"
            for d in differing[:_SHOWN]
        )
        reasons.append(
            f"after the whole reasoning the forced answer is the given one in {percent(1 - len(differing) / checked)} "
            f"of {checked:,}, and {percent(LEAST_AGREEMENT)} are wanted: {pairs}"
            + (" …" if len(differing) > _SHOWN else "")
        )
    if not complete and not reasons:
        reasons.append("no answer has been asked at all budgets yet")
    return reasons


def _is_comparable(result: SampleResult) -> bool:
    """Return whether there is a given answer to compare with."""
    verdict = result.verdict
    return result.outcome == "correct" or (verdict is not None and bool(verdict.extracted.strip()))


def _agrees(row: ForcedRow, result: SampleResult) -> bool:
    if row.right or result.outcome == "correct":
        return bool(row.right) and result.outcome == "correct"
    given = result.verdict.extracted if result.verdict is not None else ""
    return "".join(row.extracted.split()) == "".join(given.split())


def _disagreement(row: ForcedRow, result: SampleResult) -> Disagreement:
    given = result.verdict.extracted if result.verdict is not None else ""
    return Disagreement(id=row.sample, repeat=row.repeat, given=given, forced=row.extracted)


def _claim_sentence(claim: Claim, margin: float) -> str:
    shown = f"Within {claim.margin:g} points of the full accuracy from {number(claim.budget)} thinking tokens on: "
    shown += f"{percent(claim.share_of_tokens)} of the tokens."
    if claim.is_asked_margin:
        return shown
    return f"{shown} Within {margin:g} points nothing is shown; {claim.margin:g} is the smallest margin that is."
