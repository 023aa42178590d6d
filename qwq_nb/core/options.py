"""Define the options of magics: one `Option` for each name, and the reading of its value from text."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from qwq_nb.errors import OptionError

__all__ = ["Option", "parse_levels", "parse_shard"]


def parse_levels(text: str) -> list[int]:
    """Read level numbers, as in `1-5`, `1,3`, `2` or a mixture, and return them sorted.

    Raises:
        OptionError: the text is not of that form, or a level is below 1 or above 1000.
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


def parse_shard(text: str) -> tuple[int, int]:
    """Read a shard, as in `0/4`: the first of four.

    Raises:
        OptionError: the text is not of that form, or there is no shard of that number.
    """
    match = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", text)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not match:
        raise OptionError(f"--shard takes a number from 0 and how many there are, as in 0/4, not {text!r}.")
    if number >= count:
        raise OptionError(
            f"--shard {text}: shards are counted from 0, so those of {count} are 0/{count} to {count - 1}/{count}."
            if count
            else f"--shard {text}: there is at least one shard, as in 0/1."
        )
    return number, count


class Option(msgspec.Struct, frozen=True):
    """Describe one `--option` of a magic. `kind` names how its value is read; a flag takes none."""

    name: str
    kind: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    may_be_off: bool = False
    """True if `off` is a value: the request then leaves the option out, or there is no limit."""

    @property
    def dest(self) -> str:
        """Return the option's name as a Python argument: `--top-k` → `top_k`."""
        return self.name.lstrip("-").replace("-", "_")


def value_of(option: Option, text: Any) -> Any:
    """Read the option's value from its text.

    Returns None for `off` where that is a value.

    Raises:
        OptionError: the text is not of the option's kind, or none of its choices.
    """
    if option.kind in ("flag", "list", "text"):
        return text
    if option.kind == "levels":
        return parse_levels(text)
    if option.kind == "shard":
        return parse_shard(text)
    if option.kind == "choice":
        if text not in option.choices:
            raise OptionError(f"{option.name} must be one of {', '.join(option.choices)}, not {text!r}.")
        return text
    if text == "off" and option.may_be_off:
        return None
    if option.kind == "json":
        try:
            value = json.loads(text, parse_constant=no_constant)
        except (ValueError, RecursionError) as exc:
            raise OptionError(f"{option.name} takes a JSON object in single quotes: {exc}.") from None
        if not isinstance(value, dict):
            raise OptionError(f"{option.name} takes a JSON object, as in '{{\"name\": 1}}'.")
        return value
    if text == "auto" and option.kind == "streams":
        return text
    try:
        return finite(float(text)) if option.kind == "number" else int(text)
    except ValueError:
        kinds = {"integer": "a whole number", "streams": "a whole number or `auto`"}
        kind = kinds.get(option.kind, "a number")
        raise OptionError(f"{option.name} takes {kind}, not {text!r}.") from None


def finite(value: float) -> float:
    """Return `value` if it is finite: JSON has no infinity and no NaN.

    Raises:
        ValueError: it is infinite or NaN.
    """
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def no_constant(name: str) -> Any:
    """Refuse NaN and Infinity, which `json.loads` takes although they are no JSON. For its `parse_constant`.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{name} is no JSON")
