"""Cut a reasoning where it has so many tokens, and count those before a place, without its model's tokenizer. Pure.

A token count is spread over the text by its pieces (words, digits, marks, line ends), as byte-level tokenizers divide a
text before they merge: prose has more characters a token than formulas, so shares of the characters would be off.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

__all__ = ["CutText"]

_PIECE = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]"  # one character of these scripts is about one token
    r"| ?[^\W\d_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+|\d| ?[^\w\s]+|\s*\n+|\s+|_"
)
_LONG_WORD = 8
"""A word counts as one token more for each so many characters."""


class CutText:
    """Find the character at which a text of `tokens` tokens has had so many of them."""

    def __init__(self, text: str, tokens: float) -> None:
        self._ends: list[int] = []
        self._weights: list[float] = []
        total = 0.0
        for piece in _PIECE.finditer(text):
            total += 1 + (piece.end() - piece.start()) // _LONG_WORD
            self._ends.append(piece.end())
            self._weights.append(total)
        self._length = len(text)
        self._tokens = tokens

    def tokens_at(self, chars: int) -> float:
        """Return the tokens that the first so many characters have."""
        if chars >= self._length or not self._ends:
            return self._tokens if chars > 0 else 0.0
        place = bisect_right(self._ends, chars)
        return self._tokens * (self._weights[place - 1] if place else 0.0) / self._weights[-1]

    def at(self, budget: float) -> int:
        """Return the number of characters that the first `budget` tokens have."""
        if budget <= 0 or not self._ends:
            return 0
        if budget >= self._tokens:
            return self._length
        wanted = self._weights[-1] * budget / self._tokens
        place = bisect_left(self._weights, wanted - 1e-9)
        return self._ends[min(place, len(self._ends) - 1)]
