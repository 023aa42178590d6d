"""Run one job in a warm process, and decide from what is left of it how it ended."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import select
import signal
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from qwq_nb.errors import one_line
from qwq_nb.sandbox.job import CONFINED, Call, Execution, Limits, Program, Status
from qwq_nb.sandbox.process import WarmProcess

__all__ = ["WarmRunner", "how_ended", "returned"]

GRACE_S: Final = 10.0
"""Seconds beyond the wall time after which the warm process itself is held to hang."""
LONGEST_VALUE: Final = 16_000_000
"""Bytes of what a call returns, as JSON."""
F_ADD_SEALS: Final = 1033
SEALED: Final = 0xF
"""No more seals, not shorter, not longer, not written."""
SIGKILL: Final = 9
SIGXCPU: Final = 24
"""Numbers, since Windows has no such names."""
LOOK_S: Final = 0.1
"""Between two looks at whether the job has ended although its pipes have not, since somebody else holds them open."""


class WarmRunner(WarmProcess):
    """Run jobs in processes forked from a warm one."""

    def run(self, name: int, slot: int, job: Program | Call) -> Execution:
        """Run a job to its end. Raises SandboxFailed if the process has ended.

        `name`: a number that no other job of this process has. `slot`: one that no other running job has.
        """
        return _carry_out(self, name, slot, job)


def _carry_out(process: WarmProcess, name: int, slot: int, job: Program | Call) -> Execution:
    streams = {"stdout": bytearray(), "stderr": bytearray(), "result": bytearray()}
    with contextlib.ExitStack() as stack:
        sent = [stack.enter_context(_in_memory(data)) for data in _packed(job)]
        pipes: dict[int, bytearray] = {}
        writers = []
        for text in streams.values():
            reader, writer = os.pipe()
            stack.callback(os.close, reader)
            os.set_blocking(reader, False)
            pipes[reader] = text
            writers.append(writer)
        wanted: Mapping[str, int] = job.wanted if isinstance(job, Program) else {}
        handed = [stack.enter_context(_empty_memory())] if wanted else []
        try:
            answer = process.submit(name, slot, job.limits, [*sent, *writers, *handed], wanted)
        finally:
            for fd in writers:
                os.close(fd)
        most = {id(text): job.limits.output_bytes for text in streams.values()}
        most[id(streams["result"])] = LONGEST_VALUE
        longest = job.limits.last_wall + GRACE_S
        try:
            is_too_much = _read(process, name, pipes, most, answer, longest)
            report = answer.get(timeout=longest)
        except queue.Empty:
            process.close()
            report = answer.get()
        except BaseException:  # an interrupt: nobody waits for it any more
            process.kill(name)
            raise
        files = _handed(handed[0], report.get("files", {})) if handed else {}
    judged = _judge(job, report, {k: bytes(text) for k, text in streams.items()}, is_too_much, process.layers.name)
    return dataclasses.replace(judged, files=files)


@contextlib.contextmanager
def _empty_memory() -> Iterator[int]:
    """Yield a descriptor of an empty file in memory, which the warm process writes to and no job has."""
    fd = os.memfd_create("handed", os.MFD_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _handed(fd: int, sizes: Mapping[str, int]) -> dict[str, bytes]:
    """Return the files that were handed back, which stand one after another."""
    found, start = {}, 0
    for name, size in sizes.items():
        found[name] = os.pread(fd, size, start)
        start += size
    return found


def _packed(job: Program | Call) -> tuple[bytes, bytes]:
    """Return the job's file, and its input: a header of one line, then the bytes of its files."""
    if isinstance(job, Call):
        return json.dumps({"target": job.target, "arguments": dict(job.arguments)}).encode() + b"\n", b""
    header = {"code": job.code, "files": {name: len(data) for name, data in job.files.items()}}
    return json.dumps(header).encode() + b"\n" + b"".join(job.files.values()), job.stdin


@contextlib.contextmanager
def _in_memory(data: bytes) -> Iterator[int]:
    """Yield a descriptor of a file in memory, at its beginning, which nobody can change."""
    import fcntl  # not on Windows, where this package says that there is no sandbox

    fd = os.memfd_create("job", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        os.lseek(fd, 0, os.SEEK_SET)
        fcntl.fcntl(fd, F_ADD_SEALS, SEALED)
        yield fd
    finally:
        os.close(fd)


def _read(
    process: WarmProcess,
    name: int,
    pipes: Mapping[int, bytearray],
    most: Mapping[int, int],
    answer: queue.SimpleQueue[Mapping[str, Any]],
    longest: float,
) -> bool:
    """Read all that a job writes, until it has ended. Returns whether it was killed for having written too much."""
    poll = select.poll()
    for fd in pipes:
        poll.register(fd, select.POLLIN)
    last = time.monotonic() + longest
    left = set(pipes)
    while left and answer.empty():
        for fd, _ in poll.poll(1000 * LOOK_S):
            if not _take(fd, pipes[fd]):
                poll.unregister(fd)
                left.discard(fd)
            if len(pipes[fd]) > most[id(pipes[fd])]:
                process.kill(name)
                return True
        if time.monotonic() > last:
            process.close()
            return False
    # What is left in pipes that others hold open.
    for fd in left:
        while _take(fd, pipes[fd]) and len(pipes[fd]) <= most[id(pipes[fd])]:
            pass
    return any(len(text) > most[id(text)] for text in pipes.values())


def _take(fd: int, text: bytearray) -> bool:
    """Read what has come; return False at the end, or if nothing has come."""
    try:
        data = os.read(fd, 1 << 16)
    except BlockingIOError:
        return False
    text += data
    return bool(data)


def _judge(
    job: Program | Call, report: Mapping[str, Any], streams: Mapping[str, bytes], is_too_much: bool, sandbox: str
) -> Execution:
    result = streams["result"]
    if "error" in report:
        return Execution(status="not_run", sandbox=sandbox, reason=report["error"])
    if not result.startswith(CONFINED):
        why = result[1:].decode("utf-8", "replace") or "it ended before it was confined"
        return Execution(status="not_run", sandbox=sandbox, reason=f"the sandbox failed: {one_line(why, 400)}")
    code = os.waitstatus_to_exitcode(report["status"])
    clipped = {k: streams[k][: job.limits.output_bytes].decode("utf-8", "replace") for k in ("stdout", "stderr")}
    status, reason = how_ended(job.limits, report, code, clipped["stderr"], is_too_much)
    value = None
    if isinstance(job, Call) and status in ("passed", "failed"):
        status, reason, value = returned(result[1:], status, reason)
    return Execution(
        status=status,
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        stdout=clipped["stdout"],
        stderr=clipped["stderr"],
        value=value,
        seconds=report["seconds"],
        cpu_seconds=report["cpu"],
        peak_memory_mb=report["peak_kb"] / 1024,
        sandbox=sandbox,
        reason=reason,
    )


def how_ended(
    limits: Limits, report: Mapping[str, Any], code: int, stderr: str, is_too_much: bool
) -> tuple[Status, str]:
    """Return the status and a sentence on it, from how the process ended.

    `report`: the CPU time (`cpu`), and why it was killed by us (`why`, empty if not). `code`: negative for a signal.
    """
    last = one_line(stderr[-2000:].strip().rpartition("\n")[2], 300)
    why = report["why"]
    if is_too_much:
        return "output_limit", f"it wrote more than {limits.output_bytes:,} bytes"
    if why == "files":
        return "output_limit", f"it wrote more than {limits.file_mb} MB into files, or too many files"
    if why == "cpu" or code == -SIGXCPU or (code < 0 and report["cpu"] > limits.cpu_s):
        return "timeout", f"it used more than {limits.cpu_s:g} s of CPU time"
    if why == "wall":
        return "timeout", f"it took longer than {limits.wall:g} s"
    if why == "threads":
        return "failed", "it started too many threads"
    if why:
        return "not_run", "it was stopped"
    if code == -SIGKILL:
        return "memory", "the system killed it, as a rule for want of memory"
    if code < 0:
        return "crashed", f"it was ended by {_signal_name(-code)}"
    if code and last.startswith("MemoryError"):
        return "memory", f"it asked for more than {limits.memory_mb:,} MB"
    if code and last.startswith("OSError: [Errno 27]"):
        return "output_limit", f"it wrote more than {limits.file_mb} MB into a file"
    return ("failed", last or f"it ended with exit code {code}") if code else ("passed", "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def returned(line: bytes, status: Status, reason: str) -> tuple[Status, str, Any]:
    """Return status, reason and value of a call, from what it reported."""
    try:
        report = json.loads(line)
    except ValueError:
        return "failed", reason or "it ended the process instead of returning", None
    if "error" in report:
        return ("memory" if report["error"] == "MemoryError" else "failed"), reason or report["error"], None
    return status, reason, report.get("value")
