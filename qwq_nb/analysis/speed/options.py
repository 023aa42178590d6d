"""List the options of `%qwq_speed`."""

from __future__ import annotations

from typing import Any, get_args

from qwq_nb.core.options import Option
from qwq_nb.endpoint.options import SAMPLING, TRANSPORT
from qwq_nb.endpoint.typed_options import TransportOptions
from qwq_nb.store.request import HUB, Hub

__all__ = ["SPEED", "SpeedOptions"]


_NOT_HERE = ("--max-retries", "--backoff", "--patience", "--price-in", "--price-out", "--price-currency")


SPEED: tuple[Option, ...] = (
    Option("--concurrency", "text", "streams at once, one level after another (1,8,32)", "A,B"),
    Option("--requests", "integer", "requests of each level (twice its streams, 8 at least)", "N"),
    Option("--prompt", "text", "what is asked (the built-in problems)", "TEXT"),
    Option("--benchmark", "text", "ask the prompts of a benchmark", "NAME"),
    Option("--data", "text", "that benchmark's problems from a file or a folder instead of the hub", "PATH"),
    Option("--hub", "choice", f"where benchmarks come from ({HUB})", choices=get_args(Hub)),
    Option("--no-cache-hit", "flag", "begin each request with words of its own, which no prefix cache knows"),
    Option("--warmup", "integer", "requests before the first level, which are not counted (1)", "N"),
    Option("--endpoint", "text", "an endpoint's name (the default one)", "NAME"),
    Option("--demo", "flag", "measure the built-in endpoint"),
    Option("--out", "text", "folder for the file with the measurements (qwq_runs)", "DIR"),
    *(
        o if o.name != "--max-tokens" else Option(o.name, o.kind, "token limit of one answer (512)", "N")
        for o in SAMPLING
    ),
    # Nothing is asked again: what fails is counted.
    *(o for o in TRANSPORT if o.name not in _NOT_HERE),
)
"""The options of `%qwq_speed`."""


class SpeedOptions(TransportOptions, total=False):
    """Define the sampling and transport options of `speed` as keyword arguments; `max_tokens` is its own parameter."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    presence_penalty: float | None
    frequency_penalty: float | None
    repetition_penalty: float | None
    request_seed: int | None
    logprobs: int | None
    stream_options: dict[str, Any] | None
    extra: dict[str, Any]
