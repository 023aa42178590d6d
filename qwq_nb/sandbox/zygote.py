"""Fork one process for each job from this one, which is warm and knows no job, and see to it that each ends.

It is started by `process.py` as an interpreter of its own, and imports only the modules that were asked for. Over a
socket it gets limits and descriptors; the job itself is in a file that only the forked process reads. It ends when its
parent does, and so do the processes that it forked.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import site
import socket
import time
from collections.abc import Mapping
from typing import Any, Final

from qwq_nb.sandbox.child import run_job
from qwq_nb.sandbox.confinement import close_memory, lift_limits
from qwq_nb.sandbox.folders import MOST_FILES, empty_folder, make_folder, read_wanted, remove_folder, used_bytes
from qwq_nb.sandbox.job import Limits
from qwq_nb.sandbox.layers import MOST_THREADS, Layers

__all__ = ["main"]

INTERVAL_S: Final = 0.02
"""Between two looks at what is running."""
LONGEST_MESSAGE: Final = 65_536
FDS: Final = 5
"""Descriptors of a job; one more is for the files that it hands back."""


class Job:
    """Hold a running process: what it may use, and why it was killed."""

    def __init__(
        self, name: int, pid: int, folder: str, limits: Limits, wanted: Mapping[str, int], handed: int | None
    ) -> None:
        """`wanted`: files that are handed back, with their most bytes; they are written to the descriptor `handed`."""
        self.name, self.pid, self.folder, self.limits = name, pid, folder, limits
        self.wanted, self.handed = wanted, handed
        self.pidfd = os.pidfd_open(pid)
        self.started = time.monotonic()
        self.why = ""

    def kill(self, why: str) -> None:
        """Kill it; the first reason counts."""
        self.why = self.why or why
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def cpu_seconds(self) -> float:
        """Return the CPU time of all its threads until now."""
        clock = ~self.pid << 3 | 2  # CPUCLOCK_SCHED of a process, as clock_getcpuclockid(3) has it
        try:
            return time.clock_gettime(clock)
        except OSError:
            return 0.0

    def is_late(self) -> bool:
        """Return whether its wall time is over. What it spent waiting for a processor does not count, up to a limit."""
        elapsed = time.monotonic() - self.started
        return elapsed > self.limits.wall and (
            elapsed - self._waited() > self.limits.wall or elapsed > self.limits.last_wall
        )

    def _waited(self) -> float:
        """Return the seconds in which its main thread could have run and others did."""
        try:
            with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0

    def threads(self) -> int:
        """Return how many threads it has; 0 where it cannot be seen."""
        try:
            return os.stat(f"/proc/{self.pid}/task").st_nlink - 2
        except OSError:
            return 0

    def hand_back(self) -> dict[str, int]:
        """Write the files that it leaves, one after another, to where they are wanted; return the size of each."""
        if self.handed is None:
            return {}
        found = read_wanted(self.folder, self.wanted)
        with open(self.handed, "wb") as file:
            self.handed = None
            for content in found.values():
                file.write(content)
        return {name: len(content) for name, content in found.items()}

    def check(self, confined: bool) -> None:
        """Kill it if it has used more than it may."""
        if self.cpu_seconds() > self.limits.cpu_s:
            self.kill("cpu")
        elif self.is_late():
            self.kill("wall")
        elif confined and self.threads() > MOST_THREADS:
            self.kill("threads")
        elif confined:
            size, count = used_bytes(self.folder, self.pid)
            if size > self.limits.file_mb << 20 or count > MOST_FILES:
                self.kill("files")


class Zygote:
    """Serve the parent's socket until the parent ends or closes it."""

    def __init__(
        self, control: socket.socket, layers: Layers, base: str, parent: int, folder: str | None = None
    ) -> None:
        """`folder`: the only one, for one job at a time; None: each job has its own, in `base`."""
        self._control, self._layers, self._base, self._folder = control, layers, base, folder
        self._jobs: dict[int, Job] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._poll.register(parent, select.POLLIN)
        self._parent = parent

    def serve(self) -> None:
        """Start, watch, kill and report, until the parent is gone; then end every job."""
        try:
            while self._turn():
                pass
        finally:
            for job in list(self._jobs.values()):
                job.kill("end")
                os.waitpid(job.pid, 0)
                self._forget(job)

    def _turn(self) -> bool:
        for fd, _ in self._poll.poll(1000 * INTERVAL_S if self._jobs else None):
            if fd == self._parent:
                return False
            if fd == self._control.fileno():
                if not self._receive():
                    return False
            else:
                self._ended(self._jobs[fd])
        for job in self._jobs.values():
            job.check(not self._layers.is_off)
        return True

    def _receive(self) -> bool:
        """Act on one message. Returns False at the end of the connection."""
        try:
            data, fds, _, _ = socket.recv_fds(self._control, LONGEST_MESSAGE, FDS + 1)
        except OSError:
            return False
        try:
            if not data:
                return False
            message = json.loads(data)
            if "kill" in message:
                for job in self._jobs.values():
                    if job.name == message["kill"]:
                        job.kill("told")
            else:
                self._start(message, tuple(fds))
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def _start(self, message: Mapping[str, Any], fds: tuple[int, ...]) -> None:
        limits, slot = Limits(**message["limits"]), message["slot"]
        uid = self._layers.uid + slot if self._layers.uid else 0
        try:
            folder = self._folder or make_folder(self._base, uid)
            mine = os.getpid()
            pid = os.fork()
        except OSError as error:
            self._send({"job": message["job"], "error": f"{error}"})
            return
        if pid == 0:
            run_job(fds[:FDS], self._layers, limits, folder, mine, slot)
        handed = os.dup(fds[FDS]) if len(fds) > FDS else None
        job = Job(message["job"], pid, folder, limits, message.get("wanted", {}), handed)
        self._jobs[job.pidfd] = job
        self._poll.register(job.pidfd, select.POLLIN)

    def _ended(self, job: Job) -> None:
        seconds = time.monotonic() - job.started
        _, status, usage = os.wait4(job.pid, 0)
        try:
            files = job.hand_back()
        except OSError as error:
            self._send({"job": job.name, "error": f"its files could not be handed back: {error}"})
            self._forget(job)
            return
        self._send(
            {
                "job": job.name,
                "status": status,
                "why": job.why,
                "seconds": seconds,
                "cpu": usage.ru_utime + usage.ru_stime,
                "peak_kb": usage.ru_maxrss,
                "files": files,
            }
        )
        self._forget(job)

    def _forget(self, job: Job) -> None:
        del self._jobs[job.pidfd]
        self._poll.unregister(job.pidfd)
        os.close(job.pidfd)
        if job.handed is not None:
            os.close(job.handed)
        with contextlib.suppress(OSError):
            if self._folder:
                empty_folder(self._folder)
            else:
                remove_folder(job.folder)

    def _send(self, report: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._control.send(json.dumps(report).encode())


def main(fd: int, start: Mapping[str, Any]) -> None:
    """Import what is to be warm, say so, and serve the socket `fd`. The process's whole program.

    `start`: the modules to import (`warm`), the layers, the folder for those of the jobs, a descriptor of the parent.
    """
    control = socket.socket(fileno=fd)
    layers = Layers(**start["layers"])
    lift_limits()
    # What Python's start would have done: it is started without `site`, which would read files of the user's.
    site.setquit()
    site.sethelper()
    for name in start["warm"]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    gc.disable()
    control.send(b"{}")
    folder = None
    if not layers.landlock and not layers.is_off:
        # Jobs are this user, and nothing but modes keeps them to their folder: there is one, and no place beside it.
        close_memory()
        folder = make_folder(start["base"])
        os.chmod(start["base"], 0o100)
    zygote = Zygote(control, layers, start["base"], start["parent"], folder)
    zygote.serve()
    if not layers.bwrap:
        with contextlib.suppress(OSError):
            remove_folder(start["base"])
