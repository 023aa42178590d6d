"""Find by which names a trace calls what is asked: letters that it defines, and names that it says it needs.

"Let b be the number of blue marbles", `P = popularity (number of customers)` in a list of definitions, and
`S = z + 1/z + …`, where that formula is asked for, make b, P and S stand for the answer. "The remainder is the value at
-2. We need f(-2)." makes `f(-2)` stand for it from there on, until the trace needs something else; not where it says
that it needs it first.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from qwq_nb.trace.question import QuestionContent, stem, stems
from qwq_nb.trace.values import normal

__all__ = ["StandIns"]

_DEFINED = re.compile(r"\b(?:let|denote|call|say|suppose|define|set|use|where|be)\b[^.\n]{0,140}", re.I)
_LISTED = re.compile(
    r"(?m)^[ \t>*•-]{0,6}\$? ?([B-HJ-Zb-hj-z]) ?\$?\s?(?:=|:)\s?(?:the |\*\*)?([A-Za-z]{3}[^\n]{3,120})"
)
"""A definition on a line of its own."""
_FUNCTION = re.compile(r"\b[A-Za-z]\([A-Za-z]\)")
_SINGLE = re.compile(r"(?<![A-Za-z\\'’])([B-HJ-Zb-hj-z])(?![A-Za-z'’])")
_EQUATED = re.compile(r"(?<![A-Za-z\\_])([A-Za-z])\s?=\s?([^=\n;]{4,300}?)(?=[.,;]?\s?(?:\n|\$|\\[\])]|\Z)|\. )")
_CALLED = re.compile(
    r"\b(?:let|denote|call|define)\b[^.\n]{0,20}?\b([A-Z])\b[^.\n]{0,30}?\b(?:sum|series|expression|product|limit|quantity)\b"
    r"|\b(?:let|denote|call|define)\b[^.\n]{0,30}?\b(?:sum|series|expression|product|limit|quantity)\b[^.\n]{0,16}?"
    r"\b([A-Z])\b",
    re.I,
)
_NEEDED = re.compile(
    r"\b(?:need|want|have)(?: now)?(?: to (?:find|compute|calculate|determine|evaluate|get))?(?: the value of)?[ ]"
    r"[\s$\\(]{0,3}([A-Za-z]{1,3}(?:\([^()\n]{1,12}\)|_\{?\w{1,5}\}?))(?![\w(])"
)
_FIRST = re.compile(r"\bfirst\b[^.\n]{0,60}\Z", re.I)
_CUSTOMARY = {stem(word): word[0] for word in ("radius", "height", "width", "diameter", "degree")}
_CUSTOMARY |= {stem(word): word[0].upper() for word in ("area", "volume", "perimeter")}
_CUSTOMARY[stem("slope")] = "m"
"""Letters that stand for a noun by custom."""
_READ = 6000
"""Characters from the beginning in which letters are defined."""


class StandIns:
    """Hold the letters and names by which a trace calls what is asked."""

    def __init__(self, text: str, request: QuestionContent) -> None:
        self.letters = request.letters | _defined(text[:_READ], request)
        """Letters that stand for what is asked, throughout."""
        self._needed = [
            (match.end(), re.sub(r"\s", "", match.group(1)))
            for match in _NEEDED.finditer(text)
            if not _FIRST.search(text, max(match.start() - 80, 0), match.start())
        ]
        self._ends = [end for end, _ in self._needed]

    def needed(self, at: int) -> str:
        """Return the name that the trace last said it needs before an offset, such as `f(-2)`; else empty."""
        number = bisect_right(self._ends, at) - 1
        return self._needed[number][1] if number >= 0 else ""


def _defined(text: str, request: QuestionContent) -> frozenset[str]:
    letters = set()
    given = {name for name in _SINGLE.findall(request.text) if name not in request.letters}
    least = 2 if len(request.words) > 2 else 1
    for match in _DEFINED.finditer(text):
        for part in re.split(r"[,;]| and ", match.group()):
            names = set(_SINGLE.findall(_FUNCTION.sub(" ", part))) - given
            if len(names) == 1 and len(stems(part) & request.words) >= least:
                letters |= names
    letters |= {m.group(1) for m in _LISTED.finditer(text) if len(stems(m.group(2)) & request.words) >= least}
    if request.formulas:
        letters |= {m.group(1) for m in _EQUATED.finditer(text) if normal(m.group(2)) in request.formulas}
        letters |= {m.group(1) or m.group(2) for m in _CALLED.finditer(text)}
    return frozenset(letters) | {letter for word, letter in _CUSTOMARY.items() if word in request.words}
