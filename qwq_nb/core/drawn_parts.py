"""Define parts of a drawn sample: a picture of problem and answer, and a reader's own ruling."""

from __future__ import annotations

import msgspec

__all__ = ["Drawing", "RulingView"]


class Drawing(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the picture of a sample: a maze with the answer's path."""

    svg: str
    """Whole and without script; shown as an image, never as a part of a page."""
    alt: str
    """What it shows, in words."""
    text: str = ""
    """The same with plain characters; empty where it is drawn as svg only."""


class RulingView(msgspec.Struct, kw_only=True, frozen=True):
    """Hold a reader's own ruling on an answer, which stands beside the official verdict."""

    correct: bool
    note: str = ""
    at: str = ""
    """ISO 8601, UTC."""
