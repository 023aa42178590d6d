"""Tell names, titles and glosses in another script from a change of language. Pure, linear in the text's length.

The rules are those that `qwq_nb.trace.foreign_scripts` describes. What stands around a run is read within `_NEAR`
characters; texts come with formulas and code blanked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

from qwq_nb.trace.findings import Span
from qwq_nb.trace.scripts import CASED, SCRIPTS

__all__ = ["Names", "latin_prose"]

_NEAR = 100
"""Characters around a run within which its title marks, quotation marks and brackets open and close."""

_LINE = 1000
"""Characters of a line before a run in which its quotation marks are counted."""

_TITLES = {"《": "》", "〈": "〉", "「": "」", "『": "』", "【": "】"}
_BRACKETS = {"(": ")", "（": "）"}
_QUOTES = {"“": "”", "‘": "’", '"': '"', "«": "»", "„": "“"}

_CAPITAL = re.compile(r"([A-Z\u00c0-\u00de][\w.-]*)[\"”’]?[ \t]*\Z")
_LEADS_IN = re.compile(r"\s*(?:(?:in )?[A-Z][a-z]+(?: name)?[:,]? ?)?[\"“'‘]?\Z")
_GLOSS_BEHIND = re.compile(r"[\"”]?[ \t]*[(（][ \t]*[\"“]?[A-Z\u00c0-\u00de\u0100-\u017f]")
_NAMED = re.compile(
    r"\b(?:Mrs?|Ms|Dr|Prof(?:essor)?|[Pp]oets?|[Aa]uthors?|[Ww]riters?|[Ss]ingers?|[Aa]ctors?|[Aa]ctress|[Ee]mperors?"
    r"|[Pp]hilosophers?|[Nn]ovels?|[Ff]ilms?|[Mm]ovies?|[Ss]ongs?|[Aa]lbums?|[Aa]nime|[Mm]anga|[Cc]ity of|[Vv]illage of"
    r"|[Pp]rovince of|[Bb]rands?|[Cc]ompany)[.,]?[ \t]+[\"“'‘]?\Z"
)
_SENTENCE_END = re.compile(r"(?:\A|[.!?:;…。！？：；\n])[\"”’)）*_]*[ \t]*[\"“(（*_]*\Z")
_LOWER = re.compile(r"(?<!\w)[a-z]{2,}(?!\w)")
_CASED_WORD = re.compile(r"[^\W\d_]+")

_JAPANESE = re.compile(
    "です|ます|でし[たょ]|まし[たょ]|ません|である|てい[るた]|ない|から|ので|けど|という|として|について|これ|それ|この|その|だから|しかし|を"
)
_KOREAN = re.compile(
    r"[가-힣]{2,}(?:은|는|을|를|에서|에게|이다|하다|니다|어요|아요|지만|면서)(?![가-힣])|그리고|그래서|하지만|그러나"
)
_NO_SPACES = frozenset({"Thai", "Lao", "Khmer", "Myanmar", "Tibetan"})
_LONG = 8
"""Letters in a row that are prose in a script that writes no spaces between words."""


class Names:
    """Decide of single runs whether they are a change of language, in one text.

    `latin`: the question is in Latin letters, or in several scripts: a single word of another is a change, then.
    """

    def __init__(self, text: str, *, latin: bool) -> None:
        self._text = text
        self._latin = latin

    @cached_property
    def _lower(self) -> frozenset[str]:
        """The lower-case Latin words of the text: what is among them is no name where it has a capital."""
        return frozenset(_LOWER.findall(self._text))

    def counts(self, run: tuple[str, int, int]) -> bool:
        """Return whether a run (script, start, end) is a change of language."""
        name, start, end = run
        if self._is_title(start, end):
            return False
        if name in CASED and self._is_capitalised(start, end):
            return False
        return not self._is_gloss(start, end) and (self._latin or name == "Han" or self._is_prose(name, start, end))

    def _is_title(self, start: int, end: int) -> bool:
        marks = _TITLES if self._latin else {**_TITLES, **_QUOTES}
        if enclosed(self._text, start, end, marks) is not None:
            return True
        return self._latin and _NAMED.search(self._text, max(start - 30, 0), start) is not None

    def _is_gloss(self, start: int, end: int) -> bool:
        """Whether a run explains the name before it, in brackets, or is explained by the one behind it."""
        text = self._text
        if self._latin and _GLOSS_BEHIND.match(text, end):
            return True
        opening = enclosed(text, start, end, _BRACKETS)
        if opening is None:
            return False
        if not self._latin:
            return _ends_in_letter(text, opening)
        before = _CAPITAL.search(text, max(opening - 40, 0), opening)
        if before is None or not _LEADS_IN.match(text[opening + 1 : start]):
            return False
        first = _SENTENCE_END.search(text, max(before.start() - 10, 0), before.start())
        return first is None or before[1].lower() not in self._lower

    def _is_capitalised(self, start: int, end: int) -> bool:
        """Whether a word with a capital is a name: it does not begin a sentence."""
        if not self._text[start].isupper():
            return False
        return _SENTENCE_END.search(self._text, max(start - 10, 0), start) is None

    def _is_prose(self, name: str, start: int, end: int) -> bool:
        """Whether a run in a text of another script that is not Latin is more than a name or a word quoted."""
        text = self._text
        if name in ("Hiragana", "Katakana"):
            while start > 0 and end - start < _NEAR and "\u3041" <= text[start - 1] <= "\u9fff":
                start -= 1
            while end < len(text) and end - start < 2 * _NEAR and "\u3041" <= text[end] <= "\u9fff":
                end += 1
            return len(_JAPANESE.findall(text, start, end)) >= (1 if end - start > 4 else 2)
        if name == "Hangul":
            return _KOREAN.search(text, start, end) is not None or self._has_neighbour(name, start, end)
        if name in CASED:
            return any(len(word) > 2 and word.islower() for word in _CASED_WORD.findall(text, start, end))
        if name in _NO_SPACES:
            return end - start >= _LONG
        return self._has_neighbour(name, start, end)

    def _has_neighbour(self, name: str, start: int, end: int) -> bool:
        """Whether another word of the script stands beside."""
        letters = _CLASS[name]
        before, behind = self._text[max(start - 3, 0) : start].rstrip(" ,."), self._text[end : end + 3].lstrip(" ,.،")
        return bool(letters.match(before[-1:])) or bool(letters.match(behind[:1]))


_CLASS = {name: re.compile(f"[{letters}]") for name, letters in SCRIPTS.items()}


def _ends_in_letter(text: str, at: int) -> bool:
    return text[max(at - 2, 0) : at].rstrip(" ")[-1:].isalpha()


def enclosed(text: str, start: int, end: int, marks: dict[str, str]) -> int | None:
    """Return where the marks open that enclose a span, nearby and within its line; None: there are none."""
    for opening, closing in marks.items():
        at = text.rfind(opening, max(start - _NEAR, 0), start)
        if at < 0 or (opening != closing and text.find(closing, at, start) >= 0) or text.find("\n", at, start) >= 0:
            continue
        if opening == closing:
            line = max(text.rfind("\n", max(start - _LINE, 0), start) + 1, start - _LINE, 0)
            if text.count(opening, line, start) % 2 == 0:
                continue
        behind = text.find(closing, end, end + _NEAR)
        if behind >= 0 and text.find("\n", end, behind) < 0:
            return at
    return None


# Latin prose in a text of another script

_LATIN = re.compile(
    r"(?<![\w\\@#/.\-])(?:[A-Za-z\u00c0-\u024f\u1e00-\u1eff][a-z\u00df-\u024f\u1e00-\u1eff]+(?:['’][a-z]{1,3})?|[A-Z]{2,}|[IaA]"
    r"(?:['’](?:m|ll|d|ve))?)(?![\w(^_=\\/@-])"
)
_GAP = re.compile(r"[ \t]+|[,.;:!?][ \t]+|-")
_TONES = re.compile("[āǎēěīǐōǒūǔǖǘǚǜ]")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CONNECTORS = _listed(
    "a an and as at by da de del der di du el en et for from in la le les of on or the to van von with y"
)
_KEYWORDS = _listed(
    """and as assert break case catch class const continue def do elif else except false finally for from function if
    import in int is let new none not null or pass print return select static string switch then this throw true try
    var void when where while with yield"""
)
"""Words of programs, which stand in a text about programs."""

_FUNCTION = _listed(
    """i we you he she it they me us him them my your our his their its that these those there are was were been am have
    has had does did will would could should must might because since although but so which who whom whose what why how
    i'm i'll i've it's that's let's don't doesn't isn't can't we'll we've there's they're you're"""
)
_VERBS = _listed("is this then when let do can be not if")
_TURNS = _listed("because therefore however although actually maybe perhaps thus hence but")
_LEAST_WORDS = 5
_LONGEST_QUOTE = 12
"""Words of a quotation or bracket that still are a name or a term."""


def latin_prose(text: str, question: str) -> Iterator[Span]:
    """Yield the runs of Latin words that are prose in a text of another script."""
    known = {word.lower() for word in _LATIN.findall(question)}
    for run in _latin_runs(text):
        words = [text[start:end] for start, end in run]
        if not _is_latin_prose(words, _longest(run, text), known):
            continue
        start, end = run[0][0], run[-1][1]
        if len(run) > _LONGEST_QUOTE or not _is_quoted(text, start, end):
            yield start, end


def _is_quoted(text: str, start: int, end: int) -> bool:
    if text[max(start - 1, 0) : start] == "'" and "'" in text[end : end + 2]:
        return True
    return enclosed(text, start, end, {**_TITLES, **_QUOTES, **_BRACKETS}) is not None


def _latin_runs(text: str) -> Iterator[list[Span]]:
    run: list[Span] = []
    for match in _LATIN.finditer(text):
        if run and not _GAP.fullmatch(text, run[-1][1], match.start()):
            yield run
            run = []
        run.append(match.span())
    if run:
        yield run


def _longest(run: list[Span], text: str) -> int:
    """The most words in a row with nothing but spaces between."""
    most = size = 1
    for before, word in pairwise(run):
        size = size + 1 if text[before[1] : word[0]].isspace() else 1
        most = max(most, size)
    return most


def _is_latin_prose(words: list[str], in_a_row: int, known: set[str]) -> bool:
    lower = [word.lower().replace("’", "'") for word in words]
    if all(word in known for word in lower):
        return False
    if len(words) == 1:
        return lower[0] in _TURNS and not words[0].isupper()
    content = [word for word in words if word.lower() not in _CONNECTORS]
    if not content or all(word[0].isupper() and word != "I" for word in content) or any(map(_TONES.search, words)):
        return False
    small = [low for word, low in zip(words, lower, strict=True) if word == low or word == "I"]
    if any(word in _FUNCTION for word in small) or (lower[0] in _FUNCTION and len(small) > 1):
        return True
    told = [word for word in small if word not in _KEYWORDS]
    if len(words) > 2 and told and (lower[0] == "the" or any(word in _VERBS for word in small)):
        return True
    return in_a_row >= _LEAST_WORDS and 2 * len(small) > len(words)
