"""From a call's arguments to a checked `EvalRequest`, and back to the magic line that repeats it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from qwq_nb.bench.catalog import check_name
from qwq_nb.endpoint import Endpoint, is_number
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.options import EVAL, SAMPLING
from qwq_nb.paths import expanded
from qwq_nb.plan import EvalRequest, parse_levels
from qwq_nb.registry import demo_endpoint, endpoints, get_endpoint

__all__ = ["build_request", "command_line", "data_label", "refine_endpoint"]

_ENDPOINT_FIELDS = {
    "request_seed",
    "max_retries",
    "backoff",
    "patience",
    "read_timeout",
    "connect_timeout",
    "deadline",
    "think",
    "stream",
    "model",
    "name",
    "key_env",
    "ca_bundle",
    "insecure",
    "price_in",
    "price_out",
}
_SAMPLING_FIELDS = {o.dest for o in SAMPLING} - _ENDPOINT_FIELDS - {"extra"}
HUBS = next(o.choices for o in EVAL if o.name == "--hub")
_MOST_CONCURRENT = 4096


def refine_endpoint(endpoint: Endpoint, options: dict[str, Any]) -> Endpoint:
    """`endpoint` with this call's own sampling and transport options.

    Raises:
        OptionError: an option that there is not, with the nearest one, or a value that cannot be.
    """
    known = sorted(_SAMPLING_FIELDS | _ENDPOINT_FIELDS | {"extra", "no_stream"})
    for name in options:
        if name not in known:
            raise OptionError(
                f"There is no option {name!r}.{did_you_mean(name, known, many='See `%qwq_eval?`.')} "
                f"What only your server knows goes into extra={{...}}."
            )
    extra = dict(options.get("extra") or {})
    sampling = {k: v for k, v in options.items() if k in _SAMPLING_FIELDS}
    fields = {k: v for k, v in options.items() if k in _ENDPOINT_FIELDS}
    if options.get("no_stream"):
        fields["stream"] = False
    return endpoint.replace(sampling={**sampling, **extra}, **fields)


def build_request(
    benchmarks: Sequence[str],
    *,
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None = None,
    levels: str | int | Sequence[int] | None = None,
    subset: str | Sequence[str] | None = None,
    limit: int | None = None,
    seed: int = 0,
    repeats: int = 1,
    concurrency: int | Literal["auto"] = 32,
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
        ("concurrency", None if concurrency == "auto" else concurrency, _MOST_CONCURRENT),
    ):
        if value is not None and (not is_whole(value) or value < 1 or (most is not None and value > most)):
            raise OptionError(f"--{label} takes a whole number from 1{f' to {most}' if most else ''}, not {value!r}.")
    if not is_whole(seed):
        raise OptionError(f"--seed takes a whole number, not {seed!r}.")
    if few_shot is not None and (not is_whole(few_shot) or few_shot < 0):
        raise OptionError(f"--few-shot takes a whole number from 0, not {few_shot!r}.")
    if hub not in HUBS:
        raise OptionError(f"--hub must be one of {', '.join(HUBS)}, not {hub!r}.{did_you_mean(str(hub), HUBS)}")
    if not is_number(grade_deadline) or not 0 < grade_deadline < math.inf:
        raise OptionError(f"--grade-deadline takes a positive number of seconds, not {grade_deadline!r}.")
    if data and len(benchmarks) > 1:
        raise OptionError("--data gives the problems of one benchmark: name one benchmark in this line.")
    if demo and endpoint is not None and not (isinstance(endpoint, str) and endpoint == "demo"):
        raise OptionError("--demo brings its own endpoint: leave --endpoint out, or leave --demo out.")
    chosen, *others = [refine_endpoint(e, options) for e in chosen_endpoints(endpoint, demo=demo)]
    for each in (chosen, *others):
        each.key()
    if isinstance(subset, str):
        subset = [subset]
    return EvalRequest(
        benchmarks=list(benchmarks),
        endpoint=chosen,
        other_endpoints=others,
        levels=checked_levels(levels),
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


def chosen_endpoints(
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None, *, demo: bool = False
) -> list[Endpoint]:
    """The endpoints that share a run: one, or several as a list or as names with commas between.

    Raises:
        OptionError: one is named twice.
        UnknownEndpoint: there is none of that name.
    """
    if demo:
        return [demo_endpoint()]
    if endpoint is None or (isinstance(endpoint, str) and endpoint in endpoints()):
        return [get_endpoint(endpoint)]
    if isinstance(endpoint, str):
        endpoint = [name.strip() for name in endpoint.split(",")]
    several = [endpoint] if isinstance(endpoint, Endpoint) else list(endpoint)
    found = [e if isinstance(e, Endpoint) else get_endpoint(e) for e in several]
    names = [e.name for e in found]
    for name in names:
        if names.count(name) > 1:
            raise OptionError(f"--endpoint names {name!r} twice: give each endpoint of the run once, by its own name.")
    if not found:
        raise OptionError("--endpoint takes a name, or several with commas between.")
    return found


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def checked_levels(levels: str | int | Sequence[int] | None) -> list[int] | None:
    """Sorted level numbers, once each, from `"1-5"`, 3, or `[1, 3]`; None for all.

    Raises:
        OptionError: none of these.
    """
    if levels is None:
        return None
    if isinstance(levels, str):
        return parse_levels(levels)
    numbers = [levels] if isinstance(levels, int) else list(levels)
    if not numbers or not all(is_whole(n) for n in numbers):
        raise OptionError(f"levels takes whole numbers, as in [1, 3], or text, as in '1-5', not {levels!r}.")
    return parse_levels(",".join(map(str, numbers)))


def data_path(benchmarks: Sequence[str], data: str | Path | None, *, demo: bool) -> str:
    """Where the problems come from: the file given, the built-in ones for the built-in endpoint, or "" for the hub."""
    if data:
        return str(expanded(data))
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
