"""Check one argument of a call against its description and the values allowed, by the rules of BFCL's AST check.

The rules, as bfcl-eval 2026.3.23 applies them to Python functions, held against its own verdicts in the tests:

- The type must be the described one; a whole number will do for a float, and nothing else is converted. The items of a
  list are checked too, one level deep. A value of the type that the allowed ones have will do as well: there a
  variable's name may stand for a value.
- Texts are compared without regard to case, spaces and the marks `, . / - _ * ^`; ' counts as ".
- A list must be one of those allowed, in order; a dict must have the keys of an allowed one, each with an allowed
  value. "" among the allowed values means that the argument, or the key, may be left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["OPTIONAL", "Fault", "allowed_words", "argument_fault", "json_words"]

OPTIONAL = ""
"""Among the values allowed: the argument may be left out."""

_KINDS: dict[str, type] = {
    "any": str,
    "array": list,
    "bool": bool,
    "boolean": bool,
    "dict": dict,
    "double": float,
    "float": float,
    "integer": int,
    "list": list,
    "number": float,
    "object": dict,
    "string": str,
    "tuple": list,
}
_NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
_IGNORED = re.compile(r"[ ,./\-_*^]")
_LONGEST = 160
"""Characters of a value that a fault quotes."""
_MOST_WORDS = 6
"""Allowed values that a fault names."""


class Fault(NamedTuple):
    """Hold what is wrong with a value: BFCL's name for it, and the words."""

    error_type: str
    words: str


def argument_fault(value: Any, schema: Mapping[str, Any], allowed: Sequence[Any]) -> Fault | None:
    """Return what is wrong with the value of an argument; None if it is right."""
    described = _described(schema)
    kind = _KINDS.get(described, str)
    inner = None
    if kind is list and isinstance(schema.get("items"), dict):
        inner = _KINDS.get(_described(schema["items"]), str)
    if kind is float and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            return Fault("type_error:simple", f"{json_words(value)} is too large for a number")
    first = _first_type(allowed)
    is_kind: bool = type(value) is kind  # not isinstance: true is no whole number
    if is_kind:
        if inner is not None and not any(_items_fit(value, one, inner) for one in allowed):
            name = "type_error:nested" if first is list else "type_error:simple"
            return Fault(name, f"{json_words(value)} has items of another type than {_NAMES[inner]}")
        is_variable = first is not None and first is not kind
    elif first is not None and type(value) is first:
        is_variable = True
    else:
        return Fault("type_error:simple", f"{json_words(value)} is {_kind_of(value)}; {_NAMES[kind]} is wanted")
    if not is_variable:
        if kind is dict:
            return _dict_fault(value, allowed)
        if kind is list and inner is dict:
            return _dicts_fault(value, allowed)
        if kind is str:
            known = [_plain(one) for one in allowed if isinstance(one, str)]
            return None if _plain(value) in known else _other("value_error:string", value, allowed)
        if kind is list:
            lists = [[_plain(item) for item in one] for one in allowed if isinstance(one, list | str)]
            if [_plain(item) for item in value] in lists:
                return None
            return _other("value_error:list/tuple", value, allowed)
    return None if value in allowed else _other("value_error:others", value, allowed)


def allowed_words(allowed: Iterable[Any]) -> str:
    """Return the values allowed, in words: `"km" or "kilometres" or left out`."""
    values = list(allowed)
    words = [json_words(_first_values(one)) for one in values if one != OPTIONAL]
    if len(words) > _MOST_WORDS:
        words = [*words[:_MOST_WORDS], f"{len(words) - _MOST_WORDS} more"]
    if OPTIONAL in values:
        words.append("left out")
    return " or ".join(words)


def json_words(value: Any) -> str:
    """Return a value as JSON text, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _described(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "any")
    return str(kind)


def _first_type(allowed: Sequence[Any]) -> type | None:
    """Return the type of the first value that is one: the others have it too."""
    return next((type(one) for one in allowed if one != OPTIONAL), None)


def _items_fit(value: list[Any], one: Any, inner: type) -> bool:
    """Return whether a list's items have the type wanted, or that of the items of an allowed list."""
    if not isinstance(one, list):
        return True
    first = _first_type(one)
    return all(type(item) is inner or (first is not None and type(item) is first) for item in value)


def _plain(value: Any) -> Any:
    return _IGNORED.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value


def _dict_fault(value: dict[str, Any], allowed: Sequence[Any]) -> Fault | None:
    found = Fault("dict_checker:unclear", f"no object is expected, not {json_words(value)}")
    for one in allowed:
        if not isinstance(one, dict):
            continue
        fault = _keys_fault(value, one)
        if fault is None:
            return None
        found = fault
    return found


def _keys_fault(value: dict[str, Any], one: dict[str, Any]) -> Fault | None:
    missing = next(
        (key for key, choices in one.items() if key not in value and OPTIONAL not in _choices(choices)), None
    )
    if missing is not None:
        return Fault("value_error:dict_key", f"the key {missing!r} is missing in {json_words(value)}")
    for key, item in value.items():
        if key not in one:
            return Fault("value_error:dict_key", f"the key {key!r} is not expected")
        choices = _choices(one[key])
        if _plain(item) not in [_plain(choice) for choice in choices]:
            return Fault(
                "value_error:dict_value", f"{key!r} is {json_words(item)}; expected is {allowed_words(choices)}"
            )
    return None


def _dicts_fault(value: list[Any], allowed: Sequence[Any]) -> Fault | None:
    found = Fault("list_dict_checker:unclear", f"no list of objects is expected, not {json_words(value)}")
    for one in allowed:
        if len(value) != len(one):
            found = Fault("value_error:list_dict_count", f"{len(value)} objects; expected are {len(one)}")
            continue
        faults = [
            _dict_fault(item, [choice]) for item, choice in zip(value, one, strict=True) if isinstance(item, dict)
        ]
        if len(faults) < len(value):
            found = Fault("type_error:nested", f"{json_words(value)} has items that are no objects")
            continue
        fault = next((fault for fault in faults if fault is not None), None)
        if fault is None:
            return None
        found = fault
    return found


def _choices(choices: Any) -> list[Any]:
    return choices if isinstance(choices, list) else [choices]


def _first_values(one: Any) -> Any:
    """Return an allowed value as it would be written: of each key in it the first value allowed."""
    if isinstance(one, dict):
        return {key: next((c for c in _choices(choices) if c != OPTIONAL), OPTIONAL) for key, choices in one.items()}
    return [_first_values(item) for item in one] if isinstance(one, list) else one


def _other(name: str, value: Any, allowed: Sequence[Any]) -> Fault:
    return Fault(name, f"{json_words(value)}; expected is {allowed_words(allowed)}")


def _kind_of(value: Any) -> str:
    return "null" if value is None else _NAMES.get(type(value), type(value).__name__)
