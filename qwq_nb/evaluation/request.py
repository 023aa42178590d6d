"""From a call's arguments to a checked `EvalRequest`, and back to the magic line that repeats it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from qwq_nb.bench.catalog import check_name
from qwq_nb.core.options import parse_levels
from qwq_nb.core.paths import expand_user
from qwq_nb.endpoint.dialects.registry import DEFAULT_DIALECT
from qwq_nb.endpoint.endpoint import Endpoint, is_number
from qwq_nb.endpoint.options import SAMPLING
from qwq_nb.endpoint.registry import demo_endpoint, endpoints, get_endpoint
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.evaluation.options import EVAL

__all__ = ["EvalRequest", "build_request", "refine_endpoint"]

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
    "dialect",
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
        return str(expand_user(data))
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


class EvalRequest(msgspec.Struct, kw_only=True, frozen=True):
    """One `%qwq_eval` line, checked and complete."""

    benchmarks: list[str]
    endpoint: Endpoint
    levels: list[int] | None = None
    subsets: list[str] | None = None
    limit: int | None = None
    """Of each benchmark, spread evenly over its subsets."""
    seed: int = 0
    repeats: int = 1
    concurrency: int | Literal["auto"] = 32
    other_endpoints: list[Endpoint] = []
    """Those that share the run with `endpoint`, which is the one that the run is known by."""
    data: str = ""
    """A local file or folder, or empty for the hub (or, with `demo`, the built-in problems)."""
    hub: str = "modelscope"
    few_shot: int | None = None
    dataset_args: dict[str, Any] = {}
    demo: bool = False
    grade_deadline_s: float = 10.0

    @property
    def endpoints(self) -> list[Endpoint]:
        return [self.endpoint, *self.other_endpoints]

    def identity(self, data_fingerprint: str) -> dict[str, Any]:
        """What makes two lines ask the same: they then share one run directory."""
        endpoint = self.endpoint
        return {
            "benchmarks": self.benchmarks,
            "levels": self.levels,
            "subsets": self.subsets,
            "limit": self.limit,
            "seed": self.seed,
            "repeats": self.repeats,
            "data": data_fingerprint or self.hub,
            "few_shot": self.few_shot,
            "dataset_args": self.dataset_args,
            # The built-in endpoint gets another port each time, and is the same endpoint all the same.
            "url": "demo" if endpoint.is_demo else endpoint.url,
            "model": endpoint.model,
            "sampling": endpoint.sampling,
            "request_seed": endpoint.request_seed,
            "think": endpoint.think,
            # Not with the default one: runs from before there were others keep their key.
            **({} if endpoint.dialect == DEFAULT_DIALECT else {"dialect": endpoint.dialect}),
        }
