"""Define what is put after a cut thought to force a short answer, and how the answer is read. Pure.

For expressions a box is opened, and what the model writes counts up to the brace that closes it: a stop string `}`
would break `\\frac{1}{2}`. For choices it is the marker that evalscope's own prompt asks for. The forced answer goes to
the benchmark's own grader with these words before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.core.records import SampleResult
from qwq_nb.endpoint.dialects.continuations import CLOSE
from qwq_nb.trace.boxed import closing_brace
from qwq_nb.trace.question_kinds import are_places_known, is_choice

__all__ = ["CHOICE", "MATH", "Suffix", "suffix_of"]

_LETTER = re.compile(r"\s*\(?\**([A-Z])(?![A-Za-z])")


class Suffix(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the words that force an answer."""

    words: str
    max_tokens: int
    """Of the forced answer."""

    def after(self, *, closed: bool) -> str:
        """Return what follows the thought: the words behind its end, or within it where it has to stay open."""
        return f"{CLOSE if closed else chr(10) * 2}{self.words}"

    def read(self, text: str) -> tuple[str, str]:
        """Return the forced answer in what the model wrote, and the text to grade; empty where there is none."""
        if self.words.endswith("{"):
            end = closing_brace("{" + text, 0)
            inside = text if end is None else text[: end - 1]
            return (inside.strip(), f"{self.words}{inside}}}") if end is not None else ("", f"{self.words}{inside}")
        found = _LETTER.match(text)
        return (found[1], f"{self.words}{found[1]}") if found else ("", f"{self.words}{text}")


MATH: Final = Suffix(words="The final answer is \\boxed{", max_tokens=64)
CHOICE: Final = Suffix(words="ANSWER: ", max_tokens=4)


def suffix_of(results: Sequence[SampleResult]) -> Suffix | None:
    """Return what forces answers to these questions; None for programs, free texts and tools."""
    if is_choice(results):
        return CHOICE
    return MATH if are_places_known(results) else None
