"""List the options of `%qwq_eval`, `%%qwq`, `%qwq_runs`, `%qwq_show` and `%qwq_resume`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from qwq_nb.bench.code.presets import PRESETS
from qwq_nb.bench.games.benchmark import SECONDS
from qwq_nb.core.options import Option
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.options import SAMPLING, TRANSPORT
from qwq_nb.endpoint.typed_options import EndpointOptions, ReachOptions
from qwq_nb.sandbox import SANDBOXES
from qwq_nb.store.request import (
    CONCURRENCY,
    EDIT_FORMAT,
    EDIT_FORMATS,
    GRADE_DEADLINE_S,
    HUB,
    REPEATS,
    SANDBOX,
    SEED,
    SOLVER,
    TRIES,
    Hub,
)

__all__ = ["ASK", "CHECK", "EVAL", "EXECUTOR", "MERGE", "RESUME", "RUNS", "SHOW", "EvalOptions", "ResumeOptions"]


EVAL = (
    Option("--levels", "levels", "levels of a benchmark that has them, as in 1-5 or 1,3", "L"),
    Option("--subset", "list", "a subset by evalscope's name; may be given several times", "NAME"),
    Option("--limit", "integer", "samples of each benchmark, spread evenly over its levels or subsets", "N"),
    Option(
        "--until",
        "number",
        "ask in random order until the 95 % interval of the score is within ± so many points; the same line without it "
        "asks the rest",
        "POINTS",
    ),
    Option(
        "--shard",
        "shard",
        "ask a part only, as in 0/4 the first of four, into a directory of its own; %qwq_merge makes one run of all",
        "I/N",
    ),
    Option("--seed", "integer", f"which samples --limit takes, and in which order they are asked ({SEED})", "N"),
    Option("--repeats", "integer", f"times each sample is asked ({REPEATS})", "K"),
    Option(
        "--concurrency",
        "streams",
        f"streams at once; `auto` begins with few and finds out how many the endpoint can take ({CONCURRENCY})",
        "N",
    ),
    Option(
        "--data", "text", "problems from a JSONL, JSON, CSV or Parquet file, or a folder, instead of the hub", "PATH"
    ),
    Option("--hub", "choice", f"where benchmarks come from ({HUB})", choices=get_args(Hub)),
    Option("--few-shot", "integer", "worked examples in the prompt (the benchmark's own default)", "N"),
    Option("--dataset-args", "json", "more of evalscope's dataset arguments, as a JSON object", "JSON"),
    Option(
        "--preset",
        "choice",
        "ask and grade LiveCodeBench as its publishers did: `qwq` as QwQ's authors (their prompt, dates, time limit, "
        "sampling and 8 repeats)",
        choices=tuple(PRESETS),
    ),
    Option(
        "--sandbox",
        "choice",
        f"what a model's code runs in, of benchmarks that run it; `off`: nothing, at your own risk ({SANDBOX})",
        choices=SANDBOXES,
    ),
    Option("--jobs", "integer", "programs that run at once (one fewer than processors)", "N"),
    Option("--seconds", "number", f"virtual time for which each game is played, in seconds ({SECONDS:g})", "S"),
    Option(
        "--prompt",
        "text",
        "a game of your own beside those of `games`, or in the place of one: a text file is one prompt, a line of a "
        "JSONL file one each (name, prompt, keys, restart, quit)",
        "FILE",
    ),
    Option("--endpoint", "text", "an endpoint's name (the default one); several share the run, as in a,b", "NAME"),
    Option(
        "--editor",
        "text",
        "of code_editing: an endpoint that turns what the run's own endpoint proposes into edits, as a pair (none)",
        "NAME",
    ),
    Option(
        "--edit-format",
        "choice",
        f"of code_editing: how edits are written; the editor's format, where there is one ({EDIT_FORMAT})",
        choices=EDIT_FORMATS,
    ),
    Option(
        "--tries",
        "integer",
        f"of code_editing: tries at each exercise; the output of failed tests is sent back for the next ({TRIES})",
        "N",
    ),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
    Option("--fresh", "flag", "start over: nothing is resumed, or taken over from a run with smaller numbers"),
    Option("--background", "flag", "return at once; the run goes on and its output is kept up to date"),
    Option("--demo", "flag", "the built-in endpoint and the built-in problems: no key, no network, no GPU"),
    Option("--reveal", "flag", "show texts that are withheld by default (GPQA's authors ask not to publish them)"),
    Option(
        "--solver",
        "text",
        f"how a sample becomes a completion: a registered solver (the benchmark's own, mostly {SOLVER})",
        "NAME",
    ),
    Option("--grade-deadline", "number", f"longest time for one grading, in seconds ({GRADE_DEADLINE_S:g})", "S"),
    *SAMPLING,
    *TRANSPORT,
)


ASK = (
    Option("--endpoint", "text", "an endpoint's name (the default one)", "NAME"),
    Option("--demo", "flag", "ask the built-in endpoint, which knows its own problems only"),
    Option("--system", "text", "a system message", "TEXT"),
    *SAMPLING,
    *TRANSPORT,
)


RUNS = (Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),)


EXECUTOR = (
    Option(
        "--executor",
        "text",
        "a variable that holds Dask's Client or another executor: its workers ask, in so many --shards",
        "VAR",
    ),
    Option("--shards", "integer", "parts in which an executor's workers ask", "N"),
    Option("--grade-on", "text", "a variable that holds an executor: its workers run the models' code", "VAR"),
)
"""Of `%qwq_eval` and `%qwq_sweep` alone: what a notebook's variable can hold."""

MERGE = (
    Option("--out", "text", "folder in which the merged run is put (that in which the shards' folder lies)", "DIR"),
)


SHOW = (
    Option("--sample", "text", "open the run at this sample: its question, reasoning and answer", "ID"),
    Option("--repeat", "integer", "which repeat of it (0)", "K"),
    Option("--reveal", "flag", "show texts that are withheld by default"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)


CHECK = (
    Option("--reveal", "flag", "show texts that are withheld by default"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)


RESUME = (
    Option("--concurrency", "streams", "streams at once, or `auto` (as before)", "N"),
    Option("--endpoint", "text", "an endpoint that this kernel has set, in the place of the run's own", "NAME"),
    Option("--editor", "text", "of a pair: an endpoint in the place of the run's own editor", "NAME"),
    Option("--data", "text", "the run's data file, where this kernel has not used it yet", "PATH"),
    Option("--sandbox", "choice", f"what a model's code runs in ({SANDBOX})", choices=SANDBOXES),
    Option("--jobs", "integer", "programs that run at once (as before)", "N"),
    Option("--background", "flag", "return at once"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)


class EvalOptions(EndpointOptions, total=False):
    """Define the options of `evaluate` and `sweep` as keyword arguments; `EVAL` has what they mean."""

    levels: str | int | Sequence[int] | None
    subset: str | Sequence[str] | None
    limit: int | None
    until: float | None
    shard: tuple[int, int] | None
    seed: int
    repeats: int
    concurrency: int | Literal["auto"]
    data: str | Path | Sequence[str | Mapping[str, Any]] | None
    hub: Hub
    few_shot: int | None
    dataset_args: dict[str, Any] | None
    demo: bool
    grade_deadline: float
    solver: str
    editor: Endpoint | str | None
    edit_format: str | None
    tries: int | None
    preset: str | None
    sandbox: str
    jobs: int | None
    seconds: float | None
    prompt: str | Path | None


class ResumeOptions(ReachOptions, total=False):
    """Define what may be changed of a run that is resumed: how it is carried out, not what it asks."""

    sandbox: str
    jobs: int | None
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None
    editor: Endpoint | str | None
    data: str | Path | None
    concurrency: int | Literal["auto"]
