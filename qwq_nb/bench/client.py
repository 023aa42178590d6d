"""Start the benchmark worker process from the kernel, and send it requests.

Use it from one event loop. It starts when first needed, beside other work. If it dies or hangs (see `silence`), its
open requests are sent once more to a new one (grading and loading can be repeated); only then is a WorkerError raised,
with its last output. What needs a hub's token is loaded in a process of its own, which ends with it and never grades.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from qwq_nb.bench.call import Call
from qwq_nb.bench.hub_secrets import masked, secrets_for
from qwq_nb.bench.process import ended_text, kill, start_process, worker_environment
from qwq_nb.bench.protocol import (
    BenchPlan,
    ConfigJob,
    DataJob,
    GradeJob,
    LoadedBenchmark,
    LoadRequest,
    Message,
    RebaseJob,
    ReportJob,
    WorkerInfo,
    decode,
    encode,
)
from qwq_nb.bench.registry import sources_of_run
from qwq_nb.bench.silence import PING_S, Silence, hung_text, replaced_note
from qwq_nb.core.records import Verdict
from qwq_nb.errors import QwqError, WorkerError, error_named
from qwq_nb.trace.measures import measure_targets

__all__ = ["BenchWorker"]

T = TypeVar("T")

_STDERR_LINES = 40
_TRIES = 2
"""How often a request is sent if the worker dies during it."""
_END_S = 1.0
"""Seconds in which a process ends by itself, and in which one that was killed is waited for."""


_PING = encode({"id": -1, "op": "ping", "body": None})


class BenchWorker:
    """Control one worker process, started when needed. `step` says in words what it is doing, and for how long."""

    def __init__(
        self, *, drop_env: Iterable[str] = (), env: dict[str, str] | None = None, grading: bool = True
    ) -> None:
        """Set the worker's environment.

        `drop_env`: variables kept from it (secrets always are); `env`: variables added to it; `grading` False: it
        only loads.
        """
        self.pid: int | None = None
        self._stage = ""
        self._loading: list[str] = []
        self._timed = ("", 0.0)
        """What was waited for when it was last asked, and since when."""
        self._drop = set(drop_env)
        self._env = dict(env or {})
        self._given: frozenset[str] = frozenset()
        """The variables that the running process was started with."""
        self._outdated: asyncio.subprocess.Process | None = None
        """The process that was ended because its environment held a variable hidden later."""
        self._numbers = itertools.count()
        self._calls: dict[int, Call] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[WorkerInfo] | None = None
        self._readers: set[asyncio.Task[None]] = set()
        self._stderr: collections.deque[str] = collections.deque(maxlen=_STDERR_LINES)
        self._grading = grading
        self._watcher: asyncio.Task[None] | None = None
        self._silence = Silence()
        self._listeners: list[Callable[[str], None]] = []
        self._abandoned: set[asyncio.subprocess.Process] = set()
        """Processes that hung and were killed. The system may be unable to end them yet."""
        self._closed = False

    @property
    def step(self) -> str:
        """Return in words what is being waited for, with the seconds that it takes; empty if nothing is."""
        if self._silence.text:
            return self._silence.text
        what = self._stage or (f"loading {self._loading[0]}" if self._loading else "")
        if what != self._timed[0]:
            self._timed = (what, time.monotonic())
        seconds = int(time.monotonic() - self._timed[1])
        return f"{what}, {seconds} s" if what and seconds else what

    def hide(self, variable: str) -> None:
        """Keep an environment variable from the worker; a worker that was started with it is replaced.

        Open requests are sent again to the new one.
        """
        self._drop.add(variable)
        if self._process is not None and variable in self._given:
            self._renew(self._process)

    def _renew(self, process: asyncio.subprocess.Process) -> None:
        self._outdated = process
        kill(process)

    @contextlib.contextmanager
    def tell(self, listener: Callable[[str], None]) -> Iterator[None]:
        """Pass a sentence on each replacement of a hung worker to `listener`, on the loop's thread."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    async def start(self) -> None:
        """Start the process if it is not running; return before it is ready."""
        if self._closed:
            raise WorkerError("the benchmark worker was closed.")
        if self._process is not None and self._process.returncode is None:
            return
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._spawn())
        await asyncio.shield(self._starting)

    async def ready(self) -> WorkerInfo:
        """Wait until it can grade. Raises WorkerError if it cannot be started."""
        await self.start()
        assert self._ready is not None
        return await asyncio.shield(self._ready)

    async def load(self, request: LoadRequest) -> LoadedBenchmark:
        """Return the benchmark's samples. Raises UnknownBenchmark, OptionError, DataError, HubError, WorkerError."""
        self._loading.append(request.benchmark)
        try:
            secrets = secrets_for(request, hidden=self._drop)
            raw = await (self._load_apart(request, secrets) if secrets else self._ask("load", request))
            return decode(raw, LoadedBenchmark)
        finally:
            self._loading.remove(request.benchmark)

    async def _load_apart(self, request: LoadRequest, secrets: dict[str, str]) -> msgspec.Raw:
        """Load in a process that has the hub's secrets; the one that graders are forked from never has them."""
        loader = BenchWorker(drop_env=self._drop, env={**self._env, **secrets}, grading=False)
        try:
            with loader.tell(self._tell):
                return await loader._ask("load", request)
        except QwqError as error:
            raise masked(error, secrets) from None
        finally:
            if loader._process is not None:
                kill(loader._process)
            await loader.close()

    async def grade(self, job: GradeJob) -> Verdict:
        """Return the verdict on one answer. A failure of the grading is a status of the verdict, not an exception."""
        measures = job.measures or measure_targets()
        bare = msgspec.structs.replace(
            job,
            sample=msgspec.structs.replace(job.sample, source_row={}),
            measures=measures,
            import_path=[os.path.abspath(folder) for folder in sys.path] if measures else [],
        )
        return decode(await self._ask("grade", bare, deadline_s=job.deadline_s), Verdict)

    async def write_data(self, run_dir: str | os.PathLike[str], plan: BenchPlan) -> list[str]:
        """Write the records of a benchmark's selected samples into the run directory. Returns notes for the user."""
        return decode(await self._ask("write_data", DataJob(run_dir=os.path.abspath(run_dir), plan=plan)), list[str])

    async def write_config(
        self,
        run_dir: str | os.PathLike[str],
        *,
        model: str,
        model_id: str,
        api_url: str,
        plans: list[BenchPlan],
        generation_config: dict[str, Any],
        repeats: int = 1,
        seed: int | None = 42,
    ) -> str:
        """Write evalscope's configuration of a run whose data is written. Returns its path. Raises OptionError."""
        job = ConfigJob(
            run_dir=os.path.abspath(run_dir),
            model=model,
            model_id=model_id,
            api_url=api_url,
            plans=[msgspec.structs.replace(plan, samples=[], few_shot_records={}) for plan in plans],
            generation_config=generation_config,
            repeats=repeats,
            seed=seed,
        )
        return decode(await self._ask("write_config", job), str)

    async def write_report(
        self, run_dir: str | os.PathLike[str], errored: dict[str, dict[str, int]] | None = None
    ) -> list[str]:
        """Write evalscope's reports from the rows on disk. Returns their paths."""
        return decode(
            await self._ask(
                "write_report",
                ReportJob(run_dir=os.path.abspath(run_dir), errored=errored or {}, sources=sources_of_run(run_dir)),
            ),
            list[str],
        )

    async def rebase(self, run_dir: str | os.PathLike[str]) -> str:
        """Make a moved run directory acceptable to evalscope's `use_cache` again. Returns its configuration's path."""
        job = RebaseJob(run_dir=os.path.abspath(run_dir), sources=sources_of_run(run_dir))
        return decode(await self._ask("rebase", job), str)

    async def close(self) -> None:
        """End the process; open requests fail with WorkerError."""
        self._closed = True
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._watcher is not None:
            self._watcher.cancel()
        process = self._process
        if process is not None and process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), timeout=_END_S)
            kill(process)
        if self._readers:
            # They end with the process; one in a system call that hangs outlives its kill.
            _, left = await asyncio.wait(self._readers, timeout=_END_S)
            for task in left:
                task.cancel()
        self._fail("the benchmark worker was closed.")

    async def _ask(self, op: str, body: Any, *, deadline_s: float | None = None) -> msgspec.Raw:
        number = next(self._numbers)
        line = encode({"id": number, "op": op, "body": body})
        call = Call(line, asyncio.get_running_loop().create_future(), deadline_s=deadline_s)
        self._calls[number] = call
        try:
            await self.start()
            self._send(call)
            return await call.future
        except asyncio.CancelledError:
            if op in ("grade", "load") and call.process is not None and call.process is self._process:
                self._send(Call(encode({"id": number, "op": "cancel", "body": number}), call.future))
            raise
        finally:
            self._calls.pop(number, None)

    def _send(self, call: Call) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            call.process, call.tries = process, call.tries + 1
            process.stdin.write(call.line)
            self._watch()

    async def _spawn(self) -> None:
        self._stage = "starting the benchmark worker"
        loop = asyncio.get_running_loop()
        if self._ready is None or self._ready.done():
            self._ready = loop.create_future()
            self._ready.add_done_callback(_seen)
        environment = worker_environment(self._env, hidden=self._drop)
        self._given = frozenset(environment)
        process = await start_process(environment, grading=self._grading)
        self._process, self.pid = process, process.pid
        if self._drop & self._given:  # named while it was being started
            self._renew(process)
        self._stderr.clear()
        words = asyncio.create_task(self._read_stderr(process))
        for task in (words, asyncio.create_task(self._read_lines(process, words))):
            self._readers.add(task)
            task.add_done_callback(self._readers.discard)
        self._watch()

    def _watch(self) -> None:
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._look_for_silence())

    async def _look_for_silence(self) -> None:
        """Replace a process that hangs, as long as anything is awaited."""
        watched: asyncio.subprocess.Process | None = None
        while self._calls or (self._ready is not None and not self._ready.done()):
            process = self._process
            if process is not watched:
                watched, self._silence = process, Silence()
            ready = self._ready is not None and self._ready.done()
            if ready and process is not None and process.stdin is not None:
                process.stdin.write(_PING)
            await asyncio.sleep(PING_S)
            if process is None or process is not self._process:
                continue
            sent = [call.deadline_s for call in self._calls.values() if call.process is process]
            deadline_s = max((seconds for seconds in sent if seconds is not None), default=None)
            if why := self._silence.step(ready=ready, deadline_s=deadline_s):
                self._abandoned.add(process)
                kill(process)
                self._tell(replaced_note(why))
                await self._died(process, hung_text(why))

    def _tell(self, text: str) -> None:
        for listener in list(self._listeners):
            listener(text)

    async def _read_lines(self, process: asyncio.subprocess.Process, words: asyncio.Task[None]) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if process not in self._abandoned:
                self._message(decode(line, Message))
        code = await process.wait()
        await asyncio.wait({words}, timeout=0.5)  # its last words; a child of its own may hold the pipe for longer
        if process in self._abandoned:
            self._abandoned.discard(process)
            return
        await self._died(process, ended_text(code, list(self._stderr)[-12:]))

    async def _read_stderr(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            self._stderr.append(line.decode("utf-8", "replace").rstrip()[:500])

    def _message(self, message: Message) -> None:
        if message.event == "step":
            self._stage = message.text
        elif message.event == "ready" and message.info is not None:
            self._stage = ""
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(message.info)
        call = self._calls.get(message.id)
        self._silence.heard(verdict=call is not None and call.deadline_s is not None)
        if call is None or call.future.done():
            return
        if message.error:
            call.future.set_exception(error_named(message.error, message.message, WorkerError))
        else:
            call.future.set_result(message.ok)

    async def _died(self, process: asyncio.subprocess.Process, text: str) -> None:
        """Send the requests that it had once more to a new process; fail those that were sent twice."""
        if self._process is process:
            self._process, self._stage = None, ""
        if self._closed:
            self._fail("the benchmark worker was closed.")
            return
        again = []
        for call in self._calls.values():
            if call.process is not process or call.future.done():
                continue
            if call.tries < _TRIES or process is self._outdated:
                again.append(call)
            else:
                call.future.set_exception(WorkerError(text))
        awaited = self._ready is not None and not self._ready.done()
        if not again and not (awaited and process is self._outdated):
            if self._process is None and self._ready is not None and not self._ready.done():
                self._ready.set_exception(WorkerError(text))
            return
        try:
            await self.start()
        except QwqError as error:
            self._fail(str(error))
            return
        for call in again:
            self._send(call)

    def _fail(self, text: str) -> None:
        for call in self._calls.values():
            if not call.future.done():
                call.future.set_exception(WorkerError(text))
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(WorkerError(text))


def _seen(future: asyncio.Future[WorkerInfo]) -> None:
    """Mark the exception as retrieved: without a waiter, asyncio would log it."""
    if not future.cancelled():
        future.exception()
