"""Start the benchmark worker process from the kernel, and send it requests.

Use it from one event loop. It starts when first needed, beside other work. If it dies, its open requests are sent once
more to a new one (grading and loading can be repeated); only then is a WorkerError raised, with its last output.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import itertools
import os
import sys
import time
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from qwq_nb import errors
from qwq_nb.bench.protocol import (
    LONGEST_LINE,
    BenchPlan,
    ConfigJob,
    DataJob,
    GradeJob,
    LoadedBenchmark,
    LoadRequest,
    RebaseJob,
    ReportJob,
    WorkerInfo,
    decode,
    encode,
)
from qwq_nb.bench.registry import own_sources
from qwq_nb.core.environment import without_keys
from qwq_nb.core.records import Verdict
from qwq_nb.errors import QwqError, WorkerError
from qwq_nb.trace.measures import measure_targets

__all__ = ["BenchWorker"]

T = TypeVar("T")

_STDERR_LINES = 40
_TRIES = 2
"""How often a request is sent if the worker dies during it."""

_SETTINGS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DOWNLOAD_TIMEOUT": "10",
    "HF_HUB_ETAG_TIMEOUT": "10",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Environment of the worker, unless the user sets them: quiet libraries without own threads, short time-outs."""


class _Message(msgspec.Struct):
    """Represent a line from the worker."""

    id: int = -1
    ok: msgspec.Raw = msgspec.Raw(b"")
    error: str = ""
    message: str = ""
    event: str = ""
    text: str = ""
    info: WorkerInfo | None = None


class _Call:
    """Hold a request in progress."""

    def __init__(self, line: bytes, future: asyncio.Future[msgspec.Raw]) -> None:
        self.line = line
        self.future = future
        self.process: asyncio.subprocess.Process | None = None
        """The process that it was sent to last."""
        self.tries = 0


class BenchWorker:
    """Control one worker process, started when needed. `step` says in words what it is doing, and for how long."""

    def __init__(self, *, drop_env: Iterable[str] = (), env: dict[str, str] | None = None) -> None:
        """Set the worker's environment.

        `drop_env`: variables kept from it (those named like keys always are); `env`: variables added to it.
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
        self._calls: dict[int, _Call] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[WorkerInfo] | None = None
        self._readers: set[asyncio.Task[None]] = set()
        self._stderr: collections.deque[str] = collections.deque(maxlen=_STDERR_LINES)
        self._closed = False

    @property
    def step(self) -> str:
        """Return in words what is being waited for, with the seconds that it takes; empty if nothing is."""
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
        with contextlib.suppress(ProcessLookupError):
            process.kill()

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
            return decode(await self._ask("load", request), LoadedBenchmark)
        finally:
            self._loading.remove(request.benchmark)

    async def grade(self, job: GradeJob) -> Verdict:
        """Return the verdict on one answer. A failure of the grading is a status of the verdict, not an exception."""
        measures = job.measures or measure_targets()
        bare = msgspec.structs.replace(
            job,
            sample=msgspec.structs.replace(job.sample, source_row={}),
            measures=measures,
            import_path=[os.path.abspath(folder) for folder in sys.path] if measures else [],
        )
        return decode(await self._ask("grade", bare), Verdict)

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
                ReportJob(run_dir=os.path.abspath(run_dir), errored=errored or {}, sources=own_sources()),
            ),
            list[str],
        )

    async def rebase(self, run_dir: str | os.PathLike[str]) -> str:
        """Make a moved run directory acceptable to evalscope's `use_cache` again. Returns its configuration's path."""
        job = RebaseJob(run_dir=os.path.abspath(run_dir), sources=own_sources())
        return decode(await self._ask("rebase", job), str)

    async def close(self) -> None:
        """End the process; open requests fail with WorkerError."""
        self._closed = True
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        process = self._process
        if process is not None and process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), timeout=1.0)
            except asyncio.TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._readers:
            await asyncio.gather(*self._readers, return_exceptions=True)
        self._fail("the benchmark worker was closed.")

    async def _ask(self, op: str, body: Any) -> msgspec.Raw:
        number = next(self._numbers)
        line = encode({"id": number, "op": op, "body": body})
        call = _Call(line, asyncio.get_running_loop().create_future())
        self._calls[number] = call
        try:
            await self.start()
            self._send(call)
            return await call.future
        except asyncio.CancelledError:
            if op == "grade" and call.process is not None and call.process is self._process:
                self._send(_Call(encode({"id": number, "op": "cancel", "body": number}), call.future))
            raise
        finally:
            self._calls.pop(number, None)

    def _send(self, call: _Call) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            call.process, call.tries = process, call.tries + 1
            process.stdin.write(call.line)

    async def _spawn(self) -> None:
        self._stage = "starting the benchmark worker"
        loop = asyncio.get_running_loop()
        if self._ready is None or self._ready.done():
            self._ready = loop.create_future()
            self._ready.add_done_callback(_seen)
        command = [sys.executable, "-m", "qwq_nb.bench.worker"]
        environment = self._environment()
        self._given = frozenset(environment)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                env=environment,
                start_new_session=True,  # the notebook's interrupt goes to a process group, and not to this one
            )
        except OSError as error:
            raise WorkerError(f"the benchmark worker could not be started: {error}.") from None
        self._process, self.pid = process, process.pid
        if self._drop & self._given:  # named while it was being started
            self._renew(process)
        self._stderr.clear()
        words = asyncio.create_task(self._read_stderr(process))
        for task in (words, asyncio.create_task(self._read_lines(process, words))):
            self._readers.add(task)
            task.add_done_callback(self._readers.discard)

    def _environment(self) -> dict[str, str]:
        return {**_SETTINGS, **without_keys(os.environ, hidden=self._drop), **self._env}

    async def _read_lines(self, process: asyncio.subprocess.Process, words: asyncio.Task[None]) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self._message(decode(line, _Message))
        code = await process.wait()
        await asyncio.wait({words}, timeout=0.5)  # its last words; a child of its own may hold the pipe for longer
        await self._died(process, code)

    async def _read_stderr(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while line := await process.stderr.readline():
            self._stderr.append(line.decode("utf-8", "replace").rstrip()[:500])

    def _message(self, message: _Message) -> None:
        if message.event == "step":
            self._stage = message.text
        elif message.event == "ready" and message.info is not None:
            self._stage = ""
            if self._ready is not None and not self._ready.done():
                self._ready.set_result(message.info)
        call = self._calls.get(message.id)
        if call is None or call.future.done():
            return
        if message.error:
            kind = getattr(errors, message.error, WorkerError)
            call.future.set_exception(
                kind(message.message) if issubclass(kind, QwqError) else WorkerError(message.message)
            )
        else:
            call.future.set_result(message.ok)

    async def _died(self, process: asyncio.subprocess.Process, code: int) -> None:
        """Send the requests that it had once more to a new process; fail those that were sent twice."""
        if self._process is process:
            self._process, self._stage = None, ""
        if self._closed:
            self._fail("the benchmark worker was closed.")
            return
        last = "\n".join(list(self._stderr)[-12:])
        ended = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        text = f"the benchmark worker ended {ended}." + (f" Its last words:\n{last}" if last else "")
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
