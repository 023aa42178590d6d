"""Find where a reasoning names the right one of several choices, by its letter or by its text.

A letter counts where it is called the answer ("the answer is C", "option C is correct", "I'd go with (C)",
`\\boxed{C}`, "So C.", "So 5/8, which is C.", "That's C in the list.", 答案是 C): listing or discussing "Option C
says …" does not, nor does the article "A". Letters behind "if", "whether" or "not" do not count either. The text of
the choice counts where it is a value that is stated as an answer by `answer_places.py`, taken as strictly as one that
stands in the question, since it does; or, of two words or more, where it stands in a sentence behind "answer",
"so", "therefore" …, and not behind its letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qwq_nb.trace.answer_places import find_correct
from qwq_nb.trace.findings import AnswerPositions, Span

__all__ = ["find_choice"]

_CHOICE = r"(?:option|choice|answer|letter|选项)"
_NOUN = r"(?:option|choice|letter)"
_LETTER = (
    r"(?:\*\*|\$)?[(\[]?(?:\\(?:text|mathrm|textbf)\{\(?)?(?P<letter>[A-Z])(?![A-Za-z'’]| [a-z]{2,} (?:and|of|to)\b)"
)
_STATED = re.compile(
    r"\b(?i:answers?)\b(?:[^.\n?]{0,40}?\b(?i:is|be|as|was)\b|[:：])[\s:*]{0,4}"
    r"(?:(?:indeed|likely|probably|just|the) ){0,2}"
    rf"(?:(?i:{_CHOICE}) )?{_LETTER}"
    rf"|\b(?i:option|choice) [(\[*]{{0,3}}(?P<named>[A-Z])\b[)\]*]{{0,3}}"
    r" (?:is|seems|looks|must be|should be|would be|appears)"
    r"(?: to be)?(?: indeed| likely| probably)?(?: the)? (?:only )?(?:correct|right|best|answer|one that|true)"
    rf"|\b(?i:choose|pick|select|go with|going with|lean(?:ing)? towards?|settle on"
    r"|corresponds? to|match(?:es)?|points? to)"
    rf" (?:(?:answer|option|choice) )*{_LETTER.replace('letter', 'chosen')}"
    rf"|\b(?:[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence|[Tt]hat['’]s),?"
    r" (?:(?:it is|it['’]s|the|option|choice|answer) ){0,3}"
    rf"{_LETTER.replace('letter', 'so')}[)\]*}}]{{0,4}}(?=[.,;:\n]|\Z| is (?:the )?(?:correct|right|answer))"
    # "So −5 kJ/mol, letter C." "So 5/8, which is listed as A." "This is option C." "That's D in the list."
    r"|\b(?:[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence|go with|confident in)\b(?:[^.\n]|\.(?=\d)){1,160}?"
    rf"(?:, (?:the )?{_NOUN} |(?:which|that|this)(?: is|['’]s) (?:(?:the|listed as|given as|{_NOUN}) ){{0,2}})"
    rf"{_LETTER.replace('letter', 'behind')}[)\]*}}]{{0,4}}(?=[.,;\n]|\Z| in the list)"
    rf"|\b(?:[Tt]his|[Tt]hat|[Ii]t)(?: is|['’]s) (?:the )?{_NOUN} {_LETTER.replace('letter', 'this')}"
    r"[)\]*}]{0,4}(?=[.\n]|\Z| in the list)"
    rf"|\b[Tt]hat['’]s {_LETTER.replace('letter', 'listed')} in the list"
    r"|\\(?:boxed|fbox)\s?\{\s?(?:\\(?:text|mathrm|textbf)\{)?\(?(?P<boxed>[A-Z])\)?[.)]?\}"
    r"|答案[应该当]{0,2}[是为选：:\s]{0,4}(?:选项)?\s?(?P<zh>[A-Z])(?![A-Za-z])"
    r"|(?:选择?|选项) ?(?P<zh2>[A-Z])(?=[。，,.\n]|\Z| ?(?:是)?正确)"
)
_WHETHER = re.compile(
    r"\b(?:if|whether|suppose|unless|not|isn['’]t|can['’]t|why)\b[^.\n]{0,30}\Z|(?:如果|假如|假设)[^。，,\n]{0,20}\Z|不\Z",
    re.I,
)
_THUS = re.compile(r"\banswer\b|\b(?:so|thus|therefore|hence|conclude|correct)\b|答案|所以|因此", re.I)
_LABEL = re.compile(r"(?:\b[A-Z][.):]|\([A-Z]\)|\b(?:[Oo]ption|[Cc]hoice) [A-Z]\b[^.\n]{0,12})[\s\"“$*]{0,4}\Z")
_BOUND = re.compile(r"[.!?。！？]\s|\n")


def find_choice(
    reasoning: str, answer: str, question: str, gold: str, choices: list[str], *, correct: bool | None
) -> AnswerPositions:
    """Find the first and last statement of the right choice, and the one left for another (see `find_correct`)."""
    letter = gold.strip().strip("().").upper()
    if not re.fullmatch(r"[A-Z]", letter):
        return AnswerPositions()
    stated = list(_letters(reasoning))
    spans = [span for found, span in stated if found == letter]
    strong = spans[-1] if spans else None
    number = ord(letter) - ord("A")
    if number < len(choices):
        spans += _texts(reasoning, question, choices[number])
    if not spans:
        return AnswerPositions()
    spans.sort()
    found = AnswerPositions(spans[0], spans[-1])
    if correct is not False or strong is None:
        return found
    final = [other for other, _ in _letters(answer)][-1:]
    later = [other for other, span in stated if span > strong and other != letter]
    return found._replace(left=strong if later or (final and final != [letter]) else None)


def _letters(text: str) -> Iterator[tuple[str, Span]]:
    for match in _STATED.finditer(text):
        group = match.lastgroup or ""
        if not _WHETHER.search(text[max(match.start() - 40, 0) : match.start()]):
            yield match.group(group), match.span(group)


def _texts(reasoning: str, question: str, choice: str) -> list[Span]:
    """Where the text of the choice is stated as the answer."""
    value = choice.strip().rstrip(".")
    if len(value) <= 60 and re.search(r"\d|\\", value) and len(value.split()) <= 6:
        # The question is the choices as well: the value stands in it, and must be final or said of what was asked.
        found = find_correct(reasoning, "", f"{question} {value}", value, correct=None, equal=lambda a, b: False)
        return [span for span in (found.first, found.last) if span]
    if len(value.split()) < 2:
        return []
    spans = []
    for match in re.finditer(re.escape(value), reasoning, re.I):
        before = reasoning[max(match.start() - 200, 0) : match.start()]
        lead = before[max((bound.end() for bound in _BOUND.finditer(before)), default=0) :]
        if _THUS.search(lead) and not _LABEL.search(before) and not _WHETHER.search(lead[-60:]):
            spans.append(match.span())
    return spans
