"""Start the warm process that jobs are forked from, and hand it jobs over a socket."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from qwq_nb.errors import one_line
from qwq_nb.sandbox.bubblewrap import BOX, find_bwrap, wrapped
from qwq_nb.sandbox.folders import place_for, remove_folder
from qwq_nb.sandbox.job import Limits
from qwq_nb.sandbox.layers import ENVIRONMENT, MOST_JOBS, RANGES, Layers
from qwq_nb.sandbox.readable import interpreter, module_files, module_folders, readable_paths

__all__ = ["SandboxFailed", "WarmProcess"]

START_S: Final = 300.0
"""Longest time for the warm process to import what it was asked to."""
END_S: Final = 5.0

BOOT: Final = (
    "import json,os,sys\n"
    "fd=int(sys.argv[1])\n"
    "start=json.loads(os.read(fd,1<<20))\n"
    "sys.path[:]=start['path']\n"
    "from qwq_nb.sandbox.zygote import main\n"
    "main(fd,start)\n"
)

_LIBRARIES: Final = ("LD_LIBRARY_PATH", "LD_PRELOAD", "NIX_LD", "NIX_LD_LIBRARY_PATH")
"""Variables that an interpreter may need to start at all; the jobs do not get them."""
_SETTINGS: Final = {
    **ENVIRONMENT,
    "PYTHONHASHSEED": "0",  # sets of texts have the same order whenever a program runs
}


class SandboxFailed(Exception):
    """Report that the warm process did not start, or has ended."""


class WarmProcess:
    """Control the process that jobs are forked from. It is started by the constructor, and ended by `close`."""

    def __init__(self, layers: Layers, *, warm: Sequence[str] = (), jobs: int = 1) -> None:
        """`warm`: modules that it imports. `jobs`: how many may run at once. Raises SandboxFailed."""
        self.layers = layers
        self._jobs = jobs
        self._warm = tuple(warm)
        self._answers: dict[int, queue.SimpleQueue[Mapping[str, Any]]] = {}
        self._killed: set[int] = set()
        self._lock = threading.Lock()
        self._ended = ""
        self._base: str | None = None
        self._errors = os.memfd_create("errors")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        ready: queue.SimpleQueue[str] = queue.SimpleQueue()
        # This thread starts the process and lives as long as it: bubblewrap ends with the thread that started it.
        self._thread = threading.Thread(target=self._serve, args=(theirs, ready), name="qwq-sandbox", daemon=True)
        self._thread.start()
        try:
            failed = ready.get(timeout=START_S)
        except queue.Empty:
            failed = f"it did not start within {START_S:.0f} s"
        if failed:
            self.close()
            raise SandboxFailed(failed)

    @property
    def is_running(self) -> bool:
        """Return whether it takes jobs."""
        return not self._ended

    def submit(
        self, name: int, slot: int, limits: Limits, fds: Sequence[int], wanted: Mapping[str, int]
    ) -> queue.SimpleQueue[Mapping[str, Any]]:
        """Have a job run whose descriptors are given; its end comes into the queue. Raises SandboxFailed.

        `wanted`: files that it hands back, into the last descriptor.
        """
        answer: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._answers[name] = answer
        message = {"job": name, "slot": slot, "limits": dataclasses.asdict(limits), "wanted": dict(wanted)}
        self._send(message, fds)
        if name in self._killed:  # before it was started
            self.kill(name)
        return answer

    def kill(self, name: int) -> None:
        """Kill a job. Does nothing if it has ended, or the process has."""
        self._killed.add(name)
        with contextlib.suppress(SandboxFailed):
            self._send({"kill": name})

    def close(self) -> None:
        """End the process and all jobs."""
        self._ended = self._ended or "the sandbox was closed"
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._thread.join(3 * END_S)
        self._control.close()

    def _send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        try:
            with self._lock:
                if self._ended:
                    raise SandboxFailed(self._ended)
                socket.send_fds(self._control, [json.dumps(message).encode()], list(fds))
        except OSError as error:
            raise SandboxFailed(f"the sandbox's process has ended: {error}") from None

    def _serve(self, theirs: socket.socket, ready: queue.SimpleQueue[str]) -> None:
        """Start the process, and give each answer to whoever waits for it, until the process ends."""
        process = None
        try:
            with theirs:
                process = self._started(theirs)
            first = self._control.recv(1 << 16)
            ready.put("" if first else f"its process ended at once: {self._last_words()}")
            while line := self._control.recv(1 << 16):
                report = json.loads(line)
                self._answers.pop(report["job"]).put(report)
        except (OSError, ValueError) as error:
            ready.put(f"it could not be started: {error}")
        finally:
            self._ended = self._ended or f"the sandbox's process has ended: {self._last_words()}"
            self._end(process)

    def _end(self, process: subprocess.Popen[bytes] | None) -> None:
        if process is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in list(self._answers):
            self._answers.pop(name).put({"error": self._ended})
        if self._base is not None:
            with contextlib.suppress(OSError):
                remove_folder(self._base)
        os.close(self._errors)

    def _last_words(self) -> str:
        data = os.pread(self._errors, 1 << 16, 0).decode("utf-8", "replace").strip()
        return one_line(" ".join(data.splitlines()[-3:]), 600) or "it wrote nothing"

    def _started(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        layers = self.layers
        packages = module_files(["qwq_nb", *self._warm])
        readable = readable_paths()
        if layers.bwrap:
            base = BOX
        else:
            self._base = base = tempfile.mkdtemp(prefix="qwq-sandbox-", dir=place_for(layers.uid))
            os.chmod(base, 0o711)  # each job enters its own folder, and lists none
        uid = layers.uid and layers.uid + secrets.randbelow(RANGES) * MOST_JOBS
        user = uid if layers.bwrap and uid else None
        parent = os.pidfd_open(os.getpid())
        command = [interpreter(), "-s", "-S", "-B", "-X", "utf8", "-c", BOOT, str(theirs.fileno())]
        if layers.bwrap:
            bwrap = find_bwrap() or "bwrap"
            needed = {*readable, *packages, os.path.dirname(interpreter())}
            size = 2 * self._jobs * Limits().file_mb
            command = wrapped(bwrap, command, sorted(needed), megabytes=size, as_root=not layers.uid)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(theirs.fileno(), parent),
                env=_environment(layers),
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                cwd="/",  # where no module of the user's is imported from
                start_new_session=True,
            )
        finally:
            os.close(parent)
        start = {
            "path": [*_own_path(), *module_folders(packages)],
            "warm": self._warm,
            "layers": dataclasses.asdict(layers) | {"readable": readable, "uid": 0 if layers.bwrap else uid},
            "base": base,
            "parent": parent,
        }
        self._control.send(json.dumps(start).encode())
        return process


def _environment(layers: Layers) -> dict[str, str]:
    """Return the variables of the warm process: nothing of the user's, unless nothing confines."""
    wanted = os.environ if layers.is_off else {n: os.environ[n] for n in _LIBRARIES if n in os.environ}
    return {name: value for name, value in wanted.items() if not name.startswith("PYTHON")} | _SETTINGS


def _own_path() -> list[str]:
    """Return the interpreter's own `sys.path`, and the folders of installed packages, in their order, behind links."""
    kept = (sys.prefix, sys.base_prefix)
    found = [
        os.path.realpath(path)
        for path in sys.path
        if path and (path.startswith(kept) or os.path.basename(path) in ("site-packages", "dist-packages"))
    ]
    return list(dict.fromkeys(found))
