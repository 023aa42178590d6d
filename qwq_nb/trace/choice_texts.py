"""Find where the text of a choice is stated as the answer.

A value ("0.76 m") counts where `answer_places.py` takes it for an answer: without a unit in words, and without the
words with which all choices begin ("Total assets 47,325"). Several numbers ("$98.71 and $1.84") count where one
sentence has all of them. A text in words counts where all its telling words come in their order in one sentence, few
words between, that concludes ("so", "therefore", "that means", …) or, if the choice is a sentence itself ("B is A's
child"), asserts it; of "aunt or uncle" either word will do. It does not count where it is listed behind its label,
quoted from an option, supposed, asked or denied. What the question itself says counts only where the trace concludes it
("So …") or then stops at it ("That's directly stated").
"""

from __future__ import annotations

import re

from qwq_nb.trace.answer_places import find_correct
from qwq_nb.trace.findings import Span
from qwq_nb.trace.question import content_of, stem
from qwq_nb.trace.statements import is_dwelt_on

__all__ = ["choice_statements"]

_CONCLUDES = re.compile(
    r"\banswer\b|\b(?:so|thus|therefore|hence|conclude|conclusion|correct|indeed|means|meaning|makes?|making|must be"
    r"|likely|best)\b|答案|所以|因此",
    re.I,
)
_BEHIND_LABEL = re.compile(
    r"(?:(?:(?:\A|\n)\W{0,6}|[:;,.?!]\s)\d[.):]|\b[A-Z][.):]|\([A-Z]\)|\b(?:[Oo]ption|[Cc]hoice) [A-Z0-9]\b[^.\n]{0,16}"
    r"|\b\d (?:says|is)\b[^.\n]{0,4})[\s\"“”$*]{0,4}(?:[Aa]n?\s|[Tt]he\s)?\Z"
)
_QUOTED = re.compile(
    r"\b(?:option|choice|statement)s? (?:[A-Z]|\d)\b[^.\n]{0,24}\b(?:says?|states?|is|would mean)\b[^.\n]{0,40}\Z"
)
_SUPPOSED = re.compile(
    r"\b(?:if|whether|suppose|assuming|unless|isn['’]t|not|can['’]t|cannot|why|how could|rather than"
    r"|instead of)\b[^,;.\n]{0,60}\Z"
    r"|(?:如果|假如|假设)[^。，,\n]{0,20}\Z",
    re.I,
)
_THEREFORE = re.compile(r"\W{0,6}(?:so|thus|therefore|hence)\b", re.I)
_ASKS = re.compile(r"\W{0,16}(?:is|are|could|can|does|do|did|what|would|should|how|which)\b", re.I)
_REFUTED = re.compile(r"[^.\n]{0,24}\b(?:but that|which|that) (?:isn|doesn|wouldn|can|can['’]t|is not|does not)", re.I)
_BOUND = re.compile(r"[.!?。！？]\s|\n")
_WORDS_WITHOUT_MEANING = (
    "is are was were be been the a an of to in on at by for with and it its their this that as s from has have which"
)
_FUNCTION = frozenset(_WORDS_WITHOUT_MEANING.split())
_SENTENCE = re.compile(r"\b(?:is|are|was|were|has|have|will|does|increases|decreases)\b")
_QUOTES = ('"', "“")
"""Before words that a trace only mentions: "Many sources list “demand falls” as a result"."""
_CALLED_BEST = re.compile(
    r"['\"”*)]{0,3}(?: \(\W?[A-J]\W?\))? (?:is|would be|seems|looks|appears)(?: like| to be)? (?:indeed |likely )?"
    r"(?:the )?(?:most (?!of\b|common way)\w+|best|strongest|correct|right|only one that fits)\b",
    re.I,
)
"""What calls the words before it the best of the options."""
_SUBJECT = re.compile(r"\b[Tt]he (?:[a-z]+ )?([a-z]+) (?:is|are|was|must be|should be|would be)\W{1,4}(?:an? |the )?\Z")
_AMOUNT = re.compile(r"(?<![\d.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\d%])")
_WITH_UNIT = re.compile(r"(\$?\d[\d,.]*)(?: [a-z]+){1,3}")
_LONGEST = 200
_BACK = 200


def choice_statements(reasoning: str, question: str, choices: list[str], number: int) -> list[Span]:
    """Return where the text of a choice is stated as the answer, in order. `number`: from 0."""
    value = _own_part(choices, number)
    spans = _numbers_together(reasoning, question, choices, number)
    if len(value) <= 60 and re.search(r"\d|\\", value) and len(value.split()) <= 6:
        return sorted([*spans, *_amounts(reasoning, question, choices, value)])
    if not value or len(value) > _LONGEST:
        return []
    pattern = _in_order(value)
    if pattern is None:
        return spans
    asserts = bool(_SENTENCE.search(value))
    given = any(
        not _BEHIND_LABEL.search(question[max(m.start() - 20, 0) : m.start()]) for m in pattern.finditer(question)
    )
    asked, seen = content_of(question.partition(choices[0])[0]).words, False
    for match in [*pattern.finditer(reasoning), *_of_both(value, reasoning)]:
        before = reasoning[max(match.start() - _BACK, 0) : match.start()]
        begin = max((bound.end() for bound in _BOUND.finditer(before)), default=0)
        lead = before[begin:]
        if _BEHIND_LABEL.search(before) or _QUOTED.search(lead) or _SUPPOSED.search(lead):
            continue
        if _REFUTED.match(reasoning, match.end()) or (
            _ASKS.match(before[begin:] + match.group()) and _is_question(reasoning, match.end())
        ):
            continue
        if given and not (
            seen and (is_dwelt_on(reasoning, match.end()) or _is_conclusion(reasoning, lead, match.end()))
        ):
            seen = True  # at first the trace tells what is given
            continue
        quoted = before.endswith(_QUOTES)
        if (
            (asserts and not quoted)
            or _CONCLUDES.search(lead)
            or _CALLED_BEST.match(reasoning, match.end())
            or _is_of_what_was_asked(lead, asked)
        ):
            spans.append(match.span())
    return sorted(spans)


def _own_part(choices: list[str], number: int) -> str:
    """The choice without the words with which all choices begin: "47,325" of "Total assets 47,325"."""
    value = choices[number].strip().rstrip(".")
    words = [choice.split() for choice in choices]
    shared = next((i for i, same in enumerate(zip(*words, strict=False)) if len(set(same)) > 1), 0)
    rest = " ".join(value.split()[shared:])
    return rest if len(choices) > 1 and re.fullmatch(r"\$?\d[\d,.]*%?", rest) else value


def _concludes(text: str, span: Span) -> bool:
    """Whether the sentence draws a conclusion, as it must of a number that the question itself gives."""
    before = text[max(span[0] - _BACK, 0) : span[0]]
    return _CONCLUDES.search(before[max((m.end() for m in _BOUND.finditer(before)), default=0) :]) is not None


def _numbers_together(reasoning: str, question: str, choices: list[str], number: int) -> list[Span]:
    """Where a sentence has all numbers of a choice that has several ("a discount of $1.84 and $98.71 are due").

    Not where it has those of another choice, too, or one of them stands in the question before the options.
    """
    wanted = [set(_AMOUNT.findall(choice)) for choice in choices]
    mine = wanted[number]
    asked = question[: question.find(choices[0])]
    if len(mine) < 2 or any(len(x) < 3 for x in mine) or mine <= set(_AMOUNT.findall(asked)):
        return []
    spans, begin = [], 0
    for bound in [*(m.end() for m in _BOUND.finditer(reasoning)), len(reasoning)]:
        found = [m for m in _AMOUNT.finditer(reasoning, begin, bound) if m.group() in mine]
        lead = reasoning[begin : found[0].start()] if found else ""
        listed = re.match(r"\W{0,4}(?:[Oo]ption )?[A-Z1-9]\b[.:)]?(?: is| says)?", lead)
        if {m.group() for m in found} == mine and not listed and not _SUPPOSED.search(lead):
            spans.append((found[0].start(), found[-1].end()))
        begin = bound
    return spans


def _amounts(reasoning: str, question: str, choices: list[str], value: str) -> list[Span]:
    """The first and the last place of a value. It stands in the question, and must be final or said of what was asked.

    Of one that stands there before the options, too, a conclusion must be drawn.
    """
    with_unit = _WITH_UNIT.fullmatch(value)
    value = with_unit.group(1) if with_unit else value
    given = set(_AMOUNT.findall(value)) & set(_AMOUNT.findall(question[: question.find(choices[0])]))
    found = find_correct(reasoning, "", f"{question} {value}", value, correct=None, equal=lambda a, b: False)
    spans = [span for span in (found.first, found.last) if span]
    return [span for span in spans if not given or _concludes(reasoning, span)]


def _is_of_what_was_asked(lead: str, asked: frozenset[str]) -> bool:
    """Whether the words before are what the question asks for and a verb: "The compound is"."""
    subject = _SUBJECT.search(lead)
    return subject is not None and stem(subject.group(1)) in asked


def _is_conclusion(text: str, lead: str, end: int) -> bool:
    """Whether the sentence begins with "so" and the trace does not go on to what it has to find out."""
    return bool(_THEREFORE.match(lead)) and not re.match(
        r"[.,\s]{1,3}(?:and |but )?(?:now|i need|so i)\b", text[end : end + 16], re.I
    )


def _is_question(text: str, end: int) -> bool:
    bound = re.match(r"[^.?!\n]{0,80}([.?!\n])", text[end : end + 81])
    return bool(bound and bound.group(1) == "?")


def _in_order(value: str) -> re.Pattern[str] | None:
    """All telling words in their order, at most three words between two; None where there are too few."""
    words = [w for w in re.findall(r"[^\W_]+", value) if w.lower() not in _FUNCTION]
    if not words or (len(words) == 1 and len(words[0]) < 5):
        return None
    parts: list[str] = []
    for i, word in enumerate(words):
        if word.lower() == "or" and 0 < i < len(words) - 1:
            continue
        if i > 1 and words[i - 1].lower() == "or":
            one, other = re.escape(words[i - 2]), re.escape(word)
            parts[-1] = rf"(?:{one}\W{{1,3}}or\W{{1,3}}{other}|{other}\W{{1,3}}or\W{{1,3}}{one}|{one}|{other})"
        else:
            parts.append(re.escape(word))
    if len(parts) == 1:
        lead = r"(?:\bis|['’]s|\bbe|\bare)\W{1,3}(?:(?:indeed|definitely|clearly|likely|probably|a|an|the)\W{1,3}){0,3}"
        return re.compile(rf"{lead}{parts[0]}\b(?!['’-])", re.I)
    gap = r"(?:['’]s?)?(?:, [\w'’ ]{3,30},)?[^\w.!?;:\n]{1,3}(?:[\w'’]{1,40}[^\w.!?;:\n]{1,3}){0,3}?"
    return re.compile(rf"(?<![\w'’-]){gap.join(parts)}s?(?![\w-]|['’]\w)", re.I)


def _of_both(value: str, reasoning: str) -> list[re.Match[str]]:
    """ "A and B are siblings", where the choice is "A is B's sibling": of two of a kind either may come first."""
    relation = re.fullmatch(r"(\w+) is (\w+)['’]s? ([\w ]+)", value)
    if relation is None:
        return []
    one, other, kind = (re.escape(part) for part in relation.groups())
    pattern = (
        rf"\b(?:{one} and {other}|{other} and {one}|they)\b (?:[a-z]+ ){{0,3}}?(?:are|be|as)\b "
        rf"(?:[a-z]+ ){{0,3}}{kind}s\b"
    )
    return list(re.finditer(pattern, reasoning))
