"""Run a plan in shards on the workers of an executor, and collect their answers into the run's own directory.

The kernel stays the only writer of that directory: it reads what the workers append to the shards' directories, which
lie beside it, and appends it there, answer and verdict together. It asks nothing itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.bench.protocol import LoadedBenchmark
from qwq_nb.core.records import Item
from qwq_nb.core.run_record import InFlight, Progress, ShardProgress
from qwq_nb.errors import QwqError, error_named, listed, one_line
from qwq_nb.evaluation.runner import Runner
from qwq_nb.evaluation.sharded.collect import Collected, Collector
from qwq_nb.evaluation.sharded.executor import Task, TaskFailed, submit
from qwq_nb.evaluation.sharded.job import LOADED, PAUSE, STOP, ShardEnd, ShardJob, ShardStatus, decoded
from qwq_nb.evaluation.sharded.left import end_shards, wait_for_end
from qwq_nb.evaluation.sharded.worker import run_shard
from qwq_nb.store.folder import Folder
from qwq_nb.store.request import EvalRequest
from qwq_nb.store.run_dir import RunDirectory, RunFolderChanged
from qwq_nb.store.shards import in_shard, shard_directory, shards_folder
from qwq_nb.trace.measures import measure_targets
from qwq_nb.view.wording import count

__all__ = ["ShardRunner"]

LOOK_S: Final = 0.5
"""Between two looks at the shards' files."""
MOST_TRIES: Final = 3
"""Times that a shard is given out without an answer more than before."""
SILENT_S: Final = 10.0
"""Seconds after which a worker that writes nothing is shown as silent: it writes once a second."""
LATE_S: Final = 30.0
"""Seconds that files of a shard that has ended may take to be seen: network file systems keep what they knew."""
STOP_S: Final = 1.0
"""Seconds that the shards of a run that is stopped have to stop, so that what they have last is collected."""


class _Shard:
    """Hold one shard: its items, its task and what is known of it."""

    def __init__(self, number: int, request: EvalRequest, path: Path, items: list[Item]) -> None:
        self.number, self.request, self.path = number, request, path
        self.items = items
        self.task: Task | None = None
        self.tries = 0
        """Since an answer came."""
        self.given = 0
        self.last_done = 0
        self.status: ShardStatus | None = None
        self.heard = 0.0
        """When the status was seen to be another."""
        self.worker = ""
        self.moved = 0
        """Times that another worker took it up."""
        self.end: ShardEnd | None = None
        self.late_since: float | None = None

    @property
    def is_over(self) -> bool:
        return self.end is not None

    @property
    def now(self) -> ShardStatus | None:
        """What its worker does now; None where nobody is known to have it."""
        return None if self.is_over or self.silent_s else self.status

    @property
    def silent_s(self) -> float:
        """Seconds since its worker was heard of; 0 while that is as it should be."""
        silent = time.monotonic() - self.heard
        return silent if self.status is not None and not self.is_over and silent > SILENT_S else 0.0

    def hear(self, status: ShardStatus | None) -> None:
        """Take in what its worker wrote last."""
        if status is not None and status != self.status:
            self.status, self.heard = status, time.monotonic()


class ShardRunner(Runner):
    """Run a plan in shards. `results` and everything that is written are as those of a `Runner`."""

    def __init__(
        self,
        *,
        executor: Any,
        shards: int,
        request: EvalRequest,
        loaded: Sequence[LoadedBenchmark],
        key: str,
        command: str,
        tell: Callable[[str], None],
        **arguments: Any,
    ) -> None:
        """`key` and `command` are the run's; `tell` takes a sentence for its reader. Others: as for `Runner`."""
        super().__init__(**arguments)
        self._executor, self._count = executor, shards
        self._request, self._loaded = request, loaded
        self._key, self._command, self._tell = key, command, tell
        self._folder = Folder(shards_folder(self.directory.path))
        self._collector = Collector(
            self.directory, self._folder.path, self.plan.items, self.plan.repeats, request.endpoint.model
        )
        self._shards: list[_Shard] = []

    # -- control -------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop all shards; those that have not begun are taken back. What is finished is kept."""
        super().stop()
        self._say(STOP, True)
        for shard in self._shards:
            if shard.task is not None and not shard.is_over:
                shard.task.cancel()

    def pause(self) -> None:
        """Let the shards start no further item; what is streaming goes on."""
        super().pause()
        self._say(PAUSE, True)

    def resume(self) -> None:
        """Resume all shards after `pause()`."""
        super().resume()
        self._say(PAUSE, False)

    def _say(self, what: str, on: bool) -> None:
        try:
            if self._folder.path.is_dir():
                self._folder.replace(what, b"") if on else self._folder.remove(what)
        except OSError as problem:
            self._tell(f"The shards could not be told of it: {one_line(str(problem), 200)}")

    # -- asking --------------------------------------------------------------------------------------------------

    async def ask_all(self) -> None:
        """Give the shards to the executor, and collect what they write, until every item has its outcome.

        Raises:
            QwqError: a shard cannot be asked, or no worker gets it done.
        """
        try:
            await self._ask_all()
        except (QwqError, OSError) as problem:
            self.fail(problem)
        if self.stopping and not isinstance(self.problem, RunFolderChanged):
            await self._collect_last()

    async def _ask_all(self) -> None:
        await asyncio.to_thread(self._prepare)
        await self._collect()
        self._divide()
        for shard in self._shards:
            if not self.stopping:
                await self._give(shard)
        while not self.stopping:
            self.changed.clear()
            ended = [s for s in self._shards if not s.is_over and s.task is not None and s.task.done]
            # What a shard wrote before it ended is there once it has.
            await self._collect()
            for shard in ended:
                await self._ended_shard(shard)
            if all(shard.is_over for shard in self._shards):
                self._tell_workers()
                return
            try:
                await asyncio.wait_for(self.changed.wait(), LOOK_S)
            except asyncio.TimeoutError:
                continue

    async def _collect_last(self) -> None:
        """Collect what the shards have when they are stopped; the next call takes what comes later."""
        begun = [RunDirectory(shard.path) for shard in self._shards if shard.given and not shard.is_over]
        await asyncio.to_thread(wait_for_end, begun, STOP_S)
        with contextlib.suppress(OSError):  # told already
            await self._collect()

    def _prepare(self) -> None:
        """Put the benchmarks beside the shards, and end what is left of shards of another division."""
        folder = self._folder
        folder.create()
        if any(bench.facts.withheld for bench in self._loaded) and not self._request.demo:
            folder.make_private()
        bare = [
            msgspec.structs.replace(
                bench, samples=[msgspec.structs.replace(sample, source_row={}) for sample in bench.samples]
            )
            for bench in self._loaded
        ]
        folder.replace(LOADED, msgspec.json.encode(bare))
        end_shards(folder, [shard_directory(self.directory.path, (n, self._count)).name for n in range(self._count)])
        if not self.stopping:
            folder.remove(STOP)
        self._say(PAUSE, self.paused)

    def _divide(self) -> None:
        waiting = [
            i for i in self.plan.items if self.results[i.key].outcome == "pending" and i.key not in self.ungraded
        ]
        wanted = {item.key for item in waiting}
        for number in range(self._count):
            shard = (number, self._count)
            items = [item for item in in_shard(self.plan.items, shard) if item.key in wanted]
            if not items:
                continue
            selection = msgspec.structs.replace(self._request.selection, shard=shard)
            source = self._request.source
            source = msgspec.structs.replace(source, data=os.path.abspath(source.data) if source.data else "")
            request = msgspec.structs.replace(self._request, selection=selection, source=source)
            self._shards.append(_Shard(number, request, shard_directory(self.directory.path, shard), items))

    async def _give(self, shard: _Shard) -> None:
        own = {item.key for item in in_shard(self.plan.items, shard.request.selection.shard)}
        job = ShardJob(
            request=shard.request,
            path=str(shard.path),
            key=self._key,
            plan_hash=self.plan.hash(),
            command=self._command,
            measures=measure_targets(),
            skip=sorted(own - {item.key for item in shard.items if self._is_open(item)}),
        )
        shard.given += 1
        shard.tries += 1
        encoded, name = msgspec.json.encode(job), f"qwq-shard-{shard.number}-of-{self._count}"
        shard.task = await asyncio.to_thread(submit, self._executor, run_shard, encoded, name)

    def _is_open(self, item: Item) -> bool:
        return self.results[item.key].outcome in ("pending", "error")

    async def _ended_shard(self, shard: _Shard) -> None:
        """Take in how a shard's task ended; give it out again where its worker failed."""
        assert shard.task is not None
        missing = [item for item in shard.items if self.results[item.key].outcome == "pending"]
        try:
            end = decoded(await asyncio.to_thread(shard.task.result), ShardEnd)
            if end is None:
                raise TaskFailed("it returned no answer")
            if missing and not end.error and end.state != "complete":
                raise TaskFailed(f"{end.worker} ended it as {end.state}")
        except TaskFailed as failure:
            if self.stopping:
                return
            if shard.tries >= MOST_TRIES:
                raise QwqError(
                    f"Shard {shard.number} failed {shard.tries} times without an answer: {failure}. What was finished "
                    f"is kept: run the same line again."
                ) from None
            self._tell(f"Shard {shard.number} was given out again: {failure}.")
            await self._give(shard)
            return
        if end.error:
            raise error_named(end.error, f"Shard {shard.number}: {end.message}", QwqError)
        if missing:
            now = asyncio.get_running_loop().time()
            shard.late_since = shard.late_since or now
            if now - shard.late_since < LATE_S:
                return  # looked at again
            raise QwqError(
                f"Shard {shard.number} is complete on {end.worker}, but {len(missing):,} of its answers are not seen "
                f"in {shard.path}: run the same line again."
            )
        for note in end.notes:
            self._tell(note)  # as a sandbox that is another one there; the kernel's own are said once
        shard.end = end

    def _tell_workers(self) -> None:
        """Note who has asked how much."""
        asked: dict[str, int] = {}
        for shard in self._shards:
            asked[shard.worker] = asked.get(shard.worker, 0) + shard.last_done
        named = listed(f"{worker or 'a worker'} ({done:,})" for worker, done in asked.items())
        if asked:
            self._tell(f"Asked in {count(len(self._shards), 'shard')} by {named}.")

    # -- collecting ----------------------------------------------------------------------------------------------

    async def _collect(self) -> None:
        done = {k: r for k, r in self.results.items() if r.outcome not in ("pending", "error")}
        found = await asyncio.to_thread(self._look, done)
        if found.rows:
            await asyncio.shield(
                asyncio.get_running_loop().run_in_executor(self.writer, functools.partial(self._keep, found))
            )
        self.results.update({k: r for k, r in found.failures.items() if self.results[k].outcome == "pending"})
        self.results.update(found.results)
        for result in found.results.values():
            self.finished_tokens += result.completion.completion_tokens if result.completion is not None else 0
        for shard in self._shards:
            self._update(shard)

    def _look(self, done: Any) -> Collected:
        for shard in self._shards:
            if not shard.is_over:
                shard.hear(self._collector.status(shard.path))
        return self._collector.look(done)

    def _keep(self, found: Collected) -> None:
        for file, rows in found.rows.items():
            self.directory.append_all(file, rows)

    def _update(self, shard: _Shard) -> None:
        done = sum(not self._is_open(item) for item in shard.items)
        if done > shard.last_done:
            shard.tries = 1
        shard.last_done = done
        worker = shard.status.worker if shard.status is not None else ""
        if shard.given and worker and shard.worker and worker != shard.worker:
            shard.moved += 1
            self._tell(f"Shard {shard.number} went on on {worker}: {shard.worker} did not end it.")
        shard.worker = worker or shard.worker

    # -- what is seen --------------------------------------------------------------------------------------------

    def progress(self, clock: Callable[[], float] = time.perf_counter) -> Progress:
        """Return counts and rates of all shards together, and each shard's."""
        progress = super().progress(clock)
        going = [now for shard in self._shards if (now := shard.now) is not None]
        progress.in_flight = sum(status.streams for status in going)
        progress.retries += sum(s.status.retries for s in self._shards if s.status is not None)
        progress.tokens_per_s = sum(status.tokens_per_s for status in going) or progress.tokens_per_s
        progress.concurrency = sum(status.concurrency for status in going) or progress.concurrency
        progress.waiting = next((status.waiting for status in going if status.waiting), "")
        if not going and self._shards and not progress.done:
            progress.step = "waiting for workers"
        progress.shards = [] if self.over else [self._shown(shard) for shard in self._shards]
        rate = (progress.done - self.reused) / progress.elapsed_s if progress.elapsed_s > 0 else 0.0
        progress.eta_s = (progress.total - progress.done) / rate if rate > 0 else None
        return progress

    def _shown(self, shard: _Shard) -> ShardProgress:
        now = shard.now
        state = "waiting" if now is None else (now.step or now.state)
        if shard.silent_s:
            state = f"not heard of for {shard.silent_s:.0f} s"
        return ShardProgress(
            number=shard.number,
            total=len(shard.items),
            done=shard.last_done,
            state="done" if shard.is_over else state,
            worker=shard.worker,
            in_flight=0 if now is None else now.streams,
            tokens_per_s=0.0 if now is None else now.tokens_per_s,
            moved=shard.moved,
        )

    def in_flight(self, *, advance: bool = True) -> list[InFlight]:
        """Return streams of the shards, the oldest of each."""
        return [each for shard in self._shards if (now := shard.now) is not None for each in now.in_flight]
