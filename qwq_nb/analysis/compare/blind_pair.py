"""Define a prompt with two answers of which nothing says whose they are."""

from __future__ import annotations

from typing import Literal

import msgspec

from qwq_nb.core.run_record import Clip

__all__ = ["BlindPair", "Choice"]

Choice = Literal["first", "second", "tie", "neither"]
"""What a reader says of two answers in the order in which they are shown."""


class BlindPair(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one prompt with two answers, in the order in which they are shown; nothing says whose they are."""

    benchmark: str
    subset: str
    id: str
    repeat: int
    question: Clip | None
    """None: withheld."""
    first: Clip | None
    second: Clip | None
    choice: Choice | None
    """None: not ruled on yet."""
    models: tuple[str, str] | None
    """Of the first and the second answer; None until it is ruled on."""
    note: str = ""
