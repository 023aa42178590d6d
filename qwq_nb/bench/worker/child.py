"""Run child processes of the worker: forked if the system has fork, else started as a new Python.

A forked child starts in milliseconds with everything imported and warm. It shares no pipe with its siblings, ends with
its parent if the system supports that, and never returns into the parent's code.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable

from qwq_nb.bench.worker.channels import Channels, write_all

__all__ = ["CAN_FORK", "Child", "die_with_parent", "limit_memory", "limit_time"]

CAN_FORK = hasattr(os, "fork") and os.environ.get("QWQ_NB_WORKER_FORK", "1") != "0"
"""False without fork, and with `QWQ_NB_WORKER_FORK=0` on any system."""

Main = Callable[[int, int], None]
"""Body of a child: reads lines from the first descriptor, writes lines to the second."""


class Child:
    """Control a running child: `send` lines to it, read its `channel`, `kill` it."""

    def __init__(self, name: str, channels: Channels, main: Main, *, also_close: tuple[int, ...] = ()) -> None:
        """Fork, or start `python -m qwq_nb.bench.worker --grader` (then `main` stays unused).

        `also_close`: descriptors a forked child must not hold.
        """
        self.channel = name
        self._channels = channels
        self._process: subprocess.Popen[bytes] | None = None
        job_out, self._write = os.pipe()
        read, reply_in = os.pipe()
        if CAN_FORK:
            self.pid = os.fork()
            if self.pid == 0:
                _run(main, job_out, reply_in, channels, (self._write, read, *also_close))
        else:
            command = [sys.executable, "-m", "qwq_nb.bench.worker", "--grader"]
            self._process = subprocess.Popen(command, stdin=job_out, stdout=reply_in)
            self.pid = self._process.pid
        os.close(job_out)
        os.close(reply_in)
        channels.add(name, read)

    def send(self, line: bytes) -> bool:
        """Write a line to the child; return False if the child has ended."""
        try:
            write_all(self._write, line)
        except OSError:
            return False
        return True

    def kill(self) -> str:
        """End the child at once; return how it ended ("exit 0", "signal 9")."""
        self._channels.remove(self.channel)
        with contextlib.suppress(OSError):
            os.close(self._write)
        if self._process is not None:
            self._process.kill()
            code = self._process.wait()
        else:
            # It may have ended on its own: then the signal changes nothing, and its own status is read.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, 9)
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return f"signal {-code}" if code < 0 else f"exit {code}"


def _run(main: Main, job_in: int, reply_out: int, channels: Channels, others: tuple[int, ...]) -> None:
    """Run the forked child's body, and end the process."""
    code = 1
    try:
        die_with_parent()
        channels.close()
        for fd in others:
            os.close(fd)
        main(job_in, reply_out)
        code = 0
    except BaseException:  # no exception may reach the parent's frames
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def die_with_parent() -> None:
    """Ask the system for a SIGKILL when the parent ends. Linux only; elsewhere the closed pipe ends the child."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(extra: int) -> None:
    """Limit this process to `extra` bytes of further address space, and no core file, if the system has such limits."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            size = int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return  # macOS: neither /proc nor a working RLIMIT_AS
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = size + extra if hard == resource.RLIM_INFINITY else min(size + extra, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def limit_time(seconds: int) -> None:
    """End this process by a signal after so many seconds, whatever it does then, if the system has such a signal."""
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
