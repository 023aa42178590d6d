"""One evaluation from request to finished run directory, as a coroutine on the loop thread.

Load the samples (from the prompt cache where it can be), plan, open or resume the run directory, run, write evalscope's
own configuration and reports. The benchmark worker starts at the same time as the first requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb import _version
from qwq_nb.bench.cache import cached
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.datafile import fingerprint
from qwq_nb.bench.protocol import BenchPlan, GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.registry import own_source
from qwq_nb.core.records import Completion, Item, SampleResult, State, Verdict
from qwq_nb.core.run_record import Progress
from qwq_nb.core.tally import tally
from qwq_nb.errors import DataError, OptionError, QwqError, RunLocked, WorkerError
from qwq_nb.evaluation.endpoint_status import PoolWatch, endpoint_notes, pool_of
from qwq_nb.evaluation.plan import Plan, make_plan, wanted_subsets
from qwq_nb.evaluation.request import EvalRequest
from qwq_nb.evaluation.runner import Runner
from qwq_nb.evaluation.start import new_manifest, run_dir_for
from qwq_nb.store.evalscope_rows import model_segment
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.store.resume import load_progress
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["Session", "run_dir_for"]

LOCK_WAIT_S = 1.0
"""How long a run that is locked is waited for: a reader tries the lock for a moment, and a stopped call winds up."""
SAVE_EVERY_S = 5.0
"""The manifest of a run under way is this old at most, for lists of runs, and where the kernel is killed."""
RECORD_EVERY_S = 10.0
"""Seconds between two records of a run under way, for viewers that have no kernel to ask; more of a large one."""


class Session:
    """Owns what one evaluation needs; `execute()` runs it once. Read by the drawing thread, written by the loop's."""

    def __init__(
        self, request: EvalRequest, path: Path, key: str, worker: BenchWorker, *, command: str, data_label: str
    ) -> None:
        self.request = request
        self.directory = RunDirectory(path)
        self.worker = worker
        self.runner: Runner | None = None
        self.plan: Plan | None = None
        self.step = "starting"
        self.started = time.perf_counter()
        self._pause_wanted = False
        """Asked for before there was anything to pause."""
        self.save_record: Callable[[], None] | None = None
        """Called once at the end, in a thread, while the run is still ours: writes what viewers read."""
        self._loaded: dict[str, LoadedBenchmark] = {}
        self._before_s = 0.0
        self._published = False
        self._ended: Progress | None = None
        self._task: asyncio.Task[Any] | None = None
        self._stopped = False
        self.manifest = new_manifest(request, path, key, command=command, data_label=data_label)
        for endpoint in request.endpoints:
            # The keys are no business of the worker's.
            worker.hide(endpoint.key_env)

    # -- what is seen from outside -------------------------------------------------------------------------------

    def results(self) -> list[SampleResult]:
        """In the data set's order, repeats of a sample side by side."""
        if self.runner is None or self.plan is None:
            return []
        found = self.runner.results
        return [found[s.id, r] for s in self.plan.samples for r in range(self.plan.repeats)]

    def progress(self) -> Progress:
        if self._ended is not None:
            return msgspec.structs.replace(self._ended)
        if self.runner is None:
            return Progress(step=self.worker.step or self.step, elapsed_s=time.perf_counter() - self.started)
        progress = self.runner.progress()
        progress.step = self.worker.step if progress.grading else ""
        progress.elapsed_s += self._before_s
        return progress

    # -- control, on the loop's thread ---------------------------------------------------------------------------

    def stop(self) -> None:
        """End it at once, whatever it is at: loading, asking, or writing evalscope's reports."""
        self._stopped = True
        if self.runner is not None and not self.runner.over:
            self.runner.stop()
        elif self._task is not None:
            self._task.cancel()

    def pause(self, on: bool = True) -> None:
        self._pause_wanted = on
        if self.runner is not None and self.manifest.state in ("running", "paused"):
            if on:
                self.runner.pause()
            else:
                self.runner.resume()
                self._watch.resumed()
            self._watch.show_state()

    def _pool_changed(self) -> None:
        assert self.runner is not None
        self.runner.look_again()
        self._watch.look()

    # -- the work ------------------------------------------------------------------------------------------------

    async def execute(self) -> None:
        """Raises QwqError for what ends the run; whatever was finished is on disk by then."""
        self._task = asyncio.current_task()
        try:
            if self._stopped:
                raise asyncio.CancelledError
            await self._execute()
        except asyncio.CancelledError:
            self._left("stopped")
            raise
        except OSError as exc:
            self._left("failed")
            raise QwqError(f"The run cannot be written to {self.directory.shown}: {exc}.") from None
        except BaseException:
            self._left("failed")
            raise
        finally:
            if self.runner is not None:
                self._watch.over()
            self._ended = self._final_progress()
            await self._write_record()
            self.directory.close()

    async def _write_record(self) -> None:
        if self.save_record is None or not self.directory.is_held:
            return
        try:
            await asyncio.to_thread(self.save_record)
        except OSError as exc:
            # Viewers can do without; what is on disk of the run itself is whole.
            self._note(f"The record for viewers could not be written: {exc}")

    def _left(self, state: State) -> None:
        """Say in memory how it ended. What is on disk may be another call's, until `_run` begins."""
        if self.manifest.state in ("starting", "running", "paused"):
            self.manifest.state = state

    def _final_progress(self) -> Progress:
        """The last counts; time stands still from here, and the rate is the mean of this call."""
        progress = self.progress()
        seconds = progress.elapsed_s - self._before_s
        fresh = progress.tokens - (self.runner.reused_tokens if self.runner else 0)
        return msgspec.structs.replace(
            progress, eta_s=None, step="", waiting="", tokens_per_s=max(0, fresh) / seconds if seconds > 0 else 0.0
        )

    async def _execute(self) -> None:
        self.step = "loading benchmarks"
        loaded = [await self._load(name) for name in self.request.benchmarks]
        self.plan = self._planned(loaded)
        await self._lock()
        done, ungraded = self._opened(self.plan, loaded)
        async with pool_of(self.request) as pool:
            self.runner = Runner(
                self.plan,
                pool,
                self._grade,
                self.directory,
                model=self.request.endpoint.model,
                results=done,
                ungraded=ungraded,
            )
            self._watch = PoolWatch(self.manifest, pool, lambda: self.runner is not None and self.runner.paused)
            pool.changed = self._pool_changed
            if self._pause_wanted:
                self.pause()
            if len(done) < len(self.plan.items) or not self._published:
                await self._run(loaded)
        self._settle("stopped" if self.runner.stopping else "complete")

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

    async def _load(self, name: str) -> LoadedBenchmark:
        wanted = LoadRequest(
            benchmark=name,
            subsets=None,
            data=self.request.data or None,
            hub="huggingface" if self.request.hub == "huggingface" else "modelscope",
            few_shot=self.request.few_shot,
            dataset_args=self.request.dataset_args,
            source=own_source(name),
        )
        try:
            loaded = await self._load_or_reuse(wanted)
        except DataError:
            if not (self.request.data and self.request.subsets):
                raise
            # A file that does not say which subset its records belong to: then the line does.
            loaded = await self._load_or_reuse(msgspec.structs.replace(wanted, subsets=tuple(self.request.subsets)))
        self._loaded[name] = loaded
        return loaded

    async def _load_or_reuse(self, wanted: LoadRequest) -> LoadedBenchmark:
        try:
            return await asyncio.to_thread(cached, wanted) or await self.worker.load(wanted)
        except DataError as exc:
            # The worker knows the file by its whole path; the reader as it was given.
            raise DataError(str(exc).replace(wanted.data or "\0", self.request.data)) from None

    def _planned(self, loaded: list[LoadedBenchmark]) -> Plan:
        if self.request.levels is not None and not any(s.startswith("Level ") for b in loaded for s in b.subsets):
            raise OptionError(f"--levels: {' and '.join(self.request.benchmarks)} has no levels. Leave the option out.")
        chosen = []
        for bench in loaded:
            subsets = set(wanted_subsets(bench.benchmark, bench.subsets, self.request))
            chosen.append([s for s in bench.samples if s.subset in subsets])
        return make_plan(chosen, self.request)

    def _opened(
        self, plan: Plan, loaded: list[LoadedBenchmark]
    ) -> tuple[dict[tuple[str, int], SampleResult], dict[tuple[str, int], Completion]]:
        """Write a new run's manifest and samples, or take over what an earlier call of the same line finished."""
        m = self.manifest
        m.plan_hash = plan.hash()
        m.total = len(plan.items)
        m.data_hash = {b.benchmark: b.data_hash for b in loaded}
        m.versions = {"qwq_nb": _version.__version__, **{k: v for b in loaded for k, v in b.versions.items()}}
        m.adapters = {b.benchmark: msgspec.to_builtins(b.facts) for b in loaded}
        m.withheld = [b.benchmark for b in loaded if b.facts.withheld]
        m.notes = [*endpoint_notes(self.request), *(note for b in loaded for note in b.notes)]
        if (self.directory.path / MANIFEST).exists():
            old = self.directory.manifest()
            if old.plan_hash and old.plan_hash != m.plan_hash:
                raise OptionError(
                    f"The run {m.name} was begun with other questions than this line gives now (the data set or its "
                    f"prompts changed). Start a new one by adding --fresh."
                )
            changed = {k: (v, m.versions[k]) for k, v in old.versions.items() if k in m.versions and m.versions[k] != v}
            for package, (then, here) in changed.items():
                if package != "qwq_nb":
                    m.notes.append(f"Begun with {package} {then}, continued with {here}: verdicts may differ.")
            m.run_id, m.created, self._before_s = old.run_id, old.created, old.elapsed_s
            m.done, m.scores, m.elapsed_s = old.done, old.scores, old.elapsed_s
            self._published = old.state == "complete"
        m.state = "running"
        # The manifest is what makes the folder a run: it comes last.
        self.directory.save_samples(plan.samples)
        self.directory.save_manifest(m)
        return load_progress(self.directory, plan.items, plan.repeats, m.endpoint.model)

    async def _grade(self, item: Item, completion: Completion) -> Verdict:
        job = GradeJob(
            request=self._loaded[item.sample.benchmark].request,
            sample=item.sample,
            completion=completion,
            position=item.position,
            repeat=item.repeat,
            repeats=self.request.repeats,
            model=self.request.endpoint.model,
            deadline_s=self.request.grade_deadline_s,
        )
        return await self.worker.grade(job)

    async def _run(self, loaded: list[LoadedBenchmark]) -> None:
        assert self.runner is not None
        # The worker starts beside the first requests: it is wanted when the first answer is there.
        configured = asyncio.ensure_future(self._configure(loaded))
        kept = asyncio.ensure_future(self._keep_manifest())
        try:
            await self.runner.run()
            kept.cancel()
            if not self.runner.stopping:
                await configured
                await self._report()
        except asyncio.CancelledError:
            self._settle("stopped")
            raise
        except Exception:
            # The disk may be what failed; the error that says so comes first.
            with contextlib.suppress(OSError):
                self._settle("failed")
            raise
        finally:
            kept.cancel()
            configured.cancel()
            with contextlib.suppress(asyncio.CancelledError, QwqError):
                await configured

    async def _keep_manifest(self) -> None:
        """Write now and then how far the run is, and less often what viewers draw: it is a tab's only news of a run."""
        assert self.runner is not None
        due = time.monotonic()
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            self._count()
            manifest = msgspec.structs.replace(self.manifest, notes=list(self.manifest.notes))
            self.runner.write_later(functools.partial(self.directory.save_manifest, manifest))
            if time.monotonic() >= due:
                began = time.monotonic()
                await self._write_record()
                # At most a hundredth of the time, however many samples there are.
                due = time.monotonic() + max(RECORD_EVERY_S, 100 * (time.monotonic() - began))

    async def _configure(self, loaded: list[LoadedBenchmark]) -> None:
        """Give the directory evalscope's configuration and its own copy of the data, so that evalscope opens it."""
        assert self.plan is not None
        plans = []
        for bench in loaded:
            plan = BenchPlan(
                request=bench.request,
                samples=[s for s in self.plan.samples if s.benchmark == bench.benchmark],
                few_shot_num=bench.facts.few_shot_num,
                few_shot_records=bench.few_shot_records,
            )
            plans.append(plan)
            self._note(*await self.worker.write_data(self.directory.path.resolve(), plan))
        endpoint = self.request.endpoint
        generation = {**endpoint.sampling, "stream": endpoint.stream}
        await self.worker.write_config(
            self.directory.path.resolve(),
            model=endpoint.model,
            model_id=model_segment(endpoint.model),
            api_url=endpoint.url,
            plans=plans,
            generation_config={k: v for k, v in generation.items() if v is not None},
            repeats=self.request.repeats,
        )

    async def _report(self) -> None:
        assert self.runner is not None
        errored: dict[str, dict[str, int]] = {}
        for result in self.runner.results.values():
            if result.outcome == "error":
                by_subset = errored.setdefault(result.sample.benchmark, {})
                by_subset[result.sample.subset] = by_subset.get(result.sample.subset, 0) + 1
        try:
            await self.worker.write_report(self.directory.path.resolve(), errored)
        except WorkerError as exc:
            # The run is whole without evalscope's own report; a reader of it should know.
            self._note(f"evalscope's own report could not be written: {exc}")

    def _note(self, *notes: str) -> None:
        self.manifest.notes.extend(n for n in notes if n not in self.manifest.notes)

    def _settle(self, state: State) -> None:
        """Write how the run stands."""
        m = self.manifest
        self._count()
        m.state = "stopped" if state == "complete" and m.done < m.total else state
        self.directory.save_manifest(m)

    def _count(self) -> None:
        m = self.manifest
        results = self.results()
        m.done = sum(r.outcome != "pending" for r in results)
        m.scores = {row.benchmark: row.accuracy for row in tally(results) if row.subset == "all"}
        m.elapsed_s = self._before_s + (time.perf_counter() - self.runner.started if self.runner else 0.0)


def data_fingerprint(request: EvalRequest) -> str:
    """Changes with the content of --data; empty for a hub. Raises DataError where there is no such file."""
    return fingerprint(request.data) if request.data else ""
