"""Weigh the evidence that a right value, at a place, is stated as the answer for the first time.

The rules of `statements.py` read how a value is stated; what stands around it tells as much: whether the trace stops
and checks behind it, goes on calculating with it, has it as one of several, calls it the answer at once. `WEIGHTS` are
those of a logistic regression on the places up to the one that a reader took, in 640 traces labelled by hand
(`tests/trace/fit_first_place.py`). The place chosen is the first whose chance is one half, if it is at least `SURE`; of
a less sure one the rules decide, and never is it one that is supposed, one of several or of something else.

Why both. Weights alone find .95 of the places of a set of labels that they were not fitted to (606 of 640), and those
that are surely the first are right in .99 (547 of 554). The rules, changed by what each set showed, find .96 of those
they have seen, but .90 of the next, and so do both together. Of 49 traces drawn because the two differ, rules are right
in 26, weights in 23, and weights where they are sure, else rules, in 31.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import exp, log1p
from typing import Final

from qwq_nb.trace.candidates import Candidates, Statement
from qwq_nb.trace.question import EXTREMES, QuestionContent, stems
from qwq_nb.trace.statements import ASKED, DWELT_ON, FINAL, NONE, Teller
from qwq_nb.trace.suppositions import LOOK_BACK

__all__ = ["SOON", "SURE", "WEIGHTS", "Evidence", "chance_of", "first_sure"]

SURE: Final = 0.8
"""Below this chance the rules decide."""

WEIGHTS: Final[dict[str, float]] = {
    "always": 0.82,
    "final": 1.48,
    "asked": 2.26,
    "dwelt on": 1.93,
    "one of several": -1.74,
    "supposed": -0.68,
    "then checked": 1.32,
    "then calculated with": -1.0,
    "final soon": 1.52,
    "left side": 1.15,
    "left side, small number": -1.23,
    "consequence": 0.58,
    "condition": -0.43,
    "denial": -0.92,
    "no extreme": -0.78,
    "length of sentence": -1.35,
    "rank": -1.33,
}

_CHECKS = re.compile(
    r"[\s$\\)*}.]{0,8}(?:[A-Za-z²³°%]+[ *]{0,2}){0,3}[.?!,]?[\s$\\)*}\]]{0,8}"
    r"(?:But|However|Wait|Hmm|Let me|Let's|Double|To be sure|Is (?:that|this|it)|That (?:seems|makes)|Check|So,? is"
    r"|Hold on|wait|Yes|Right|right\?|Alternatively)"
)
_CONDITION = re.compile(
    r"\b(?:if|suppose|let|when|case|try|assume|say|for|at|with|unless|whether|could|maybe|perhaps|set|setting|using|test)\b",
    re.I,
)
_CONCLUDES = re.compile(r"\W{0,6}(?:So|Thus|Therefore|Hence|Then|That|This|It|Which|Finally|The (?:final )?answer)\b")
_DENIES = re.compile(r"\bnot\b|n['’]t\b|\bno\b|contradict|impossible|wrong|too (?:large|small|big)", re.I)
_LEFT_SIDE = re.compile(r"[A-Za-z\\][^=,;:.\n]{0,24}?\s?=\s?[^,;\n]{0,120}\Z")
_END = re.compile(r"[.!?](?=\s|\Z)|\n|\Z")
_OPERATOR_BEHIND = re.compile(r"(?![\d]|[.,]\d)[$)\s]{0,2}(?:[-+*/×·^−]|\\cdot|\\times|minus\b|plus\b|times\b|divided)")
_OPERATOR_BEFORE = re.compile(r"(?:[-+*/×·−]|\\cdot|\\times|\bminus|\bplus|\btimes)[$(\s]{0,2}\Z")
_NO_OPERAND = re.compile(r"[\d]|[.,]\d|\s?=")
_IN_NUMBER = frozenset("0123456789.,")
_NEXT = 170
"""Characters behind a value in which it may be calculated with."""
SOON = 300
"""Characters behind a value in which it may be called the answer."""


class Evidence:
    """Tell what speaks for and against the places of one trace."""

    def __init__(self, candidates: Candidates, request: QuestionContent, teller: Teller, *, chance: bool) -> None:
        """`chance`: the value may well stand in a calculation by chance (`answer_places.by_chance`)."""
        self.candidates = candidates
        self.request = request
        self.teller = teller
        self.chance = chance

    def of(self, said: Statement, strength: int, rank: int, *, final_soon: bool) -> dict[str, float]:
        """Return the evidence by its names in `WEIGHTS`.

        `rank`: how many right values stand before it; `final_soon`: one is boxed or called the answer just behind it.
        """
        text = self.candidates.text
        found = _END.search(text, said.end)
        end = found.end() if found else len(text)
        lead, tail = text[max(said.sentence, said.start - LOOK_BACK) : said.start], text[said.end : end]
        another = self.teller.is_of_another(said)
        side = _LEFT_SIDE.search(text[max(said.sentence, said.start - 140) : said.start]) is not None
        extreme = self.request.words & EXTREMES and not stems(f"{lead} {tail}") & EXTREMES
        return {
            "final": strength == FINAL,
            "asked": strength == ASKED,
            "dwelt on": strength == DWELT_ON,
            "one of several": another,
            "supposed": strength == NONE and not another,
            "then checked": _CHECKS.match(text, said.end) is not None,
            "then calculated with": self._is_operand(said),
            "final soon": final_soon,
            "left side": side,
            "left side, small number": side and self.chance,
            "consequence": _CONCLUDES.match(text, said.sentence) is not None,
            "condition": _CONDITION.search(lead) is not None,
            "denial": _DENIES.search(lead + tail) is not None,
            "no extreme": bool(extreme),
            "length of sentence": min((end - said.sentence) / 200, 2),
            "rank": log1p(rank),
        }

    def forbids(self, said: Statement, found: dict[str, float]) -> bool:
        """Return whether a place is none whatever else speaks for it: `found` is its evidence."""
        if found["one of several"] or found["supposed"] or self.teller.counts_other_things(said):
            return True
        return self.chance and said.kind not in ("box", "answer") and self.teller.is_of_another_name(said)

    def _is_operand(self, said: Statement) -> bool:
        """Whether the value stands beside a sign of calculation soon behind its place."""
        text, value, limit = self.candidates.text, said.text.strip("$ .\\*"), said.end + _NEXT
        at = text.find(value, said.end, limit) if value else -1
        while at >= 0:
            end = at + len(value)
            if text[at - 1] not in _IN_NUMBER and _OPERATOR_BEHIND.match(text, end, limit):
                return True
            if not _NO_OPERAND.match(text, end, limit) and _OPERATOR_BEFORE.search(text, max(at - 9, said.end), at):
                return True
            at = text.find(value, end, limit)
        return False


def chance_of(evidence: dict[str, float]) -> float:
    """Return the chance that the place is the first, where no earlier one is."""
    return 1 / (1 + exp(-WEIGHTS["always"] - sum(WEIGHTS[name] * value for name, value in evidence.items())))


def first_sure(
    evidence: Evidence, right: Callable[[int], Statement | None], strength: Callable[[int], int]
) -> int | None:
    """Return the number of the statement that is surely the first of the right value; None where none surely is.

    `right` tells what is stated at a position, if it is right; `strength` how.
    """
    candidates, rank = evidence.candidates, 0
    for number in range(len(candidates)):
        said = right(number)
        if said is None:
            continue
        soon = any(right(final) for final in candidates.finals(number + 1, said.end + SOON))
        found = evidence.of(said, strength(number), rank, final_soon=soon)
        chance = chance_of(found)
        if chance >= 0.5:
            return number if chance >= SURE and not evidence.forbids(said, found) else None
        rank += 1
    return None
