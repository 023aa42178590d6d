"""Compare an answer in prose with a reference: by text as it is, by text without its dress, or as mathematics.

The rules, in their order; the first that holds is named in the verdict:

exact         the answer is the reference, letter by letter
normalised    what the answer states is the reference without regard to case, spaces, full-width signs, Markdown, and
              the punctuation and articles around it
mathematical  both are expressions that math-verify finds equal (`0.5` and `\\frac{1}{2}`)

What an answer states is its last box, or what follows the last "answer is" or `Answer:`; where it has neither, its last
words in bold, its last line, or all of it. Of each also what follows its last "is" or "=" (`The capital is Paris.`).
That the reference merely stands somewhere in the text makes no answer right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from qwq_nb.trace.boxed import final_box, stated, trimmed

__all__ = ["Match", "best_match", "normalised", "stands_within", "stated_value", "statements"]

_LONGEST: Final = 200
"""Characters of what may be the statement of an answer."""
_SHORT: Final = 60
"""Characters of an answer that is a value as a whole."""
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.{1,200}?)(?<=\S)\1")
_DRESS = re.compile(r"[*_`~“”„«»\"]+")
_IS = re.compile(r"\b(?:is|are|was|were|equals)\s+|[=:]\s+", re.I)
_EDGES = " \t\r\n.,;:!?¡¿()[]{}'’‘"
_ARTICLE = re.compile(r"(?:the|a|an)\s+", re.I)
_GROUPS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


class Match(NamedTuple):
    """Hold how an answer was found to be a reference."""

    rule: str
    """`exact`, `normalised` or `mathematical`."""
    reference: str
    said: str
    """What of the answer was compared."""


def statements(answer: str) -> list[str]:
    """Return what an answer may be taken to state, the surest first."""
    text = answer.strip()
    express = [each for each in (final_box(text) or "", stated(text)) if each.strip()]
    if not express:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        express = [*[found[1] for found in _BOLD.findall(text)][-1:], *lines[-1:], text]
    found = [form.strip().strip("$") for each in express for form in (each, _IS.split(each)[-1])]
    return list(dict.fromkeys(form for form in found if form and len(form) <= _LONGEST))


def stated_value(answer: str) -> str:
    """Return the value that an answer states expressly, or all of a short answer; empty if neither can be told."""
    text = answer.strip()
    expressly = [final_box(text) or "", stated(text), *[found[1] for found in _BOLD.findall(text)][-1:]]
    found = next((each.strip() for each in expressly if each.strip()), text if len(text) <= _SHORT else "")
    return found if len(found) <= _LONGEST else ""


def best_match(answer: str, references: Sequence[str]) -> Match | None:
    """Return by which rule an answer is one of the references; None if by none."""
    for reference in references:
        if answer.strip() == reference.strip():
            return Match("exact", reference, answer.strip())
    said = statements(answer)
    for reference in references:
        wanted = normalised(reference)
        for each in said:
            if wanted and normalised(each) == wanted:
                return Match("normalised", reference, each)
    for reference in references:
        if not re.search(r"\d|\\[a-z]", reference):
            continue
        for each in said:
            if _is_equal(each, reference):
                return Match("mathematical", reference, each)
    return None


def normalised(text: str) -> str:
    """Return a text without what does not change what it says: case, spaces, Markdown, punctuation around it."""
    plain = _DRESS.sub("", unicodedata.normalize("NFKC", trimmed(text))).casefold()
    plain = _GROUPS.sub("", " ".join(plain.split()).strip(_EDGES))
    return _ARTICLE.sub("", plain, count=1) if _ARTICLE.match(plain) else plain


def stands_within(reference: str, text: str) -> bool:
    """Return whether a reference stands in a text as words of its own."""
    wanted, plain = normalised(reference), normalised(text)
    return bool(wanted) and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", plain) is not None


def _is_equal(said: str, reference: str) -> bool:
    from qwq_nb.bench.worker.equality import equal
    from qwq_nb.bench.worker.refute import provably_different

    return len(said) <= _LONGEST and equal(trimmed(said), reference, refute=provably_different)
