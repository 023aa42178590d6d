"""Write the magic line that repeats a request."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from qwq_nb.bench.code.presets import PRESETS
from qwq_nb.bench.games.benchmark import Games
from qwq_nb.bench.registry import own_names
from qwq_nb.endpoint.options import SAMPLING, TRANSPORT
from qwq_nb.evaluation.options import EVAL
from qwq_nb.evaluation.solvers.registry import usual_solver
from qwq_nb.store.request import (
    CONCURRENCY,
    EDIT_FORMAT,
    GRADE_DEADLINE_S,
    HUB,
    REPEATS,
    SANDBOX,
    SEED,
    TRIES,
    EvalRequest,
)

__all__ = ["BUILT_IN", "command_line", "data_label", "option_text", "option_words", "own_options"]

BUILT_IN = "built-in demo problems"


def data_label(request: EvalRequest) -> str:
    """Name the source of the problems, for people."""
    data = request.source.data
    if not data:
        own = set(request.benchmarks) <= set(own_names())
        return "the benchmark's own" if own else f"{request.source.hub} hub"
    if request.demo:
        from qwq_nb.demo import PROBLEMS

        if Path(data) == Path(next(iter(PROBLEMS.values()))).parent:
            return BUILT_IN
    return Path(data).name


def command_line(
    request: EvalRequest,
    *,
    out: str | None,
    named: str | None,
    options: dict[str, Any],
    endpoint_elsewhere: bool = False,
) -> str:
    """Write the `%qwq_eval` line that asks the same again: only what differs from the defaults.

    Args:
        out: the folder of runs, as given.
        named: names of endpoints, as given.
        options: sampling and transport options, as given; None is written `off`.
        endpoint_elsewhere: the line names its endpoints in another way (an axis of a sweep).
    """
    selection, source = request.selection, request.source
    given: dict[str, Any] = {
        "levels": ",".join(map(str, selection.levels)) if selection.levels else None,
        "limit": selection.limit,
        "until": selection.until,
        "shard": selection.shard,
        "seed": changed(selection.seed, SEED),
        "repeats": changed(selection.repeats, usual_repeats(request)),
        "concurrency": changed(request.concurrency, CONCURRENCY),
        "data": None if request.demo and data_label(request) == BUILT_IN else source.data or None,
        "hub": changed(source.hub, HUB),
        "few_shot": source.few_shot,
        "dataset_args": source.dataset_args or None,
        "demo": (request.demo and not endpoint_elsewhere) or None,
        "endpoint": None if request.demo or endpoint_elsewhere else named,
        "out": out,
        "grade_deadline": changed(request.grade_deadline_s, GRADE_DEADLINE_S),
        "solver": changed(request.solver, usual_solver(request.benchmarks[0])),
        **editing_options(request),
        "preset": source.preset or None,
        # That code may run without a sandbox is typed anew each time.
        "sandbox": None if request.sandbox == "off" else changed(request.sandbox, SANDBOX),
        "jobs": request.jobs,
        **options,
    }
    if request.benchmarks == [Games.name]:
        arguments = dict(source.dataset_args)
        given["prompt"], given["data"] = given["data"], None
        given["seconds"] = arguments.pop("seconds", None)
        given["dataset_args"] = arguments or None
    words = ["%qwq_eval", *request.benchmarks]
    for subset in selection.subsets or []:
        words += option_words("--subset", subset)
    for option in EVAL:
        value = given.get(option.dest)
        is_off = option.may_be_off and option.dest in given and value is None
        if is_off:
            words += [option.name, "off"]
        elif option.kind == "flag" and value:
            words.append(option.name)
        elif value is not None and option.kind not in ("flag", "list"):
            words += option_words(option.name, option_text(option.kind, value))
    return " ".join(words)


def editing_options(request: EvalRequest) -> dict[str, Any]:
    """Return the options that say how files are edited, as they are given."""
    editing = request.editing
    if editing is None:
        return {}
    return {
        "editor": None if editing.editor is None else editing.editor.name,
        "edit_format": changed(editing.format, EDIT_FORMAT),
        "tries": changed(editing.tries, TRIES),
    }


def usual_repeats(request: EvalRequest) -> int:
    """Return the repeats that the request's line has if it names none: a preset has its own."""
    preset = PRESETS.get(request.source.preset)
    return preset.repeats if preset is not None and request.selection.until is None else REPEATS


def own_options(options: dict[str, Any]) -> dict[str, Any]:
    """Select the sampling and transport options of a call, for the line that repeats it."""
    names = {o.dest for o in (*SAMPLING, *TRANSPORT)}
    own = {k: v for k, v in options.items() if k in names}
    return {**own, "no_stream": True} if options.get("stream") is False else own


def changed(value: Any, default: Any) -> Any:
    """Return the value, or None where it is the default."""
    return None if value == default else value


def option_words(name: str, text: str) -> list[str]:
    """Return an option and its value as quoted words of a line; a value that begins with `-` is joined by `=`."""
    return [shlex.quote(f"{name}={text}")] if text.startswith("-") else [name, shlex.quote(text)]


def option_text(kind: str, value: Any) -> str:
    """Write a value as it is typed in a line. `kind` is the option's (`number`, `json`, …)."""
    if kind == "json":
        import json

        return json.dumps(value)
    if kind == "shard":
        return "/".join(map(str, value))
    if kind == "number":
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)
