"""Find where a reasoning states the right answer as its answer, first and last; the tokens after it are reflection.

`find_correct` reads the values that the reasoning states (`candidates.py`), compares each with the gold answer
(`values.py`) and asks how it is stated (`statements.py`): as final, of what was asked, or as a mere result.

Mere results count only where the value can hardly stand there by chance. Where it can (an integer up to ±`SMALL`, one
or two characters, a value that the question itself contains) it must be final, said of what was asked or dwelt on, and
in a trace that gave another answer one of the first two. A mere result before it in the same sentence, or in the one
before if that only draws the conclusion ("x = 8/2 = 4. So x = 4.") or computes it again, is then taken along; not if it
is only an operand of it ("The cube root is 4. So the difference is 8 - 4 = 4"). If there is none and the
answer is known to be correct, the last mere result is taken: it did come out there. So "x = 2." in the middle of a
calculation is not the answer 2, and a number of the question is not its answer.

Source: EvalScope's guide "Evaluating the Thinking Efficiency of Models" asks for "the first position that can be
recognized as the correct answer" and lets a judge model find it; these rules stand in for the judge.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from qwq_nb.trace.candidates import Candidates, Statement
from qwq_nb.trace.findings import AnswerPositions, Span
from qwq_nb.trace.first_place import Evidence, first_sure
from qwq_nb.trace.question import EXTREMES, QuestionContent, content_of, stems
from qwq_nb.trace.statements import ASKED, DWELT_ON, NONE, THUS, WEAK, Teller, is_consequence
from qwq_nb.trace.suppositions import LOOK_BACK, SUPPOSED
from qwq_nb.trace.values import Gold, normal

__all__ = ["SMALL", "find_correct", "right_value"]


SMALL = 30
"""Up to here an integer stands in a calculation by chance."""

_ANGLES = (45, 60, 90, 180, 360)
"""Degrees that any calculation with angles has."""
_SAYS = re.compile(
    rf"{THUS.pattern}|\bclearly\b|\b(?:would|that|this|which) means?\b|\b(?:suggests|implies|facing|must be)\b", re.I
)
_SUBJECT = re.compile(
    r"[ *]{0,3}(?:is|was|=|≈|has|at|had)[ ~$]{1,3}(?:about |approximately |a |an )?\d|\s?[,(:]\s?\d|[ ]"
    r"(?:function|number|integer|term)s?\b"
)
_AT_END = re.compile(r"[ \\$)*}]{0,6}[.!]?\s{1,3}")
"""Behind a value that ends its sentence."""
_AGAIN = re.compile(
    r"\W{0,6}(?:actually|wait|hmm|check|let me (?:check|verify|confirm|recompute|see)|double-check)\b", re.I
)
"""A sentence that begins so computes again what the one before it did."""
_GREEK = {"\\theta": "θ", "\\phi": "φ", "\\rho": "ρ", "\\alpha": "α", "\\beta": "β"}
_ROOT = re.compile(r"√\(?(\w+)")
MOST_JUDGED = 5000
"""Positions of one trace that are looked at; beyond them only boxes."""
_EMPTY = re.compile(
    r"[\s\-—#*$✅🔹>=]*(?:(?:final|short)? ?answer|step \d+[^\n]{0,80}|conclusion|result|simplify)?[\s:*.#$\-—]*\Z",
    re.I,
)
"""A line or heading that says nothing."""


def find_correct(
    reasoning: str, answer: str, question: str, gold: str, *, correct: bool | None, equal: Callable[[str, str], bool]
) -> AnswerPositions:
    """Find the first and the last statement of the gold answer, and the one that was left for another answer.

    `left` is the last final statement, or one said of what was asked, of a trace that is not correct, if another value
    is given as final after it, in the reasoning or in the answer.
    """
    target = Gold(gold, equal)
    if not target.normal or not reasoning:
        return AnswerPositions()
    request = content_of(question)
    candidates = Candidates(
        reasoning,
        joined=target.joined,
        equation=target.equation,
        interval=target.interval,
        hallmark=target.hallmark,
        request=request,
    )
    teller = Teller(candidates, request)
    chance = by_chance(target, request)
    # One that was cut came to no other answer, although it is not correct.
    least = ASKED if correct is False and answer.strip() else DWELT_ON if chance else WEAK
    judged: dict[int, tuple[int, Span]] = {}
    read: dict[int, Statement | None] = {}
    of_parts: set[int] = set()

    is_right = right_value(target, request)

    def right(number: int) -> Statement | None:
        if number not in read:
            said = candidates.statement(number)
            looked_at = said is not None and (len(read) < MOST_JUDGED or said.kind == "box")
            read[number] = said if said and looked_at and is_right(said.text) else None
        return read[number]

    def judge(number: int) -> tuple[int, Span]:
        if number not in judged:
            said = right(number)
            strength = teller.strength_of(said) if said else NONE
            judged[number] = (strength, (said.start, said.end) if said else (0, 0))
            if said and strength == WEAK and teller.is_of_a_part(said):
                of_parts.add(number)
        return judged[number]

    if target.words:
        return _in_words(candidates, target)
    first = next((n for n in range(len(candidates)) if judge(n)[0] >= least), None)
    evidence = Evidence(candidates, request, teller, chance=chance)
    sure = first_sure(evidence, right, lambda number: judge(number)[0])
    first = first if sure is None else sure
    composed = _composed(reasoning, request, is_right)
    if composed and (first is None or composed < judge(first)[1]):
        return AnswerPositions(
            composed, composed if first is None else judge(_last(judge, candidates, least, first))[1]
        )
    if first is None and correct:
        least = WEAK  # it did come out: the last position then, with those before it
        first = next((n for n in range(len(candidates) - 1, -1, -1) if judge(n)[0] >= least), None)
    if first is None:
        return AnswerPositions()
    last = _last(judge, candidates, least, first)
    found = AnswerPositions(_taken_along(candidates, judge, first, chance, of_parts), judge(last)[1])
    if correct is not False:
        return found
    strong = next((n for n in range(last, -1, -1) if judge(n)[0] >= ASKED), None)
    if strong is None:
        return found
    left = judge(strong)[1]
    final = next(_finals(answer, target, 0, back=True), None)
    another = (final and not target.same(final.text)) or any(
        not target.same(said.text) for said in _finals(reasoning, target, left[1])
    )
    return found._replace(left=left if another else None)


def right_value(gold: Gold, request: QuestionContent) -> Callable[[str], bool]:
    """Return the function that tells whether a stated value is the right answer, and finished."""
    given = "" if request.contains(gold) else request.text

    def is_right(value: str) -> bool:
        if not gold.same(value):
            return False
        text = normal(value)
        # 3/20 in a question for a decimal is no answer to it, and neither is √117 where 3√13 is.
        return text == gold.normal or (
            not (given and len(text) > 2 and text in given) and _ROOT.findall(text) == _ROOT.findall(gold.normal)
        )

    return is_right


def _last(judge: Callable[[int], tuple[int, Span]], candidates: Candidates, least: int, first: int) -> int:
    return next((n for n in range(len(candidates) - 1, first, -1) if judge(n)[0] >= least), first)


def _composed(text: str, request: QuestionContent, is_right: Callable[[str], bool]) -> Span | None:
    """A tuple that the question names, put together of its parts: "p = 6, q = 31, r = -1" for (p, q, r)."""
    if not request.names:
        return None
    part = r"(?<![A-Za-z\\]){}[\s$]{{0,3}}(?:=|is|equals)[\s$]{{0,3}}([^,;=\n$]{{1,24}}?)[\s$\\)]{{0,4}}"
    names = [
        re.escape(name) if len(name) == 1 else rf"(?:\\)?{name.lstrip(chr(92))}|{_GREEK.get(name, name)}"
        for name in request.names
    ]
    parts = [part.format(f"(?:{name})") for name in names]
    together = re.compile(r"(?:,|;|and|, and)[\s$\\(]{0,4}(?:and )?".join(parts) + r"(?=[.,;:!?)\n]|\Z|so\b|then\b)")
    for match in together.finditer(text):
        lead = text[max(match.start() - 60, 0) : match.start()]
        if not SUPPOSED.search(re.split(r"[.\n]", lead)[-1]) and is_right(f"({', '.join(match.groups())})"):
            return match.span()
    return None


def by_chance(gold: Gold, request: QuestionContent) -> bool:
    """Return whether the value may well stand in a calculation without being its answer."""
    number = gold.number
    small = number is not None and number.denominator == 1 and (abs(number) <= SMALL or number in _ANGLES)
    return small or (number is None and len(gold.normal) <= 2) or request.contains(gold)


def _taken_along(
    candidates: Candidates, judge: Callable[[int], tuple[int, Span]], first: int, chance: bool, of_parts: set[int]
) -> Span:
    """The statement, or a mere result before it in its sentence, or in the one before that it is a conclusion from."""
    _, span = judge(first)
    for number in range(first - 1, max(first - 16, -1), -1):
        strength, before = judge(number)
        if strength and number not in of_parts and _belongs(candidates, before, span, chance):
            span = before
    return span


def _belongs(candidates: Candidates, before: Span, span: Span, chance: bool) -> bool:
    text, starts = candidates.text, candidates.sentences
    here, there = candidates.sentence(span[0]), candidates.sentence(before[0])
    while there < here - 1 and _EMPTY.match(text[starts[here - 1] : starts[here]]):
        here -= 1
    if there == here:
        return True
    # "The cube root is 4. So the difference is 8 minus 4, which is 4": an operand is no answer.
    lead = text[starts[here] : span[0]]
    value = text[before[0] : before[1]]
    if there == here - 1 and _is_operand(value, lead) and not _is_operand(value, text[starts[there] : before[0]], ""):
        return False
    if there == here - 1 and _AGAIN.match(text, starts[here]):
        return True
    # "So the minimum is 17" chooses among results: the one before it was not the answer yet.
    chooses = stems(text[starts[here] : span[0]]) & EXTREMES and not stems(text[starts[there] : before[0]]) & EXTREMES
    ends = "=" not in text[starts[here] : span[0]] and _AT_END.match(text, before[1]) is not None
    return there == here - 1 and not chooses and (not chance or ends or is_consequence(text, starts[here]))


def _is_operand(value: str, lead: str, also: str = "|and") -> bool:
    """Whether a calculation begins with the value, or goes on with it; `also`: words that join operands, too."""
    value = re.escape(value.strip("$ .\\"))
    sign = rf"(?:[-+*/×−]|minus|plus|times|divided by{also})"
    return bool(re.search(rf"(?<![\d.]){value}(?![\d.]|,\d) ?{sign}|{sign} ?{value}(?![\d.]|,\d)", lead))


def _finals(text: str, gold: Gold, begin: int, *, back: bool = False) -> Iterator[Statement]:
    """What is boxed or called the answer from an offset on."""
    candidates = Candidates(text[begin:], joined=gold.joined, equation=gold.equation)
    numbers = range(len(candidates))
    for number in reversed(numbers) if back else numbers:
        said = candidates.statement(number)
        if said and said.kind in ("box", "answer"):
            yield said


def _in_words(candidates: Candidates, gold: Gold) -> AnswerPositions:
    """A gold answer in words counts boxed, and in a sentence behind "answer" or "so", "therefore", "would mean" …

    Not as a mere subject ("So Evelyn's speed is 3.6").
    """
    spans = []
    reasoning, starts = candidates.text, candidates.sentences
    for match in re.finditer(rf"(?<!\w){re.escape(gold.words)}(?![\w:]|['’]s\b)", reasoning, re.I):
        sentence = starts[bisect_right(starts, match.start()) - 1]
        lead = reasoning[max(sentence, match.start() - LOOK_BACK) : match.start()]
        if re.search(r"\banswer\b|答案|\\boxed\{", lead, re.I) or (
            _SAYS.search(lead.rpartition(";")[2])
            and not SUPPOSED.search(lead)
            and not _SUBJECT.match(reasoning, match.end())
        ):
            spans.append(match.span())
    return AnswerPositions(spans[0], spans[-1]) if spans else AnswerPositions()
