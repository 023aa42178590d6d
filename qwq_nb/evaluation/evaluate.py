"""Evaluate a model on benchmarks: `evaluate`, `aevaluate`, and `resume_run` for a run that was left."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwq_nb.core.event_loop import future_result
from qwq_nb.core.frontend import ipython
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError, QwqError
from qwq_nb.evaluation.begin import begin, start
from qwq_nb.evaluation.control import STOP_WITHIN_S, Control
from qwq_nb.evaluation.request import changed_request
from qwq_nb.evaluation.start import data_fingerprint
from qwq_nb.evaluation.state import ended_early
from qwq_nb.evaluation.trust import own_request
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from qwq_nb.evaluation.options import EvalOptions, ResumeOptions
    from qwq_nb.run.live import View

__all__ = ["Interrupted", "aevaluate", "evaluate", "resume_run"]


class Interrupted(InterruptedWithResult):
    """Report that the user interrupted a run. Everything finished is kept; `run` is the run as it stopped."""

    def __init__(self, run: Run, *, is_shown: bool = False) -> None:
        said = "is complete; to draw it again" if run.state == "complete" else "stopped; to go on"
        super().__init__(f"{run.name} {said}: {run.command}", run, is_shown=is_shown)
        self.run = run


def evaluate(
    *benchmarks: str,
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None = None,
    out: str | Path | None = None,
    fresh: bool = False,
    background: bool = False,
    reveal: bool = False,
    show: bool = True,
    executor: Any = None,
    shards: int | None = None,
    grade_on: Any = None,
    **options: Unpack[EvalOptions],
) -> Run:
    """Evaluate a model on benchmarks and return the `Run`; the same call again resumes what is unfinished.

    Args:
        benchmarks: evalscope's names (`math_500`, `aime24`, `gpqa_diamond`, …).
        endpoint: an `Endpoint`, an endpoint's name, None for the default one; or several that share the run.
        out: folder in which run directories lie; `qwq_runs` by default.
        fresh: start over: no run is resumed, and no answers are taken over. Without it a new run takes over the answers
            of runs in `out` that asked the same with a smaller limit, fewer repeats, fewer levels or subsets, or a
            smaller max_tokens (those that it did not cut), and asks the rest.
        background: return at once; `run.wait()`, `run.stop()`, `run.pause()` control it.
        reveal: show texts that are withheld by default (GPQA).
        show: draw progress and the result where there is a notebook or a terminal.
        executor, shards: let an executor's workers ask, in so many parts: Dask's `Client`, ipyparallel's
            `client.executor()`, a `ProcessPoolExecutor`, a submitit executor. They need this package, the endpoint, the
            variables of its keys, and `out` on a file system that they share with the kernel. `concurrency` is each
            shard's. The same call without them goes on with the run too.
        grade_on: an executor whose workers run the models' code, of benchmarks that have it run; this process asks.
        options: levels, subset, limit, shard, seed, repeats, concurrency, data, hub, few_shot, dataset_args, demo,
            grade_deadline, editor, edit_format, tries, and any sampling or transport option, as `%qwq_eval` has them.

    Raises:
        UserError: the call cannot work as written.
        EndpointRefused: the endpoint refuses every request (bad key, unknown model).
        HubError, WorkerError, RunLocked: as their docstrings say.
        Interrupted: the user interrupted; a KeyboardInterrupt that carries the run.
    """
    run, control = begin(
        benchmarks,
        out=out,
        fresh=fresh,
        endpoint=endpoint,
        reveal=reveal,
        options=dict(options),
        executor=executor,
        shards=shards,
        grade_on=grade_on,
    )
    return watch_run(run, control, background=background, show=show)


def watch_run(run: Run, control: Control, *, background: bool, show: bool) -> Run:
    """Draw a run that was begun: to its end, or from a thread of its own."""
    from qwq_nb.run.live import View, view_for
    from qwq_nb.run.ruling_channel import accept_rulings

    if show:
        accept_rulings(ipython())
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
        raise Interrupted(run, is_shown=show and run.state != "complete") from None
    except Exception:
        # A run without a caller must not go on and hold its directory.
        control.stop()
        view.finish(failed=True)
        raise
    try:
        view.finish()
    except KeyboardInterrupt:
        view.leave()
        raise Interrupted(run, is_shown=show and run.state != "complete") from None
    return run


def draw_until_over(control: Control, view: View) -> None:
    """Draw while the run goes on; raises what ended it."""
    while not control.done:
        # Not result(): what ended the run is raised once, below, and a stop while loading is no error.
        concurrent.futures.wait([control.future], view.interval_s)
        if not control.done:
            view.update()
    with contextlib.suppress(concurrent.futures.CancelledError):
        future_result(control.future)


def follow(run: Run, control: Control, view: View) -> None:
    """Draw a run in the background, on a thread of its own.

    What ended the run is written into its output: no cell can fail.
    """
    try:
        draw_until_over(control, view)
    except Exception as exc:
        control.session.state.note(ended_early(exc))
    view.finish()


async def aevaluate(
    *benchmarks: str,
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None = None,
    out: str | Path | None = None,
    fresh: bool = False,
    reveal: bool = False,
    executor: Any = None,
    shards: int | None = None,
    grade_on: Any = None,
    **options: Unpack[EvalOptions],
) -> Run:
    """Evaluate as a coroutine: the caller's loop stays free and nothing is drawn. Cancelling it stops the run."""
    starting = asyncio.ensure_future(
        asyncio.to_thread(
            begin,
            benchmarks,
            out=out,
            fresh=fresh,
            endpoint=endpoint,
            reveal=reveal,
            options=dict(options),
            executor=executor,
            shards=shards,
            grade_on=grade_on,
        )
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
        raise exc.with_traceback(None) from None  # as `future_result` does
    return run


def stop_begun(starting: asyncio.Future[tuple[Run, Control]]) -> None:
    """Stop a run that started after its caller was cancelled."""
    if not starting.cancelled() and starting.exception() is None:
        starting.result()[1].stop()


def resume_run(
    run: Run | str | Path,
    *,
    out: str | Path | None = None,
    show: bool = True,
    background: bool = False,
    **changes: Unpack[ResumeOptions],
) -> Run:
    """Resume a run from what its directory says was asked; its endpoints must be reachable as they were then.

    A run's folder may come from somebody else. The URL, the key variable, the data file and the dataset arguments that
    it names are used only if they were given in this kernel too (`qwq_nb.evaluation.trust`).

    Args:
        run: a `Run`, a run's name (below `out`) or its path.
        show, background: as for `evaluate`.
        changes: endpoint, editor, data, concurrency and transport options: nothing that changes what is asked.

    Raises:
        OptionError: the run was made by another tool, a change that would be another run, or a data file that no
            line of this kernel has named.
        UnknownEndpoint: the run's endpoint is not set in this kernel.
        UserError, EndpointRefused, HubError, WorkerError, RunLocked, Interrupted: as for `evaluate`.
    """
    loaded = run if isinstance(run, Run) else load_run(run, out=out)
    m = loaded.manifest
    if m.maker:
        raise OptionError(f"The run {m.name} was made by {m.maker}: it can be shown and compared, not resumed.")
    data = changes.pop("data", None)
    saved = own_request(
        m,
        data=data,
        endpoint_given=changes.get("endpoint") is not None,
        editor_given=changes.get("editor") is not None,
    )
    request = changed_request(saved, **changes)
    data_fingerprint(request)  # a file that is gone is said before anything starts
    resumed, control = start(request, loaded.path, m.key, command=m.command, reveal=loaded.revealed)
    return watch_run(resumed, control, background=background, show=show)
