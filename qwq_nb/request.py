"""From a call's arguments to a checked `EvalRequest`, and back to the magic line that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qwq_nb.bench.catalog import check_name
from qwq_nb.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.options import EVAL, SAMPLING
from qwq_nb.plan import EvalRequest, parse_levels
from qwq_nb.registry import demo_endpoint, get_endpoint

__all__ = ["build_request", "command_line", "data_label", "refine_endpoint"]

_ENDPOINT_FIELDS = {
    "request_seed",
    "max_retries",
    "backoff",
    "read_timeout",
    "connect_timeout",
    "deadline",
    "think",
    "stream",
}
_MOST_CONCURRENT = 4096


def refine_endpoint(endpoint: Endpoint, options: dict[str, Any]) -> Endpoint:
    """`endpoint` with this call's own sampling and transport options."""
    extra = dict(options.get("extra") or {})
    sampling = {k: v for k, v in options.items() if k not in _ENDPOINT_FIELDS and k not in ("extra", "no_stream")}
    fields = {k: v for k, v in options.items() if k in _ENDPOINT_FIELDS}
    if options.get("no_stream"):
        fields["stream"] = False
    return endpoint.replace(sampling={**sampling, **extra}, **fields)


def build_request(
    benchmarks: Sequence[str],
    *,
    endpoint: Endpoint | str | None = None,
    levels: str | Sequence[int] | None = None,
    subset: str | Sequence[str] | None = None,
    limit: int | None = None,
    seed: int = 0,
    repeats: int = 1,
    concurrency: int = 32,
    data: str | Path | None = None,
    hub: str = "modelscope",
    few_shot: int | None = None,
    dataset_args: dict[str, Any] | None = None,
    demo: bool = False,
    grade_deadline: float = 10.0,
    **options: Any,
) -> EvalRequest:
    """Check everything that can be checked without loading a benchmark.

    Raises:
        UserError: what cannot work, with what to write instead.
    """
    if not benchmarks:
        raise OptionError("Which benchmark? For example: %qwq_eval math_500 --limit 50")
    for name in benchmarks:
        check_name(name)
    repeated = {n for n in benchmarks if list(benchmarks).count(n) > 1}
    if repeated:
        raise OptionError(f"{sorted(repeated)[0]} is named twice; --repeats K asks each sample K times.")
    for label, value, most in (
        ("limit", limit, None),
        ("repeats", repeats, 10_000),
        ("concurrency", concurrency, _MOST_CONCURRENT),
    ):
        if value is not None and (not isinstance(value, int) or value < 1 or (most is not None and value > most)):
            raise OptionError(f"--{label} takes a whole number from 1{f' to {most}' if most else ''}, not {value!r}.")
    if not grade_deadline > 0:
        raise OptionError(f"--grade-deadline takes a positive number of seconds, not {grade_deadline!r}.")
    if data and len(benchmarks) > 1:
        raise OptionError("--data gives the problems of one benchmark: name one benchmark in this line.")
    if demo and endpoint is not None and not (isinstance(endpoint, str) and endpoint == "demo"):
        raise OptionError("--demo brings its own endpoint: leave --endpoint out, or leave --demo out.")
    chosen = endpoint if isinstance(endpoint, Endpoint) else demo_endpoint() if demo else get_endpoint(endpoint)
    chosen = refine_endpoint(chosen, options)
    chosen.key()
    if isinstance(subset, str):
        subset = [subset]
    return EvalRequest(
        benchmarks=list(benchmarks),
        endpoint=chosen,
        levels=parse_levels(levels) if isinstance(levels, str) else sorted(levels) if levels is not None else None,
        subsets=list(subset) if subset is not None else None,
        limit=limit,
        seed=seed,
        repeats=repeats,
        concurrency=concurrency,
        data=data_path(benchmarks, data, demo=chosen.is_demo),
        hub=hub,
        few_shot=few_shot,
        dataset_args=dataset_args or {},
        demo=chosen.is_demo,
        grade_deadline_s=grade_deadline,
    )


def data_path(benchmarks: Sequence[str], data: str | Path | None, *, demo: bool) -> str:
    """Where the problems come from: the file given, the built-in ones for the built-in endpoint, or "" for the hub."""
    if data:
        return str(Path(data).expanduser())
    if not demo:
        return ""
    from qwq_nb.demo import PROBLEMS

    for name in benchmarks:
        if name not in PROBLEMS:
            raise OptionError(
                f"The built-in endpoint has problems for {', '.join(PROBLEMS)} only, not for {name}. Set an endpoint "
                f"of your own by %qwq_endpoint, or give problems by --data PATH."
            )
    return str(Path(PROBLEMS[benchmarks[0]]).parent)


def data_label(request: EvalRequest) -> str:
    """Where the problems came from, for people."""
    if not request.data:
        return f"{request.hub} hub"
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
        **options,
    }
    words = ["%qwq_eval", *request.benchmarks]
    for subset in request.subsets or []:
        words += ["--subset", shlex.quote(subset)]
    for option in EVAL:
        value = given.get(option.dest)
        sampling_off = option in SAMPLING and option.dest in given and value is None
        if sampling_off:
            words += [option.name, "off"]
        elif option.kind == "flag" and value:
            words.append(option.name)
        elif value is not None and option.kind not in ("flag", "list"):
            words += [option.name, shlex.quote(text_of(option.kind, value))]
    return " ".join(words)


def text_of(kind: str, value: Any) -> str:
    if kind == "json":
        import json

        return json.dumps(value)
    if kind == "number":
        return f"{value:g}"
    return str(value)
