"""Read what a question asks for: the words, nouns and formulas by which a statement of its answer can be told.

`QuestionContent` is read once a question. A sentence that states the answer has words of the request ("the remainder is
12"), names what was to be counted ("25 candles"), gives a formula that the question asks for (`m+n = 371`) or a letter
that stands for what is asked (`h = 5`, where a height is asked for and the diagram calls it h).
"""

from __future__ import annotations

import re
from functools import lru_cache

from qwq_nb.trace.values import NUMBER_WORDS, Gold, normal, rational

__all__ = ["EXTREMES", "RESULTS", "QuestionContent", "content_of", "stem", "stems"]

_REQUEST = re.compile(
    r"\b(?:find|what|how (?:many|much|long|far|old|tall|big|fast|high|wide|deep)|compute|determine|evaluate|calculate"
    r"|express|simplify|which|who|solve|factor|expand|convert|rationalize|name|give|when)\b|多少|几|求|计算|[什怎]么|哪",
    re.I,
)
_FORMULA = re.compile(r"\$\$?([^$]{1,400})\$\$?|\\[(\[](.{1,400}?)\\[)\]]", re.S)
_DRAWING = re.compile(r"[\[<]asy[\]>](.{0,20000}?)[\[<]/asy[\]>]", re.S)
_LABEL = re.compile(r"label\((?:scale\([^()]*\)\*)?\"([^\"]{0,60})\"")
_BOUND = re.compile(r"[.?!。？！](?=\s|\x01|\Z|[\u4e00-\u9fff])")
_WORD = re.compile(r"[a-z]{3,}")
_NUMBER = re.compile(r"(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?(?:\s?/\s?\d+)?")
_COUNTED = re.compile(r"\bhow many\s+-?((?:[a-z-]+\s+){0,3}[a-z-]+)|\bnumber of\s+((?:[a-z-]+\s+){0,2}[a-z-]+)", re.I)
_TUPLE = re.compile(r"\(\s*([A-Za-z]|\\[a-z]+)((?:\s*,\s*(?:[A-Za-z]|\\[a-z]+)){1,4})\s*\)")
_MONEY = re.compile(r"\bhow much\b|\\?\$\s?\d|\bdollars?\b|\bcents?\b", re.I)
_AS_A = re.compile(r"\bas an? (?:[a-z]+ )?(integer|fraction|decimal|percentage|percent|number|interval)\b", re.I)
_INDEXED = re.compile(r"([A-Za-z])_\{?(\w+)\}?")
_NAMED = re.compile(r"([A-Za-z]{3,})[ ,]+\$([A-Za-z])\$")
_SIGNS = {
    "\\": r"\\?",
    "\\angle": r"(?:\\angle|∠|angle)\s?",
    "\\theta": r"(?:\\theta|θ|theta)",
    "\\pi": r"(?:\\pi|π|pi)",
    "{": r"\{?",
    "}": r"\}?",
}
"""How signs of a formula may be written in prose."""
_UNITS = re.compile(r"\\circ|\\[%$]|\\(?:text|mathrm)\{[^{}]*\}")
_OPERATION = re.compile(
    r"\b(?:what is|what['’]s|find|compute|determine|evaluate|calculate|what was|what will be) (?:the )?"
    r"(?:positive |absolute )?"
    r"(sum|difference|product|ratio|average|mean|median|remainder)\b",
    re.I,
)
_UNTELLING = (
    "the and what are was were its his her their that this for with from have has how many much find compute determine"
    " evaluate calculate express simplify which who solve value values answer your all can you not does did when where"
    " such there one two three four five six seven eight nine ten given form terms let then than each into any will"
    " would must should positive integer integers real number numbers common fraction decimal exactly following written"
    " enter possible frac sqrt text give name long far old tall very been being they them she him"
)
_STOP = frozenset(_UNTELLING.split())
_GROUPS = (
    "minimum smallest least minimal fewest lowest shortest",
    "maximum greatest largest maximal most highest biggest longest",
    "cost spend spent pay paid price charge",
    "remain left leftover remaining",
    "total altogether sum",
    "probability chance likelihood",
    "way arrangement possibilitie combination",
    "zero zeroe zeros",
    "divisor gcd gcf hcf",
    "multiple lcm",
)
_SAME = {word: group.split()[0] for group in _GROUPS for word in group.split()}
EXTREMES = frozenset({"minimum", "maximum"})


def stems(text: str) -> set[str]:
    """Return the words of a text that tell something, as stems: plurals and synonyms are one."""
    return {stem(word) for word in _WORD.findall(text.lower())}


def stem(word: str) -> str:
    """Return a word in lower case without its ending, or the one word of its synonyms: "saved" and "saving" are one."""
    word = word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "is", "us")) else word
    if word in _SAME:
        return _SAME[word]
    for ending in ("ing", "ed", "e"):
        if word.endswith(ending) and len(word) > len(ending) + 3:
            return word[: -len(ending)]
    return word


_CALLED = "value result answer solution expression simplified final integer number fraction quotient"
RESULTS = frozenset(stems(_CALLED))
"""What an answer is called that the question has no noun for; stems."""


@lru_cache(maxsize=64)
def content_of(question: str) -> QuestionContent:
    """Return the content of a question; kept, since each trace of it asks twice, and repeats ask for it again."""
    return QuestionContent(question)


class QuestionContent:
    """Hold what a question asks for, and which values it contains. It does not change: see `content_of`."""

    def __init__(self, question: str) -> None:
        drawn = [" ".join(_LABEL.findall(m.group(1))) for m in _DRAWING.finditer(question)]
        told = _DRAWING.sub(" ", question)
        asked = _asked(told)
        self._asked = asked
        plain = _FORMULA.sub(" ", asked).lower()
        self.words = frozenset(stem(w) for w in _WORD.findall(plain) if w not in _STOP)
        """Stems of the request's words."""
        head = _OPERATION.search(asked)
        self.operation = stem(head.group(1).lower()) if head else ""
        """The stem of "sum", "difference" …, where one of other things is asked for; else empty."""
        self.nouns = _counted(asked)
        """Stems of what is to be counted: `boxe` of "how many boxes"."""
        self.form = _form(asked)
        """The stem of "integer", "fraction" …, where the request wants the answer "as an integer"; else empty."""
        self.money = bool(_MONEY.search(told)) and bool(
            re.search(r"\bhow much\b|\bcost\b|\bprice\b|\bdollars?\b", told)
        )
        """Whether an amount of money may be what is asked for."""
        self.formula = _formula(asked)
        """Matches a formula that is asked for, with the sign that gives it a value."""
        self.formulas = _formulas(asked)
        """The formulas that are asked for, in one notation: those with more than one term or factor."""
        self.indexed = _indexed(asked)
        """Letter and index of a name that is asked for: `z`, `2002` of z_{2002}."""
        self.parts = _parts(asked)
        """Letters of a sum or product that is asked for: `a` and `b` of a + b are not the answer themselves."""
        self.names = _names(asked)
        """The letters of a tuple that is asked for, such as p, q, r."""
        self.letters = self._letters(told, " ".join(drawn))
        """Letters by which the question or its drawing calls what is asked."""
        content = " ".join([told, *drawn])
        self.numbers = {rational(normal(n)) for n in _NUMBER.findall(content)}
        self.numbers |= {rational(NUMBER_WORDS[w]) for w in _WORD.findall(content.lower()) if w in NUMBER_WORDS}
        self.text = normal(content)

    def asks_about(self, number: str, unit: str) -> bool:
        """Return whether the request itself has the number before a word that begins as the unit: "56 Drinkets"."""
        return bool(re.search(rf"(?<![\d.,]){re.escape(number)}[ ~$]{{1,3}}{re.escape(unit)}", self._asked, re.I))

    def contains(self, gold: Gold) -> bool:
        """Return whether the question itself contains the gold value."""
        if gold.number is not None:
            return abs(gold.number) in self.numbers or gold.number in self.numbers
        return bool(gold.normal) and gold.normal in self.text

    def _letters(self, told: str, drawn: str) -> frozenset[str]:
        """Letters that stand behind a noun of the request ("the radius $r$"), or begin one and stand in the drawing."""
        there = set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", drawn))
        named = {letter for word, letter in _NAMED.findall(told) if stem(word.lower()) in self.words}
        return frozenset(named | {x for x in there if any(w.startswith(x.lower()) for w in self.words)})


def _asked(question: str) -> str:
    """The sentences that ask, each from its word of asking on; the end of the question where none does."""
    # A stop inside a formula ends no sentence; one at its end does, and the formula stays whole.
    masked = _FORMULA.sub(
        lambda m: "\x02" * (len(m.group()) - 1) + ("." if re.search(r"[.?!]\s*\W{1,2}\Z", m.group()) else "\x02"),
        question,
    )
    asks, begin = [], 0
    for end in [*(m.end() for m in _BOUND.finditer(masked)), len(question)]:
        cue = _REQUEST.search(masked, begin, end)
        if cue:
            asks.append(question[cue.start() : end])
        begin = end
    return " ".join(asks) or question[-250:]


def _counted(asked: str) -> frozenset[str]:
    nouns = set()
    for match in _COUNTED.finditer(_FORMULA.sub(" ", asked)):
        for number, word in enumerate((match.group(1) or match.group(2)).lower().replace("-", " ").split()):
            if (number or word != "such") and re.fullmatch(
                r"(?:are|is|do|does|did|can|could|will|would|of|in|that|such|were|was|have|has|must|should|which|to|for"
                r"|satisfying|less|with|on|from|at)",
                word,
            ):
                break
            if word not in ("different", "possible", "total", "ordered", "distinct", "positive", "more", "such"):
                nouns.add(stem(word))
    return frozenset(nouns - {"of", "the"})


def _form(asked: str) -> str:
    match = _AS_A.search(asked)
    return stem(match.group(1).lower()) if match else ""


def _formulas(asked: str) -> frozenset[str]:
    terms = ((m.group(1) or m.group(2)).strip().rstrip(".,;?") for m in _FORMULA.finditer(asked))
    return frozenset(normal(t) for t in terms if "=" not in t.partition("_{")[0] and len(normal(t)) > 5)


def _indexed(asked: str) -> tuple[str, str] | None:
    names = [_INDEXED.fullmatch((m.group(1) or m.group(2)).strip(" .,?")) for m in _FORMULA.finditer(asked)]
    found = [name.groups() for name in names if name]
    return (found[0][0], found[0][1]) if len(found) == 1 else None


def _parts(asked: str) -> frozenset[str]:
    terms = (m.group(1) or m.group(2) for m in _FORMULA.finditer(asked))
    sums = [
        t for t in terms if "=" not in t and re.fullmatch(r"[\sA-Za-z\d+\-*]{3,40}", t) and re.search(r"[+\-*]|\w\w", t)
    ]
    return frozenset(letter for term in sums for letter in term if letter.isalpha())


def _formula(asked: str) -> re.Pattern[str] | None:
    formulas = {(m.group(1) or m.group(2)).strip().rstrip(".,:;?!~ ").rstrip("\\") for m in _FORMULA.finditer(asked)}
    exact = [
        _pattern(f)
        for f in sorted(formulas)
        if re.search(r"[A-Za-z\\]", _UNITS.sub("", f)) and "=" not in f and len(f) <= 80
    ][:12]
    if not exact:
        return None
    return re.compile(
        rf"(?<![\w\\^_{{+*/])(?<![-+*/^] )(?:{'|'.join(exact)})(?![\w^_])[\s$\\)}}*]{{0,6}}"
        r"(?:=|is\b|equals|(?:must|should|would|could|might|will|has to) be\b|comes to\b)"
    )


def _names(asked: str) -> tuple[str, ...]:
    match = _TUPLE.search(asked)
    return (match.group(1), *(n.strip() for n in match.group(2).split(",") if n.strip())) if match else ()


def _pattern(formula: str) -> str:
    """The formula with spaces, backslashes and wrappers left to taste: `\\tan A` is "tan A", too."""
    told = re.sub(r"\\(?:overline|mathbf|mathrm|text|mathit|vec|bold)\s*\{([^{}]*)\}", r"\1", formula)
    told = re.sub(r"\\(?:left|right|displaystyle|;|,|!| )|\^\s*\{?\\circ\}?", "", told)
    one, other = (
        r"\s?".join(_SIGNS.get(c, re.escape(c)) for c in re.findall(r"\\(?:angle|theta|pi)|\S", text))
        for text in (formula, told)
    )
    return one if one == other else f"{one}|{other}"
