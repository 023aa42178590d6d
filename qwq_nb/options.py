"""The options of the magics, in one table each: names, types, help. Parsing, completion and the reference read them.

A literal API key is refused before anything else is looked at, and never repeated in a message.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from qwq_nb.endpoint import looks_like_key
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.plan import parse_levels

__all__ = [
    "ASK",
    "COMPARE",
    "ENDPOINT",
    "EVAL",
    "RESUME",
    "RUNS",
    "SAMPLING",
    "SHOW",
    "THINK",
    "Option",
    "parse_line",
    "tokens_of",
]


class Option(msgspec.Struct, frozen=True):
    """One `--option`. `kind` names how its value is read; a flag takes none."""

    name: str
    kind: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    may_be_off: bool = False
    """Whether `off` is a value: the request then leaves the option out, or it has no limit."""

    @property
    def dest(self) -> str:
        return self.name.lstrip("-").replace("-", "_")


SAMPLING = (
    Option("--temperature", "number", "sampling temperature (QwQ's authors recommend 0.6)", "T", may_be_off=True),
    Option("--top-p", "number", "nucleus sampling (recommended 0.95)", "P", may_be_off=True),
    Option("--top-k", "integer", "candidates kept (recommended 20 to 40); `off` leaves it out", "K", may_be_off=True),
    Option(
        "--min-p",
        "number",
        "smallest share of the best candidate's probability; `off` leaves it out",
        "P",
        may_be_off=True,
    ),
    Option(
        "--max-tokens", "integer", "token limit of one completion, reasoning included (32768)", "N", may_be_off=True
    ),
    Option("--presence-penalty", "number", "0 to 2, against endless repetition", "X", may_be_off=True),
    Option("--frequency-penalty", "number", "as OpenAI defines it", "X", may_be_off=True),
    Option("--repetition-penalty", "number", "as vLLM and SGLang define it", "X", may_be_off=True),
    Option("--request-seed", "integer", "sent as `seed`, plus the repeat's number", "N", may_be_off=True),
    Option("--extra", "json", "more of the request body, as a JSON object, sent unchanged", "JSON", may_be_off=True),
)
TRANSPORT = (
    Option("--no-stream", "flag", "ask for whole answers instead of streams"),
    Option("--max-retries", "integer", "attempts after the first for what may pass (6)", "N"),
    Option("--backoff", "number", "seconds before the first retry; it doubles with each (1)", "S"),
    Option(
        "--patience",
        "number",
        "seconds a run waits for an endpoint that died, or for a new key, in the middle of it (3600); `off` for ever",
        "S",
        may_be_off=True,
    ),
    Option("--read-timeout", "number", "longest silence within a stream, in seconds (300)", "S"),
    Option("--connect-timeout", "number", "seconds to wait for a connection (15)", "S"),
    Option("--deadline", "number", "longest time for one completion, retries included, in seconds (none)", "S"),
    Option(
        "--think",
        "choice",
        "whether the chat template opens <think> itself: prefilled, plain, or auto (by name and stream)",
        choices=("auto", "prefilled", "plain"),
    ),
)
ENDPOINT = (
    Option("--model", "text", "the model's name as the server knows it", "M"),
    Option("--name", "text", "what to call this endpoint", "N"),
    Option("--key-env", "text", "the NAME of the environment variable that holds the key, never the key", "VAR"),
    Option("--price-in", "number", "price of a million prompt tokens, for what a run costs", "X"),
    Option("--price-out", "number", "price of a million completion tokens, reasoning included", "X"),
    Option("--ca-bundle", "text", "certificates to trust, a PEM file", "FILE"),
    Option("--insecure", "flag", "do not verify the server's certificate (said aloud in the output)"),
    *SAMPLING,
    *TRANSPORT,
)
EVAL = (
    Option("--levels", "levels", "levels of a benchmark that has them, as in 1-5 or 1,3", "L"),
    Option("--subset", "list", "a subset by evalscope's name; may be given several times", "NAME"),
    Option("--limit", "integer", "samples of each benchmark, spread evenly over its levels or subsets", "N"),
    Option("--seed", "integer", "which samples --limit takes, and in which order they are asked (0)", "N"),
    Option("--repeats", "integer", "times each sample is asked (1)", "K"),
    Option("--concurrency", "streams", "streams at once (32); `auto` finds out how many the endpoint can take", "N"),
    Option(
        "--data", "text", "problems from a JSONL, JSON, CSV or Parquet file, or a folder, instead of the hub", "PATH"
    ),
    Option("--hub", "choice", "where benchmarks come from (modelscope)", choices=("modelscope", "huggingface")),
    Option("--few-shot", "integer", "worked examples in the prompt (the benchmark's own default)", "N"),
    Option("--dataset-args", "json", "more of evalscope's dataset arguments, as a JSON object", "JSON"),
    Option("--endpoint", "text", "an endpoint's name (the default one); several share the run, as in a,b", "NAME"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
    Option("--fresh", "flag", "start over instead of resuming the run that this line began"),
    Option("--background", "flag", "return at once; the run goes on and its output is kept up to date"),
    Option("--demo", "flag", "the built-in endpoint and the built-in problems: no key, no network, no GPU"),
    Option("--reveal", "flag", "show texts that are withheld by default (GPQA's authors ask not to publish them)"),
    Option("--grade-deadline", "number", "longest time for one grading, in seconds (10)", "S"),
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
SHOW = (
    Option("--sample", "text", "one sample's question, reasoning and answer in full", "ID"),
    Option("--repeat", "integer", "which repeat of it (0)", "K"),
    Option("--reveal", "flag", "show texts that are withheld by default"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
RESUME = (
    Option("--concurrency", "streams", "streams at once, or `auto` (as before)", "N"),
    Option("--background", "flag", "return at once"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
COMPARE = (
    Option("--reference", "text", "hold one run against the published scores of a model", "MODEL"),
    Option("--reveal", "flag", "show texts that are withheld by default"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
THINK = (
    Option("--tokenizer", "text", "count tokens exactly with the tokenizer in this folder (tokenizer.json)", "PATH"),
    Option("--judge", "text", "let this endpoint say where the right answer first stands, as thinkbench does", "NAME"),
    Option(
        "--split", "choice", "how the judge's reasoning is cut (separator)", choices=("separator", "keywords", "llm")
    ),
    Option("--after-share", "number", "overthinking: share of the reasoning after the first right answer (0.5) …", "X"),
    Option("--after-tokens", "integer", "… and tokens after it, more than these (1000)", "N"),
    Option("--deviations", "number", "underthinking: median absolute deviations above the peers' rate (3)", "X"),
    Option("--least-peers", "integer", "underthinking: with fewer answers in a subset nobody is marked (5)", "N"),
    Option("--least-tokens", "integer", "underthinking: a shorter reasoning is not marked (500)", "N"),
    Option("--foreign-share", "number", "language mixing: from this share of the letters on (0.02) …", "X"),
    Option("--foreign-chars", "integer", "… or from so many characters on (10)", "N"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)

_NAME_TOKEN = re.compile(r"(?:\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*))\Z")
_LOOKS_LIKE_OPTION = re.compile(r"-{1,2}[A-Za-z_]")
_KEY_OPTION = re.compile(r"--?(?:api[-_]?)?(?:key|token|secret|password|authorization)(?:=|\Z)", re.IGNORECASE)


def refuse_keys(tokens: Sequence[str]) -> None:
    """Raises OptionError where a token is, or announces, a literal key. Nothing of it is repeated."""
    for token in tokens:
        if _KEY_OPTION.match(token) or looks_like_key(token):
            raise OptionError(
                "A key does not belong into a cell: it would be saved with the notebook and its history. Put it into "
                "an environment variable and give the variable's NAME: --key-env QWQ_API_KEY. If that was a real key, "
                "take it out of the cell and revoke it."
            )


def tokens_of(line: str, namespace: Mapping[str, Any] | None = None) -> list[str]:
    """The words of a magic's line, quotes respected; a word that is `{name}` or `$name` becomes that variable's value.

    Braces elsewhere stay as they are, since LaTeX and JSON are full of them.
    """
    try:
        tokens = shlex.split(line)
    except ValueError:
        raise OptionError("A quotation mark is not closed in this line.") from None
    names = namespace or {}
    expanded = []
    for token in tokens:
        match = _NAME_TOKEN.match(token)
        name = (match[1] or match[2]) if match else ""
        expanded.append(str(names[name]) if name and name in names else token)
    refuse_keys(expanded)
    return expanded


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(message[:1].upper() + message[1:] + ".")


def parse_line(tokens: Sequence[str], options: Sequence[Option], magic: str) -> tuple[list[str], dict[str, Any]]:
    """The positional words, and the options that were given, by their Python names.

    Raises:
        OptionError: an unknown option (with the nearest one), a value that is missing or of the wrong kind.
    """
    known = {o.name: o for o in options}
    for token in tokens:
        name = token.split("=", 1)[0]
        if _LOOKS_LIKE_OPTION.match(name) and name not in known:
            # What hangs on a short option is not repeated: with `curl`'s habits it may be a key.
            shown = name if name.startswith("--") or f"-{name}" in known else name[:2]
            hint = did_you_mean("--" + name.lstrip("-"), known)
            if name in {o.name for o in ENDPOINT}:
                hint = " It is one of %qwq_endpoint's."
            raise OptionError(f"%{magic} has no option {shown}.{hint}")
    parser = _Parser(prog=f"%{magic}", add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("words", nargs="*", default=[])
    for option in options:
        if option.kind == "flag":
            parser.add_argument(option.name, action="store_true")
        elif option.kind == "list":
            parser.add_argument(option.name, action="append")
        else:
            parser.add_argument(option.name)
    given = vars(parser.parse_intermixed_args(list(tokens)))
    words = given.pop("words")
    return words, {dest: value_of(o, given[o.dest]) for o in options if (dest := o.dest) in given}


def value_of(option: Option, text: Any) -> Any:
    """The option's value from its text."""
    if option.kind in ("flag", "list", "text"):
        return text
    if option.kind == "levels":
        return parse_levels(text)
    if option.kind == "choice":
        if text not in option.choices:
            raise OptionError(f"{option.name} must be one of {', '.join(option.choices)}, not {text!r}.")
        return text
    if option.kind == "json":
        try:
            value = json.loads(text, parse_constant=no_constant)
        except (ValueError, RecursionError) as exc:
            raise OptionError(f"{option.name} takes a JSON object in single quotes: {exc}.") from None
        if not isinstance(value, dict):
            raise OptionError(f"{option.name} takes a JSON object, as in '{{\"name\": 1}}'.")
        return value
    if text == "off" and option.may_be_off:
        return None
    if text == "auto" and option.kind == "streams":
        return text
    try:
        return finite(float(text)) if option.kind == "number" else int(text)
    except ValueError:
        kinds = {"integer": "a whole number", "streams": "a whole number or `auto`"}
        kind = kinds.get(option.kind, "a number")
        raise OptionError(f"{option.name} takes {kind}, not {text!r}.") from None


def finite(value: float) -> float:
    """`value`. Raises ValueError for infinity and NaN, which JSON has no words for."""
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def no_constant(name: str) -> Any:
    """For `json.loads`, which takes NaN and Infinity although they are no JSON."""
    raise ValueError(f"{name} is no JSON")
