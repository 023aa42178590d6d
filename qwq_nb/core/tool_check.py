"""Define the record of a check of tool calls: those made, those expected, and what is wrong with which argument."""

from __future__ import annotations

import msgspec

__all__ = ["CallFault", "ToolCheck"]


class CallFault(msgspec.Struct, kw_only=True):
    """Hold what is wrong with one call, or with the calls together."""

    call: int | None = None
    """Position among the calls made, from 0; None: of all together, or of an expected call that was not made."""
    expected: int | None = None
    """Position among the expected calls, from 0, of the one that it was compared with."""
    argument: str = ""
    """Name of the argument; empty: of the call as a whole."""
    text: str
    """What is wrong, in words."""


class ToolCheck(msgspec.Struct, kw_only=True):
    """Hold what a check of an answer's calls has found. Arguments are JSON text: numbers in them may be of any size."""

    calls: list[tuple[str, str]] = []
    """The calls made: name, and arguments as JSON text."""
    expected: list[tuple[str, dict[str, str]]] = []
    """The calls expected: name, and of each argument the values allowed, in words."""
    faults: list[CallFault] = []
    """What is wrong, the first fault of each call; empty if the calls are right."""
    error_type: str = ""
    """The name that BFCL has for the first fault; empty if the calls are right."""
