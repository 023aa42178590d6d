"""Clusters on this machine, for tests of executors: Dask's scheduler and workers, and ipyparallel's engines."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT
from tests.support.processes import free_port

__all__ = ["DaskProcesses", "dask_processes", "environment", "ipyparallel_engines"]


def environment(**more: str) -> dict[str, str]:
    """What child processes need to import this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


class DaskProcesses:
    """A Dask scheduler and workers, each a process of its own that can be killed."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.log = open(folder / "dask.log", "wb")  # noqa: SIM115
        # Both end by themselves after a test that was killed: they are in sessions of their own.
        port = self.address.rsplit(":", 1)[1]
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--idle-timeout", "300"
        )
        own = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(folder), "--death-timeout", "60")
        self.workers = [self._start("worker", self.address, *own) for _ in range(workers)]

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            stdout=self.log,
            stderr=self.log,
            env=environment(),
            start_new_session=True,
        )

    def close(self) -> None:
        for process in [*self.workers, self.scheduler]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the worker's nanny, and what it started
            process.wait()
        self.log.close()


@contextlib.contextmanager
def dask_processes(folder: Path, workers: int = 2) -> Iterator[DaskProcesses]:
    """Start a scheduler and workers, and end them all."""
    cluster = DaskProcesses(folder, workers)
    try:
        yield cluster
    finally:
        cluster.close()


@contextlib.contextmanager
def ipyparallel_engines(folder: Path, engines: int = 2) -> Iterator[Any]:
    """Start ipyparallel's controller and engines; the value is its client."""
    import logging

    import ipyparallel

    cluster = ipyparallel.Cluster(
        n=engines, controller_ip="127.0.0.1", log_level=logging.ERROR, profile_dir=str(folder / "profile")
    )
    client = cluster.start_and_connect_sync(activate=False)
    try:
        yield client
    finally:
        client.close()
        cluster.stop_cluster_sync()
