"""Define the options of magics: one `Option` a name, and reading a value from text."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from qwq_nb.errors import OptionError

__all__ = ["Option", "parse_levels"]


def parse_levels(text: str) -> list[int]:
    """`1-5`, `1,3`, `2` or a mixture → sorted level numbers.

    Raises:
        OptionError: not of that form, or a level below 1.
    """
    levels: set[int] = set()
    for part in text.split(","):
        # A few digits: int() raises its own error for thousands of them.
        match = re.fullmatch(r"\s*(?:Level\s*)?(\d{1,6})\s*(?:-\s*(?:Level\s*)?(\d{1,6})\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if first < 1 or last < first or last > 1000:
            raise OptionError(f"--levels takes numbers and ranges, as in 1-5 or 1,3: {text!r} is neither.")
        levels.update(range(first, last + 1))
    return sorted(levels)


class Option(msgspec.Struct, frozen=True):
    """One `--option`. `kind` names how its value is read; a flag takes none."""

    name: str
    kind: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    may_be_off: bool = False
    """Whether `off` is a value: the request then leaves the option out, or it has no limit."""

    @property
    def dest(self) -> str:
        return self.name.lstrip("-").replace("-", "_")


def value_of(option: Option, text: Any) -> Any:
    """The option's value from its text."""
    if option.kind in ("flag", "list", "text"):
        return text
    if option.kind == "levels":
        return parse_levels(text)
    if option.kind == "choice":
        if text not in option.choices:
            raise OptionError(f"{option.name} must be one of {', '.join(option.choices)}, not {text!r}.")
        return text
    if option.kind == "json":
        try:
            value = json.loads(text, parse_constant=no_constant)
        except (ValueError, RecursionError) as exc:
            raise OptionError(f"{option.name} takes a JSON object in single quotes: {exc}.") from None
        if not isinstance(value, dict):
            raise OptionError(f"{option.name} takes a JSON object, as in '{{\"name\": 1}}'.")
        return value
    if text == "off" and option.may_be_off:
        return None
    if text == "auto" and option.kind == "streams":
        return text
    try:
        return finite(float(text)) if option.kind == "number" else int(text)
    except ValueError:
        kinds = {"integer": "a whole number", "streams": "a whole number or `auto`"}
        kind = kinds.get(option.kind, "a number")
        raise OptionError(f"{option.name} takes {kind}, not {text!r}.") from None


def finite(value: float) -> float:
    """`value`. Raises ValueError for infinity and NaN, which JSON has no words for."""
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def no_constant(name: str) -> Any:
    """For `json.loads`, which takes NaN and Infinity although they are no JSON."""
    raise ValueError(f"{name} is no JSON")
