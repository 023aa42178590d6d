"""Serve requests to evalscope in a process of its own: `python -m qwq_nb.bench.worker`.

It imports and warms up once and from then on only forks: graders (see `grader_pool`), and one short-lived child for
each other request (load, write_data, write_config, write_report, rebase), so that the process that is forked never has
a library's thread, cache or hanging connection. Standard output is reserved for the protocol: a library's prints go to
standard error. The worker ends when its standard input closes, and so with its parent.
"""

from __future__ import annotations

import collections
import contextlib
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from qwq_nb.bench import cache, protocol
from qwq_nb.bench.benchmark import check_loaded
from qwq_nb.bench.hub_secrets import mask_of, secrets_for
from qwq_nb.bench.protocol import LONGEST_LINE, Request, WorkerInfo, decode, encode
from qwq_nb.bench.registry import benchmark_for
from qwq_nb.bench.worker.beats import beating
from qwq_nb.bench.worker.channels import CODE_GRADER, Channels, SelectorChannels, ThreadChannels, write_all
from qwq_nb.bench.worker.child import CAN_FORK, Child, die_with_parent, limit_memory, limit_time
from qwq_nb.bench.worker.imports import without_what_is_not_needed
from qwq_nb.bench.worker.task_limits import task_limit
from qwq_nb.errors import DataError, QwqError, WorkerError

__all__ = ["main"]

PARENT = "parent"
TASK = "task"

DATA_MEMORY = 4 << 30
"""Bytes of memory in which a data file is read and made into samples, where the system can limit it."""
DATA_SECONDS = 300
"""Time in which that is done, likewise."""


class Worker:
    """Read requests, run them in children, and write their answers."""

    def __init__(self, protocol_fd: int, *, grading: bool = True) -> None:
        from qwq_nb.bench.worker.code_grader import CodeGrader
        from qwq_nb.bench.worker.grader_pool import Graders

        self._out = protocol_fd
        self._channels: Channels = SelectorChannels() if CAN_FORK else ThreadChannels()
        self._channels.add(PARENT, 0)
        self._graders = Graders(self._channels, self._ok, (protocol_fd,))
        self._code = CodeGrader(self._channels, self._ok, (protocol_fd,))
        self._tasks: collections.deque[Request] = collections.deque()
        self._task: tuple[Request, Child] | None = None
        self._task_ends = math.inf
        """When the task is ended if it has not answered, by `time.monotonic`."""
        if grading:
            self._graders.start()

    def run(self) -> None:
        """Serve until the parent closes its end."""
        while True:
            for name, line in self._channels.poll(self._timeout()):
                if name == PARENT:
                    if line is None:
                        self._close()
                        return
                    self._request(line)
                elif name.startswith(TASK):
                    self._task_line(name, line)
                elif name == CODE_GRADER:
                    self._code.line(line)
                else:
                    self._graders.line(name, line)
            if self._graders.to_rehearse:
                with beating(self._out):
                    self._graders.rehearse()
            self._graders.check()
            self._check_task()

    def _timeout(self) -> float | None:
        """Return the seconds until something must be checked; None if nothing is running."""
        task = None if self._task_ends == math.inf else max(0.0, self._task_ends - time.monotonic())
        return min((seconds for seconds in (self._graders.timeout(), task) if seconds is not None), default=None)

    def _request(self, line: bytes) -> None:
        request = decode(line, Request)
        try:
            if request.op == "grade":
                self._grade(request.id, decode(request.body, protocol.GradeJob))
                return
            if request.op == "cancel":
                self._cancel(decode(request.body, int))
                return
            if request.op == "ping":
                write_all(self._out, encode({"event": "pong"}))
                return
        except msgspec.ValidationError as error:
            write_all(self._out, failure(request.id, error))
            return
        self._tasks.append(request)
        self._next_task()

    def _grade(self, number: int, job: protocol.GradeJob) -> None:
        from qwq_nb.bench.worker.code_grader import is_code_job

        if is_code_job(job):
            self._code.add(number, job)
        else:
            self._graders.add(number, job)

    def _cancel(self, number: int) -> None:
        """Drop the request with this id, so that it holds up no other. It is not answered."""
        self._graders.cancel(number)
        self._code.cancel(number)
        for request in [request for request in self._tasks if request.id == number]:
            self._tasks.remove(request)
        if self._task is not None and self._task[0].id == number:
            self._end_task()

    def _check_task(self) -> None:
        """End a task that has overrun: its disk hangs, or somebody has suspended it."""
        if self._task is None or time.monotonic() < self._task_ends:
            return
        request = self._task[0]
        text = f"{request.op} took longer than {task_limit(request):g} s and was ended. Does the disk answer?"
        write_all(self._out, encode({"id": request.id, "error": "WorkerError", "message": text}))
        self._end_task()

    def _end_task(self) -> str:
        """End the task's process, begin the next one, and return how the process ended."""
        assert self._task is not None
        how = self._task[1].kill()
        self._task, self._task_ends = None, math.inf
        self._next_task()
        return how

    def _next_task(self) -> None:
        if self._task is not None or not self._tasks:
            return
        request = self._tasks.popleft()
        if CAN_FORK:

            def task(_: int, reply_out: int) -> None:
                if data_of(request):
                    limit_memory(DATA_MEMORY)
                    limit_time(DATA_SECONDS)
                write_all(reply_out, perform(request))

            self._task = (request, Child(f"{TASK} {request.id}", self._channels, task, also_close=(self._out,)))
            self._task_ends = time.monotonic() + task_limit(request)
        else:
            with beating(self._out):
                answer = perform(request)
            write_all(self._out, answer)
            self._next_task()

    def _task_line(self, name: str, line: bytes | None) -> None:
        if self._task is None or self._task[1].channel != name:
            return  # of one that was cancelled
        request, child = self._task
        if line is not None:
            write_all(self._out, line + b"\n")
            self._task = (msgspec.structs.replace(request, id=-1), child)
            return
        how = self._end_task()
        if request.id != -1:
            data = data_of(request)
            doing = f"while it read {data} (it may take {DATA_SECONDS} s)" if data else f"during {request.op}"
            text = f"the benchmark worker's child ended ({how}) {doing}."
            write_all(self._out, encode({"id": request.id, "error": "WorkerError", "message": text}))

    def _ok(self, reply: int, value: Any) -> None:
        write_all(self._out, encode({"id": reply, "ok": value}))

    def _close(self) -> None:
        if self._task is not None:
            self._task[1].kill()
        self._graders.close()
        self._code.close()


def operations() -> dict[str, Callable[[msgspec.Raw], Any]]:
    """Return the operations other than grading, by name: each takes a request's body."""
    from qwq_nb.bench.evalscope import interop

    return {
        "load": lambda body: load(decode(body, protocol.LoadRequest)),
        "write_data": lambda body: interop.write_data(decode(body, protocol.DataJob)),
        "write_config": lambda body: interop.write_config(decode(body, protocol.ConfigJob)),
        "write_report": lambda body: interop.write_report(decode(body, protocol.ReportJob)),
        "rebase": lambda body: interop.rebase_run(decode(body, protocol.RebaseJob)),
    }


def data_of(request: Request) -> str:
    """Return the data file that a request loads by evalscope's adapters; empty if it does something else."""
    if request.op != "load":
        return ""
    body = decode(request.body, protocol.LoadRequest)
    return body.data or "" if body.source is None else ""


def load(request: protocol.LoadRequest) -> protocol.LoadedBenchmark:
    """Load and check the samples of a request, and store a copy of them in the prompt cache.

    Raises UnknownBenchmark, OptionError, DataError, HubError, WorkerError.
    """
    benchmark = benchmark_for(request)
    secrets = secrets_for(request)
    with private_files() if benchmark.withheld else contextlib.nullcontext():
        try:
            loaded = benchmark.load(request)
        except QwqError:
            raise
        except MemoryError:
            raise DataError(
                f"{request.data or request.benchmark}: making its records into samples takes more memory than may be "
                f"used."
            ) from None
        except Exception as error:
            if request.source is None and not request.data:
                raise
            traceback.print_exception(error, file=sys.stderr)
            raise WorkerError(load_failure(request, error)) from None
        loaded = check_loaded(loaded, request)
        if secrets:
            # A hub that echoes the token in its data must not get it into a file.
            loaded = decode(mask_of(secrets).hide_in_answer(encode(loaded).decode()).encode(), protocol.LoadedBenchmark)
        cache.store(loaded)
    return loaded


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Make what is written during the block, the hubs' caches among it, readable by this user alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def load_failure(request: protocol.LoadRequest, error: Exception) -> str:
    """Return the message for a benchmark whose `load` failed, with the line of its code and the data file."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    position = f"{os.path.basename(last.filename)}:{last.lineno}"
    data = f" from {request.data}" if request.data else ""
    reason = f"{type(error).__name__}: {str(error)[:2000]}"
    return f"The benchmark {request.benchmark!r} failed to load{data}: {reason} ({position})."


def perform(request: Request) -> bytes:
    """Carry out one request and return its answer line."""
    try:
        operation = operations()[request.op]
        line = encode({"id": request.id, "ok": operation(request.body)})
        if len(line) > LONGEST_LINE:
            raise DataError(f"{data_of(request) or request.op}: the samples with their prompts are more than 1 GB.")
        return line
    except Exception as error:
        return failure(request.id, error)


def failure(reply: int, error: Exception) -> bytes:
    """Return the answer line of a failure: a QwqError's own message, anything else with its traceback's last line."""
    if isinstance(error, QwqError):
        return encode({"id": reply, "error": type(error).__name__, "message": str(error)})
    traceback.print_exception(error, file=sys.stderr)
    where = traceback.extract_tb(error.__traceback__)[-1:] or []
    position = f" ({os.path.basename(where[0].filename)}:{where[0].lineno})" if where else ""
    text = f"{type(error).__name__}: {str(error)[:2000]}{position}"
    return encode({"id": reply, "error": "WorkerError", "message": text})


def main(arguments: list[str]) -> int:
    """Run the worker and return its exit code.

    `--grader`: run as a grader that was started, not forked; `--loading`: only load, without graders.
    """
    started = time.monotonic()
    # Stdin shows the kernel's end, but is not read before evalscope is imported.
    die_with_parent()
    protocol_fd = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    if "--grader" in arguments:
        with without_what_is_not_needed():
            from qwq_nb.bench.evalscope import adapters
        from qwq_nb.bench.worker import grader

        adapters.warm_up()
        grader.grader_main(0, protocol_fd)
        return 0
    try:
        write_all(protocol_fd, encode({"event": "hello", "pid": os.getpid()}))
        write_all(protocol_fd, encode({"event": "step", "text": "importing evalscope"}))
        with beating(protocol_fd), without_what_is_not_needed():
            from qwq_nb.bench.evalscope import adapters

            versions = adapters.warm_up()
        worker = Worker(protocol_fd, grading="--loading" not in arguments)
        seconds = time.monotonic() - started
        info = WorkerInfo(pid=os.getpid(), versions=versions, seconds=seconds, fork=CAN_FORK)
        write_all(protocol_fd, encode({"event": "ready", "info": info}))
        worker.run()
    except BrokenPipeError:
        return 0  # the kernel has ended and needs no answer
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # nothing here is worth the seconds that the libraries' exit hooks take
