"""Make text valid Unicode: join surrogate pairs, replace lone halves.

A model's text may hold halves of surrogate pairs, from escapes in JSON or from characters cut between two chunks. No
encoding holds a lone half: such a text could be written neither to a file nor to a notebook.
"""

from __future__ import annotations

from typing import Any

from qwq_nb.errors import valid_text

__all__ = ["valid_text", "valid_values"]


def valid_values(value: Any) -> Any:
    """Return `value` with `valid_text` applied to each text in its lists, tuples (made lists) and dicts."""
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, list | tuple):
        return [valid_values(item) for item in value]
    if isinstance(value, dict):
        return {valid_values(key): valid_values(item) for key, item in value.items()}
    return value
