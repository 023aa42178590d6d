"""Find every statement of a candidate answer on the way, right or wrong: "204 → 204 → 60".

A candidate is a value that could be the answer (a number where the gold answer is one) and is stated as final or of
what was asked (`statements.py`); of a choice, its label or its text. A value of the question's own is one only where it
is stated as final. The first statement of the right answer belongs to them, even where it is a mere result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from qwq_nb.trace.answer_places import right_value
from qwq_nb.trace.candidates import Candidates
from qwq_nb.trace.choice_places import label_statements
from qwq_nb.trace.choice_texts import choice_statements
from qwq_nb.trace.findings import CandidateSpan, Span
from qwq_nb.trace.question import content_of
from qwq_nb.trace.statements import ASKED, FINAL, Teller
from qwq_nb.trace.values import Gold, normal, rational

__all__ = ["choice_candidates", "value_candidates"]

MOST = 200
"""Statements of one trace that are kept: the first and the last half of them where there are more."""


def value_candidates(
    reasoning: str, question: str, gold: str, *, first: Span | None, equal: Callable[[str, str], bool]
) -> list[CandidateSpan]:
    """Return the statements of values, in order; without a gold answer it is not known which are right.

    `first`: where the right answer is first stated (`answer_places.find_correct`).
    """
    target = Gold(gold, equal) if gold.strip() else None
    request = content_of(question)
    candidates = Candidates(
        reasoning,
        joined=bool(target and target.joined),
        equation=bool(target and target.equation),
        interval=bool(target and target.interval),
        request=request,
    )
    teller = Teller(candidates, request)
    is_right = right_value(target, request) if target else None
    numbers: dict[str, bool] = {}

    def is_number(value: str) -> bool:
        if value not in numbers:
            number = rational(normal(value))
            numbers[value] = number is not None and (number not in request.numbers)
        return numbers[value]

    found: list[CandidateSpan] = []
    for number in range(len(candidates)):
        said = candidates.statement(number)
        if said is None:
            continue
        right = bool(is_right and is_right(said.text))
        final = said.kind in ("box", "answer")
        if final and target is not None and target.number is not None and rational(normal(said.text)) is None:
            continue
        is_of_its_kind = is_number(said.text) or (target is not None and target.number is None)
        if not (final or right or is_of_its_kind):
            continue
        strength = teller.strength_of(said)
        if right:
            stated = strength >= ASKED
        elif is_of_its_kind:
            stated = teller.is_firm(said, strength)
        else:
            stated = strength == FINAL
        if stated:
            found.append((said.start, said.end, right if is_right else None))
    return _kept(found, first)


def choice_candidates(
    reasoning: str, question: str, gold: str, choices: list[str], *, first: Span | None
) -> list[CandidateSpan]:
    """Return the statements of choices, by label or by text, in order."""
    label = gold.strip().strip("().").upper()
    found: list[CandidateSpan] = [
        (*span, said == label if label else None) for said, span in label_statements(reasoning, label or "A")
    ]
    labels = "123456789" if label.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for number in range(min(len(choices), len(labels))):
        right = labels[number] == label if label else None
        found += [(*span, right) for span in choice_statements(reasoning, question, choices, number)]
    return _kept(found, first)


def _kept(found: Iterable[CandidateSpan], first: Span | None) -> list[CandidateSpan]:
    """In order, the first right one among them, of overlapping ones the inner, and not too many."""
    kept = list(_apart(sorted([*found, *([(*first, True)] if first else [])], key=lambda c: (c[0], -c[1]))))
    half = MOST // 2
    return kept if len(kept) <= MOST else [*kept[:half], *kept[-half:]]


def _apart(found: list[CandidateSpan]) -> Iterator[CandidateSpan]:
    last: CandidateSpan | None = None
    for candidate in found:
        if last is not None and candidate[0] >= last[1]:
            yield last
        if last is None or candidate[0] >= last[1] or (candidate[1] <= last[1] and candidate[2] == last[2]):
            last = candidate
    if last is not None:
        yield last
