"""Cut an excerpt out of a long text, around what it is about."""

from __future__ import annotations

from typing import Final

import msgspec

from qwq_nb.view.html import code, esc

__all__ = ["AROUND", "Excerpt", "cut_out", "excerpt_at"]

AROUND: Final = 500
"""Characters shown before the span; after it as many."""


class Excerpt(msgspec.Struct, frozen=True):
    """Hold an excerpt of a text around a span; `hit` is empty where only the text's end could be shown."""

    before: str
    hit: str
    after: str
    left_before: int = 0
    """Characters of the text before the cut-out."""
    left_after: int = 0


def excerpt_at(text: str, start: int, end: int, around: int = AROUND) -> Excerpt:
    """Cut out what stands from `start` to `end` in `text`, with `around` characters on either side."""
    low, high = max(0, start - around), min(len(text), end + around)
    # A box may hold a text of any length: of a long one the beginning.
    shown = min(end, start + around)
    high = max(high - (end - shown), shown) if shown < end else high
    return Excerpt(text[low:start], text[start:shown], text[shown:high], low, len(text) - high)


def cut_out(title: str, excerpt: Excerpt) -> str:
    """Return an excerpt as html: what it is about marked, and how much of the text is out of sight."""
    before = f"[… {excerpt.left_before:,} characters before …]\n" if excerpt.left_before else ""
    after = f"\n[… {excerpt.left_after:,} characters after …]" if excerpt.left_after else ""
    hit = f"<mark>{esc(excerpt.hit)}</mark>" if excerpt.hit else ""
    # The first newline in `pre` is not shown. `code` is out of MathJax's reach, as is what `esc` makes; JupyterLab has
    # a ground for `code` that would hide that of `mark`.
    body = f"\n{before}{code(excerpt.before)}{hit}{code(excerpt.after)}{after}"
    return f'<p><strong>{title}</strong></p><pre style="white-space:pre-wrap;word-break:normal">{body}</pre>'
