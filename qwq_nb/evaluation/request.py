"""Build a checked `EvalRequest` from the arguments of a call, and change one that is being resumed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

import msgspec

from qwq_nb.bench.catalog import check_name
from qwq_nb.bench.code.presets import preset_for
from qwq_nb.bench.games.benchmark import Games, seconds_of
from qwq_nb.bench.tools.functions import tools_fault
from qwq_nb.core.graded_metrics import GRADED_METRICS
from qwq_nb.core.options import parse_levels, parse_shard
from qwq_nb.core.paths import expand_user
from qwq_nb.endpoint.endpoint import Endpoint, is_number
from qwq_nb.endpoint.options import SAMPLING
from qwq_nb.endpoint.registry import demo_endpoint, endpoints, get_endpoint
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.evaluation.editing_options import changed_editor, editing_of, solver_name
from qwq_nb.sandbox import SANDBOXES
from qwq_nb.store.request import (
    CONCURRENCY,
    GRADE_DEADLINE_S,
    HUB,
    MOST_REPEATS,
    REPEATS,
    SANDBOX,
    SEED,
    SOLVER,
    EvalRequest,
    Hub,
    Selection,
    Source,
)
from qwq_nb.store.shards import MOST_SHARDS

__all__ = ["build_request", "changed_request", "refine_endpoint"]

_ENDPOINT_FIELDS = {field.name for field in dataclasses.fields(Endpoint)} - {"url", "sampling"}
_SAMPLING_FIELDS = {o.dest for o in SAMPLING} - _ENDPOINT_FIELDS - {"extra"}
HUBS = get_args(Hub)
_MOST_CONCURRENT = 4096
_MOST_JOBS = 256


def refine_endpoint(endpoint: Endpoint, options: dict[str, Any]) -> Endpoint:
    """Return `endpoint` with this call's own sampling and transport options.

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
    chosen = endpoint.replace(sampling={**sampling, **extra}, **fields)
    if (tools := chosen.sampling.get("tools")) is not None and (fault := tools_fault(tools)):
        raise OptionError(f"The endpoint {chosen.name!r} is to offer tools (extra), but {fault}.")
    return chosen


def build_request(
    benchmarks: Sequence[str],
    *,
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None = None,
    levels: str | int | Sequence[int] | None = None,
    subset: str | Sequence[str] | None = None,
    limit: int | None = None,
    until: float | None = None,
    shard: tuple[int, int] | None = None,
    seed: int = SEED,
    repeats: int | None = None,
    concurrency: int | Literal["auto"] = CONCURRENCY,
    data: str | Path | None = None,
    hub: str = HUB,
    few_shot: int | None = None,
    dataset_args: dict[str, Any] | None = None,
    demo: bool = False,
    grade_deadline: float = GRADE_DEADLINE_S,
    solver: str = SOLVER,
    editor: Endpoint | str | None = None,
    edit_format: str | None = None,
    tries: int | None = None,
    preset: str | None = None,
    sandbox: str = SANDBOX,
    jobs: int | None = None,
    seconds: float | None = None,
    prompt: str | Path | None = None,
    **options: Any,
) -> EvalRequest:
    """Build the request of a call, checking everything that can be checked without loading a benchmark.

    `options` are sampling and transport options, which refine each endpoint.

    Raises:
        UserError: what cannot work, with what to write instead.
    """
    if not benchmarks:
        raise OptionError("Which benchmark? For example: %qwq_eval math_500 --limit 50")
    benchmarks = [check_name(name) for name in benchmarks]
    repeated = {name for name in benchmarks if list(benchmarks).count(name) > 1}
    if repeated:
        raise OptionError(f"{sorted(repeated)[0]} is named twice; --repeats K asks each sample K times.")
    if hub not in HUBS:
        raise OptionError(f"--hub must be one of {', '.join(HUBS)}, not {hub!r}.{did_you_mean(str(hub), HUBS)}")
    subsets = [subset] if isinstance(subset, str) else list(subset) if subset is not None else None
    usual = REPEATS
    if preset:
        chosen_preset = preset_for(preset, benchmarks)
        subsets = subsets or [chosen_preset.subset]
        usual = chosen_preset.repeats if until is None else REPEATS
        options = {**chosen_preset.sampling, **options}
    selection = Selection(
        levels=checked_levels(levels),
        subsets=subsets,
        limit=limit,
        seed=seed,
        repeats=usual if repeats is None else repeats,
        until=until,
        shard=checked_shard(shard, until=until),
    )
    if seconds is not None or prompt is not None:
        data, dataset_args = with_game_options(benchmarks, seconds, prompt, data, dataset_args)
    source = Source(hub=cast(Hub, hub), few_shot=few_shot, dataset_args=dataset_args or {}, preset=preset or "")
    check_numbers(selection, source, concurrency, grade_deadline)
    check_execution(sandbox, jobs)
    check_until(selection, benchmarks)
    solver = solver_name(solver, benchmarks)
    editing = editing_of(benchmarks, solver, editor=editor, edit_format=edit_format, tries=tries)
    if data and len(benchmarks) > 1:
        raise OptionError("--data gives the problems of one benchmark: name one benchmark in this line.")
    if demo and endpoint is not None and not (isinstance(endpoint, str) and endpoint == "demo"):
        raise OptionError("--demo brings its own endpoint: leave --endpoint out, or leave --demo out.")
    chosen = refined(chosen_endpoints(endpoint, demo=demo), options)
    return EvalRequest(
        benchmarks=list(benchmarks),
        endpoints=chosen,
        selection=selection,
        source=msgspec.structs.replace(source, data=data_path(benchmarks, data, demo=chosen[0].is_demo)),
        concurrency=concurrency,
        grade_deadline_s=grade_deadline,
        solver=solver,
        sandbox=sandbox,
        jobs=jobs,
        editing=editing,
    )


def with_game_options(
    benchmarks: Sequence[str],
    seconds: float | None,
    prompt: str | Path | None,
    data: str | Path | None,
    dataset_args: dict[str, Any] | None,
) -> tuple[str | Path | None, dict[str, Any] | None]:
    """Return `data` and `dataset_args` with the options of games in them: their file of prompts, and `seconds`.

    Raises:
        OptionError: another benchmark is asked, or the prompts are given twice.
    """
    name = "--prompt" if prompt is not None else "--seconds"
    if list(benchmarks) != [Games.name]:
        raise OptionError(f"{name} is an option of games alone: name no other benchmark in this line.")
    if prompt is not None and data is not None:
        raise OptionError("--prompt and --data both name the file of prompts: leave one of them out.")
    if seconds is not None:
        dataset_args = {**(dataset_args or {}), "seconds": seconds_of({"seconds": seconds})}
    return prompt if prompt is not None else data, dataset_args


def check_execution(sandbox: Any, jobs: Any) -> None:
    """Check `--sandbox` and `--jobs`. Raises OptionError where a value cannot be."""
    if sandbox not in SANDBOXES:
        raise OptionError(
            f"--sandbox must be one of {', '.join(SANDBOXES)}, not {sandbox!r}.{did_you_mean(str(sandbox), SANDBOXES)}"
        )
    if jobs is not None and (not is_whole(jobs) or not 1 <= jobs <= _MOST_JOBS):
        raise OptionError(f"--jobs takes a whole number from 1 to {_MOST_JOBS}, not {jobs!r}.")


def changed_request(
    request: EvalRequest,
    *,
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None = None,
    editor: Endpoint | str | None = None,
    concurrency: int | Literal["auto"] | None = None,
    sandbox: str | None = None,
    jobs: int | None = None,
    **options: Any,
) -> EvalRequest:
    """Return a request that is carried out differently but asks the same: other endpoints, streams, transport options.

    Raises:
        OptionError: an option that would change what is asked, or a value that cannot be.
        UserError: an endpoint's key is missing.
    """
    known = sorted(
        {"endpoint", "editor", "concurrency", "background", "sandbox", "jobs", *_ENDPOINT_FIELDS, "no_stream"}
    )
    for name in options:
        if name not in known:
            raise OptionError(
                f"A run is resumed as it was asked: {name!r} cannot be changed.{did_you_mean(name, known)} "
                f"Another value of it is another run."
            )
    for name in request.benchmarks:
        check_name(name)
    named = chosen_endpoints(endpoint) if endpoint is not None else request.endpoints
    changed = msgspec.structs.replace(
        request,
        endpoints=refined(named, options),
        concurrency=request.concurrency if concurrency is None else concurrency,
        # That code may run without a sandbox must be typed each time: a run's folder may be a stranger's.
        sandbox=sandbox or (SANDBOX if request.sandbox == "off" else request.sandbox),
        jobs=request.jobs if jobs is None else jobs,
        editing=changed_editor(request.editing, editor),
    )
    check_execution(changed.sandbox, changed.jobs)
    check_numbers(changed.selection, changed.source, changed.concurrency, changed.grade_deadline_s)
    check_until(changed.selection, changed.benchmarks)
    return changed


def refined(endpoints: Sequence[Endpoint], options: dict[str, Any]) -> list[Endpoint]:
    """Return each endpoint with the options of a call, after a check that its key is there."""
    chosen = [refine_endpoint(endpoint, options) for endpoint in endpoints]
    for endpoint in chosen:
        endpoint.check_secrets()
    return chosen


def check_numbers(selection: Selection, source: Source, concurrency: Any, grade_deadline: Any) -> None:
    """Check that the numbers of a request are numbers, and in their range. Raises OptionError otherwise."""
    for label, value, most in (
        ("limit", selection.limit, None),
        ("repeats", selection.repeats, MOST_REPEATS),
        ("concurrency", None if concurrency == "auto" else concurrency, _MOST_CONCURRENT),
    ):
        if value is not None and (not is_whole(value) or value < 1 or (most is not None and value > most)):
            raise OptionError(f"--{label} takes a whole number from 1{f' to {most}' if most else ''}, not {value!r}.")
    if not is_whole(selection.seed):
        raise OptionError(f"--seed takes a whole number, not {selection.seed!r}.")
    if source.few_shot is not None and (not is_whole(source.few_shot) or source.few_shot < 0):
        raise OptionError(f"--few-shot takes a whole number from 0, not {source.few_shot!r}.")
    if not is_number(grade_deadline) or not 0 < grade_deadline < math.inf:
        raise OptionError(f"--grade-deadline takes a positive number of seconds, not {grade_deadline!r}.")


def check_until(selection: Selection, benchmarks: Sequence[str]) -> None:
    """Check `--until`. Raises OptionError where it is no half-width, or is given with what it cannot go with."""
    points = selection.until
    if points is None:
        return
    if not is_number(points) or not 0 < points < 50:
        raise OptionError(
            f"--until takes the percentage points of ±, between 0 and 50 as in --until 3, not {points!r}."
        )
    if selection.limit is not None:
        raise OptionError("--until finds out how many problems are needed: leave --limit out, or leave --until out.")
    if selection.repeats != 1:
        raise OptionError("--until asks each problem once: leave --repeats out, or leave --until out.")
    for name in benchmarks:
        if metric := GRADED_METRICS.get(name):
            raise OptionError(
                f"--until narrows the interval of an accuracy, and {name} is scored by {metric}: leave --until out."
            )


def chosen_endpoints(
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None, *, demo: bool = False
) -> list[Endpoint]:
    """Return the endpoints that share a run: one, or several as a list or as names with commas between.

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
    """Return whether a value is an integer, and no bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def checked_shard(shard: Any, *, until: float | None) -> tuple[int, int] | None:
    """Return a shard as two whole numbers; None: the whole run.

    Raises:
        OptionError: there is no such shard, or `until` is given too.
    """
    if shard is None:
        return None
    if isinstance(shard, str):
        shard = parse_shard(shard)
    if not isinstance(shard, Sequence) or len(shard) != 2 or not all(map(is_whole, shard)):
        raise OptionError(f"shard takes its number and how many there are, as in shard=(0, 4), not {shard!r}.")
    number, count = shard
    if not 0 <= number < count <= MOST_SHARDS:
        raise OptionError(
            f"shard=({number}, {count}): there are 1 to {MOST_SHARDS:,} shards, and they are counted from 0."
        )
    if until is not None:
        raise OptionError("--until needs the answers of the whole run: leave --shard out, or leave --until out.")
    return number, count


def checked_levels(levels: str | int | Sequence[int] | None) -> list[int] | None:
    """Return sorted level numbers, once each, from `"1-5"`, 3, or `[1, 3]`; None for all.

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
    """Return where the problems come from: a file, the built-in ones for the built-in endpoint, or "" for the hub."""
    if data:
        return str(expand_user(data))
    if not demo:
        return ""
    from qwq_nb.demo import OWN_PROBLEMS, PROBLEMS

    for name in benchmarks:
        if name not in (*PROBLEMS, *OWN_PROBLEMS):
            known = ", ".join((*PROBLEMS, *OWN_PROBLEMS))
            raise OptionError(
                f"The built-in endpoint has problems for {known} only, not for {name}. Set an endpoint of your own by "
                f"%qwq_endpoint, or give problems by --data PATH."
            )
    from_files = [name for name in benchmarks if name not in OWN_PROBLEMS]
    return str(Path(PROBLEMS[from_files[0]]).parent) if from_files else ""
