"""Run one evaluation from request to finished run directory, as a coroutine on the loop thread.

Load the samples, plan, open or resume the run directory, ask and grade, keep the manifest. What others write about the
run (evalscope's files) is done by observers. The benchmark worker starts beside the first requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb import _version
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark
from qwq_nb.bench.rehearsal import rehearsal_notes
from qwq_nb.core.records import Completion, Item, SampleResult, State, Verdict
from qwq_nb.errors import OptionError, QwqError, RunLocked
from qwq_nb.evaluation.asking import Asking
from qwq_nb.evaluation.code_sandbox import deadline_of, sandbox_for, sandbox_notes
from qwq_nb.evaluation.earlier_runs import EarlierRun
from qwq_nb.evaluation.endpoint_status import PoolWatch, endpoint_notes, pool_of
from qwq_nb.evaluation.evalscope_files import EvalscopeFiles, RunObserver
from qwq_nb.evaluation.game_clips import with_clip
from qwq_nb.evaluation.loading import plan_selected
from qwq_nb.evaluation.merge import merged_notes
from qwq_nb.evaluation.plan import Plan
from qwq_nb.evaluation.rescue import write_anew
from qwq_nb.evaluation.runner import Runner
from qwq_nb.evaluation.solvers.registry import solver_of
from qwq_nb.evaluation.start import new_manifest
from qwq_nb.evaluation.state import SessionState, ended_early
from qwq_nb.evaluation.take_over import Taken, note_on, read_earlier, write_taken
from qwq_nb.evaluation.turn_log import shared_notes, turn_log
from qwq_nb.evaluation.until import until_narrow
from qwq_nb.evaluation.viewer_files import ViewerFiles
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.store.request import EvalRequest
from qwq_nb.store.resume import load_progress
from qwq_nb.store.run_dir import RunDirectory, RunFolderChanged

__all__ = ["Session"]

LOCK_WAIT_S = 1.0
"""How long a run that is locked is waited for: a reader tries the lock for a moment, and a stopped call winds up."""

Key = tuple[str, int]


class Session:
    """Run one request: `execute()` runs it once, on the loop's thread. What it has is in `state`."""

    def __init__(
        self,
        request: EvalRequest,
        path: Path,
        key: str,
        worker: BenchWorker,
        *,
        command: str,
        earlier: Callable[[], list[EarlierRun]] | None = None,
        turns_of: Sequence[Path] = (),
        asking: Asking | None = None,
    ) -> None:
        """`earlier` finds the runs that a new run takes answers over from; None: from none.

        `turns_of`: directories of runs whose finished turns count where this one would ask the same. `asking`: who
        loads and asks (None: this process).
        """
        self._asking = Asking() if asking is None else asking
        self.request = request
        self._earlier = earlier
        self._turns_of = list(turns_of)
        self.directory = RunDirectory(path)
        self.worker = worker
        self.directory.moved = self._moved
        self.state = SessionState(new_manifest(request, path, key, command=command), lambda: worker.step)
        self._viewer_files = ViewerFiles(self.state, self.directory)
        # evalscope's files are of a whole run: those of a shard would be wrong.
        is_whole = request.selection.shard is None
        self._observers: list[RunObserver] = [EvalscopeFiles(request, self.directory, worker)] if is_whole else []
        self._runner: Runner | None = None
        self._watch: PoolWatch | None = None
        self._pause_wanted = False
        """Asked for before there was anything to pause."""
        self._published = False
        """Whether an earlier call of the same request completed the run."""
        self._task: asyncio.Task[Any] | None = None
        self._stopped = False
        for endpoint in request.all_endpoints:
            # The keys are no business of the worker's.
            for variable in endpoint.secrets:
                worker.hide(variable)

    # -- control, on the loop's thread ---------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop at once, whatever is going on: loading, asking, or writing evalscope's reports."""
        self._stopped = True
        if self._runner is not None and not self._runner.over:
            self._runner.stop()
        elif self._task is not None:
            self._task.cancel()

    def pause(self, on: bool = True) -> None:
        """Pause, or resume; before the first request it is remembered."""
        self._pause_wanted = on
        if self._runner is None or self._watch is None or self.state.manifest.state not in ("running", "paused"):
            return
        if on:
            self._runner.pause()
        else:
            self._runner.resume()
            self._watch.resumed()
        self._watch.show_state()

    # -- the work ------------------------------------------------------------------------------------------------

    async def execute(self) -> None:
        """Run the request.

        Raises:
            QwqError: what ends the run; whatever was finished is on disk by then.
        """
        self._task = asyncio.current_task()
        try:
            if self._stopped:
                raise asyncio.CancelledError
            with self.worker.tell(self.state.note):
                await self._execute()
        except asyncio.CancelledError:
            # In memory alone: what is on disk may be another call's, until this one has begun to write.
            self.state.leave("stopped")
            raise
        except RunFolderChanged as exc:
            # Nothing more is written into what is no longer the run's.
            self.directory.close()
            self.state.leave("stopped")
            raise QwqError(await self._rescued(exc)) from None
        except OSError as exc:
            self.state.leave("failed")
            raise QwqError(f"The run cannot be written to {self.directory.display_path}: {exc}.") from None
        except BaseException:
            self.state.leave("failed")
            raise
        finally:
            if self._watch is not None:
                self._watch.over()
            self.state.end()
            try:
                await self._viewer_files.write()
            finally:
                self.directory.close()

    async def _execute(self) -> None:
        self.state.step = "loading benchmarks"
        loaded = await self._asking.load(self.request, self.worker)
        plan = self._asking.planned(plan_selected(loaded, self.request))
        self.state.manifest.sandbox = await asyncio.to_thread(sandbox_for, self.request, loaded)
        await self._lock()
        done, ungraded = await self._opened(plan, loaded)
        missing = {item.key for item in plan.items} - {*done, *ungraded}
        turns = await asyncio.to_thread(turn_log, self.request, self.directory, missing, self._turns_of)
        async with pool_of(self.request) as pool:
            runner = self._runner = self._asking.runner(
                self.request,
                loaded,
                self.state.manifest.key,
                plan=plan,
                pool=pool,
                grade=functools.partial(self._grade, {bench.benchmark: bench for bench in loaded}),
                directory=self.directory,
                model=self.request.endpoint.model,
                results=done,
                ungraded=ungraded,
                solver=solver_of(self.request),
                enough=until_narrow(plan, self.request.selection),
                turns=turns,
            )
            watch = self._watch = PoolWatch(self.state.manifest, pool, lambda: runner.paused)
            self.state.running(plan, runner)

            def pool_changed() -> None:
                runner.look_again()
                watch.look()

            pool.changed = pool_changed
            if self._pause_wanted:
                self.pause()
            if len(done) < len(plan.items) or not self._published:
                await self._run(runner, plan, loaded)
            self.state.note(*shared_notes(turns), *self._asking.notes())
        self._settle("stopped" if runner.stopping else "complete")

    async def _lock(self) -> None:
        patience = time.perf_counter() + LOCK_WAIT_S
        while True:
            try:
                self.directory.lock()
                return
            except RunLocked:
                if time.perf_counter() > patience:
                    raise
            await asyncio.sleep(0.05)

    async def _opened(
        self, plan: Plan, loaded: Sequence[LoadedBenchmark]
    ) -> tuple[dict[Key, SampleResult], dict[Key, Completion]]:
        """Begin a new run with what others have of it already, or go on with what an earlier call finished."""
        m = self.state.manifest
        m.plan_hash = plan.hash()
        m.total = len(plan.items)
        m.population, m.left_out = plan.population, plan.left_out
        m.data_hash = {b.benchmark: b.data_hash for b in loaded}
        m.versions = {"qwq_nb": _version.__version__, **{k: v for b in loaded for k, v in b.versions.items()}}
        m.adapters = {b.benchmark: msgspec.to_builtins(b.facts) for b in loaded}
        m.withheld = [b.benchmark for b in loaded if b.facts.withheld]
        m.notes = [*endpoint_notes(self.request), *(note for b in loaded for note in b.notes)]
        m.notes += sandbox_notes(m.sandbox)
        if m.withheld and not self.request.demo:
            self.directory.folder.make_private()
        is_new = not (self.directory.path / MANIFEST).exists()
        if not is_new:
            self._go_on()
        model = self.request.endpoint.model
        done, ungraded = load_progress(self.directory, plan.items, plan.repeats, model)
        if not is_new:
            done, ungraded = await asyncio.to_thread(
                self._asking.take_left, self.directory, plan, model, done, ungraded
            )
        if is_new and self._earlier is not None:
            self.state.step = "looking for answers in earlier runs"
            taken = await asyncio.to_thread(self._read_earlier, self._earlier, plan)
            # A kernel that was killed while it took them over left some of them here.
            taken = taken.without({*done, *ungraded})
            await write_taken(self.directory, plan, model, taken)
            done |= taken.results
            ungraded |= taken.ungraded
            m.taken_over, m.done = taken.sources, len(done)
        self.state.note(*filter(None, (note_on(m), *merged_notes(m))))
        m.state = "running"
        # The manifest is what makes the folder a run: it comes last.
        self.directory.save_samples(plan.samples)
        self.directory.save_manifest(m)
        return done, ungraded

    def _read_earlier(self, find: Callable[[], list[EarlierRun]], plan: Plan) -> Taken:
        versions = self.state.manifest.versions
        found = find()
        self._turns_of += [run.directory.path for run in found]  # of their unfinished samples, too
        return read_earlier(found, plan, model=self.request.endpoint.model, versions=versions)

    def _go_on(self) -> None:
        """Go on with the run that is in the directory. Raises OptionError where it asked other questions."""
        m, old = self.state.manifest, self.directory.manifest()
        if old.plan_hash and old.plan_hash != m.plan_hash:
            raise OptionError(
                f"The run {m.name} was begun with other questions than this line gives now (the data set or its "
                f"prompts changed). Start a new one by adding --fresh."
            )
        for package, then in old.versions.items():
            here = m.versions.get(package, then)
            if package != "qwq_nb" and here != then:
                m.notes.append(f"Begun with {package} {then}, continued with {here}: verdicts may differ.")
        m.run_id, m.created, self.state.earlier_s = old.run_id, old.created, old.elapsed_s
        m.done, m.scores, m.metrics, m.estimated, m.elapsed_s = (
            *(old.done, old.scores, old.metrics),
            *(old.estimated, old.elapsed_s),
        )
        m.taken_over, m.merged = old.taken_over, old.merged
        self._published = old.state == "complete"

    async def _grade(self, loaded: dict[str, LoadedBenchmark], item: Item, completion: Completion) -> Verdict:
        job = GradeJob(
            request=loaded[item.sample.benchmark].request,
            sample=item.sample,
            completion=completion,
            position=item.position,
            repeat=item.repeat,
            repeats=self.request.selection.repeats,
            model=self.request.endpoint.model,
            deadline_s=deadline_of(self.request, item.sample.benchmark),
            sandbox=self.request.sandbox,
            jobs=self.request.jobs,
        )
        verdict = await self._asking.grade(job, self.worker)
        return await with_clip(verdict, item, self.directory, self.state.note)

    async def _run(self, runner: Runner, plan: Plan, loaded: Sequence[LoadedBenchmark]) -> None:
        # The worker starts beside the first requests: it is wanted when the first answer is there.
        begun = asyncio.ensure_future(self._tell_begun(plan, loaded))
        kept = asyncio.ensure_future(self._viewer_files.keep(runner))
        try:
            await runner.run()
            kept.cancel()
            if not runner.stopping:
                await begun
                for observer in self._observers:
                    self.state.note(*await observer.completed(runner.results.values()))
        except asyncio.CancelledError:
            self._settle("stopped")
            raise
        except RunFolderChanged:
            raise
        except Exception as exc:
            self.state.note(ended_early(exc))
            # The disk may be what failed; the error that says so comes first.
            with contextlib.suppress(OSError, RunFolderChanged):
                self._settle("failed")
            raise
        finally:
            kept.cancel()
            begun.cancel()
            with contextlib.suppress(asyncio.CancelledError, QwqError):
                await begun

    async def _tell_begun(self, plan: Plan, loaded: Sequence[LoadedBenchmark]) -> None:
        # Of prompts that were in the cache: what grading takes is imported before the first answer is there.
        rehearsals = asyncio.gather(*(rehearsal_notes(bench, self.worker) for bench in loaded))
        try:
            for observer in self._observers:
                self.state.note(*await observer.began(plan, loaded))
            for notes in await rehearsals:
                self.state.note(*notes)
        finally:
            rehearsals.cancel()

    # -- what is kept of it --------------------------------------------------------------------------------------

    def _moved(self, before: Path, now: Path) -> None:
        """Say that the run's folder was moved, and go by its new name. Called while something is written."""
        self.state.manifest.name = now.name
        self.state.note(f"The run's folder was moved from {before} to {now} while the run was going on: it is there.")

    async def _rescued(self, problem: RunFolderChanged) -> str:
        """Write the run anew from memory, after its folder was deleted; return what to say of it."""
        runner, m = self._runner, self.state.manifest
        if runner is None:
            return f"{problem}. Run the same line again."
        self.state.count()
        done, total = m.done, m.total
        saved = msgspec.structs.replace(m, notes=[*m.notes, f"{problem}; it was written anew from memory."])
        try:
            path = await asyncio.to_thread(
                write_anew, self.directory.path, saved, runner.plan, runner.results, runner.ungraded
            )
        except OSError as exc:
            return (
                f"{problem}, and it could not be written anew: {exc}. The {done} of {total} results are in memory "
                f"only: save them by run.export('results.jsonl', traces=True)."
            )
        return (
            f"{problem}. The run was stopped; the {done} of {total} results that it had were written anew into "
            f"{path}. Run the same line again to go on."
        )

    def _settle(self, state: State) -> None:
        """Write how the run stands."""
        m = self.state.manifest
        self.state.count()
        runner = self._runner
        enough = runner is not None and runner.enough is not None and runner.enough.reached(runner.results)
        ended = m.done == m.total or enough
        m.state = "stopped" if state == "complete" and not ended else state
        self.directory.save_manifest(m)
