"""Define the record of a check of tool calls: those made, those expected, what is wrong with which argument; and how
that is drawn.
"""

from __future__ import annotations

import msgspec

__all__ = ["CallFault", "DrawnArgument", "DrawnCall", "ToolCheck"]


class CallFault(msgspec.Struct, kw_only=True):
    """Hold what is wrong with one call, or with the calls together."""

    call: int | None = None
    """Position among the calls made, from 0; None: of all together, or of an expected call that was not made."""
    argument: str = ""
    """Name of the argument; empty: of the call as a whole."""
    text: str
    """What is wrong, in words."""


class ToolCheck(msgspec.Struct, kw_only=True):
    """Hold what a check of an answer's calls has found. Arguments are JSON text: numbers in them may be of any size."""

    calls: list[tuple[str, str]] = []
    """The calls made: name, and arguments as JSON text; of one that cannot be read, its own text."""
    unreadable: list[int] = []
    """Positions among the calls made of those that cannot be read."""
    expected: list[tuple[str, dict[str, str]]] = []
    """The calls expected: name, and of each argument the values allowed, in words."""
    matches: list[int | None] = []
    """Of each call made the position of the expected one that it was compared with; None: there is none for it."""
    faults: list[CallFault] = []
    """What is wrong; empty if the calls are right."""
    error_type: str = ""
    """The name that BFCL has for the first fault; empty if the calls are right."""

    def in_words(self) -> str:
        """Return what is wrong in one line: `get_weather: city: "Oslo "; expected is "Oslo"`, and how much more."""
        if not self.faults:
            return ""
        first = self.faults[0]
        name = self.calls[first.call][0] if first.call is not None and len(self.calls) > 1 else ""
        said = ": ".join(filter(None, [name, first.argument, first.text]))
        more = len(self.faults) - 1
        return f"{said} (and {more} more)" if more else said


class DrawnArgument(msgspec.Struct, kw_only=True):
    """Hold one argument of a tool call as it is drawn."""

    name: str
    value: str = ""
    """As JSON; empty: it was not given."""
    expected: str = ""
    """The values allowed, in words; empty: none is known."""
    problem: str = ""
    """What is wrong with it; empty: nothing."""


class DrawnCall(msgspec.Struct, kw_only=True):
    """Hold one tool call as it is drawn: one that the answer makes, or an expected one that it does not make."""

    name: str
    is_missing: bool = False
    """It is expected, and was not made."""
    problem: str = ""
    """What is wrong with the call as a whole; empty: nothing."""
    text: str = ""
    """Its text, where it cannot be read."""
    arguments: list[DrawnArgument] = []
