"""The grid of a sweep: which options may be varied, their values as a line or a call gives them, and its settings.

The problems, their order and their number belong to no axis: all settings answer the same ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from qwq_nb.core.options import Option, value_of
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.options import SAMPLING
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.evaluation.options import EVAL

__all__ = ["AXES", "MOST_SETTINGS", "SWEEP", "axis_text", "checked_grid", "grid_of", "listed", "settings_of"]

MOST_SETTINGS = 64
"""Runs that one sweep makes at most: more of them, each with its own chance to look best, teach nothing."""

AXES: dict[str, Option] = {
    o.dest: o for o in EVAL if (o in SAMPLING and o.kind != "json") or o.name in ("--endpoint", "--few-shot", "--think")
}
"""What may be varied: whatever changes the answers and leaves the problems as they are."""

_HELP = {"--endpoint": "an endpoint's name (the default one)"}
"""In a run several endpoints share the work; here they are compared."""

SWEEP: tuple[Option, ...] = tuple(
    Option(o.name, "text", f"{_HELP.get(o.name, o.help)}; several values by commas", metavar="A,B")
    if o.dest in AXES
    else o
    for o in EVAL
    if o.name != "--background"
)
"""The options of `%qwq_sweep`: those of `%qwq_eval`, the axes as texts that `grid_of` reads."""

_NO_AXIS = {
    "concurrency": "It changes the speed, not the answers: %qwq_speed --concurrency 1,8,32 measures that.",
    "model": "Give each model an endpoint of its own, and sweep those: --endpoint a,b.",
    "extra": "Give each variant an endpoint of its own (%qwq_endpoint URL --name A --extra ...): --endpoint a,b.",
}
_SAME_PROBLEMS = ("seed", "limit", "levels", "subset", "data", "hub", "repeats", "dataset_args")


def axis_text(value: Any) -> str:
    """A value of an axis in words."""
    if value is None:
        return "off"
    if isinstance(value, Endpoint):
        return value.name
    return f"{value:g}" if isinstance(value, float) else str(value)


def grid_of(given: Mapping[str, Any]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """From a line's options (read by `SWEEP`) to the axes with several values, and all other options.

    `{"temperature": "0.2,0.6", "top_k": "20", "limit": 5}` → `{"temperature": [0.2, 0.6]}`, `{"top_k": 20, "limit": 5}`

    Raises:
        OptionError: a value of the wrong kind, or an empty place in a list.
    """
    grid: dict[str, list[Any]] = {}
    fixed: dict[str, Any] = {}
    for dest, value in given.items():
        if dest not in AXES or not isinstance(value, str):
            fixed[dest] = value
            continue
        values = listed(dest, value)
        if len(values) > 1:
            grid[dest] = values
        else:
            fixed[dest] = values[0]
    return grid, fixed


def listed(axis: str, text: str) -> list[Any]:
    """`0.2,0.6,off` → [0.2, 0.6, None]."""
    option = AXES[axis]
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        example = {"integer": "20,40", "number": "0.2,0.6,1.0"}.get(option.kind, "a,b")
        raise OptionError(
            f"{option.name} {text!r} has an empty place. Write the values without spaces: {option.name} {example}"
        )
    return [value_of(option, part) for part in parts]


def checked_grid(grid: Mapping[str, Any] | None) -> dict[str, list[Any]]:
    """Axis → its values, each once. A text is read as `listed` reads it, a single value is an axis of one.

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
        axis = str(name).lstrip("-").replace("-", "_")
        if axis not in AXES:
            raise OptionError(f"{name!r} cannot be varied in a sweep. {_why_not(axis)}")
        if isinstance(given, str):
            values = listed(axis, given)
        else:
            values = [given] if isinstance(given, (int, float, Endpoint)) or given is None else list(given)
        if not values:
            raise OptionError(f"The axis {axis} has no value: give it some, or leave it out.")
        for i, value in enumerate(values):
            if value is None and AXES[axis] not in SAMPLING:
                raise OptionError(f"The axis {axis} takes no None: only a sampling option can be left out.")
            if value in values[:i]:
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
    """All settings, the last axis the fastest."""
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
