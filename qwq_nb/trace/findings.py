"""Define what the package's own measures find, apart from how they find it: the kernel needs these types alone."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["AnswerPositions", "CandidateSpan", "Mixing", "Span"]

Span = tuple[int, int]
"""First and last + 1 character of the reasoning."""


CandidateSpan = tuple[int, int, bool | None]
"""Span of a statement of a candidate answer, and whether it is the right one; None: no gold answer is known."""


class AnswerPositions(NamedTuple):
    """Hold the positions of the right answer as spans of the reasoning; None where it is not stated."""

    first: Span | None = None
    last: Span | None = None
    left: Span | None = None


class Mixing(NamedTuple):
    """Hold spans in a foreign script, their share of all letters (0…1), and the scripts, the most frequent first."""

    spans: list[Span]
    share: float
    names: list[str]
