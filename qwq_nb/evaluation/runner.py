"""Run a plan on one event loop: which item next, how many at once, pause, stop, and what is written when.

A solver makes a completion of each sample, by one request or several. A completion is first made durable as a
prediction, then graded, then made durable as a review. Grading and writing occupy no stream, so neither a slow
grader nor a slow disk holds up the endpoint.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from qwq_nb.core.compressed import compressed, restored
from qwq_nb.core.records import Completion, Item, SampleResult, Verdict
from qwq_nb.core.run_record import InFlight, Progress
from qwq_nb.endpoint.completer import Completer
from qwq_nb.errors import EndpointError, EndpointRefused, QwqError, RequestRejected
from qwq_nb.evaluation import stream_log as streams
from qwq_nb.evaluation.in_flight import InFlightItem, error_result, is_something, journal_row, snapshot
from qwq_nb.evaluation.plan import Plan
from qwq_nb.evaluation.refusals import Refusals
from qwq_nb.evaluation.remaining_time import TokenRate, remaining_s
from qwq_nb.evaluation.solvers.single import SingleRequest
from qwq_nb.evaluation.solvers.solver import Solver
from qwq_nb.evaluation.turn_log import TurnLog
from qwq_nb.evaluation.until import UntilNarrow
from qwq_nb.store.item_rows import prediction_of, review_of
from qwq_nb.store.results import graded_result
from qwq_nb.store.run_dir import RunDirectory, RunFolderChanged

__all__ = ["GradingService", "Runner"]

AT_GRADER = 8
"""Answers that are with the grader or on their way to it: enough to keep it busy. The others wait packed."""


class GradingService(Protocol):
    """Define what the runner needs of the benchmark worker."""

    def __call__(self, item: Item, completion: Completion) -> Awaitable[Verdict]: ...


class Runner:
    """Run a plan once. `results` is complete from the start: every item has an outcome, `pending` at first.

    Attributes are changed on the loop's thread only, by replacing values: the drawing thread may read them at any time.
    """

    def __init__(
        self,
        plan: Plan,
        pool: Completer,
        grade: GradingService,
        directory: RunDirectory,
        *,
        model: str,
        results: dict[tuple[str, int], SampleResult] | None = None,
        ungraded: dict[tuple[str, int], Completion] | None = None,
        solver: Solver | None = None,
        enough: UntilNarrow | None = None,
        turns: TurnLog | None = None,
    ) -> None:
        """`pool` is asked by `solver`, which by default asks once a sample; each completion is given to `grade`.

        `results` and `ungraded` are what an earlier call left in `directory`; `enough` says of which benchmarks nothing
        more need be asked (None: everything is). `turns` keeps what a solver was given (None: only whole samples are
        kept).
        """
        self.plan = plan
        self.pool = pool
        self.solver = SingleRequest() if solver is None else solver
        self.directory, self.model = directory, model
        self.results = {i.key: SampleResult(sample=i.sample, repeat=i.repeat) for i in plan.items}
        self.results.update(results or {})
        self.reused = sum(r.outcome != "pending" for r in self.results.values())
        self.in_flight_items: dict[tuple[str, int], InFlightItem] = {}
        self.grading: dict[tuple[str, int], Item] = {}
        self.retries = 0
        self.problem: Exception | None = None
        """What ended the run before its time."""
        self.stopping = False
        self.over = False
        """Whether `run()` has ended: there is nothing left to stop."""
        self.started = time.perf_counter()
        self._grade = grade
        self.ungraded = dict(ungraded or {})
        """Completions that are whole, and not yet in `results`."""
        waiting = [i for i in plan.items if self.results[i.key].outcome == "pending" and i.key not in self.ungraded]
        self._queue = deque(waiting)
        self.enough = enough
        self._resume = asyncio.Event()
        self._resume.set()
        self.changed = asyncio.Event()
        """A stream has ended, or the pool's limit is another."""
        self._look_whether_enough()
        self._streamers: set[asyncio.Task[None]] = set()
        self._finishers: set[asyncio.Task[None]] = set()
        self.at_grader = asyncio.Semaphore(AT_GRADER)
        self.writer = ThreadPoolExecutor(1, thread_name_prefix="qwq-writer")
        self.reused_tokens = sum(r.completion.completion_tokens for r in self.results.values() if r.completion)
        self._turns = turns
        self.finished_tokens = self.reused_tokens + (0 if turns is None else turns.tokens)
        self._streams = streams.StreamLog(directory)
        self._rate = TokenRate()
        self._succeeded = self.reused > 0
        self._refusals = Refusals()

    # -- running -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until every item has its outcome, or `stop()`, or an error that every request would meet.

        Raises:
            QwqError: that error, after everything finished was written.
            Exception: a fault in this program, likewise.
        """
        by_key = {i.key: i for i in self.plan.items}
        for key, completion in list(self.ungraded.items()):
            self._finish_later(by_key[key], completion)
        looking = asyncio.create_task(self._look_at_streams())
        try:
            await self.ask_all()
            looking.cancel()
            while self._finishers and not self.stopping:
                # All of them: to wait for the first, again and again, takes quadratic time. A stop cancels them.
                await asyncio.wait(set(self._finishers))
        finally:
            looking.cancel()
            await self._wind_up()
            self.over = True
        if self.problem is not None:
            raise self.problem

    def stop(self) -> None:
        """Ask nothing more and drop what is streaming; its partial text is kept in the journal."""
        self.stopping = True
        self._queue.clear()
        self._resume.set()
        self.changed.set()
        for task in self._streamers | self._finishers:
            task.cancel()

    def pause(self) -> None:
        """Start no further item; what is streaming goes on."""
        self._resume.clear()

    def resume(self) -> None:
        """Resume after `pause()`; and ask at once an endpoint that is being waited for."""
        self._resume.set()
        self.pool.hurry()

    def look_again(self) -> None:
        """Check the pool again, since it has changed."""
        self.changed.set()

    @property
    def paused(self) -> bool:
        """Return whether the run is paused."""
        return not self._resume.is_set()

    async def _wind_up(self) -> None:
        pending = [t for t in self._streamers | self._finishers if not t.done()]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending, timeout=0.5)
        if not isinstance(self.problem, QwqError) or isinstance(self.problem, EndpointError):
            self.write_later(self._streams.end)  # else it may be the disk, and the journal has not got it all
        self.writer.shutdown(wait=True)

    def write_later(self, write: Callable[[], object]) -> None:
        """Let the writing thread do this after the rows that wait for it; on the way out nothing is done."""
        with contextlib.suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            self.writer.submit(write).add_done_callback(functools.partial(self._wrote, loop))

    def _wrote(self, loop: asyncio.AbstractEventLoop, written: concurrent.futures.Future[object]) -> None:
        # A full disk the next row tells by itself; that the folder is gone it may tell too late.
        problem = None if written.cancelled() else written.exception()
        if isinstance(problem, RunFolderChanged):
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.fail, problem)

    async def _look_at_streams(self) -> None:
        """Write down now and then what is being streamed, for a resume after a `kill -9`."""
        while True:
            await asyncio.sleep(streams.LOOK_EVERY_S)
            pieces, anew = self._streams.look(list(self.in_flight_items.values()))
            if pieces:
                self.write_later(functools.partial(self._streams.write, pieces, anew))

    def fail(self, problem: Exception) -> None:
        if isinstance(problem, OSError):
            problem = QwqError(
                f"The run cannot be written to {self.directory.display_path}: {problem}. What was finished is kept; "
                f"make space and run the same line again."
            )
        if self.problem is None and not self.stopping:
            self.problem = problem
            self.stop()

    # -- one item ------------------------------------------------------------------------------------------------

    async def ask_all(self) -> None:
        """Keep as many streams going as the pool allows, until nothing is left to ask."""
        while self._queue or self._streamers:
            if self._resume.is_set():
                # By `enough` nothing is asked that a grade to come would spare.
                ungraded = set() if self.enough is None else self._finishers
                while self._queue and len(self._streamers) + len(ungraded) < self.pool.limit:
                    task = asyncio.create_task(self._stream(self._queue.popleft()))
                    self._streamers.add(task)
                    task.add_done_callback(self._ended)
            elif not self._streamers:
                await self._resume.wait()
                continue
            self.changed.clear()
            await self.changed.wait()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._streamers.discard(task)
        self._finishers.discard(task)
        self.changed.set()

    async def _stream(self, item: Item) -> None:
        turns = None if self._turns is None else self._turns.of(item.key, self._write)
        entry = self.in_flight_items[item.key] = InFlightItem(
            item, self.pool, turns, functools.partial(self._verdict, item)
        )
        try:
            await self._ask(item, entry)
        except asyncio.CancelledError:
            self._keep_partial(entry)
            raise
        except Exception as exc:
            self.fail(exc)
        finally:
            made = entry.asked.chunks if entry.tokens is None else entry.tokens - entry.asked.replayed_tokens
            self.finished_tokens += made
            self.in_flight_items.pop(item.key, None)

    async def _ask(self, item: Item, entry: InFlightItem) -> None:
        try:
            completion = await self._solved(item, entry)
        except EndpointRefused:
            raise
        except RequestRejected as exc:
            # Where others are being answered, no refusal concerns them.
            if not self._succeeded and not any(f.asked.chunks for f in self.in_flight_items.values()):
                ending = self._refusals.ending(item.sample.id, exc)
                if ending is not None:
                    raise ending from None
            await self._record_error(item, entry, exc)
            return
        except EndpointError as exc:
            await self._record_error(item, entry, exc)
            return
        finally:
            self.retries += entry.asked.retries
        self._succeeded = True
        entry.tokens = completion.completion_tokens
        file, row = prediction_of(self.directory, item, self.plan.repeats, self.model, completion)
        # With the writing thread from here on, whatever becomes of the task; what waits for the disk is not the stream.
        self._finish_later(item, compressed(completion), self._writing(file, row), entry.asked.verdict_on(completion))

    async def _solved(self, item: Item, entry: InFlightItem) -> Completion:
        """The solver's completion, with its steps. Raises QwqError where the solver is at fault."""
        try:
            completion = await self.solver.solve(item.sample, entry.asked, entry.live)
            if not isinstance(completion, Completion):
                raise TypeError(f"solve() returned {type(completion).__name__}, not a Completion")
        except (QwqError, OSError):
            raise
        except Exception as exc:
            if isinstance(self.solver, SingleRequest):
                raise  # a fault of this program's
            raise QwqError(
                f"The solver {self.solver.name!r} failed at {item.sample.id}: {type(exc).__name__}: {exc}. What was "
                f"finished is kept: mend the solver, and run the same line again."
            ) from exc
        return entry.asked.whole(completion)

    def _finish_later(
        self,
        item: Item,
        completion: Completion,
        written: asyncio.Future[None] | None = None,
        verdict: Verdict | None = None,
    ) -> None:
        self.ungraded[item.key] = completion
        task = asyncio.create_task(self._finish(item, completion, written, verdict))
        self._finishers.add(task)
        task.add_done_callback(self._ended)

    async def _finish(
        self, item: Item, completion: Completion, written: asyncio.Future[None] | None, verdict: Verdict | None
    ) -> None:
        """Grade a completion, once its own row is `written` (None: it was there before). `verdict`: it is graded."""
        try:
            if written is not None:
                await asyncio.shield(written)
            await self._graded(item, completion, verdict)
        except Exception as exc:
            self.fail(exc)

    async def _verdict(self, item: Item, completion: Completion) -> Verdict:
        async with self.at_grader:
            return await self._grade(item, restored(completion))

    async def _graded(self, item: Item, completion: Completion, verdict: Verdict | None) -> None:
        self.grading[item.key] = item
        try:
            verdict = verdict or await self._verdict(item, completion)
            result = graded_result(item.sample, item.repeat, completion, verdict)
            await self._write(*review_of(self.directory, item, self.plan.repeats, self.model, result))
            self.results[item.key] = result
            self.ungraded.pop(item.key, None)
            self._look_whether_enough()
        finally:
            self.grading.pop(item.key, None)

    async def _record_error(self, item: Item, entry: InFlightItem, exc: EndpointError) -> None:
        completion, refused = entry.asked.interrupted(), isinstance(exc, RequestRejected)
        await self._write(
            self.directory.journal_file(), journal_row("error", item, completion, str(exc), refused=refused)
        )
        self.results[item.key] = error_result(item, completion, str(exc), refused=refused)
        self._look_whether_enough()

    def _look_whether_enough(self) -> None:
        """Ask nothing more of benchmarks whose intervals are narrow enough; what is streaming goes on to its end."""
        if self.enough is not None and self.enough.look(self.results):
            self._queue = deque(i for i in self._queue if i.sample.benchmark not in self.enough.closed)
            self.changed.set()

    def _keep_partial(self, entry: InFlightItem) -> None:
        """On the way out: not waited for here, since the loop may not come back to this task."""
        if entry.tokens is not None:
            return  # the whole completion is on its way to the disk, or there already
        completion = entry.asked.interrupted()
        if is_something(completion):
            row = journal_row("partial", entry.item, completion, "interrupted")
            self.write_later(lambda: self.directory.append(self.directory.journal_file(), row))
            self.results[entry.item.key] = SampleResult(
                sample=entry.item.sample, repeat=entry.item.repeat, completion=completion, flags=["partial"]
            )

    async def _write(self, file: Any, row: dict[str, Any]) -> None:
        # Shielded: once begun, a row is written whole, and a stop waits for it in _wind_up.
        await asyncio.shield(self._writing(file, row))

    def _writing(self, file: Any, row: dict[str, Any]) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self.writer, self.directory.append, file, row)

    # -- what is seen --------------------------------------------------------------------------------------------

    def progress(self, clock: Callable[[], float] = time.perf_counter) -> Progress:
        """Return counts and rates of this moment. Called by the drawing thread, a few times a second."""
        now = clock()
        results = list(self.results.values())
        done = sum(r.outcome != "pending" for r in results)
        in_flight = list(self.in_flight_items.values())
        tokens = self.finished_tokens + sum(f.asked.chunks for f in in_flight)
        elapsed = now - self.started
        left = None if self.enough is None else self.enough.expected_left(self.results)
        queued = len(self._queue) if left is None else min(len(self._queue), max(0, left - len(in_flight)))
        return Progress(
            total=len(results),
            done=done,
            reused=self.reused,
            in_flight=len(in_flight),
            grading=len(self.grading),
            errors=sum(r.outcome == "error" for r in results),
            retries=self.retries + sum(f.asked.retries for f in in_flight),
            elapsed_s=elapsed,
            eta_s=remaining_s(results, in_flight, now, queued=queued, streams=self.pool.limit),
            tokens=tokens,
            tokens_per_s=self._rate.at(now, tokens),
            problems_left=left,
            concurrency=self.pool.limit,
            waiting=self.pool.waiting,
        )

    def in_flight(self, *, advance: bool = True) -> list[InFlight]:
        """Return the streams of this moment, oldest first.

        Each has what it wrote since the last call that advanced (TAIL characters at least).
        """
        now = time.perf_counter()
        return [
            snapshot(entry, now, advance=advance)
            for entry in sorted(list(self.in_flight_items.values()), key=lambda e: e.live.started)
        ]
