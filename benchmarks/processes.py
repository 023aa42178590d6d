"""The processes that a measure is made of: the endpoint, a kernel, a peer; and what CPU each of them took."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.manager import KernelManager

from qwq_nb.demo.process import DemoEndpoint
from tests.support.paths import ROOT

__all__ = ["Kernel", "cpu_of", "kernel", "ran", "served"]

MARK = "figures: "


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of all its children so far, those that it has waited for too."""
    spent = 0.0
    process = psutil.Process(pid)
    for one in [process, *process.children(recursive=True)]:
        with_children = one.cpu_times()
        spent += with_children.user + with_children.system + with_children.children_user + with_children.children_system
    return spent


@contextmanager
def served(book: Path, **settings: Any) -> Iterator[DemoEndpoint]:
    """The demo endpoint with these transcripts, in a process of its own."""
    with DemoEndpoint(transcripts=[book], **settings) as server:
        yield server


class Kernel:
    """A real kernel whose cells run code of this package; its client reads every message, as a front end does."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.manager = KernelManager(kernel_name="python3")
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        own = {"PYTHONPATH": paths, "QWQ_NB_CACHE": str(folder / "cache"), "IPYTHONDIR": str(folder / "ipython")}
        self.manager.start_kernel(cwd=str(folder), env={**os.environ, **own, **env})
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.updates = 0
        """Displays and their updates that came."""
        self.bytes = 0
        """Of them, as JSON."""

    def run(self, code: str, seconds: float = 300) -> float:
        """Execute to the end; seconds from sending to the reply. Raises RuntimeError for a cell that fails."""
        self.printed: list[str] = []
        begun = time.perf_counter()
        sent = self.client.execute(code)
        reply: dict[str, Any] | None = None
        took, idle = 0.0, False
        while reply is None or not idle:
            if time.perf_counter() - begun > seconds:
                raise TimeoutError(f"{code[:200]!r} took longer than {seconds:g} s.")
            if reply is None:
                try:
                    message = self.client.get_shell_msg(timeout=0)
                    if message["parent_header"].get("msg_id") == sent:
                        reply, took = message, time.perf_counter() - begun
                except queue.Empty:
                    pass
            try:
                message = self.client.get_iopub_msg(timeout=0.005)
            except queue.Empty:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind in ("display_data", "update_display_data"):
                self.updates += 1
                self.bytes += len(json.dumps(content["data"]))
            elif kind == "stream":
                self.printed.append(content["text"])
            ours = message["parent_header"].get("msg_id") == sent
            idle = idle or (ours and kind == "status" and content["execution_state"] == "idle")
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"].get("traceback", [])))
        return took

    def figures(self, code: str, seconds: float = 300) -> dict[str, Any]:
        """What the last line that begins with `figures: ` says, as `show` prints it."""
        self.run(f"from benchmarks import inside\ninside.show({code})", seconds)
        return figures_in("".join(self.printed))

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@contextmanager
def kernel(folder: Path, **env: str) -> Iterator[Kernel]:
    started = Kernel(folder, env)
    try:
        yield started
    finally:
        started.close()


def figures_in(printed: str) -> dict[str, Any]:
    lines = [line for line in printed.splitlines() if line.startswith(MARK)]
    if not lines:
        raise RuntimeError(f"no figures came: {printed[-2000:]}")
    found: dict[str, Any] = json.loads(lines[-1][len(MARK) :])
    return found


def ran(script: str, *arguments: object, python: str | Path = sys.executable, seconds: float = 600) -> dict[str, Any]:
    """Run a module of `sides/` in a process of its own, under any Python, and read the figures it prints.

    Raises:
        RuntimeError: it failed; with what it wrote last.
    """
    with tempfile.TemporaryFile("w+") as words:
        made = subprocess.run(
            [str(python), str(ROOT / "benchmarks" / "sides" / f"{script}.py"), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            timeout=seconds,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        if made.returncode:
            words.seek(0)
            raise RuntimeError(f"{script} ended with {made.returncode}:\n{words.read()[-3000:]}")
    return figures_in(made.stdout)


def median_of(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
