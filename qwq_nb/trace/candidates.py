"""Find the values that a reasoning states, and where: candidates for its answer.

Only a value that something leads up to is a candidate: a box, "the answer is", the last member of a chain of equations,
"gives", "we get", "is", "I think", "So …" at the beginning of a sentence, a noun that the question asks for ("with
remainder 2"). So the 2 in "step 2", "x^2" or "2 cases" is none. Except after a box or "answer" it must end its clause:
punctuation, a line's end or a connective follows, at most three words ("square units") between, or what the question
counts ("4 boxes are empty"). A number may be a word ("So only one multiple"). Whether it is the right one, and said of
what was asked, is `statements.py`'s business.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from qwq_nb.trace.question import EXTREMES, QuestionContent, stem
from qwq_nb.trace.values import LONGEST, NUMBER_WORDS

__all__ = ["Candidates", "Statement"]


class Statement(NamedTuple):
    """Hold a stated value. Offsets are characters of the text."""

    kind: str
    """`box`, `answer`, `bare` ("So 204 minutes."), `noun` ("remainder 204") or `result` ("= 204.", "gives 204")."""
    sentence: int
    """Where its sentence begins."""
    lead: int
    """Where the words begin that lead up to it."""
    start: int
    end: int
    text: str


_THUS = "so thus therefore hence then"
_RESULT = (
    "is are be was equals equal gives give giving gave yields yield yielding get gets got have has obtain obtains"
    " obtained make makes leave leaves leaving find found becomes total totals to only namely exactly remains think"
    " believe"
    " guess suspect conclude seems appears means meaning as"
    " decreases decreased increases increased"
)
_HAN_RESULT, _HAN_THUS, _HAN_ANSWER = "是为得共有到出于", "以此故", "案"  # 等于, 得到, 得出; 所以, 因此; 答案


def _kinds() -> dict[str, str]:
    """What a word or sign leads up to."""
    kinds = {
        "=": "equals",
        "→": "arrow",
        "\\implies": "arrow",
        "\\Rightarrow": "arrow",
        "∈": "set",
        "\\in": "set",
        ":": "colon",
        "：": "colon",
        "\\boxed": "box",
        "\\fbox": "box",
        "\n": "line",
    }
    kinds |= dict.fromkeys(".!?", "stop") | dict.fromkeys("。！？；", "end")
    for words, kind in ((_THUS, "bare"), (_RESULT, "result"), ("answer answers", "answer"), ("in includes", "set")):
        for word in words.split():
            kinds |= dict.fromkeys((word, word.capitalize(), word.upper()), kind)
    kinds |= (
        dict.fromkeys(_HAN_RESULT, "han")
        | dict.fromkeys(_HAN_THUS, "han_bare")
        | dict.fromkeys(_HAN_ANSWER, "han_answer")
    )
    return kinds | {"s": "short"}


_KINDS = _kinds()
_SIGN = re.compile(rf"[A-Za-z]+|[=→∈:\n.!?。！？；：{_HAN_RESULT}{_HAN_THUS}{_HAN_ANSWER}]|\\[A-Za-z]+")
_FILLER = (
    r"(?:(?:indeed|simply|just|also|still|then|probably|likely|clearly|exactly|only|now|actually|equal to|going to be"
    r"|a total of|approximately|about|hence|therefore|thus|again|the value|the number|option|choice|there "
    r"(?:are|is)|we have"
    r"|we get|all|like|day|I think|I guess|maybe|perhaps) +){0,3}"
)
_NOT_A_ONE = "of|that|who|which|more|another|by|can|is|side|way to|hand|case|possibility|approach"
_NUMBER_WORDS = (
    rf"(?:one(?! (?:{_NOT_A_ONE})\b)|{'|'.join(word for word in NUMBER_WORDS if word != 'one')})(?![A-Za-z-])"
)
_VALUE = rf"(?=[$\\(\[{{*\-−–√π∞+.\d]|[A-Za-zα-ωΑ-Ω](?![A-Za-z]|['’])|pi\b|sqrt\b|(?i:{_NUMBER_WORDS}))"
# What must stand behind a sign for a value to follow.
_BEHIND = {
    "equals": re.compile(rf"(?![=<>])\s{{0,3}}|>\s{{0,3}}{_VALUE}"),
    "arrow": re.compile(rf"\s{{0,3}}{_VALUE}"),
    "colon": re.compile(rf"(?:[ *]{{0,4}}|\s{{1,3}}(?:\$\$|\\\[)\s?){_FILLER}{_VALUE}"),
    "result": re.compile(rf"(?:(?: to| of| by)?[ *]{{1,4}}{_FILLER}|(?=\d)){_VALUE}"),
    "set": re.compile(r"\s{0,2}(?:the )?(?:interval |range )?(?=[$\\]{0,2}\s?(?:\\left)?[(\[])"),
    "bare": re.compile(rf"[,:]? {{1,3}}{_FILLER}{_VALUE}"),
    "noun": re.compile(rf"(?:(?<=remainder) of)?[ *}}]{{1,4}}{_VALUE}(?!(?i:zero)\b)"),
    "box": re.compile(r"\s{0,3}(?=\{)"),
    "answer": re.compile(
        r"(?![^\W_])(?:[^.\n:=?!]{0,60}?(?:\b(?:is|are|be|was|as|to)\b|[:=]))?[\s:*]{0,6}(?<=[\s:*=])" + _FILLER
    ),
    "han": re.compile(rf"[ *:：]{{0,3}}{_VALUE}"),
    "han_bare": re.compile(rf"[，, ]{{0,3}}{_VALUE}"),
    "han_answer": re.compile(r"(?:应该|应当|就|便)?(?:是|为|等于|[:：])?[\s:：*]{0,4}"),
}
_BEHIND["short"] = _BEHIND["result"]
_KIND = {
    "equals": "result",
    "arrow": "result",
    "set": "result",
    "colon": "result",
    "han": "result",
    "short": "result",
    "han_bare": "bare",
    "han_answer": "answer",
}
_STOP = re.compile(r"[.!?][)*\"”]{0,3}(?=\s)")
_LINE = re.compile(r"\n\s{0,20}(?!\s|\\\[|=|\$\$)")

_FUNCTIONS = "sqrt|pi|sin|cos|tan|cot|sec|csc|log|ln|infty|infinity|arctan|arcsin|arccos"
_RUN = re.compile(
    r"(?P<stop>\\(?:implies|Rightarrow|Longrightarrow|rightarrow|approx|neq?|leq?|geq?|quad|qquad|equiv|iff|to)(?![A-Za-z])"
    r"|\\[()\[\]\\]|\*\*)"
    r"|(?P<piece>(?:\\(?:text|mathrm|textbf|mbox|textrm)\s?\{[^{}]{0,60}\}(?:\^\{?\d\}?)?"
    r"|\\(?!implies|Right|Long|right|approx|ne|le(?!ft)|ge|q?quad|equiv|iff|to|(?:begin|end)\{[pbv]matrix|[()\[\]\\])(?:[A-Za-z]+|[^A-Za-z])"
    r"|\d+ and \d+/\d+|\d+(?:(?:,(?:\\!)?|\{,\})\d{3})*(?:\.\d+)?|\.\d+|\*(?!\*)|[-+/^_|!°%'√π∞±∪×·÷−–²³⁴½& \t]"
    rf"|(?:(?<![A-Za-z])(?:{_FUNCTIONS})(?![A-Za-z])|[A-Za-zα-ωΑ-Ω](?![A-Za-z]|['’][a-z]))){{1,60}}"
    rf"|(?<![A-Za-z-])(?i:{_NUMBER_WORDS}))"
    r"|(?P<open>\\begin\{[pbv]matrix\}|[(\[{])|(?P<close>\\end\{[pbv]matrix\}|[)\]}])"
    r"|(?P<comma>,[ ]?)|(?P<line>\n)|(?P<join>\b(?:and|or)\b|和|或|\$ ?(?:,|and|or) ?\$)"
)
_OPENING = re.compile(r"[\s*:：]{0,8}(?:\$\$?|\\\(|\\\[)?\s{0,4}")
_CLAUSE_END = re.compile(
    r"(?!\$?(?:st|nd|rd|th)\b|\^\{?\\text)"  # "6th"
    r"(?!,?[ ](?:minus|plus|times|divided by|multiplied by)\b)"  # the calculation goes on
    r"[\s*]{0,4}(?:[$)\]]|\\[)\]])?(?:[ *]{0,3}(?:[A-Za-z]+|\\text\{[^{}]{0,30}\})){0,3}?[ *]{0,3}(?:base[ -]?\d{1,2})?"
    r"(?:[.,;:?!…)\]。，；：！？、)]|\\[)\]]|\\q?quad(?!\s*(?:\\text\{\s?)?(?:or|and)\b)|\$|\n|\Z|[-—–] |\((?=[a-z])"
    r"|(?:and|so|because|since|which|but|then|as|hence|thus|therefore|wait|here|too|also|indeed|right|when|if|for|where"
    r"|works|is (?:the )?(?:only|unique|right|correct|maximum|minimum|largest|smallest|greatest|least)|such)\b"
    r"|(?<=[\d})$ ])[\u4e00-\u9fff])"
)
_NO_EQUATION = frozenset("=<>!:≤≥≠")
_REACH = 400
"""Characters from the beginning of a sentence to a value, as far as they are read."""
_VALUE_FIRST = re.compile(
    r"(?:(?<=[\s(*])|\A)(?P<value>\$?[-−–(\[\\√π\d](?:[^\s,;:.]|[.,](?=\S)|,[ ]"
    r"(?=[^\s,;:.]{1,20}[)\]])){0,60})[*)]{0,2} "
    r"(?:is|must be|should be|would be|has to be|might be|could be) (?:indeed |probably |likely )?(?:the"
    r"|my|our) (?:final |correct "
    r"|right |only )?answer\b"
)
"""A value that is called the answer behind it."""
_DISPLAY = re.compile(r"\n[ ]?(?:\$\$|\\\[)[ ]?\Z")
"""Behind this a line's end begins no sentence: a displayed formula belongs to the words before it."""
_DISPLAYED = re.compile(r"\n[ ]?(?:\$\$|\\\[)\s{0,3}(?=[^\s$])")
"""Behind this a displayed equation begins."""
_LIST = re.compile(r",\d|,[ ][-−]?\d+(?:\.\d+)?(?:°?,[ ]|[ ]?(?:and|or)\b|[$\n])|[ ](?:and|or)[ ][-−$]?\d")
"""A value before this is one of several."""
_FOLLOWING = re.compile(r"[$*\s\\)]{1,4}(?:[A-Za-z-]+[ *]{1,3}){0,2}[A-Za-z-]+")
_AFTER = 80
"""Characters behind a value in which it may be called the answer."""
_INSIDE = ("\\\\", "\\(", "\\)")
"""What ends no value within its brackets: a row of a matrix, a formula in a tuple."""
_NEXT_SIDE = re.compile(r"[ $]{0,2}(?<=[ ,$])[A-Za-z](?:_\{?\d\}?)?\s?=\s?(?=[-−\d\\(√])")
"""The left side of a further value: "n = -2 or n = 1"."""
_PROSE = re.compile(r"[\s°$)]\((?:[a-z]{2,}|[A-Z][a-z]+|[^()]{1,12}[ ][a-z]{3,})")
_MEMBER = re.compile(r"\s{0,4}\$?(?:=|≈|\\approx)\s{0,4}")


def _windows(text: str, hallmark: re.Pattern[str] | None) -> Iterator[tuple[int, int]]:
    """The parts of the text in which something may lead up to what the hallmark finds."""
    begin = end = 0
    if hallmark is None:
        end = len(text)
    else:
        for match in hallmark.finditer(text):
            if match.start() - _REACH > end:
                if end:
                    yield begin, end
                begin = match.start() - _REACH
            end = match.end()
    if end:
        yield begin, end


class Candidates:
    """Hold the positions of a text at which a value may be stated; values are read only when asked for."""

    def __init__(
        self,
        text: str,
        *,
        joined: bool = False,
        equation: bool = False,
        hallmark: re.Pattern[str] | None = None,
        interval: bool = False,
        request: QuestionContent | None = None,
    ) -> None:
        """`joined`: a value may be several ("1 and -2"); `equation`, `interval`: it is one.

        `hallmark`: only values that contain this are of interest. `request`: its nouns lead up to a value, and what it
        counts may follow one.
        """
        self.text = text
        self.joined = joined
        self.equation = equation
        self.hallmark = hallmark
        self._interval = interval
        self._nouns = request.words - EXTREMES if request else frozenset()
        self._counted = request.nouns if request else frozenset()
        self._known: dict[str, bool] = {}
        self._leads: list[tuple[str, int, int]] = []
        self.sentences = [0]
        """Where sentences and lines begin."""
        for start, end in _windows(text, hallmark):
            if start > self.sentences[-1]:
                self.sentences.append(start)
            self._read(start, end)

    def _read(self, begin: int, end: int) -> None:
        text, read = self.text, begin
        for sign in _SIGN.finditer(text, begin, end):
            word = sign.group()
            kind = _KINDS.get(word)
            if kind is None:
                known = self._known.get(word)
                if not (self._is_noun(word) if known is None else known):
                    continue
                kind = "noun"
            if sign.start() < read or (kind == "set" and not self._interval):
                continue
            start, at = sign.span()
            before = text[start - 1 : start]
            if kind == "end":
                self._begin_sentence(at)
            elif kind in ("stop", "line"):
                bound = (_STOP if kind == "stop" else _LINE).match(text, start)
                if bound and (
                    kind == "stop" or (before not in ",:=[(" and not _DISPLAY.search(text, start - 8, start))
                ):
                    self._begin_sentence(bound.end())
            elif not (kind == "short" and before not in "'’") and not (kind == "equals" and before in _NO_EQUATION):
                behind = _BEHIND[kind].match(text, at)
                if behind:
                    read = behind.end()
                    self._leads.append((_KIND.get(kind, kind), start, read))

        if self.equation:
            self._leads += [("result", m.start(), m.end()) for m in _DISPLAYED.finditer(text, begin, end)]
        for match in _VALUE_FIRST.finditer(text, begin, end + _AFTER):
            self._leads.append(("answer", match.start(), match.start("value")))
        self._leads.sort(key=lambda lead: lead[1])

    def _is_noun(self, word: str) -> bool:
        known = self._known[word] = word.isalpha() and stem(word.lower()) in self._nouns
        return known

    def _begin_sentence(self, at: int) -> None:
        """At a stop and at the line's end behind it begins one sentence, not two."""
        if len(self.sentences) > 1 and not self.text[self.sentences[-1] : at].strip():
            self.sentences[-1] = at
        else:
            self.sentences.append(at)

    def __len__(self) -> int:
        return len(self._leads)

    def sentence(self, at: int) -> int:
        """Return the number of the sentence in which the offset lies."""
        return bisect_right(self.sentences, at) - 1

    def finals(self, number: int, end: int) -> Iterator[int]:
        """Return the numbers of the boxes and of what is called the answer, from a position on, before an offset."""
        while number < len(self._leads) and self._leads[number][1] < end:
            if self._leads[number][0] in ("box", "answer"):
                yield number
            number += 1

    def statement(self, number: int) -> Statement | None:
        """Return what is stated at a position, or None where there is no value."""
        kind, lead, at = self._leads[number]
        if self.hallmark and not self.hallmark.search(self.text, max(at - 1, 0), at + LONGEST):
            return None
        begin = self.sentences[self.sentence(lead)]
        if kind == "box":
            end = nearby_closing_brace(self.text, at)
            return Statement(kind, begin, lead, at + 1, end, self.text[at + 1 : end]) if end else None
        span = self._value(at, kind)
        return Statement(kind, begin, lead, *span, self.text[span[0] : span[1]]) if span else None

    def _value(self, at: int, kind: str) -> tuple[int, int] | None:
        """The value that begins at `at`, or the last member of the chain that does."""
        text, strict = self.text, kind != "answer"
        for _ in range(8):
            opening = _OPENING.match(text, at)
            start = opening.end() if opening else at
            end, open_end = self._run(start)
            if end == start or open_end:
                return None
            member = _MEMBER.match(text, end)
            if member and self.equation:
                right, open_end = self._run(member.end())
                return None if open_end else (start, right)
            if not member:
                return (start, end) if not strict or self._ends(end, kind) else None
            if strict:
                return None  # the next "=" is a position of its own
            at = member.end()
        return None

    def _ends(self, end: int, kind: str) -> bool:
        """Whether a clause ends behind a value, or what the question counts follows it; a list goes on."""
        text = self.text
        if _CLAUSE_END.match(text, end):
            return self.joined or not _LIST.match(text, end)
        counted = self._counted | self._nouns if kind == "bare" else self._counted
        after = _FOLLOWING.match(text, end) if counted else None
        return after is not None and any(
            stem(word) in counted for word in after.group().lower().replace("-", " ").split()
        )

    def _run(self, start: int) -> tuple[int, bool]:
        """Where the formula that begins at `start` ends, and whether it breaks off behind an operator."""
        text, at, depth, limit, parted, opened = self.text, start, 0, start + LONGEST, False, start
        while at < limit:
            side = _NEXT_SIDE.match(text, at) if parted else None
            at = side.end() if side else at
            token = _RUN.match(text, at)
            what = token.lastgroup if token else None
            if token is None or (what == "stop" and not (depth and token.group() in _INSIDE)):
                # "11 (since N is positive)": the bracket is no part of the value.
                if token is None and depth == 1 and opened > start and _PROSE.match(text, opened - 1):
                    at, depth = opened, 0
                break
            if what == "open":
                opened = opened if depth else at
                depth += 1
            elif what == "close":
                depth -= 1
                if depth < 0:
                    break
            elif depth == 0 and (what == "line" or (what != "piece" and not (self.joined and at > start))):
                break
            if not depth and at == start and what == "piece" and token.group().lower() in NUMBER_WORDS:
                at = token.end()
                break
            at, parted = token.end(), self.joined and what in ("comma", "join")
        end = start + len(text[start:at].rstrip().rstrip(","))
        return end, depth > 0 or (end > start and text[end - 1] in "+*/^_×·÷")


def nearby_closing_brace(text: str, opening: int) -> int | None:
    """Return where the brace at `opening` is closed, at most `LONGEST` characters on."""
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", text[opening : opening + LONGEST], re.S):
        depth += {"{": 1, "}": -1}.get(brace.group(), 0)
        if depth == 0 and brace.group() == "}":
            return opening + brace.start()
    return None
