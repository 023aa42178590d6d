"""Complete a magic's line at TAB, and explain its options: values, benchmarks, endpoints, runs. No server is asked."""

from __future__ import annotations

import functools
import itertools
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qwq_nb.core.options import Option
from qwq_nb.errors import one_line, visible
from qwq_nb.magics.cursor import Line, line_at

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext

__all__ = ["Match", "complete", "register"]

IDENTIFIER = "qwq_nb"
"""Name of the matcher in `%config IPCompleter.disable_matchers`."""

_MAIN = ("math_500", "aime24", "gpqa_diamond")
_LEVELS = ("1-5", "1", "2", "3", "4", "5")
_LONGEST = 300
"""Characters of a word that is offered, or of its help."""
_MOST = 500
"""Words offered at once; one letter more narrows them."""
_SEVERAL = {("qwq_eval", "--endpoint"), ("qwq_judge", "--endpoint"), ("qwq_panel", "--endpoint")}
"""Options beside those of a sweep that take several values by commas."""


class Match(NamedTuple):
    """Hold one word that fits at the cursor, its kind (`option`, `benchmark`, `run`, …) and its help.

    `kind` is one word: JupyterLab's list has no space for more.
    """

    text: str
    kind: str
    help: str = ""


def complete(line: Line) -> tuple[str, list[Match]]:
    """Return the part of the word at the cursor that is replaced, and the words that fit, best first."""
    name, tied, value = line.typed.partition("=")
    wanted = name if tied else (line.before or ("",))[-1]
    option = next((o for o in line.options if o.name == wanted and o.kind != "flag"), None)
    typed = value if option is not None and tied else line.typed
    found: Iterable[Match]
    if option is None:
        options = (option_match(o) for o in line.options if o.name not in line.words or o.kind == "list")
        found = options if typed.startswith("-") else (*positional(line), *(() if typed else options))
    elif option.metavar in ("PATH", "DIR", "FILE"):
        found = paths(typed.lstrip("'\""), folders_only=option.metavar == "DIR")
    else:
        found = values(option, line)
        if "," in typed and (option.metavar == "A,B" or (line.magic, option.name) in _SEVERAL):
            taken, _, typed = typed.rpartition(",")
            found = (m for m in found if m.text not in taken.split(","))
    fitting = {m.text: m for m in found if m.text.startswith(typed.lstrip("'\"")) and is_plain(m.text)}
    return typed, [
        m._replace(text=written(m.text, typed), help=one_line(m.help, _LONGEST))
        for m in itertools.islice(fitting.values(), _MOST)
    ]


def is_plain(word: str) -> bool:
    """Return whether a word is seen as it is: a server or a file name may hold what a terminal obeys or nobody sees.

    What is offered is inserted as it stands, so any other word is left out.
    """
    return len(word) <= _LONGEST and visible(word) == word and not re.search(r"[\n\t]", word)


def written(word: str, typed: str) -> str:
    """Return a word as a line takes it: in quotation marks if it needs them, or in those already typed."""
    if typed[:1] in ("'", '"'):
        return typed[0] + word + ("" if word.endswith("/") else typed[0])
    return word if re.fullmatch(r"[^\s'\"\\]+", word) else shlex.quote(word)


def option_match(option: Option) -> Match:
    """Return an option's name with its help, as kind `flag` or `option`."""
    return Match(option.name, "flag" if option.kind == "flag" else "option", option.help)


def values(option: Option, line: Line) -> Iterator[Match]:
    """Yield the known values of an option."""
    from qwq_nb.endpoint.registry import served_models

    yield from (Match(choice, "value") for choice in option.choices)
    if option.kind == "streams":
        yield Match("auto", "value", "as many as the endpoint can take")
    if option.may_be_off:
        yield Match("off", "value", "left out of the request, or without a limit")
    if option.name == "--pairwise":
        yield from runs(line)
    if option.name == "--levels":
        yield from (Match(level, "level") for level in _LEVELS)
    elif option.name in ("--endpoint", "--editor", "--judge"):
        yield from endpoint_names()
    elif option.name == "--model":
        yield from (Match(model, "model", "served by the endpoint that was set last") for model in served_models())
    elif option.name == "--benchmark":
        yield from benchmarks()
    elif option.name == "--subset":
        from qwq_nb.bench.catalog import subset_names

        for benchmark in line.positional:
            yield from (Match(subset, "subset", benchmark) for subset in subset_names(benchmark))
    elif option.name in ("--solver", "--dialect"):
        from qwq_nb.endpoint.dialects.registry import DIALECTS
        from qwq_nb.evaluation.solvers.registry import SOLVERS

        registry = SOLVERS if option.name == "--solver" else DIALECTS
        yield from (Match(name, registry.kind) for name in registry.names())
    elif option.name == "--key-env":
        names = sorted(name for name in os.environ if re.search("KEY|TOKEN", name))
        yield from (Match(name, "variable", "of the environment") for name in names)


def positional(line: Line) -> Iterator[Match]:
    """Yield the words that fit where no option is being written: benchmarks, endpoints or runs, by the magic."""
    if line.magic in ("qwq_eval", "qwq_panel", "qwq_sweep") or (line.magic == "qwq_gate" and "--race" in line.words):
        yield from (m for m in benchmarks() if m.text not in line.words)
    elif line.magic == "qwq_endpoint" and not line.positional:
        yield from endpoint_names()
    elif line.magic == "qwq_merge":
        yield from paths(line.typed.lstrip("'\""), folders_only=True)
    elif line.magic in ("qwq_anchors", "qwq_budget", "qwq_compare", "qwq_gate", "qwq_think") or (
        line.magic in ("qwq_check", "qwq_judge", "qwq_show", "qwq_resume") and not line.positional
    ):
        yield from (m for m in runs(line) if m.text not in line.words)


def benchmarks() -> Iterator[Match]:
    """Yield the benchmarks' names, the three main ones first."""
    from qwq_nb.bench.catalog import benchmark_names

    names = benchmark_names()
    yield from (Match(name, "benchmark") for name in (*_MAIN, *(n for n in names if n not in _MAIN)))


def endpoint_names() -> Iterator[Match]:
    """Yield the names of this kernel's endpoints, then `demo`."""
    from qwq_nb.endpoint.registry import endpoints

    yield from (Match(name, "endpoint", f"{e.model} at {e.url}") for name, e in endpoints().items())
    yield Match("demo", "endpoint", "built in: no key, no network")


def runs(line: Line) -> Iterator[Match]:
    """Yield the variables that hold a run, then those in the folder named by the line, the settings or the default."""
    from qwq_nb.core.paths import expand_user
    from qwq_nb.run.open import DEFAULT_OUT
    from qwq_nb.store.run_dir import find_run_dirs

    loaded = sys.modules.get("qwq_nb.run.run")
    if loaded is not None:
        for name, value in line.namespace.items():
            if isinstance(value, loaded.Run) and not name.startswith("_"):
                yield Match(name, "variable", f"the run {value.name}")
    out = line.value("--out") or line.folder or DEFAULT_OUT
    variable = re.fullmatch(r"\{(\w+)\}|\$(\w+)", out)
    if variable is not None:
        out = str(line.namespace.get(variable[1] or variable[2], out))
    yield from (Match(path.name, "run", f"in {out}") for path in find_run_dirs(expand_user(out)))


def paths(typed: str, *, folders_only: bool) -> Iterator[Match]:
    """Yield files and folders that begin with `typed`; those with a leading dot only if the dot is typed."""
    from qwq_nb.core.paths import expand_user

    head, slash, tail = typed.rpartition("/")
    folder = expand_user(head + slash) if slash else Path(".")
    try:
        entries = sorted(folder.iterdir())
        found = [(entry.name, entry.is_dir()) for entry in entries if tail[:1] == "." or entry.name[0] != "."]
    except OSError:
        return
    for name, is_folder in found:
        if is_folder or not folders_only:
            yield Match(head + slash + name + "/" * is_folder, "folder" if is_folder else "file")


def help_at(line: Line, rest: str) -> str:
    """Return the help of the option at the cursor, or of the one whose value is at the cursor; empty without one.

    `rest` is the part of the word at the cursor to the right of it.
    """
    word = (line.typed + rest).partition("=")[0]
    last = (line.before or ("",))[-1]
    for option in line.options:
        if option.name == word or (option.name == last and option.kind != "flag"):
            choices = f"\nOne of: {', '.join(option.choices)}" if option.choices else ""
            return f"{option.name} {option.metavar}".strip() + f"\n{option.help}{choices}"
    return ""


class Nothing(list[Any]):
    """Represent no matches and still suppress the other matchers: IPython does so only for a length above 0.

    Without it, a word that matches none of the magic's would be completed with Python's names.
    """

    def __len__(self) -> int:
        return 1


def register(shell: Any, runs_folder: Callable[[], str | None] = lambda: None) -> None:
    """Register the completion of the magics' lines in a shell, and in a kernel the help of their options.

    IPython's own matchers are suppressed in these lines. `runs_folder` returns the folder of runs for lines that name
    none (`%config QwqMagics.out`).
    """
    from IPython.core.completer import SimpleCompletion, context_matcher

    kernel = getattr(shell, "kernel", None)

    def our_line(text: str, row: int, column: int) -> Line | None:
        return line_at(text, row, column, shell.user_ns, automagic=shell.automagic, folder=runs_folder())

    @context_matcher(identifier=IDENTIFIER, priority=1000)  # type: ignore[untyped-decorator, unused-ignore]
    def match(context: CompletionContext) -> Any:
        line = our_line(context.full_text, context.cursor_line, context.cursor_position)
        in_question = context.cursor_line > 0 and re.match(r"\s*%%qwq\s", context.full_text) is not None
        if line is None and not in_question:
            return {"completions": []}
        typed, found = complete(line) if line is not None else ("", [])
        # A terminal shows the type beside the word, with space for the help; a notebook asks for it (`do_inspect`).
        types = (m.kind if kernel is not None or not m.help else f"{m.kind}: {m.help}" for m in found)
        return {
            "completions": [SimpleCompletion(m.text, type=t) for m, t in zip(found, types, strict=True)] or Nothing(),
            "matched_fragment": typed,
            "suppress": True,
            "ordered": True,
        }

    matchers = shell.Completer.custom_matchers
    matchers[:] = [m for m in matchers if getattr(m, "matcher_identifier", "") != IDENTIFIER]  # %reload_ext
    matchers.append(match)
    if kernel is None:
        return
    ask_python = getattr(kernel.do_inspect, "__wrapped__", kernel.do_inspect)

    @functools.wraps(ask_python)
    def do_inspect(code: str, cursor_pos: int, *args: Any, **kwargs: Any) -> Any:
        left = code[:cursor_pos].split("\n")
        line = our_line(code, len(left) - 1, len(left[-1]))
        found = "" if line is None else help_at(line, (re.match(r"\S*", code[cursor_pos:]) or [""])[0])
        if not found:
            return ask_python(code, cursor_pos, *args, **kwargs)
        return {"status": "ok", "found": True, "data": {"text/plain": found}, "metadata": {}}

    kernel.do_inspect = do_inspect
