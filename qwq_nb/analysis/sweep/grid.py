"""Define the grid of a sweep: the options that may be varied, their values, and the settings they make.

No axis changes the problems, their order or their number: all settings answer the same ones.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from qwq_nb.analysis.sweep.pairs import PAIRS, PAIRS_OPTION, pair_text, pairs_of
from qwq_nb.core.options import Option, no_constant, value_of
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.options import SAMPLING
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.evaluation.options import EVAL

__all__ = [
    "AXES",
    "MOST_SETTINGS",
    "SWEEP",
    "axis_option",
    "axis_text",
    "checked_grid",
    "extra_field",
    "extra_options",
    "grid_of",
    "listed",
    "settings_of",
]

MOST_SETTINGS = 64
"""Largest number of settings of a sweep: among more of them, the best one is mostly the luckiest."""

AXES: dict[str, Option] = {
    o.dest: o
    for o in EVAL
    if (o in SAMPLING and o.kind != "json")
    or o.name in ("--endpoint", "--few-shot", "--think", "--editor", "--edit-format")
} | {PAIRS: PAIRS_OPTION}
"""Name of an option → the option, for all that may be varied: whatever changes the answers and keeps the problems."""

_HELP = {"--endpoint": "an endpoint's name (the default one)"}
"""Help texts that differ: in a run several endpoints share the work; in a sweep they are compared."""

SWEEP: tuple[Option, ...] = (
    *(
        Option(o.name, "text", f"{_HELP.get(o.name, o.help)}; several values by commas", metavar="A,B")
        if o.dest in AXES
        else o
        for o in EVAL
        if o.name not in ("--background", "--shard")  # its settings are compared on whole runs
    ),
    PAIRS_OPTION,
)
"""Options of `%qwq_sweep`: those of `%qwq_eval`, the axes as texts that `grid_of` reads."""

_NO_AXIS = {
    "concurrency": "It changes the speed, not the answers: %qwq_speed --concurrency 1,8,32 measures that.",
    "model": "Give each model an endpoint of its own, and sweep those: --endpoint a,b.",
    "extra": "Vary one of its fields: --extra.thinking_token_budget 512,1024 (or grid={'extra.NAME': [...]}).",
}
_SAME_PROBLEMS = ("seed", "limit", "levels", "subset", "data", "hub", "repeats", "dataset_args")


_EXTRA = "extra."
_FIELD = re.compile(r"(?:--)?extra\.([A-Za-z_]\w*)")


def extra_field(axis: str) -> str | None:
    """Return the field of `--extra` that an axis varies (`extra.thinking_token_budget`); None for any other axis."""
    return axis.removeprefix(_EXTRA) if axis.startswith(_EXTRA) else None


def extra_options(tokens: Sequence[str]) -> list[Option]:
    """Return the options `--extra.NAME` that a line's words give: what is sent to a server has no list of names."""
    names = dict.fromkeys(m[1] for token in tokens if (m := _FIELD.fullmatch(token.split("=", 1)[0])) is not None)
    return [axis_option(f"{_EXTRA}{name}") for name in names]


def axis_option(axis: str) -> Option:
    """Return the option of an axis."""
    field = extra_field(axis)
    return AXES[axis] if field is None else Option(f"--extra.{field}", "text", "a field of the request", "A,B")


def axis_text(value: Any) -> str:
    """Write a value of an axis in words: `off` for None, an endpoint by its name."""
    if value is None:
        return "off"
    if isinstance(value, Endpoint):
        return value.name
    return f"{value:g}" if isinstance(value, float) else str(value)


def grid_of(given: Mapping[str, Any]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Split a line's options (read by `SWEEP`) into axes with several values, and all other options.

    `{"temperature": "0.2,0.6", "top_k": "20", "limit": 5}` → `{"temperature": [0.2, 0.6]}`, `{"top_k": 20, "limit": 5}`

    Raises:
        OptionError: a value of the wrong kind, or an empty value in a list.
    """
    grid: dict[str, list[Any]] = {}
    fixed: dict[str, Any] = {}
    for dest, value in given.items():
        if (dest not in AXES and extra_field(dest) is None) or not isinstance(value, str):
            fixed[dest] = value
            continue
        values = listed(dest, value)
        if len(values) > 1 or dest == PAIRS or extra_field(dest) is not None:
            grid[dest] = values
        else:
            fixed[dest] = values[0]
    return grid, fixed


def listed(axis: str, text: str) -> list[Any]:
    """Read the values of an axis: `0.2,0.6,off` → [0.2, 0.6, None].

    Raises:
        OptionError: a value of the wrong kind, or an empty one.
    """
    if axis == PAIRS:
        return list(pairs_of(text))
    option = axis_option(axis)
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        example = {"integer": "20,40", "number": "0.2,0.6,1.0"}.get(option.kind, "a,b")
        raise OptionError(
            f"{option.name} {text!r} has an empty value. Write the values without spaces: {option.name} {example}"
        )
    if extra_field(axis) is not None:
        return [_json_scalar(part) for part in parts]
    return [value_of(option, part) for part in parts]


def _json_scalar(text: str) -> Any:
    """Read a value of the request's body: a number, true or false; `off` leaves the field out; else it is a text."""
    if text == "off":
        return None
    try:
        value = json.loads(text, parse_constant=no_constant)
    except ValueError:
        return text
    return value if isinstance(value, (bool, int, float)) else text


def checked_grid(grid: Mapping[str, Any] | None) -> dict[str, list[Any]]:
    """Check a grid, and return its axes with their values.

    A text is read as `listed` reads it; a single value makes an axis of one.

    Raises:
        OptionError: no axis, one that cannot be varied, no value, the same value twice, or too many settings.
    """
    if not grid:
        raise OptionError(
            "Nothing to vary: give an option several values, as in --temperature 0.2,0.6,1.0 "
            "(or grid={'temperature': [0.2, 0.6, 1.0]}). For a single setting there is %qwq_eval."
        )
    axes: dict[str, list[Any]] = {}
    count = 1
    for name, given in grid.items():
        field = _FIELD.fullmatch(str(name))
        axis = f"{_EXTRA}{field[1]}" if field is not None else str(name).lstrip("-").replace("-", "_")
        if axis not in AXES and field is None:
            raise OptionError(f"{name!r} cannot be varied in a sweep. {_why_not(axis)}")
        if isinstance(given, str):
            values = listed(axis, given)
        else:
            values = [given] if isinstance(given, (int, float, Endpoint)) or given is None else list(given)
        if axis == PAIRS:
            values = [pair_text(value) for value in values]
        if not values:
            raise OptionError(f"The axis {axis} has no value: give it some, or leave it out.")
        for i, value in enumerate(values):
            if value is None and field is None and AXES[axis] not in SAMPLING:
                raise OptionError(f"The axis {axis} takes no None: only a sampling option can be left out.")
            if any(value == other and type(value) is type(other) for other in values[:i]):
                raise OptionError(f"The axis {axis} has the value {axis_text(value)} twice: each setting is run once.")
        axes[axis] = values
        count *= len(values)
    if count > MOST_SETTINGS:
        sizes = " × ".join(str(len(values)) for values in axes.values())
        raise OptionError(
            f"The grid has {sizes} = {count} settings, and a sweep takes at most {MOST_SETTINGS}. Take fewer values, "
            f"or vary one option at a time."
        )
    return axes


def _why_not(axis: str) -> str:
    if axis in _NO_AXIS:
        return _NO_AXIS[axis]
    if axis in _SAME_PROBLEMS:
        return "All settings answer the same problems: give it once, for all of them."
    return f"What can be:{did_you_mean(axis, AXES, many=', '.join(AXES) + '.')}"


def settings_of(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return all combinations of the axes' values; the last axis varies fastest."""
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
