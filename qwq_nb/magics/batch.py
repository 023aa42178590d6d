"""Carry out `python -m qwq_nb eval …` and `merge …`: evaluations outside a notebook, as jobs of a cluster are."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from qwq_nb.core.options import Option
from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.options import EVAL, MERGE
from qwq_nb.magics.parsing import parse_line

if TYPE_CHECKING:
    from qwq_nb.endpoint.endpoint import Endpoint
    from qwq_nb.run.run import Run

__all__ = ["BATCH", "INCOMPLETE", "STOPPED", "eval_command", "merge_command"]

INCOMPLETE: Final = 1
"""Exit status of an evaluation that ended with samples that have no answer: the same line asks for them again."""
STOPPED: Final = 2
"""Exit status of one that was stopped by a signal: the same line goes on with it."""

WAIT_S: Final = 0.0
EVERY_S: Final = 30.0
RETRY_S: Final = 2.0
"""Seconds between two looks whether a server has started."""
STOPPING_S: Final = 20.0
"""Seconds for the last writes after a signal: Slurm's own patience is 30 s."""
WIDTH: Final = 160

BATCH: Final[tuple[Option, ...]] = (
    *(
        Option("--endpoint", "text", "the base URL of an endpoint, or several with commas between", "URL")
        if option.name == "--endpoint"
        else option
        for option in EVAL
        if option.name not in ("--background", "--reveal", "--editor")
    ),
    *(option for option in ENDPOINT if option.name not in {"--name", *(o.name for o in EVAL)}),
    Option("--wait", "number", f"seconds to wait for a server that is still starting ({WAIT_S:g})", "S"),
    Option("--every", "number", f"seconds between two lines of progress ({EVERY_S:g})", "S"),
)
"""Options of `python -m qwq_nb eval`: those of `%qwq_eval`, and those by which `%qwq_endpoint` sets an endpoint."""

_OF_ENDPOINT: Final = ("model", "key_env", "header_env", "dialect", "ca_bundle", "insecure")
_PRICES: Final = ("price_in", "price_out", "price_currency")


def eval_command(words: Sequence[str], sign: str) -> int:
    """Evaluate a model on benchmarks, or a shard of them; see `qwq_nb.evaluate`. The same line again goes on.

    Raises:
        QwqError: the line cannot work as written, or nothing can be asked.
    """
    if {"-h", "--help"} & set(words):
        print(help_text("eval BENCHMARK… --endpoint URL --model M [options]", BATCH, sign, _EXITS))
        return 0
    names, given = parse_line(words, BATCH, "eval", sign=sign)
    wait_s, every_s = given.pop("wait", WAIT_S), given.pop("every", EVERY_S)
    if every_s <= 0:
        raise OptionError("--every takes a positive number of seconds.")
    with interrupted_by(signal.SIGTERM):
        try:
            given |= endpoint_options(given, wait_s)
            run = evaluated(names, given, every_s)
        except KeyboardInterrupt:
            return STOPPED
    tell(run)
    if run.state == "stopped":
        return STOPPED
    return INCOMPLETE if any(r.outcome in ("error", "pending") for r in run.results()) else 0


def merge_command(words: Sequence[str], sign: str) -> int:
    """Merge the shards of a run into one run; see `qwq_nb.merge_runs`.

    Raises:
        QwqError: they are not shards of one run, or there are none.
    """
    if {"-h", "--help"} & set(words):
        print(help_text("merge SHARDS… [--out DIR]", MERGE, sign))
        return 0
    paths, given = parse_line(words, MERGE, "merge", sign=sign)
    from qwq_nb.evaluation.merge import merge_runs

    run = merge_runs(paths, out=given.get("out"))
    manifest = run.manifest
    print("\n".join([f"{run.path}: {manifest.done:,} of {manifest.total:,} answers.", *manifest.notes]))
    print(f"To finish it: {run.command}")
    return 0 if manifest.done == manifest.total else INCOMPLETE


def endpoint_options(given: dict[str, Any], wait_s: float) -> dict[str, Any]:
    """Return the option `endpoint` of a line, with its endpoints set as `%qwq_endpoint` sets them; takes theirs out."""
    own = {name: given.pop(name) for name in _OF_ENDPOINT + _PRICES if name in given}
    urls = given.get("endpoint")
    if urls is None:
        if own:
            raise OptionError(f"--{next(iter(own)).replace('_', '-')} says more of an endpoint: name it by --endpoint.")
        return {}
    if "://" not in urls:
        raise OptionError(f"--endpoint takes a URL here, as in http://127.0.0.1:8000/v1, not {urls!r}.")
    from qwq_nb.endpoint.endpoint import Endpoint

    found = [reached(Endpoint(url.strip(), **own), wait_s) for url in urls.split(",")]
    return {"endpoint": found}


def reached(endpoint: Endpoint, wait_s: float) -> Endpoint:
    """Ask an endpoint for its models, again and again for `wait_s` seconds where it does not answer yet.

    Raises:
        OptionError: no model was named, and the server does not say which one it serves.
        EndpointRefused: the key was refused.
    """
    from qwq_nb.endpoint.registry import connect

    until = time.monotonic() + wait_s
    while True:
        is_late = time.monotonic() >= until
        try:
            status = connect(endpoint)
        except OptionError:
            if endpoint.model or is_late:
                raise
        else:
            if not status.problem or is_late:
                print("\n".join([status.line, *status.warnings]), file=sys.stderr, flush=True)
                return status.endpoint
        time.sleep(min(RETRY_S, max(0.05, until - time.monotonic())))


def evaluated(names: Sequence[str], given: Mapping[str, Any], every_s: float) -> Run:
    """Evaluate, with a line of progress on stderr: written over in a terminal, one after another in a job's log."""
    from qwq_nb.evaluation.evaluate import Interrupted, evaluate
    from qwq_nb.run.live import drawn_record
    from qwq_nb.run.text import run_progress_line

    options: Any = given
    if sys.stderr.isatty():
        try:
            return evaluate(*names, **options)
        except Interrupted as stopped:
            return stopped.run
    run = evaluate(*names, **options, background=True, show=False)
    print(run.path, file=sys.stderr, flush=True)
    try:
        while True:
            try:
                return run.wait(every_s)
            except TimeoutError:
                print(run_progress_line(drawn_record(run, []), WIDTH), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        run.stop()
        with contextlib.suppress(TimeoutError):
            run.wait(STOPPING_S)
        return run


def tell(run: Run) -> None:
    """Print how a run ended: a shard's counts, and the report of a whole run."""
    from qwq_nb.run.live import drawn_record
    from qwq_nb.run.text import run_text

    shard = run.manifest.request.selection.shard
    if shard is None:
        print(run_text(drawn_record(run), times=True))
        return
    results = run.results()
    failed = sum(result.outcome == "error" for result in results)
    done = sum(result.outcome != "pending" for result in results)
    errors = f", {failed:,} of them without an answer" if failed else ""
    print(f"{run.name} {run.state}: {done:,} of {len(results):,}{errors}.")
    print(f"When all {shard[1]:,} shards are: python -m qwq_nb merge {run.path.parent}")


@contextlib.contextmanager
def interrupted_by(number: int) -> Iterator[None]:
    """Let a signal do what Ctrl-C does: Slurm sends SIGTERM before a job's time is over."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before: Any = signal.signal(number, interrupt)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, before)


_EXITS: Final = (
    "Exit status: 0 if every sample has its answer, 1 if some have none, 2 if a signal stopped it (the same line goes "
    "on), 3 if it cannot be carried out."
)


def help_text(usage: str, options: Sequence[Option], sign: str, *after: str) -> str:
    """Write the help of a command."""
    lines = [f"  {' '.join(filter(None, (o.name, o.metavar))):<24} {o.help}" for o in options]
    return "\n".join([f"usage: {sign}{usage}", "", *lines, *(("", *after) if after else ())])
