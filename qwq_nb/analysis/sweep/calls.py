"""Make the `evaluate` calls of a sweep, check all before the first request, and write the magic line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from qwq_nb.analysis.sweep.grid import axis_option, axis_text, extra_field, settings_of
from qwq_nb.analysis.sweep.pairs import PAIRS, check_pairs, pair_call
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.command_line import command_line, option_text, option_words, own_options
from qwq_nb.evaluation.request import build_request
from qwq_nb.store.request import EDIT_FORMAT, EvalRequest

__all__ = ["Calls", "call_of", "checked_calls"]


class Calls(NamedTuple):
    """Hold what all settings of a sweep have in common."""

    command: str
    """The magic line of the whole sweep, without `--fresh`, so that it resumes."""
    demo: bool
    """True if any setting asks the built-in endpoint."""
    model: str
    """The model; empty where the endpoints serve several."""


def checked_calls(
    benchmarks: tuple[str, ...],
    axes: Mapping[str, list[Any]],
    *,
    endpoint: Endpoint | str | None,
    out: str | Path | None,
    options: dict[str, Any],
) -> Calls:
    """Check every setting before the first request, so that the last one does not fail hours later.

    Raises:
        UserError: a setting that cannot work.
    """
    check_pairs(benchmarks, axes, endpoint=endpoint, options=options)
    if "endpoint" in axes and endpoint is not None:
        raise OptionError("The endpoint is given twice, once as an axis: leave one of the two out.")
    requests: list[EvalRequest] = []
    settings = settings_of(axes)
    for values in settings:
        own, where = call_of(values, options, endpoint)
        request = build_request(benchmarks, endpoint=where, **own)
        same = next((i for i, other in enumerate(requests) if other.identity("") == request.identity("")), None)
        if same is not None:
            raise OptionError(
                f"Two settings ask the same: {', '.join(map(axis_text, settings[same].values()))} and "
                f"{', '.join(map(axis_text, values.values()))}. They would share one run: leave one out."
            )
        requests.append(request)
    first = requests[0]
    if "few_shot" in axes:
        first = msgspec.structs.replace(first, source=msgspec.structs.replace(first.source, few_shot=None))
    first = without_axes(first, axes)
    if "endpoint" in axes or PAIRS in axes:
        # Each value says for itself whether it is the built-in endpoint, which brings its own problems.
        given = msgspec.structs.replace(first.source, data=str(options.get("data") or ""))
        first = msgspec.structs.replace(first, source=given)
    line = command_line(
        first,
        out=str(out) if out else None,
        named=endpoint if isinstance(endpoint, str) else None,
        options=own_options(options),
        endpoint_elsewhere="endpoint" in axes or PAIRS in axes,
    )
    words = [line.replace("%qwq_eval", "%qwq_sweep", 1)]
    for axis, choices in axes.items():
        between = "; " if axis == PAIRS else ","
        words += option_words(axis_option(axis).name, between.join(_typed(axis, value) for value in choices))
    models = {request.endpoint.model for request in requests}
    return Calls(" ".join(words), any(r.demo for r in requests), models.pop() if len(models) == 1 else "")


def without_axes(request: EvalRequest, axes: Mapping[str, Any]) -> EvalRequest:
    """Return the request without an editor and a format that are an axis: its line would name those of a setting."""
    editing = request.editing
    if editing is None:
        return request
    if PAIRS in axes or "editor" in axes:
        editing = msgspec.structs.replace(editing, editor=None)
    if "edit_format" in axes:
        editing = msgspec.structs.replace(editing, format=EDIT_FORMAT)
    return msgspec.structs.replace(request, editing=editing)


def _typed(axis: str, value: Any) -> str:
    """Write the value as it is typed in a line."""
    if value is None or isinstance(value, Endpoint):
        return axis_text(value)
    if extra_field(axis) is not None and not isinstance(value, str):
        return option_text("json", value)
    return option_text(axis_option(axis).kind, value)


def call_of(values: Mapping[str, Any], options: Mapping[str, Any], endpoint: Any) -> tuple[dict[str, Any], Any]:
    """Return one setting as the options and the endpoint of an `evaluate` call."""
    extra = {field: value for axis, value in values.items() if (field := extra_field(axis)) is not None}
    apart = ("endpoint", PAIRS)
    plain = {axis: value for axis, value in values.items() if axis not in apart and extra_field(axis) is None}
    own = {**options, **plain}
    if extra:
        own["extra"] = {**(options.get("extra") or {}), **extra}
    if PAIRS in values:
        where, editor = pair_call(values[PAIRS])
        return ({**own, "editor": editor} if editor else own), where
    return own, values.get("endpoint", endpoint)
