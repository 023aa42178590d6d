"""Write and read the parts of a completion and a verdict that only some have, in the `qwq` of their rows.

A part is left out of a row where it is empty, and is empty where a row has it in another format: rows may be older, or
somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from qwq_nb.core.execution import Execution
from qwq_nb.core.records import Step, ToolCall
from qwq_nb.core.token_logprobs import TokenLogprobs
from qwq_nb.core.tool_check import ToolCheck

__all__ = ["COMPLETION_PARTS", "VERDICT_PARTS", "converted", "parts_in", "parts_of"]

T = TypeVar("T")

COMPLETION_PARTS: Final[dict[str, Any]] = {
    "tool_calls": list[ToolCall],
    "logprobs": TokenLogprobs,
    "steps": list[Step],
}
"""Fields of a completion, with their types."""
VERDICT_PARTS: Final[dict[str, Any]] = {"execution": Execution, "tool_check": ToolCheck}
"""Fields of a verdict, with their types."""


def parts_of(record: msgspec.Struct, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a record that are not empty, as JSON has them."""
    return {name: msgspec.to_builtins(value) for name in parts if (value := getattr(record, name))}


def parts_in(own: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that a row's `qwq` has, as the fields of a record."""
    found = {name: converted(own.get(name), kind) for name, kind in parts.items()}
    return {name: value for name, value in found.items() if value is not None}


def converted(value: Any, kind: type[T]) -> T | None:
    """Convert `value` to that type; None where there is none, or one of another format."""
    try:
        return msgspec.convert(value, kind) if value else None
    except (msgspec.ValidationError, RecursionError):
        return None
