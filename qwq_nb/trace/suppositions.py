"""Tell whether a value is only supposed: behind "if" or "let", in a trial, denied, bounded, or one of several.

A supposition or denial reaches to the end of its clause, and where it begins the sentence ("For n = 1: …", "Suppose
instead that …") to the end of that. A condition that the question itself sets is none ("when C = 2500, P = 9"), and
neither is what is solved for. What a side of the equation is when a value is put in, and a number that is only written
in another form ("11/2 = 5.5"), state nothing either.
"""

from __future__ import annotations

import re

from qwq_nb.trace.candidates import Candidates, Statement
from qwq_nb.trace.question import QuestionContent
from qwq_nb.trace.values import normal, rational

__all__ = ["DENIED", "LOOK_BACK", "OWNER", "SUPPOSED", "Suppositions"]

LOOK_BACK = 250
"""Characters before a value in which its sentence is read."""

SUPPOSED = re.compile(
    r"\b(?:if|(?<!is )when(?! [a-z]+ing\b)|let(?!['’]?s\b| me\b| us\b)|suppose|supposing|assume|assuming|where|case|try"
    r"|trying|say|unless|whether)\b"
    r"|\b(?:setting|(?<!we )take|taking|use|using|pick|choose|assign) (?:[$\\(]{1,3} ?)?[A-Za-z]\w{0,3} ?[$)]?"
    r"(?: ?=|,| to be\b| as\b|[ $]*\Z)"
    r"|(?<!solve )(?<!solving )(?<!solution )(?<!expression )\bfor "
    r"(?!a (?:[a-z]{2}|\Z))(?:example|instance|[$\\]|[A-Za-z]\b)"
    r"|\b(?:with|at|from) (?!a (?:[a-z]{2}|\Z))"
    r"(?:example|instance|(?:[$\\(]{1,3} ?)?[A-Za-z](?:_?\{?\d\}?)?(?![\w{]| ?[-+*/^(]))"
    r"|\b(?:check|test)(?:ing)?:[\s$\\(]{1,4}[A-Za-z][\s$]{0,2}(?:=|\Z)|不妨设|[设令若当]|如果|假设",
    re.I,
)
_SIDE_OF_EQUATION = re.compile(r"\b(?:left|right)(?:[- ]hand)? side\b|\b[LR]HS\b|\A\W*(?:left|right):", re.I)
"""What a side of an equation is, when a value is put into it."""
_CONVERTED = re.compile(
    r"(?:\A|[.,;\n])[\s$*]{0,6}(?:(?:but|and|since|note|because|wait|so|that)\b[\s,$]{1,4}){0,3}([^\s=][^=\n]{0,40})=[\s$]{0,3}\Z",
    re.I,
)
"""A chain that begins with a number and gives it in another form: "But 11/2 = 5.5"."""
_HYPOTHESIS = re.compile(r"\b(?:if (?:we|I|you) (?:assume|suppose|take|let|try)|suppose)\b|如果假设", re.I)
"""What follows from a mere try, behind a comma too; "assuming independence, …" is none."""
_SUPPOSES = re.compile(
    r"\W{0,6}(?:(?:but|now|or|and)\b\W{1,3})?suppose (?:instead|that the (?:problem|question))\b", re.I
)
"""A sentence that begins so supposes to its end."""
_CASE = re.compile(
    r"\W{0,8}(?:(?:and|so|now|also|but|then|similarly|next|first|check|test|try|say|example|suppose|let(?:['’]s)?)\b\W{0,3}){0,3}"
    r"(?:for|when|if|at|with|case|take|try|test|testing|checking|check)\b[\s$\\(]{1,4}([A-Za-z]\w{0,3})[\s$]{0,2}="
    r"[\s$]{0,2}(-?\d+)",
    re.I,
)
"""A sentence that begins with a trial value is about that value to its end."""
_COMMON = 12
"""Numbers up to here stand in any question."""
DENIED = re.compile(
    r"(?:\bnot\b|n['’]t\b|\bno longer\b|\bcannot\b|\binstead of\b|\brather than\b|不)[^,.;]{0,12}$", re.I
)
_OTHERWISE = re.compile(
    r"(?:\bnot\b|n['’]t\b|\bcannot\b|\bnever\b)[^.;\n]{0,120}\b(?:because|since|as|for)\b[^.;\n]{0,40}\bwould\b"
    r"|\botherwise\b[^.;\n]{0,60}$",
    re.I,
)
"""What would be if the thing denied were so."""
_ASKS = re.compile(
    r"\W{0,6}(?:(?:but|wait|so|hmm|now|and|or|okay|maybe)\b\W{0,3}){0,3}(?:is|are|does|do|did|could|can|would)\b", re.I
)
_QUESTION_END = re.compile(r"[^.!?\n]{0,80}\?")
_HEADED = re.compile(
    r"\W{0,8}(?:(?:next|first|second|third|then|now|and|also|finally|case|term|step)\b\W{0,5}(?:\d+\W{1,3})?){0,2}"
    r"[A-Za-z]\s?=\s?-?\d+[$\\) ]{0,3}:",
    re.I,
)
_CASE_HEAD = re.compile(r"[$\\) ]{0,3}:\s")
OWNER = re.compile(
    r"(?:\A|[\s$(,:;])([A-Za-z](?:_\{?\w{1,4}\}?|\([^()]{1,8}\))?)[\s$]{0,3}"
    r"(?:=|(?:is|must be|should be|would be)(?=[ $]))(?:[^,;:.\n]|\.\d){0,160}\Z"
)
_BOUNDED = re.compile(r"\bat (?:least|most)[\s$]{0,3}\Z|(?:more|less|greater|fewer|larger|smaller) than[\s$]{0,3}\Z")
_BOUND = re.compile(
    r"(?:(?<![-=<>])[<>]=?(?!>)|≥|≤|\\[gl]eq?(?![a-z]))(?:(?! is )[^,;:.\n<>≥≤=]){1,60}=[^,;:.\n<>≥≤]{0,60}\Z"
)
"""Behind an inequality a chain of equations tells its other side: "n ≥ 96²/144 = 64"."""
_SIDE = re.compile(r"(?:(?<![A-Za-z])([A-Za-z])|\|[^|\n]{1,12}\|)\s?=[\s$]{0,2}\Z")
_OR = r"(?:[\s$)]|\\q?quad|\\[)])*(?:,|and|or|或|和|\\text\{\s?(?:and|or),?\s?\})(?:[\s$(]|\\q?quad|\\[(]|and |or )*"
"""What stands between two values of one letter."""
_CONDITION = re.compile(
    r"\b(?:when|at|for|with|where|if)[\s$\\(]{1,4}([A-Za-z]\w{0,3})[\s$]{0,2}=[\s$]{0,2}(-?\d+)\b", re.I
)


class Suppositions:
    """Tell which statements of a trace are only supposed."""

    def __init__(self, candidates: Candidates, request: QuestionContent) -> None:
        self.text = candidates.text
        self.candidates = candidates
        self.request = request

    def is_supposed(self, said: Statement, lead: str, clause: str) -> bool:
        """Return whether the value is supposed, denied, bounded, put in for a trial, or written in another form."""
        if _BOUNDED.search(self.text, max(said.start - 16, 0), said.start) or _BOUND.search(
            self.text, max(said.sentence, said.start - 120), said.start
        ):
            return True
        clause = _CONDITION.sub(lambda m: "" if self._is_given(*m.groups()) else m.group(), clause)
        if _SIDE_OF_EQUATION.search(clause + self.text[said.lead : said.start]) or self._is_converted(said):
            return True
        if (
            SUPPOSED.search(clause)
            or DENIED.search(clause)
            or _HYPOTHESIS.search(lead)
            or _SUPPOSES.match(self.text, said.sentence)
            or _OTHERWISE.search(lead)
        ):
            return True
        if _ASKS.match(self.text, said.sentence) and _QUESTION_END.match(self.text, said.end):
            return True
        trial = _CASE.match(self.text, said.sentence)
        # "n = 2: …" is the head of a case.
        if _HEADED.match(self.text, said.sentence):
            return True
        if _CASE_HEAD.match(self.text, said.end) and _SIDE.search(
            self.text, max(said.sentence, said.start - 12), said.start
        ):
            return True
        # With a value of the question's own it is no trial: "at t = 2 the point is …".
        if (
            trial
            and trial.end() <= said.start
            and not self._is_given(*trial.groups())
            and not self._sets_all_parts(said)
        ):
            return True
        # "If x is that angle, then x = 28", where x is asked for.
        asked = self.request.formula
        antecedent = re.search(r"\b[Ii]f\b([^,;\n]{0,80}),[^,;\n]{0,40}\Z", lead)
        return bool(asked and antecedent and asked.search(antecedent.group(1) + " "))

    def _is_converted(self, said: Statement) -> bool:
        """Whether a number is only written in another form, which states nothing of what was asked."""
        head = _CONVERTED.search(self.text[max(said.sentence, said.lead - LOOK_BACK) : said.start])
        number = normal(head.group(1)) if head and said.kind == "result" else ""
        value = rational(number)
        # 8/18 = 4/9 is a step of the calculation.
        reduced = value is not None and number.partition("/")[2] == str(value.denominator)
        return reduced and value == rational(normal(said.text))

    def _sets_all_parts(self, said: Statement) -> bool:
        """Whether each letter of a sum that is asked for has its value: "with x = 8, y = 9 we have x + y = 17"."""
        lead = self.text[said.sentence : said.start]
        return bool(self.request.parts) and all(re.search(rf"{part}\s?=", lead) for part in self.request.parts)

    def _is_given(self, letter: str, number: str) -> bool:
        """Whether the question sets the letter to the number, or at least has that number, and no common one."""
        value = rational(number)
        said = re.search(rf"(?<![A-Za-z{{]){re.escape(letter)}={re.escape(number)}(?!\d)", self.request.text)
        return bool(said) or (value is not None and abs(value) > _COMMON and value in self.request.numbers)

    def is_listed(self, said: Statement) -> bool:
        """Return whether it is one of several values of one letter: "x = 0 or x = 5"."""
        if self.candidates.joined:
            return False
        side = OWNER.search(self.text[max(said.sentence, said.start - 90) : said.start])
        if side is None or len(side.group(1)) > 1:
            return False
        letter = re.escape(side.group(1))
        return bool(
            re.match(
                rf"{_OR}{letter}\s?=\s?[^=]{{1,20}}",
                self.text[said.end : said.end + 60],
            )
            or re.search(
                rf"(?<![A-Za-z])(?<![-+*/^] ){letter}\s?=\s?[^=,;.]{{1,15}}{_OR}"
                rf"(?:[^,;:.\n=]{{1,20}}=[^,;:.\n=]{{1,20}}(?:\\implies|\\Rightarrow|→|=>) ?)?"
                rf"{letter}\s?=[^,;:.\n]{{0,40}}\Z",
                self.text[max(said.sentence, said.start - 90) : said.start],
            )
        )
