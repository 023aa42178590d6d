"""Run attempts in a sandbox, with something there to be attacked, and print which of them succeeded.

A program of its own, since it also runs as another user: `python -m tests.sandbox.attempt_runner WANTED [NAME …]`.
`landlock@3` and its like are as on a kernel whose Landlock is of ABI 3; of ABI 0: that has none. With `landlock@root`
programs stay root, as where no other user can read the interpreter.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from qwq_nb.sandbox import Execution, Limits, Program, Sandbox, probes
from qwq_nb.sandbox.seccomp import architecture
from qwq_nb.sandbox.syscalls import DENIED, LOOKED_AT, number_of
from tests.sandbox.attempts import ATTEMPTS, Attempt, source

__all__ = ["run_attempts"]

SENTINEL = """
import ctypes, os, signal, sys, time
signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b"!"))
b = ctypes.create_string_buffer(b"a secret", 16)
os.write(1, f"{ctypes.addressof(b)}\\n".encode())
end = time.monotonic() + 300
while time.monotonic() < end and os.getppid() == int(sys.argv[1]):
    time.sleep(0.2)
"""
PLACES = ("/tmp", "/var/tmp", "/dev/shm")


class Surroundings:
    """What there is to be attacked, owned by whoever runs this: files, sockets, a process."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.mark = f"qwq{secrets.token_hex(5)}"
        folder = tempfile.mkdtemp(prefix="qwq-attacked-", dir="/tmp")
        stack.callback(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        self.home, self.outside = f"{folder}/home", f"{folder}/outside"
        for path, mode in ((self.home, 0o755), (self.outside, 0o777)):
            os.mkdir(path)
            os.chmod(path, mode)
        self._write(f"{self.home}/secret", "a secret")
        self.reset()
        self._sentinel = subprocess.Popen(
            [sys.executable, "-c", SENTINEL, str(os.getpid())], stdout=subprocess.PIPE, bufsize=0
        )
        stack.callback(self._end_sentinel)
        assert self._sentinel.stdout is not None
        address = int(self._sentinel.stdout.readline())
        machine = architecture()
        self.context = {
            "home": self.home,
            "secret": f"{self.home}/secret",
            "outside": self.outside,
            "mark": self.mark,
            "pid": self._sentinel.pid,
            "address": address,
            "port": self._serve(stack, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "unix": f"{folder}/socket",
            "unix_datagrams": f"{folder}/datagrams",
            "numbers": {name: number_of(name, machine) for name in (*DENIED, *LOOKED_AT)} if machine else {},
        }
        self._serve(stack, socket.AF_UNIX, socket.SOCK_STREAM, f"\0{self.mark}")
        for name, kind in (("unix", socket.SOCK_STREAM), ("unix_datagrams", socket.SOCK_DGRAM)):
            self._serve(stack, socket.AF_UNIX, kind, str(self.context[name]))
            os.chmod(str(self.context[name]), 0o777)

    def _serve(self, stack: contextlib.ExitStack, family: int, kind: int, address: Any) -> int:
        server = stack.enter_context(socket.socket(family, kind))
        server.bind(address)
        if kind == socket.SOCK_DGRAM:
            return 0

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        connection.sendall(b"hello")

        server.listen()
        threading.Thread(target=answer, daemon=True).start()
        return int(server.getsockname()[1]) if family == socket.AF_INET else 0

    def _write(self, path: str, text: str) -> None:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o666)

    def _end_sentinel(self) -> None:
        self._sentinel.kill()
        self._sentinel.wait()
        assert self._sentinel.stdout is not None
        self._sentinel.stdout.close()

    def reset(self) -> None:
        """As if nothing had happened to the files outside."""
        for name in os.listdir(self.outside):
            path = f"{self.outside}/{name}"
            os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
        self._write(f"{self.outside}/victim", "whole")
        os.utime(f"{self.outside}/victim", (1_000_000, 1_000_000))

    def harm(self) -> str:
        """What has happened outside; empty if nothing has. Undoes it."""
        found = [name for name in os.listdir(self.outside) if name != "victim"]
        victim = f"{self.outside}/victim"
        if not os.path.exists(victim):
            found.append("victim is gone")
        else:
            state = os.stat(victim)
            attributes = os.listxattr(victim)
            if (state.st_size, state.st_mode & 0o777, state.st_mtime) != (5, 0o666, 1_000_000) or attributes:
                found.append("victim has changed")
        self.reset()
        assert self._sentinel.stdout is not None
        while select.select([self._sentinel.stdout], [], [], 0)[0]:
            assert self._sentinel.stdout.read(1), "the sentinel has ended"
            found.append("signal")
        for place in PLACES:
            with contextlib.suppress(OSError):
                os.unlink(f"{place}/{self.mark}")
                found.append(place)
        return ", ".join(found + self._left_behind())

    def _left_behind(self) -> list[str]:
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                name, _, state = file.read().partition("(")[2].rpartition(") ")
                if name == self.mark[:15] and not state.startswith("Z"):
                    os.kill(int(pid), 9)
                    found.append(f"process {pid}")
        return found


def run_attempts(wanted: str, names: list[str]) -> Iterator[tuple[str, str, str]]:
    """Each attempt, how it succeeded (empty if it was held), and how its program ended."""
    os.environ["SANDBOX_TEST_API_KEY"] = "canary"
    wanted, _, abi = wanted.partition("@")
    if abi == "root":
        vars(probes)["closed_folder"] = lambda paths: "/closed"
        vars(probes)["CAP_DAC_READ_SEARCH"] = 63  # a capability that nobody has
    elif abi:
        vars(probes)["abi_version"] = lambda libc: int(abi)
    with contextlib.ExitStack() as stack:
        around = Surroundings(stack)
        sandbox = stack.enter_context(Sandbox(wanted, jobs=1))
        yield "", "", sandbox.name
        for attempt in ATTEMPTS:
            if names and attempt.name not in names:
                continue
            done = sandbox.run(Program(source(attempt, around.context), limits=limits_of(attempt)))
            assert done.status != "not_run", f"{attempt.name}: {done.reason}"
            harm = around.harm()
            yield attempt.name, harm or escaped(attempt, done), f"{done.status}: {done.reason}"


def limits_of(attempt: Attempt) -> Limits:
    given: Mapping[str, Any] = {"cpu_s": 5, "wall_s": 20, **attempt.limits}
    return Limits(**given)


def escaped(attempt: Attempt, done: Execution) -> str:
    return done.stdout if "ESCAPED" in done.stdout and not attempt.checked_outside else ""


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # ends with the test that started it
    for line in run_attempts(sys.argv[1], sys.argv[2:]):
        print(json.dumps(line), flush=True)
