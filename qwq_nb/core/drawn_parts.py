"""Define parts of a drawn sample: a picture of problem and answer, the answers stated, and a reader's own ruling."""

from __future__ import annotations

import msgspec

__all__ = ["Chosen", "Drawing", "RulingView", "Track"]


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


class Track(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the candidate answers that a reasoning states on its way, in order: "204 → 204 → 60"."""

    values: list[str] = []
    """What is stated, each value once, as plain text shows it and cut."""
    right: list[int] = []
    """Positions in `values` of the right answer; empty where the gold answer is not known or not stated."""
    given: int | None = None
    """Position in `values` of the value that was extracted in the end; None where the reasoning does not state it."""
    places: str = ""
    """Every statement, as `start+length:value` with spaces between: characters of the reasoning, position in `values`.
    One line of a notebook file, where numbers in lists would take a line each."""
    omitted: int = 0
    """Statements in the middle that are left out."""


class Chosen(msgspec.Struct, kw_only=True):
    """Name the sample that a record is shown for: `%qwq_show RUN --sample ID`."""

    id: str
    repeat: int = 0
