"""What magics and scripts both call: `evaluate`, `aevaluate`, `ask`, `load_run`, `list_runs`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.bench.proxy import BenchWorker
from qwq_nb.client import ChatClient, Live
from qwq_nb.control import STOP_WITHIN_S, Control
from qwq_nb.endpoint import Endpoint
from qwq_nb.errors import OptionError, QwqError, UnknownRun, did_you_mean
from qwq_nb.listing import RunList
from qwq_nb.loop import result_of, shared_loop
from qwq_nb.paths import expanded
from qwq_nb.records import Completion
from qwq_nb.request import build_request, command_line, data_label, refine_endpoint
from qwq_nb.run import Run
from qwq_nb.rundir import MANIFEST, Manifest, RunDir, find_run_dirs
from qwq_nb.session import Session, data_fingerprint, run_dir_for

if TYPE_CHECKING:
    from qwq_nb.view.live import View

__all__ = ["Interrupted", "aevaluate", "ask", "evaluate", "list_runs", "load_run", "resume_run"]

DEFAULT_OUT = "qwq_runs"

_worker: BenchWorker | None = None
_worker_guard = threading.Lock()


class Interrupted(KeyboardInterrupt):
    """A run was interrupted by the user. Everything finished is kept; `run` is what there is."""

    def __init__(self, run: Run) -> None:
        said = "is complete; to draw it again" if run.state == "complete" else "stopped; to go on"
        super().__init__(f"{run.name} {said}: {run.command}")
        self.run = run

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


def shared_worker() -> BenchWorker:
    """The kernel's one benchmark worker; not started before its first use."""
    global _worker
    with _worker_guard:
        if _worker is None:
            _worker = BenchWorker()
        return _worker


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
        root = expanded(out or DEFAULT_OUT)
        path, key = run_dir_for(request, root, fresh=fresh, data_fingerprint=fingerprint)
        several = isinstance(endpoint, list | tuple) and all(isinstance(e, str) for e in endpoint)
        named = ",".join(endpoint) if several else endpoint if isinstance(endpoint, str) else None
        line = command_line(request, out=str(out) if out else None, named=named, options=own_options(options))
    worker = shared_worker()
    worker.hide(request.endpoint.key_env)
    session = Session(request, path, key, worker, command=line, data_label=data_label(request))
    run = Run(
        session.rundir,
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
    from qwq_nb.options import SAMPLING, TRANSPORT

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
    from qwq_nb.view.live import View, view_for

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
    while not control.over:
        # Not result(): what ended the run is raised in one place, below, and a stop while loading is no error.
        concurrent.futures.wait([control.future], view.interval_s)
        if not control.over:
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


def ask(
    question: str,
    *,
    endpoint: Endpoint | str | None = None,
    demo: bool = False,
    system: str | None = None,
    watch: Callable[[Live], None] | None = None,
    **options: Any,
) -> Completion:
    """One question, one completion. `watch` is called a few times a second with what is there so far.

    Raises:
        UserError, EndpointError: as for `evaluate`.
    """
    from qwq_nb.registry import demo_endpoint, get_endpoint

    if not question.strip():
        raise OptionError("There is no question: write it below the %%qwq line.")
    chosen = endpoint if isinstance(endpoint, Endpoint) else demo_endpoint() if demo else get_endpoint(endpoint)
    chosen = refine_endpoint(chosen, options)
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": question})
    live = Live()

    async def work() -> Completion:
        async with ChatClient(chosen, connections=1) as client:
            return await client.complete(messages, live=live)

    future = shared_loop().submit(work())
    try:
        while not concurrent.futures.wait([future], 0.25).done:
            if watch is not None:
                watch(live)
        return result_of(future)
    except BaseException:
        future.cancel()
        raise


def list_runs(out: str | Path | None = None) -> RunList:
    """The runs below `out` (`qwq_runs`), the one written last first. Nothing of them is read but their manifests."""
    runs = RunList()
    for path in find_run_dirs(expanded(out or DEFAULT_OUT)):
        with contextlib.suppress(UnknownRun):
            runs.append(open_run(path))
    return runs


def load_run(path: str | Path, *, out: str | Path | None = None) -> Run:
    """A run from its directory, or by its name (or the beginning of it) below `out`.

    Directories that evalscope wrote are opened too.

    Raises:
        UnknownRun: there is none; the message names the nearest.
    """
    given = expanded(path)
    if (given / MANIFEST).is_file():
        return open_run(given)
    if given.name == MANIFEST and given.is_file():
        return open_run(given.parent)
    if (given / "predictions").is_dir() or (given.parent.name == "predictions" and given.is_dir()):
        from qwq_nb.foreign import open_evalscope_run

        return open_evalscope_run(given)
    root = expanded(out or DEFAULT_OUT)
    names = {p.name: p for p in find_run_dirs(root)}
    matching = [p for name, p in names.items() if name.startswith(str(path))]
    if str(path) in names:
        return open_run(names[str(path)])
    if len(matching) == 1:
        return open_run(matching[0])
    if len(matching) > 1:
        raise UnknownRun(f"{str(path)!r} fits {len(matching)} runs: {', '.join(p.name for p in matching)}.")
    hint = did_you_mean(str(path), names) if names else f" There are none in {root}."
    raise UnknownRun(f"There is no run {str(path)!r}.{hint}")


def open_run(path: Path) -> Run:
    """A run from its manifest; its samples are read when they are first wanted."""
    from qwq_nb.saved import saved_results

    rundir = RunDir(path)
    manifest = rundir.manifest()
    return Run(rundir, settled(manifest, rundir), saved_results(rundir, manifest))


def settled(manifest: Manifest, rundir: RunDir) -> Manifest:
    """A manifest that says `running` while nobody holds the run was left behind by a crash: it is stopped."""
    if manifest.state in ("running", "starting", "paused") and not rundir.is_locked():
        return msgspec.structs.replace(manifest, state="stopped")
    return manifest


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
        from qwq_nb.registry import demo_endpoint

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
