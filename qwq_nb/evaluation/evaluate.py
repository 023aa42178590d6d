"""What magics and scripts both call: `evaluate`, `aevaluate`, `ask`, `load_run`, `list_runs`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwq_nb.core.event_loop import result_of, shared_loop
from qwq_nb.core.paths import expand_user
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError, QwqError
from qwq_nb.evaluation.command_line import command_line, data_label
from qwq_nb.evaluation.control import STOP_WITHIN_S, Control
from qwq_nb.evaluation.request import build_request
from qwq_nb.evaluation.session import Session, data_fingerprint
from qwq_nb.evaluation.start import run_dir_for
from qwq_nb.run.run import Run

if TYPE_CHECKING:
    from qwq_nb.run.live import View

from qwq_nb.bench.shared import shared_worker
from qwq_nb.run.open import DEFAULT_OUT, load_run

__all__ = ["Interrupted", "aevaluate", "evaluate", "resume_run"]


class Interrupted(InterruptedWithResult):
    """A run was interrupted by the user. Everything finished is kept; `run` is what there is."""

    def __init__(self, run: Run) -> None:
        said = "is complete; to draw it again" if run.state == "complete" else "stopped; to go on"
        super().__init__(f"{run.name} {said}: {run.command}", run)
        self.run = run


def begin(
    benchmarks: tuple[str, ...],
    *,
    out: str | Path | None,
    fresh: bool,
    endpoint: Any,
    reveal: bool,
    options: dict[str, Any],
    resumed: Run | None = None,
) -> tuple[Run, Control]:
    """Check the call, find or make its run directory (or take that of `resumed`), and start it on the loop thread."""
    request = build_request(benchmarks, endpoint=endpoint, **options)
    fingerprint = data_fingerprint(request)
    if resumed is not None:
        path, key, line = resumed.path, resumed._manifest.key, resumed.command
    else:
        root = expand_user(out or DEFAULT_OUT)
        path, key = run_dir_for(request, root, fresh=fresh, data_fingerprint=fingerprint)
        several = isinstance(endpoint, list | tuple) and all(isinstance(e, str) for e in endpoint)
        named = ",".join(endpoint) if several else endpoint if isinstance(endpoint, str) else None
        line = command_line(request, out=str(out) if out else None, named=named, options=own_options(options))
    worker = shared_worker()
    worker.hide(request.endpoint.key_env)
    session = Session(request, path, key, worker, command=line, data_label=data_label(request))
    run = Run(
        session.directory,
        session.manifest,
        session.results,
        progress=session.progress,
        in_flight=lambda: session.runner.in_flight() if session.runner else [],
    )
    session.save_record = run.save_record
    run._control = control = Control(session, shared_loop())
    return run.reveal(reveal), control


def own_options(options: dict[str, Any]) -> dict[str, Any]:
    """The sampling and transport options of a call, for the line that repeats it."""
    from qwq_nb.endpoint.options import SAMPLING, TRANSPORT

    names = {o.dest for o in (*SAMPLING, *TRANSPORT)}
    own = {k: v for k, v in options.items() if k in names}
    return {**own, "no_stream": True} if options.get("stream") is False else own


def evaluate(
    *benchmarks: str,
    endpoint: Endpoint | str | None = None,
    out: str | Path | None = None,
    fresh: bool = False,
    background: bool = False,
    reveal: bool = False,
    show: bool = True,
    **options: Any,
) -> Run:
    """Evaluate a model on benchmarks and return the `Run`; the same call again resumes what is unfinished.

    Args:
        benchmarks: evalscope's names (`math_500`, `aime24`, `gpqa_diamond`, …).
        endpoint: an `Endpoint`, an endpoint's name, or None for the default one.
        out: folder in which run directories lie; `qwq_runs` by default.
        fresh: start over instead of resuming.
        background: return at once; `run.wait()`, `run.stop()`, `run.pause()` control it.
        reveal: show texts that are withheld by default (GPQA).
        show: draw progress and the result where there is a notebook or a terminal.
        options: levels, subset, limit, seed, repeats, concurrency, data, hub, few_shot, dataset_args, demo,
            grade_deadline, and any sampling or transport option, as `%qwq_eval` has them.

    Raises:
        UserError: the call cannot work as written.
        EndpointRefused: the endpoint refuses every request (bad key, unknown model).
        HubError, WorkerError, RunLocked: as their docstrings say.
        Interrupted: the user interrupted; a KeyboardInterrupt that carries the run.
    """
    run, control = begin(benchmarks, out=out, fresh=fresh, endpoint=endpoint, reveal=reveal, options=options)
    return watch_run(run, control, background=background, show=show)


def watch_run(run: Run, control: Control, *, background: bool, show: bool) -> Run:
    """Draw a run that was begun: to its end, or from a thread of its own."""
    from qwq_nb.run.live import View, view_for

    view = View(run)
    try:
        view = view_for(run, show, controls=background)
        if background:
            threading.Thread(target=follow, args=(run, control, view), name="qwq-view", daemon=True).start()
            return run
        draw_until_over(control, view)
    except KeyboardInterrupt:
        control.stop()
        concurrent.futures.wait([control.future], STOP_WITHIN_S)
        view.leave()
        raise Interrupted(run) from None
    except Exception:
        # A run that nobody watches must not go on and hold its directory.
        control.stop()
        view.finish(failed=True)
        raise
    try:
        view.finish()
    except KeyboardInterrupt:
        view.leave()
        raise Interrupted(run) from None
    return run


def draw_until_over(control: Control, view: View) -> None:
    """Draw while the run goes on; raises what ended it."""
    while not control.done:
        # Not result(): what ended the run is raised in one place, below, and a stop while loading is no error.
        concurrent.futures.wait([control.future], view.interval_s)
        if not control.done:
            view.update()
    with contextlib.suppress(concurrent.futures.CancelledError):
        result_of(control.future)


def follow(run: Run, control: Control, view: View) -> None:
    """The drawing thread of a run in the background. What ended the run stands in its output: no cell can fail."""
    try:
        draw_until_over(control, view)
    except Exception as exc:
        kind = "" if isinstance(exc, QwqError) else f"{type(exc).__name__}: "
        run._manifest.notes.append(f"Ended before its time: {kind}{exc}")
    view.finish()


async def aevaluate(
    *benchmarks: str,
    endpoint: Endpoint | str | None = None,
    out: str | Path | None = None,
    fresh: bool = False,
    reveal: bool = False,
    **options: Any,
) -> Run:
    """`evaluate` for coroutines: the caller's loop stays free, nothing is drawn. Cancelling it stops the run."""
    starting = asyncio.ensure_future(
        asyncio.to_thread(begin, benchmarks, out=out, fresh=fresh, endpoint=endpoint, reveal=reveal, options=options)
    )
    try:
        run, control = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # A thread cannot be cancelled: what it begins is stopped as soon as it has begun.
        starting.add_done_callback(stop_begun)
        raise
    try:
        await asyncio.shield(asyncio.wrap_future(control.future))
    except asyncio.CancelledError:
        control.stop()
        raise
    except QwqError as exc:
        raise exc.with_traceback(None) from None  # as `result_of` does
    return run


def stop_begun(starting: asyncio.Future[tuple[Run, Control]]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result()[1].stop()


def resume_run(run: Run | str | Path, *, out: str | Path | None = None, show: bool = True, **changes: Any) -> Run:
    """Go on with a run from what its directory says was asked; its endpoints must be reachable as they were then.

    `changes` may set concurrency, endpoint, background and transport options: nothing that changes what is asked.
    """
    loaded = run if isinstance(run, Run) else load_run(run, out=out)
    m = loaded._manifest
    if not m.key:
        raise OptionError(f"The run {m.name} was made by evalscope itself: it can be shown and compared, not resumed.")
    endpoint = changes.pop("endpoint", None) or [m.endpoint, *m.other_endpoints]
    if m.demo:
        from qwq_nb.endpoint.registry import demo_endpoint

        endpoint = m.endpoint.replace(url=demo_endpoint().url)
    options: dict[str, Any] = {
        "levels": m.levels,
        "subset": m.subsets,
        "limit": m.limit,
        "seed": m.seed,
        "repeats": m.repeats,
        "concurrency": m.concurrency,
        "data": m.data or None,
        "hub": m.hub,
        "few_shot": m.few_shot,
        "dataset_args": m.dataset_args,
        "grade_deadline": m.grade_deadline_s,
        **changes,
    }
    background = bool(options.pop("background", False))
    resumed, control = begin(
        tuple(m.benchmarks),
        out=None,
        fresh=False,
        endpoint=endpoint,
        reveal=loaded._reveal,
        options=options,
        resumed=loaded,
    )
    return watch_run(resumed, control, background=background, show=show)
