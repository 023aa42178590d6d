"""Real kernels: `start_kernel` starts one, `kernel` is one that a module's tests share."""

from __future__ import annotations

import os
import queue
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from qwq_nb.demo.process import DemoEndpoint
from tests.support.demo_server import reset_server

Message = dict[str, Any]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Cell:
    """A cell under way, or done: what came of it."""

    def __init__(self, kernel: Kernel, code: str) -> None:
        self.kernel = kernel
        self.code = code
        self.messages: list[Message] = []
        self.reply: Message | None = None
        self.idle_after_interrupt = 0.0
        self.id: str = kernel.client.execute(code)

    def until(self, condition: Callable[[], Any], seconds: float = 60) -> Cell:
        """Listen until the condition holds; it is looked at after each message."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{self.code!r} did not come to it: {self.text[-2000:]}"
            self.kernel.listen()
        return self

    def wait(self, seconds: float = 60) -> Cell:
        """Until the kernel is idle again and has replied."""
        return self.until(lambda: self.idle and self.reply, seconds)

    def interrupt(self) -> Cell:
        """SIGINT, as ■ sends it; `idle_after_interrupt` is how long the kernel took."""
        begun = time.perf_counter()
        self.kernel.manager.interrupt_kernel()
        self.until(lambda: self.idle)
        self.idle_after_interrupt = time.perf_counter() - begun
        return self.wait()

    @property
    def idle(self) -> bool:
        states = (m["content"]["execution_state"] for m in self.messages if m["msg_type"] == "status")
        return "idle" in states

    @property
    def status(self) -> str:
        return str(self.reply["content"]["status"]) if self.reply else ""

    def of(self, *kinds: str) -> list[Message]:
        return [m for m in self.messages if m["msg_type"] in kinds]

    @property
    def displays(self) -> list[Message]:
        return self.of("display_data", "update_display_data")

    @property
    def plain(self) -> str:
        """text/plain of the last display."""
        return str(self.displays[-1]["content"]["data"]["text/plain"])

    @property
    def text(self) -> str:
        """What a reader sees of it besides displays: streams, the value, the traceback."""
        parts = [m["content"]["text"] for m in self.of("stream")]
        parts += [m["content"]["data"].get("text/plain", "") for m in self.of("execute_result")]
        parts += ["\n".join(m["content"]["traceback"]) for m in self.of("error")]
        return ANSI.sub("", "".join(parts))


class Kernel:
    """A running kernel and a client of it."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env={**os.environ, **env})
        self.client: BlockingKernelClient
        self.connect()
        self.client.wait_for_ready(timeout=60)
        self.folder = folder
        self.cells: dict[str, Cell] = {}

    def connect(self) -> None:
        """As a front end that is opened: what was sent before is not heard."""
        self.client = self.manager.blocking_client()
        self.client.start_channels()

    def disconnect(self) -> None:
        """As a front end that is closed; the kernel goes on."""
        self.client.stop_channels()

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)  # type: ignore[union-attr, arg-type]

    def listen(self) -> None:
        """Give the messages that have come to their cells; wait a moment where there are none."""
        try:
            message = self.client.get_iopub_msg(timeout=0.05)
            cell = self.cells.get(message["parent_header"].get("msg_id", ""))
            if cell is not None:
                cell.messages.append(message)
        except queue.Empty:
            pass
        try:
            reply = self.client.get_shell_msg(timeout=0)
            cell = self.cells.get(reply["parent_header"].get("msg_id", ""))
            if cell is not None:
                cell.reply = reply
        except queue.Empty:
            pass

    def begin(self, code: str) -> Cell:
        """Execute without waiting."""
        cell = Cell(self, code)
        self.cells[cell.id] = cell
        return cell

    def run(self, code: str, seconds: float = 60) -> Cell:
        """Execute to the end."""
        return self.begin(code).wait(seconds)

    def use(self, server: DemoEndpoint) -> None:
        """Make the server this kernel's default endpoint, as if it were the user's own."""
        options = "--max-tokens 2000 --request-seed 0 --backoff 0.05"
        cell = self.run(f"%qwq_endpoint {server.url} --model {server.model} --name own {options}")
        assert cell.status == "ok", cell.text

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def start_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kernel]]:
    """Starts kernels; keywords are variables of their environment. All share one folder and one prompt cache."""
    started: list[Kernel] = []
    folder = tmp_path_factory.mktemp("notebooks")
    shared = {"QWQ_NB_CACHE": str(tmp_path_factory.mktemp("cache")), "IPYTHONDIR": str(tmp_path_factory.mktemp("ipy"))}

    def start(**env: str) -> Kernel:
        started.append(Kernel(folder, {**shared, **env}))
        return started[-1]

    yield start
    for kernel in started:
        kernel.close()


CANARY = "canary-51c0ffee-do-not-print"
"""The key of the endpoint that wants one; it must be found nowhere."""


@pytest.fixture(scope="module")
def kernel(start_kernel: Callable[..., Kernel]) -> Kernel:
    """The kernel that a module's tests share, with the extension loaded."""
    kernel = start_kernel(CANARY_KEY=CANARY)
    assert kernel.run("%load_ext qwq_nb").status == "ok"
    return kernel


@pytest.fixture
def canary() -> str:
    return CANARY


@pytest.fixture(scope="module")
def endpoint() -> Iterator[DemoEndpoint]:
    """A demo endpoint that is this process's child: it outlives any kernel."""
    with DemoEndpoint() as server:
        yield server


@pytest.fixture
def server(endpoint: DemoEndpoint) -> DemoEndpoint:
    """The endpoint as if just started, answering at once."""
    reset_server(endpoint)
    return endpoint
