"""Cut an excerpt out of a long text, around what it is about."""

from __future__ import annotations

from typing import Final

import msgspec

from qwq_nb.view.html import Typesetter
from qwq_nb.view.tex import formulas

__all__ = ["AROUND", "Excerpt", "cut_out", "excerpt_at"]

AROUND: Final = 500
"""Characters shown before the span; after it as many."""
_LONGEST_FORMULA: Final = 400
"""Characters of a formula that is shown whole although it begins or ends out of sight."""


class Excerpt(msgspec.Struct, frozen=True):
    """Hold an excerpt of a text around a span; `hit` is empty where only the text's end could be shown."""

    before: str
    hit: str
    after: str
    left_before: int = 0
    """Characters of the text before the cut-out."""
    left_after: int = 0


def excerpt_at(text: str, start: int, end: int, around: int = AROUND) -> Excerpt:
    """Cut out what stands from `start` to `end` in `text`, with `around` characters on either side.

    A formula at either edge is whole: half of one would make its other half's dollar open the next.
    """
    low, high = max(0, start - around), min(len(text), end + around)
    # A box may hold a text of any length: of a long one the beginning.
    shown = min(end, start + around)
    high = max(high - (end - shown), shown) if shown < end else high
    low, high = min(_edge(text, low, back=True), start), max(_edge(text, high, back=False), shown)
    return Excerpt(text[low:start], text[start:shown], text[shown:high], low, len(text) - high)


def _edge(text: str, at: int, *, back: bool) -> int:
    """Return the beginning (or the end) of the formula that `at` is in, if it is near; else `at`."""
    first = max(0, at - _LONGEST_FORMULA)
    # A paragraph's border is one that no formula in dollars crosses.
    first = max(first, text.rfind("\n\n", first, at))
    for piece in formulas(text[first : at + _LONGEST_FORMULA]):
        if first + piece.start < at < first + piece.end:
            return first + (piece.start if back else piece.end)
    return at


def cut_out(title: str, excerpt: Excerpt, typeset: Typesetter) -> str:
    """Return an excerpt as html: what it is about marked, and how much of the text is out of sight."""
    before = f"<p><small>… {excerpt.left_before:,} characters before</small></p>" if excerpt.left_before else ""
    after = f"<p><small>… {excerpt.left_after:,} characters after</small></p>" if excerpt.left_after else ""
    start = len(excerpt.before)
    hit = (start, start + len(excerpt.hit)) if excerpt.hit else None
    body = typeset.marked(excerpt.before + excerpt.hit + excerpt.after, hit)
    return f"<p><strong>{title}</strong></p>{before}<blockquote>{body}</blockquote>{after}"
