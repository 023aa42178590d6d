"""Compare what code printed or returned with what a test expects. Pure; used in the parent process only.

Lines are compared as LiveCodeBench's `grade_stdio` compares them: stripped, as many as expected, equal as text or, word
by word, as decimal numbers. Values are compared as its `grade_call_based` compares them, after a way through JSON: a
tuple is a list.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = ["differing_line", "expected_value", "parsed_value", "same_value"]


def differing_line(got: str, expected: str) -> int | None:
    """Return the first line, from 0, in which an output differs from the expected one; None if it does not."""
    found, wanted = _lines(got), _lines(expected)
    for number, (mine, its) in enumerate(zip(found, wanted, strict=False)):
        if mine != its and not _same_numbers(mine, its):
            return number
    return None if len(found) == len(wanted) else min(len(found), len(wanted))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def _same_numbers(mine: str, its: str) -> bool:
    try:
        return [Decimal(word) for word in mine.split()] == [Decimal(word) for word in its.split()]
    except InvalidOperation:
        return False


def expected_value(output: str) -> Any:
    """Return the value that a functional test expects. Raises ValueError if it is no JSON."""
    return json.loads(output)


def parsed_value(line: str) -> tuple[bool, Any]:
    """Return whether the driver's line holds a value, and the value."""
    try:
        return True, json.loads(line)
    except (ValueError, RecursionError):
        return False, None


def same_value(got: Any, expected: Any) -> bool:
    """Return whether a returned value is the expected one, as Python compares plain values."""
    try:
        return bool(got == expected)
    except RecursionError:
        return False
