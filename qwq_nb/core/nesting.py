"""Bound how deep lists and objects of a stranger's JSON lie within one another."""

from __future__ import annotations

from typing import Any

__all__ = ["DEEPEST", "too_deep"]

DEEPEST = 100
"""Lists and objects within one another that are read."""


def too_deep(value: Any) -> bool:
    """Return whether lists and objects lie more than `DEEPEST` deep within one another."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
