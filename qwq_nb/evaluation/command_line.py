"""Write the magic line that repeats a request."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from qwq_nb.bench.registry import own_names
from qwq_nb.evaluation.options import EVAL
from qwq_nb.evaluation.request import EvalRequest

__all__ = ["command_line", "data_label"]


def data_label(request: EvalRequest) -> str:
    """Where the problems came from, for people."""
    if not request.data:
        return "the benchmark's own" if set(request.benchmarks) <= set(own_names()) else f"{request.hub} hub"
    if request.demo:
        from qwq_nb.demo import PROBLEMS

        if Path(request.data) == Path(next(iter(PROBLEMS.values()))).parent:
            return "built-in demo problems"
    return Path(request.data).name


def command_line(request: EvalRequest, *, out: str | None, named: str | None, options: dict[str, Any]) -> str:
    """The `%qwq_eval` line that asks the same again. Only what differs from the defaults is written out."""
    given: dict[str, Any] = {
        "levels": ",".join(map(str, request.levels)) if request.levels else None,
        "limit": request.limit,
        "seed": request.seed or None,
        "repeats": request.repeats if request.repeats != 1 else None,
        "concurrency": request.concurrency if request.concurrency != 32 else None,
        "data": None if request.demo and data_label(request) == "built-in demo problems" else request.data or None,
        "hub": request.hub if request.hub != "modelscope" else None,
        "few_shot": request.few_shot,
        "dataset_args": request.dataset_args or None,
        "demo": request.demo or None,
        "endpoint": named if not request.demo else None,
        "out": out,
        "grade_deadline": request.grade_deadline_s if request.grade_deadline_s != 10 else None,
        **options,
    }
    words = ["%qwq_eval", *request.benchmarks]
    for subset in request.subsets or []:
        words += written("--subset", subset)
    for option in EVAL:
        value = given.get(option.dest)
        is_off = option.may_be_off and option.kind != "json" and option.dest in given and value is None
        if is_off:
            words += [option.name, "off"]
        elif option.kind == "flag" and value:
            words.append(option.name)
        elif value is not None and option.kind not in ("flag", "list"):
            words += written(option.name, text_of(option.kind, value))
    return " ".join(words)


def written(name: str, text: str) -> list[str]:
    """An option and its value as words of a line. A value that begins like an option is tied to its own."""
    return [shlex.quote(f"{name}={text}")] if text.startswith("-") else [name, shlex.quote(text)]


def text_of(kind: str, value: Any) -> str:
    if kind == "json":
        import json

        return json.dumps(value)
    if kind == "number":
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)
