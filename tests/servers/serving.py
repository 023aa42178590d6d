"""Start a server on loopback, wait until it serves, and end it with all its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.servers.installed import NICE, NotAvailable

__all__ = ["Serving", "free_port", "serving"]

START_S = 300.0
"""Seconds after which a server that does not serve is given up: vLLM compiles before it does."""
END_S = 15.0


class Serving:
    """A server that runs: its URL, and its process, which a test may end."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.process = process

    def kill(self) -> None:
        """End it at once, as the machine does when memory is short."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    command: Sequence[str | Path], port: int, path: str, environment: Mapping[str, str] | None = None
) -> Iterator[Serving]:
    """Run `command` until the end of the block. It serves once `path` answers with status 200.

    Raises:
        NotAvailable: it does not come to serve; the message has the last lines that it printed.
    """
    words = [*NICE, *map(str, command)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            words, stdout=log, stderr=log, start_new_session=True, env={**os.environ, **(environment or {})}
        )
        server = Serving(port, process)
        try:
            wait_for(server, f"http://127.0.0.1:{port}{path}", log.fileno(), Path(words[len(NICE)]).name)
            yield server
        finally:
            end(process)


def wait_for(server: Serving, address: str, log: int, name: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (OSError, urllib.error.URLError) as error:
            if server.process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.5)
                continue
            printed = os.pread(log, 1 << 20, max(0, os.fstat(log).st_size - 2000)).decode("utf-8", "replace")
            raise NotAvailable(f"{name} does not serve ({error}). It printed last:\n{printed}") from None


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those it has started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
