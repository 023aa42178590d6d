"""Tell how a value is stated: as the answer, of what was asked, as a mere result, or not at all.

- `FINAL`: boxed, or called the answer ("the answer is 12", "12. That's the answer"; not behind "if" or "whether");
- `ASKED`: said of what was asked: for a formula or letter that the question asks for (`m+n = 371`, `h = 5`) or a name
  that the trace gives it (`stand_ins.py`), with words of the request in the sentence ("So the remainder is 12": one
  behind "so", "therefore", … or two without; a sentence that begins with "that", "it" or "which" has those of the one
  before), or before what the question counts ("25 candles");
- `DWELT_ON`: a result at which the trace stops to look at the whole ("= 7. Wait, is that right?");
- `WEAK`: any other result ("= 371.", "this gives 371");
- `NONE`: supposed ("if", "let", "for n = 1: …" …), denied (`suppositions.py`), rejected ("which is not …"), or one
  of several ("x = 0 or x = 5").
"""

from __future__ import annotations

import re

from qwq_nb.trace.candidates import Candidates, Statement
from qwq_nb.trace.question import EXTREMES, RESULTS, QuestionContent, stems
from qwq_nb.trace.stand_ins import StandIns
from qwq_nb.trace.suppositions import DENIED, LOOK_BACK, OWNER, Suppositions

__all__ = [
    "ASKED",
    "DWELT_ON",
    "FINAL",
    "NONE",
    "THUS",
    "WEAK",
    "Teller",
    "is_consequence",
    "is_dwelt_on",
]

FINAL, ASKED, DWELT_ON, WEAK, NONE = 4, 3, 2, 1, 0

_VAGUE = stems("number integer fraction final")
_COUNTABLE = stems("value number way possibility option element solution pair case integer total arrangement")
"""What anything that is counted may be called."""
_TOTAL = re.compile(r"\btotal of[\s*$]{0,4}\Z", re.I)
_OPERATIONS = stems("sum product difference quotient total")
"""What a formula may be called, where a formula is all that is asked for."""
_CASES = re.compile(r"\bcase (?:1|2|i|ii|one|two)\b|\btwo (?:solutions|cases|possib|values|roots)", re.I)
_WHETHER = re.compile(r"\b(?:if|whether|suppose|unless|assuming)\b|如果|假设", re.I)
_REJECTED = re.compile(
    r"[\s$)]{0,3},? ?(?:which|but (?:that|this|it)) (?:is|does|was|would be|can)(?:n['’]t| not| no| too| wrong)\b", re.I
)
THUS = re.compile(
    r"\b(?:so|thus|therefore|hence|total|altogether|then|finally|indeed|means|meaning)\b|所以|因此|故|一共|总共", re.I
)
_CONSEQUENCE = re.compile(
    r"[\s*#$✅>\-–—]{0,12}(?:So|Thus|Therefore|Hence|That|This|It|Indeed|Answer|The (?:final )?answer|Final"
    r"|\\boxed|\\\[|\\\(|\(?\w{1,2}\)? ?=|所以|因此|故|答案)",
    re.I,
)
_CALLED = re.compile(
    r"[^\n]{0,40}?(?:[.,!]\s{1,2}(?:[A-Z][a-z]+,? (?:right,? )?)?)?(?:[Tt]hat|[Tt]his|[Ii]t|[Ww]hich)?"
    r"(?:['’]s| is| should be| must be| would be| has to be| seems to be| might be| could be| as) "
    r"(?:indeed |probably |likely )?(?:the|my|our) (?:final |correct |right )?(?:answer|solution to the problem)\b"
)
_DWELT = re.compile(
    r"(?:[ \\$)*}]{0,6}(?:[A-Za-z²³°%]{1,12}[ *]{0,2}){0,3}(?:base[ -]?\d{1,2})?"
    r"(?:[.,]? (?:because|since|as)\b(?:[^.\n]|\.\d){0,60})?[.?!,]?[\s\\$)*}]{0,6})"
    r"(?:(?:But |However,? )?wait\b[\s,.:!?—–-]{0,4}(?:(?:wait|but|so|no)\b[\s,]{0,2}){0,3}"
    r"(?:is|let|but|that|this|it|does|did|the (?:problem|question)|are|could|maybe|what|\d)"
    r"|(?:Oh|Hmm|Okay|Right|Yes|Great|Perfect|However|Now)?[,.!?]? ?"
    r"(?:is (?:that|this|it) (?:right|correct|it|all|true|the|possible|consistent)"
    r"|let(?: me|['’]s| us) (?:just |also )?(?:check|verify|confirm|double[- ]check|recheck|make sure)"
    r"(?: that| this| it| my work| the calculation)?(?: again| to make sure| to be sure| if| whether| by|\.| with| in)"
    r"|let me [a-z]{2,10} (?:[a-z]+ ){0,4}to (?:make sure|be sure|confirm|check|verify)"
    r"|let me make sure|to make sure|just to (?:be|make)"
    r"|(?:that|this|it|which)(?:['’]s| is| should be| must be| would be| seems?| makes| checks| works| sounds| confirms"
    r"| matches) (?:it\b|right|correct|plausible|reasonable|neat|nice|sense|out\b|straightforward|good"
    r"|to be (?:it|right)"
    r"|the (?:answer|result|final|same)|what)"
    r"|(?:that|this|it) works\b|is the only (?:possibility|possible|solution|option|one|value|number|integer)"
    r"|right,|oh right|yep|yeah|oh!? (?:that|nice|great)|does (?:that|this|it) make sense|but (?:let me|let['’]s)"
    r"|double-?check))",
    re.I,
)
"""The trace stops behind a result and looks at the whole."""
_PRONOUN = re.compile(
    r"\W{0,6}(?:(?:so|thus|therefore|hence|and|then|oh|wait|okay|ok|yes|but)\b\W{0,3}){0,3}(?:that|it|this|which|they)\b",
    re.I,
)
_THAT_IS = re.compile(
    r"[\s$\\)*}]{0,6}[.,!]\s{1,2}(?:(?:Oh|So|And|Okay|Ok|Ah),? )?(?:that|this|which)(?:['’]s| is| would be| must be) "
    r"([^.,;:?!\n]{4,80})",
    re.I,
)
_HEAD = re.compile(
    r"(?:\A|[.:;,]\s|\n)\W{0,8}(?:(?:so|thus|therefore|hence|then|now|the|my|our|their|his|her|its|total|required|desired)\b"
    r"\W{1,3}){0,4}([A-Za-z]{3,}(?:[ -][A-Za-z]{3,}){0,3})[\s$*)]{0,3}=[^.\n;]{0,240}\Z",
    re.I,
)
_LETTER = re.compile(
    r"(?<![A-Za-z\\_])([A-Za-z])(?![A-Za-z])[\s$\\)]{0,4}(?:=|→|is\b|equals|must be\b|should be\b|would be\b)"
)
_STILL_ASKED = re.compile(
    r"[^.?\n]{0,40}[.,]?[\s$\\)]{0,4}(?:but )?(?:is|are) (?:that|it|this|there) (?:really |indeed "
    r"|necessarily )?(?:the |a |any )?"
    r"(?:small|larg|minim|maxim|least|great|low|high|few|big|short|long|tight)[a-z]*\b",
    re.I,
)
"""The trace asks whether the value is the least or greatest, which is what is asked for."""
_SUBJECT = re.compile(
    (
        r"\b(?:our|the|this|original|given|whole|entire) (?:[a-z]+ )?([a-z]+)(?:\b(?!['’]s)[^.;:,=\n]{0,80})?"
        r"(?:=|\bis|\bequals|\bbe|→)[\s$*\\(]{0,6}\Z"
    ),
    re.I,
)
_OPINION = re.compile(
    r"\b(?:I|we)(?:['’]d| would| am| can)? (?:think|believe|guess|suspect|conclude|say|confident)\b[^.;,=:\n]{0,40}\Z"
    r"|\bit (?:seems|appears|looks like)\b(?: that| to be| like)?(?: (?:it|that|the [a-z]+) is)?[\s$*]{0,4}\Z",
    re.I,
)
_NUMBER_OF = re.compile(r"\b(?:number|count|total) of ((?:[a-z-]+ ){0,3}[a-z]+)\b[^.,;:\n]{0,60}\Z", re.I)
_COMPUTES = re.compile(
    r"\W{0,6}(?:(?:so|now|then|let(?:['’]s| us| me))\W{1,2}){0,2}(?:compute|calculate|substitut)", re.I
)
_MEASURED = re.compile(
    r"(?:\A|[.:;,]\s|\n)\W{0,6}(?:(?:so|thus|therefore|hence|then|now)\b\W{1,3})?(\d[\d,.]*)"
    r" ([A-Za-z]+)\s?=[^.\n;]{0,200}\Z",
    re.I,
)
"""A chain that begins with a number and its unit: "56 D = 56·3/28 T = "."""


_OR_BEFORE = re.compile(r"\bor\b[^.\n]{0,14}\Z")
_OR_BEHIND = re.compile(r"[\s$\\)]{0,4},? or\b")
_END = re.compile(r"[.!?](?=\s|\Z)|\n|\Z")


def is_consequence(text: str, begin: int) -> bool:
    """Return whether a sentence only draws the conclusion from the one before it ("So the answer is 4")."""
    return _CONSEQUENCE.match(text, begin) is not None


def is_dwelt_on(text: str, end: int) -> bool:
    """Return whether the trace stops behind a result and looks at the whole: "Wait, is that right?"."""
    return _DWELT.match(text, end) is not None


class Teller:
    """Tell the strength of a trace's statements, with regard to what the question asks for."""

    def __init__(self, candidates: Candidates, request: QuestionContent) -> None:
        self.text = candidates.text
        self.candidates = candidates
        self.request = request
        self._chooses_later = bool(request.words & EXTREMES and request.formula and _CASES.search(self.text))
        """Whether the trace finds several values first, of which the greatest or least is the answer."""
        self._suppositions = Suppositions(candidates, request)
        self._stand_ins = StandIns(candidates.text, request)
        self._letters = self._stand_ins.letters

    def strength_of(self, said: Statement) -> int:
        """Return how the value is stated: `FINAL`, `ASKED`, `DWELT_ON`, `WEAK` or `NONE`."""
        text, request = self.text, self.request
        lead = text[max(said.sentence, said.lead - LOOK_BACK) : said.lead]
        clause = re.split(r"[,;，；]\s", lead)[-1]
        if said.kind in ("box", "answer"):
            whether = _WHETHER.search(clause) or DENIED.search(text[said.lead : said.start])
            return NONE if said.kind == "answer" and whether else FINAL
        if (
            self._suppositions.is_supposed(said, lead, clause)
            or _REJECTED.match(text, said.end)
            or self._suppositions.is_listed(said)
        ):
            return NONE
        whole = text[max(said.sentence, said.lead - LOOK_BACK) : said.start]
        if self._is_of_another_index(said, whole):
            return NONE
        if self._chooses_later and OWNER.search(whole) and not stems(whole) & EXTREMES:
            return NONE
        if request.formula and request.formula.search(whole) and not _STILL_ASKED.match(text, said.end):
            return ASKED
        if _CALLED.match(text, said.end):
            return FINAL
        if self.counts_other_things(said):
            return WEAK
        if self._is_of_what_was_asked(said, whole):
            return ASKED
        doubted = _STILL_ASKED.match(text, said.end) or self._names_another(said, whole)
        return DWELT_ON if is_dwelt_on(text, said.end) and not doubted else WEAK

    def is_firm(self, said: Statement, strength: int) -> bool:
        """Return whether a value is stated as final, or plainly of what was asked: a wrong one is a candidate then.

        `strength`: what `strength_of` says of it.
        """
        if strength != ASKED:
            return strength > ASKED
        whole = self.text[max(said.sentence, said.lead - LOOK_BACK) : said.start]
        formula = self.request.formula
        if (formula and formula.search(whole)) or _OPINION.search(whole):
            return True
        number_of = _NUMBER_OF.search(whole)
        if number_of and stems(number_of.group(1)) & self.request.nouns:
            return True
        return bool(THUS.search(whole)) and len(stems(whole) & self.request.words) >= min(2, len(self.request.words))

    def counts_other_things(self, said: Statement) -> bool:
        """Return whether a number in words counts something that the question does not ask for ("three real roots")."""
        if not re.fullmatch(r"[A-Za-z]{3,}", said.text):
            return False
        noun = re.match(r"[ *]{1,4}([A-Za-z-]+)(?: [A-Za-z-]+)?", self.text[said.end : said.end + 40])
        return bool(noun) and not stems(noun.group() if noun else "") & (self.request.nouns or self.request.words)

    def is_of_another(self, said: Statement) -> bool:
        """Return whether it is one of several values, or that of another index or operation than is asked for."""
        text, request = self.text, self.request
        whole = text[max(said.sentence, said.lead - LOOK_BACK) : said.start]
        if self._suppositions.is_listed(said) or self._is_of_another_index(said, whole):
            return True
        if _OR_BEFORE.search(text, max(said.start - 24, 0), said.start) or _OR_BEHIND.match(text, said.end):
            return True
        if self._chooses_later and OWNER.search(whole) and not stems(whole) & EXTREMES:
            return True
        if not request.operation:
            return False
        bound = _END.search(text, said.end)
        words = stems(f"{whole} {text[said.end : bound.end() if bound else None]}")
        return request.operation not in words and not words & RESULTS

    def is_of_another_name(self, said: Statement) -> bool:
        """Return whether the value is that of a letter or function which is not asked for, or of a term of what is."""
        whole = self.text[max(said.sentence, said.lead - LOOK_BACK) : said.start]
        return self.is_of_a_part(said) or self._names_another(said, whole)

    def is_of_a_part(self, said: Statement) -> bool:
        """Return whether the value is that of one term of what is asked for: of `a`, where it is a + b."""
        head = OWNER.search(self.text[max(said.sentence, said.lead - LOOK_BACK) : said.start])
        return head is not None and head.group(1) in self.request.parts

    def _owner(self, said: Statement, whole: str) -> re.Match[str] | None:
        """The letter or function whose value it is; that of the sentence before, where this one only computes it."""
        head = OWNER.search(whole)
        if head or not _COMPUTES.match(self.text, said.sentence):
            return head
        number = self.candidates.sentence(said.sentence)
        begin = self.candidates.sentences[max(number - 1, 0)]
        return OWNER.search(self.text[max(begin, said.sentence - LOOK_BACK) : said.sentence].rstrip(" .:\n)$\\"))

    def _is_of_another_index(self, said: Statement, whole: str) -> bool:
        """Whether it is the value of z_1, where z_{2002} is asked for."""
        head = self._owner(said, whole) if self.request.indexed else None
        name = re.fullmatch(r"([A-Za-z])_\{?(\w+)\}?", head.group(1)) if head else None
        return name is not None and name.group(1) == self.request.indexed[0] and name.groups() != self.request.indexed  # type: ignore[index]

    def _names_another(self, said: Statement, whole: str) -> bool:
        """Whether the value is that of a letter or function which is not asked for, where the question asks for one."""
        head = self._owner(said, whole)
        if head is None or self.request.formula is None:
            return False
        return head.group(1) not in self._letters and not self.request.formula.search(f"{head.group(1)} = ")

    def _is_of_what_was_asked(self, said: Statement, whole: str) -> bool:
        text, request = self.text, self.request
        after = re.match(r"[^.,;\n。，]{0,40}", text[said.end : said.end + 40])
        behind = after.group() if after else ""
        if _OPINION.search(whole):
            return True
        if said.kind == "noun" or stems(behind[:24]) & request.nouns:
            return True
        if request.nouns and re.match(r"[ *]{1,4}such\b", behind):
            return True
        if self._said_behind(said) & (request.words | RESULTS - _VAGUE):
            return True
        needed = self._stand_ins.needed(said.start)
        if needed and (owner := OWNER.search(whole)) and re.sub(r"[\s{}]", "", owner.group(1)) == needed:
            return True
        if self._names_another(said, whole):
            return False
        letter = list(_LETTER.finditer(whole))
        if letter and letter[-1].group(1) in self._letters:
            return True
        if request.form and re.search(
            rf"\b(?:so|thus|therefore|hence|the)\b[^.\n]{{0,20}}\b{request.form}\w* (?:is|=)[\s$\\(]{{0,4}}\Z",
            whole,
            re.I,
        ):
            return True
        if (
            request.nouns
            and (_PRONOUN.match(text, said.sentence) or _TOTAL.search(whole))
            and stems(behind[:24]) & _COUNTABLE
        ):
            return True
        measured = _MEASURED.search(whole)
        if measured and self.request.asks_about(measured.group(1), measured.group(2)):
            return True
        head = _HEAD.search(whole)
        if head and stems(head.group(1)) & (request.words | RESULTS):
            return True
        subject = _SUBJECT.search(whole)
        if subject and stems(subject.group(1)) & (RESULTS - _VAGUE | (set() if request.words else _OPERATIONS)):
            return True
        words = stems(whole + behind)
        words |= self._inherited(said)
        if request.operation and re.search(
            rf"\bthe {request.operation}\w* (?:between them |of them )?(?:is|=) ", whole
        ):
            return True
        if request.operation and request.operation not in words and not words & RESULTS:
            return False  # "the cube root is 4", where a difference of roots is asked for
        common = len(words & request.words) + bool(words & request.words & EXTREMES)
        common += request.money and self._is_money(said, behind)
        thus = THUS.search(whole)
        return common >= 2 or bool((common or words & (RESULTS - _VAGUE)) and thus)

    def _said_behind(self, said: Statement) -> set[str]:
        """What the next sentence says of the value: "= 10. Oh, that's Chris's age"."""
        match = _THAT_IS.match(self.text, said.end)
        return stems(match.group(1)) if match else set()

    def _is_money(self, said: Statement, behind: str) -> bool:
        sign = _before(self.text, said.start, 3).rstrip().endswith("$") and not behind.startswith("$")
        return sign or bool(re.match(r"\W{0,4}(?:dollar|cent|euro|pound)", behind))

    def _inherited(self, said: Statement) -> set[str]:
        """The words of the sentences before, as far as each begins with "that", "it", "which" …"""
        words: set[str] = set()
        starts, number = self.candidates.sentences, self.candidates.sentence(said.sentence)
        for at in range(number, max(number - 3, 0), -1):
            if not _PRONOUN.match(self.text, starts[at]):
                break
            words |= stems(self.text[max(starts[at - 1], starts[at] - LOOK_BACK) : starts[at]])
        return words


def _before(text: str, at: int, most: int) -> str:
    return text[max(at - most, 0) : at]
