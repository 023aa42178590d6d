"""Find where a reasoning states the right answer as its answer, first and last; the tokens after it are reflection.

`find_correct` reads the values that the reasoning states (`candidates.py`), compares each with the gold answer
(`values.py`) and asks how it is stated:

- *final*: boxed, or after "answer is" and its like (not behind "if" or "whether");
- *said of what was asked*: an equation for a formula that the question asks for (`m+n = 371` where it says "Find
  $m+n$"), or a sentence that has words of the request ("So the remainder is 12": one behind "so", "therefore", … or
  two without);
- *weak*: any other result ("= 371.", "this gives 371").

A value behind "if", "let", "suppose", "when", "for", "try" … in its clause is supposed, one behind "not" denied, and
one before "which is not …" rejected: none of them counts. Weak ones count only where the value can hardly stand there
by chance. Where it can (an integer up to ±`SMALL`, one or two characters, a value that the question itself contains),
and in a trace that gave another answer, it must be final or said of what was asked; a weak one before it in the same
sentence (or, where chance is unlikely, in the one before) is then taken along. If there is none and the answer is known
to be correct, the last weak one is taken: it did come out there. So "x = 2." in the middle of a calculation is not the
answer 2, and a number of the question is not its answer.

Source: EvalScope's guide "Evaluating the Thinking Efficiency of Models" asks for "the first position that can be
recognized as the correct answer" and lets a judge model find it; these rules stand in for the judge.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from qwq_nb.trace.candidates import Candidates, Statement
from qwq_nb.trace.findings import AnswerPositions, Span
from qwq_nb.trace.values import Gold, normal, rational

__all__ = ["SMALL", "find_correct"]


SMALL = 30
"""Up to here an integer stands in a calculation by chance."""

FINAL, ASKED, WEAK, NONE = 3, 2, 1, 0

_LOOK_BACK = 250
"""Characters before a value in which its sentence is read."""

_SUPPOSED = re.compile(
    r"\b(?:if|when|let(?!['’]?s\b| me\b| us\b)|suppose|supposing|assume|assuming|where|case|try|trying|setting"
    r"|take|taking|say|unless|whether)\b|\b(?:for|with|at) (?:example|instance|[$\\]|[A-Za-z]\b)"
    r"|不妨设|[设令若当]|如果|假设",
    re.I,
)
_HYPOTHESIS = re.compile(r"\b(?:if (?:we|I|you) (?:assume|suppose|take|let|try)|suppose)\b|如果假设", re.I)
"""What follows from a mere try, behind a comma too; "assuming independence, …" is none."""
_WHETHER = re.compile(r"\b(?:if|whether|suppose|unless|assuming)\b|如果|假设", re.I)
_DENIED = re.compile(
    r"(?:\bnot\b|n['’]t\b|\bno longer\b|\bcannot\b|\binstead of\b|\brather than\b|不)[^,.;]{0,12}$", re.I
)
_REJECTED = re.compile(
    r"[\s$)]{0,3},? ?(?:which|but (?:that|this|it)) (?:is|does|was|would be|can)(?:n['’]t| not| no| too| wrong)\b", re.I
)
_THUS = re.compile(r"\b(?:so|thus|therefore|hence|total|altogether|then|finally|indeed)\b|所以|因此|故|一共|总共", re.I)
_REQUEST = re.compile(
    r"\b(?:find|what|how (?:many|much|long|far|old|tall)|compute|determine|evaluate|calculate|express|simplify|which"
    r"|who|solve|factor|expand|convert|rationalize|name)\b|多少|几|求|计算|[什怎]么|哪",
    re.I,
)
_FORMULA = re.compile(r"\$\$?([^$]{1,60})\$\$?|\\[(\[](.{1,60}?)\\[)\]]", re.S)
_WORD = re.compile(r"[a-z]{3,}")
_NUMBER = re.compile(r"(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?(?:\s?/\s?\d+)?")
_UNTELLING = (
    "the and what are was were its his her their that this for with from have has how many much find compute determine"
    " evaluate calculate express simplify which who solve value values answer your all can you not does did when where"
    " such there one two three four five six seven eight nine ten given form terms let then than each into any will"
    " would must should positive integer integers real number numbers common fraction decimal exactly following written"
    " enter possible frac sqrt text left right"
)
_STOP = frozenset(_UNTELLING.split())
_RESULTS = frozenset(
    ("value", "result", "answer", "solution", "expression", "simplified", "simplifie", "final", "integer", "number")
)
"""What an answer is called that the question has no noun for; stems."""
_SAME = {"smallest": "minimum", "least": "minimum", "minimal": "minimum"} | dict.fromkeys(
    ("greatest", "largest", "maximal", "most"), "maximum"
)
_EXTREMES = frozenset({"minimum", "maximum"})
_CALLED = re.compile(
    r"[^\n]{0,40}?(?:[.,!]\s{1,2}(?:[A-Z][a-z]+,? (?:right,? )?)?)?(?:[Tt]hat|[Tt]his|[Ii]t|[Ww]hich)?"
    r"(?:['’]s| is| should be| must be| would be| has to be| seems to be) (?:indeed |probably )?"
    r"the (?:final |correct |right )?answer\b"
)
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTED = {word: str(number) for number, word in enumerate(_DIGITS)}


class QuestionContent:
    """Hold what a question asks for, and which values it contains."""

    def __init__(self, question: str) -> None:
        sentences = re.split(r"(?<=[.?!。？！])\s*(?=[A-Z\s$\u4e00-\u9fff]|\Z)", question)
        asks = []
        for sentence in sentences:
            cue = _REQUEST.search(sentence)
            if cue:
                asks.append(sentence[cue.start() :])
        asked = " ".join(asks) or question[-_LOOK_BACK:]
        plain = _FORMULA.sub(" ", asked).lower()
        self.words = frozenset(_stem(w) for w in _WORD.findall(plain) if w not in _STOP)
        formulas = {(m.group(1) or m.group(2)).strip().rstrip(".,:;?!") for m in _FORMULA.finditer(asked)}
        exact = [_pattern(f) for f in formulas if re.search(r"[A-Za-z\\]", f)][:12]
        self.formula = (
            re.compile(rf"(?<![\w\\^_{{])(?:{'|'.join(exact)})(?![\w^_])[\s$\\)]{{0,4}}(?:=|is\b|equals)")
            if exact
            else None
        )
        self.numbers = {rational(normal(n)) for n in _NUMBER.findall(question)}
        self.numbers |= {rational(_COUNTED[w]) for w in _WORD.findall(question.lower()) if w in _COUNTED}
        self.text = normal(question)

    def contains(self, gold: Gold) -> bool:
        """Return whether the question itself contains the gold value."""
        if gold.number is not None:
            return abs(gold.number) in self.numbers or gold.number in self.numbers
        return bool(gold.normal) and gold.normal in self.text


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
    candidates = Candidates(reasoning, joined=target.joined, equation=target.equation, hallmark=target.hallmark)
    request = QuestionContent(question)
    chance = by_chance(target, request)
    # One that was cut came to no other answer, although it is not correct.
    least = ASKED if chance or (correct is False and answer.strip()) else WEAK
    judged: dict[int, tuple[int, Span]] = {}

    def judge(number: int) -> tuple[int, Span]:
        if number not in judged:
            said = candidates.statement(number)
            strength = _strength(reasoning, said, request) if said and target.same(said.text) else NONE
            judged[number] = (strength, (said.start, said.end) if said else (0, 0))
        return judged[number]

    if target.words:
        return _in_words(candidates, target)
    first = next((n for n in range(len(candidates)) if judge(n)[0] >= least), None)
    if first is None and correct:
        least = WEAK  # it did come out: the last position then, with those before it
        first = next((n for n in range(len(candidates) - 1, -1, -1) if judge(n)[0] >= least), None)
    if first is None:
        return AnswerPositions()
    last = next(n for n in range(len(candidates) - 1, -1, -1) if judge(n)[0] >= least)
    found = AnswerPositions(_taken_along(candidates, judge, first, chance), judge(last)[1])
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


def by_chance(gold: Gold, request: QuestionContent) -> bool:
    """Return whether the value may well stand in a calculation without being its answer."""
    number = gold.number
    small = number is not None and number.denominator == 1 and abs(number) <= SMALL
    return small or (number is None and len(gold.normal) <= 2) or request.contains(gold)


def _taken_along(candidates: Candidates, judge: Callable[[int], tuple[int, Span]], first: int, chance: bool) -> Span:
    """The statement, or a weak one of the same value before it in its sentence (or in the one before that)."""
    _, span = judge(first)
    sentence = candidates.sentence(span[0])
    for number in range(first - 1, max(first - 12, -1), -1):
        strength, before = judge(number)
        if strength and candidates.sentence(before[0]) >= sentence - (not chance):
            span = before
    return span


def _finals(text: str, gold: Gold, begin: int, *, back: bool = False) -> Iterator[Statement]:
    """What is boxed or called the answer from an offset on."""
    candidates = Candidates(text[begin:], joined=gold.joined, equation=gold.equation)
    numbers = range(len(candidates))
    for number in reversed(numbers) if back else numbers:
        said = candidates.statement(number)
        if said and said.kind in ("box", "answer"):
            yield said


def _strength(text: str, said: Statement, request: QuestionContent) -> int:
    lead = text[max(said.sentence, said.lead - _LOOK_BACK) : said.lead]
    clause = re.split(r"[,;，；]\s", lead)[-1]
    if said.kind in ("box", "answer"):
        return (
            NONE
            if said.kind == "answer" and (_WHETHER.search(clause) or _DENIED.search(text[said.lead : said.start]))
            else FINAL
        )
    if _SUPPOSED.search(clause) or _DENIED.search(clause) or _HYPOTHESIS.search(lead):
        return NONE
    if _REJECTED.match(text, said.end):
        return NONE
    whole = text[max(said.sentence, said.lead - _LOOK_BACK) : said.start]
    if request.formula and request.formula.search(whole):
        return ASKED
    if _CALLED.match(text, said.end):
        return FINAL
    after = re.match(r"[^.,;\n。，]{0,40}", text[said.end : said.end + 40])
    words = {_stem(w) for w in _WORD.findall((whole + (after.group() if after else "")).lower())}
    common = len(words & request.words) + bool(words & request.words & _EXTREMES)
    return ASKED if common >= 2 or ((common or words & _RESULTS) and _THUS.search(whole)) else WEAK


def _in_words(candidates: Candidates, gold: Gold) -> AnswerPositions:
    """A gold answer in words counts boxed, and in a sentence behind "answer" or "so", "therefore" …"""
    spans = []
    reasoning, starts = candidates.text, candidates.sentences
    for match in re.finditer(rf"(?<!\w){re.escape(gold.words)}(?![\w:])", reasoning, re.I):
        sentence = starts[bisect_right(starts, match.start()) - 1]
        lead = reasoning[max(sentence, match.start() - _LOOK_BACK) : match.start()]
        if re.search(r"\banswer\b|答案|\\boxed\{", lead, re.I) or (_THUS.search(lead) and not _SUPPOSED.search(lead)):
            spans.append(match.span())
    return AnswerPositions(spans[0], spans[-1]) if spans else AnswerPositions()


def _stem(word: str) -> str:
    word = word[:-1] if word.endswith("s") and len(word) > 4 else word
    return _SAME.get(word, word)


def _pattern(formula: str) -> str:
    """The formula with spaces left to taste."""
    return r"\s?".join(re.escape(c) for c in re.sub(r"\s+", "", formula))
