"""Compare stated values with the gold answer: cheaply first, by the benchmark's own equivalence for the rest.

The benchmark's equivalence (math-verify, 1–10 ms a call) is asked only about a distinct value that nothing cheaper
settles. Two values are the same if they are after trimming (`normal`: mathematical signs, boxes, \\text, spaces, sizes
of brackets and fractions, thousands commas, units, per cent and degree signs) or if both are rational numbers and
equal. Where the gold value is a rational number or one letter, everything else is another value: `2 + 3` is a
calculation, not an answer. The rest is asked about only if it names the same variables, has as many commas as gold
and is not much longer (what is yet to be simplified is equal, too, but no answer).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

__all__ = ["LONGEST", "NUMBER_WORDS", "Gold", "normal", "rational"]

LONGEST = 300
"""Characters; a longer value is a text, not an answer."""

MOST_CALLS = 40
"""Questions to the benchmark's equivalence for one trace; beyond them only the cheap comparison is left."""

_SYMBOLS = str.maketrans(
    {"−": "-", "–": "-", "π": r"\pi ", "∞": r"\infty ", "×": r"\cdot ", "·": r"\cdot ", "≤": r"\le ", "≥": r"\ge "}
    | {
        "θ": r"\theta ",
        "，": ",",
        "（": "(",
        "）": ")",
        "∪": r"\cup ",
        "½": r"\frac{1}{2}",
        "±": r"\pm ",
        "√": r"\sqrt ",
    }
    | {"²": "^2", "³": "^3", "⁴": "^4", "\u00a0": " ", "\u202f": " "}
)


def _command(match: re.Match[str]) -> str:
    return "\\" + match.group().replace("infinity", "infty")


_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _rules(*rules: tuple[str, str | Callable[[re.Match[str]], str]]) -> tuple[_Rule, ...]:
    return tuple((re.compile(pattern), new) for pattern, new in rules)


# To LaTeX that math-verify reads.
_LATEX = _rules(
    (r"(?<![\\A-Za-z])(?:sqrt|pi|infty|infinity)(?![A-Za-z])", _command),
    (r"\\sqrt\s*\(([^()]*)\)", r"\\sqrt{\1}"),
    (r"\\sqrt\s*(\w+)", r"\\sqrt{\1}"),
    (r"(?<=\d) +(?:and +)?(\d+)/(\d+)", r"\\frac{\1}{\2}"),
)
# From there to the key that is compared, in this order. Every pattern is linear.
_KEY = _rules(
    (r"\\\\\s*", "¦"),  # rows of a matrix, before `\\ ` is taken for a space
    (r",\\!\s*(?=\d{3})", ""),
    (
        r"\\[\[\]()]|\\[,;:! ]|~|\\q?quad\b|\\?\$|\*\*"
        r"|\\(?:display|text)style|\\(?:left|right)(?![a-z])|\\[bB]igg?[lr]?(?![a-z])",
        "",
    ),
    (r"\\(?:text|textbf|mathrm|mbox|textrm)\s*\{\s*\(?([A-Za-z])\)?\s*\}", r"\1"),
    (r"\^\s*\{?\s*\\circ\s*\}?|\\degree|°|\\?%|\b(?:percent|degrees?|units?|dollars?|inch(?:es)?|cents)\b", ""),
    (r"\\[dtc]frac", r"\\frac"),
    (r"\\(?:times|cdot)(?![A-Za-z])", "*"),
    (r"\\([lg])eq(?![A-Za-z])", r"\\\1e"),
    (r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}"),
    (r"(\\frac\s*\{[^{}]*\})\s*(\d)", r"\1{\2}"),
    (r"(?<=\d)(?:,|\\,|\{,\}| )(?=\d{3}(?!\d))", ""),
    (r"\s+(?![A-Za-z])|(?<![A-Za-z])\s+", ""),
    (r"(?<=\d)\.0+(?!\d)", ""),
    (r"^(-?)0+(?=\d)", r"\1"),
    (r"([_^])\{(\w)\}", r"\1\2"),
    (r"(?<=\d)\*(?=√|\\sqrt|\\pi|[A-Za-z(])", ""),
    (r"\\sqrt\{([^{}]*)\}", r"√(\1)"),
    (r"\\frac\{([^{}+-]+)\}\{([^{}+\-*]+)\}", r"\1/\2"),
    (r"\\frac\{([^{}]+)\}\{([^{}+\-*]+)\}", r"(\1)/\2"),
    (r"^\\begin\{[pb]matrix\}([^&]*)\\end\{[pb]matrix\}$", lambda m: f"({m.group(1)})".replace("¦", ",")),
    (r"(?<![\w)}])\((-?\d+(?:\.\d+)?)\)(?![\w(^])", r"\1"),
    (r"^\(([A-Za-z])\)$", r"\1"),
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{(.*)\}", re.S)
_WORDS = re.compile(r"\\(?:text|textbf|mathrm|mbox|textrm|textit)\s*\{([^{}]*)\}(?:\^\{?\d\}?)?")
_LEFT_SIDE = re.compile(
    r"(?:[A-Za-z](?:\([A-Za-z]\))?|\((?:[A-Za-z]|\\[a-z]+)(?:,(?:[A-Za-z]|\\[a-z]+)){1,4}\))(?:=|\\in(?![a-z]))"
)
_MODULO = re.compile(r"\s*(?:\\pmod\s?\{[^{}]*\}|\\?\(?\\?b?mod[ {]?\d+\}?\)?)\s*\Z")
_UNIT = re.compile(r"(?<=\d)[ ~](?:[A-Z]|[msgh]|cm|km|mm|kg)(?:\^\d|[²³])?\s*\Z")
"""A unit of one letter behind a number: "160 m", "6 T"; a variable follows its factor without a space."""
_RATIONAL = re.compile(r"([+-]?)(?:(\d*)\.(\d+)|(\d+)(?:/(\d+))?)")
_MIXED = re.compile(r"([+-]?)(\d+)\\frac\{(\d+)\}\{(\d+)\}")
_COMMAND = re.compile(r"\\[A-Za-z]+")


def latex(value: str) -> str:
    """Return the value with its typographic signs and bare names as LaTeX commands: `√3/2` is `\\sqrt{3}/2`."""
    text = value.strip().strip("$").translate(_SYMBOLS)
    for pattern, new in _LATEX:
        text = pattern.sub(new, text)
    return text


@lru_cache(maxsize=4096)
def normal(value: str) -> str:
    """Return the value in one notation of many; equal results mean equal values, not the other way round."""
    text = latex(value)
    box = _BOX.fullmatch(text)
    text = box.group(1) if box else text
    if "\\text" in text or "\\m" in text:
        words = _WORDS.fullmatch(text)
        text = (
            words.group(1)
            if words
            else _WORDS.sub(lambda m: m.group() if len(m.group(1).strip(" ()")) < 2 else "", text)
        )
    mixed = _MIXED.search(re.sub(r"\\[dt]frac", r"\\frac", text).replace(" ", "")) if "frac" in text else None
    if (
        mixed
        and int(mixed.group(4))
        and mixed.span() == (0, len(text.strip("$ ").replace(" ", "").replace("dfrac", "frac")))
    ):
        sign, whole, top, below = mixed.groups()
        return f"{sign}{int(whole) * int(below) + int(top)}/{below}"
    for pattern, new in _KEY:
        text = pattern.sub(new, text)
    return text.rstrip(".:;?,").lstrip(":;?,")


def rational(text: str) -> Fraction | None:
    """Return the number that a normalised value is, where it is written as one: `-3`, `0.5`, `3/4`."""
    match = _RATIONAL.fullmatch(text) if len(text) <= 60 else None
    if match is None:
        return None
    sign, whole, decimals, top, below = match.groups()
    if decimals is not None:
        number = Fraction(f"{whole or 0}.{decimals}")
    elif below is None or int(below):
        number = Fraction(int(top), int(below or 1))
    else:
        return None
    return -number if sign == "-" else number


_COUNTING = "zero one two three four five six seven eight nine ten eleven twelve"
NUMBER_WORDS = {word: str(number) for number, word in enumerate(_COUNTING.split())}
"""Numbers that are written as words."""
_OPERATOR = re.compile(r"(?<=[^(,\[{])[-+]|[*/^]|\\frac|\\pm")
_ROOT_BELOW = re.compile(r"/\(?\d*√|\\frac\{[^{}]*\}\{[^{}]*√|/\d*\(?√")


class Gold:
    """Hold the gold answer, and what has been found out about values that are compared with it."""

    def __init__(self, gold: str, equal: Callable[[str, str], bool]) -> None:
        self.text = gold.strip()
        self.normal = _bare(normal(gold))
        self.number = rational(self.normal)
        words = re.sub(r"\\(?:text|textbf|mathrm|mbox|textrm)\s*", "", self.text).strip("{}$() .")
        self.words = words.lower() if re.fullmatch(r"[^\W\d_]{2,}(?:[ -][^\W\d_]+){0,5}", words) else ""
        """Lower case, where the gold answer is in words ("even", "Evelyn")."""
        self.joined = _commas(self.normal) > 0 and self.normal[:1] not in "([\\"
        """Whether it is several values."""
        self.equation = "=" in self.normal
        """Whether it is an equation, such as that of a line."""
        self._small = self.normal in NUMBER_WORDS.values()
        self.interval = bool(re.fullmatch(r"[(\[][^,]*,[^,]*[)\]]", self.normal)) and bool(
            "infty" in self.normal or "]" in self.normal or "[" in self.normal
        )
        """Whether it is an interval of numbers."""
        self.base = re.fullmatch(r"([0-9A-Z]+)_(?:\d|\{\d+\})", self.normal)
        self.hallmark = _hallmark(self.normal, self.number)
        self.calls = 0
        self._equal = equal
        self._letters = _letters(self.normal)
        self._single = _commas(self.normal) == 0
        # What a value must contain to be worth trimming; the names of letters may differ in type only.
        self._needed = frozenset(c for c in self._letters if c.isascii()) if self.number is None else frozenset()
        self._parts = _parts(self.normal)
        self._known: dict[str, bool] = {}
        self._settled: dict[str, bool] = {}

    def same(self, value: str) -> bool:
        """Return whether `value` is the gold answer."""
        found = self._known.get(value)
        if found is None:
            if self.hallmark and not self.hallmark.search(value):
                return False
            if not self._needed.issubset(value) or not self._shaped(value):
                return False
            found = self._known[value] = bool(value) and len(value) <= LONGEST and self._decide(value)
        return found

    def _shaped(self, value: str) -> bool:
        """Whether the value can be like gold at all: a fraction or decimal, or several values, where gold is that."""
        if self.number is not None and self.number.denominator > 1:
            return "/" in value or "." in value or "frac" in value
        return self._single or any(sign in value for sign in (",", "，", "and", "or", "和", "或", "pm", "±", "\\\\"))

    def _decide(self, value: str) -> bool:
        value = _MODULO.sub("", value)
        if self.number is not None:
            value = _UNIT.sub("", value)
        text = normal(NUMBER_WORDS.get(value.strip(" *").lower(), value) if self._small else value)
        if not text:
            return False
        if text == self.normal or (self.words and text.lower() == self.words.replace(" ", "")):
            return True
        text = text if self.equation or self.joined else _bare(text)
        if self.base and text == self.base.group(1) and "text" not in value:
            return True  # in what base is known
        settled = self._settled.get(text)
        if settled is None:
            settled = self._settled[text] = self._settle(text, value)
        return settled

    def _settle(self, text: str, value: str) -> bool:
        if text == self.normal:
            return True
        number = rational(text)
        if self.number is not None or self.words or len(self.normal) < 2:
            # 34/100 is yet to be reduced, and 8/2 to be computed.
            return (
                number is not None and number == self.number and text.partition("/")[2] in ("", str(number.denominator))
            )
        if number is not None:
            return False  # the gold answer is no rational number
        if self.joined and self._parts == _parts(text):
            return True
        commas = _commas(_parts(text) if self.joined else text)
        if _letters(text) != self._letters or (commas != _commas(self.normal) and "\\pm" not in text + self.normal):
            return False
        if self.calls >= MOST_CALLS or self._unfinished(text):
            return False
        self.calls += 1
        return self._equal(latex(value), self.text)

    def _unfinished(self, text: str) -> bool:
        """Whether the value is an expression that is yet to be simplified, which is no answer."""
        return (
            len(text) > 1.5 * len(self.normal) + 4
            or len(_OPERATOR.findall(text)) > len(_OPERATOR.findall(self.normal))
            or bool(_ROOT_BELOW.search(text) and not _ROOT_BELOW.search(self.normal))
        )


def _hallmark(text: str, number: Fraction | None) -> re.Pattern[str] | None:
    """What every way to write the value contains, if there is such a thing."""
    words = [word for word, digits in NUMBER_WORDS.items() if digits == text]
    if words:
        return re.compile(rf"{text}(?<![0-9.]{text})(?!\d)|\b(?i:{words[0]})\b")
    if number is not None and number.denominator == 1:
        first, others = str(abs(number))[0], str(abs(number))[1:]
        gap = r"(?:,|\\[,!]|\{,\}|[ \u202f]|\\!){0,2}"
        # A literal first, so that the search is quick; what stands before it is looked at afterwards.
        return re.compile(rf"{first}(?<![1-9.]{first}){''.join(gap + digit for digit in others)}(?!\d)")
    for sign, forms in (("√", "sqrt|√"), ("\\pi", "pi|π"), ("infty", "inf|∞")):
        if sign in text:
            return re.compile(forms)
    return None


def _bare(text: str) -> str:
    """Without a left side such as `x=`."""
    side = _LEFT_SIDE.match(text)
    return text[side.end() :] if side and side.end() < len(text) else text


def _parts(text: str) -> str:
    """Several values in one order, each without its left side."""
    return ",".join(sorted(_bare(part.strip()) for part in re.split(r",|and|or|和|或", text) if part.strip()))


def _letters(text: str) -> frozenset[str]:
    """The variables, less those of a left side; names of functions are none."""
    rest = re.sub(r"and|or", " ", _COMMAND.sub(" ", text))
    return frozenset(letter for letter in rest if letter.isalpha())


def _commas(text: str) -> int:
    return text.count(",")
