"""Run jobs as processes of their own that nothing confines: `off`, where there is no warm process to fork from."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Final

from qwq_nb.sandbox.execution import how_ended, returned
from qwq_nb.sandbox.folders import read_wanted
from qwq_nb.sandbox.job import Call, Execution, Program

__all__ = ["PlainRunner"]

_CALL: Final = """
import importlib, json, sys
module, _, function = sys.argv[1].partition(":")
with open("arguments", encoding="utf-8") as file:
    value = getattr(importlib.import_module(module), function)(**json.load(file))
with open("result", "w", encoding="utf-8") as file:
    json.dump({"value": value}, file)
"""


class PlainRunner:
    """Start an interpreter for each job. Of the limits, wall time and output are kept."""

    is_running = True

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def run(self, name: int, slot: int, job: Program | Call) -> Execution:
        """Run a job to its end."""
        with tempfile.TemporaryDirectory(prefix="qwq-sandbox-", ignore_cleanup_errors=True) as folder:
            return self._run(name, job, Path(folder))

    def kill(self, name: int) -> None:
        """Kill a job. Does nothing if it has ended."""
        process = self._processes.get(name)
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Kill all jobs."""
        for name in list(self._processes):
            self.kill(name)

    def _run(self, name: int, job: Program | Call, folder: Path) -> Execution:
        limits, why = job.limits, ""
        streams = [_Stream(limits.output_bytes), _Stream(limits.output_bytes)]
        started = time.monotonic()
        with (
            open(_prepare(job, folder), "rb") as stdin,
            subprocess.Popen(
                _command(job),
                cwd=folder,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8"},
            ) as process,
        ):
            self._processes[name] = process
            for stream, pipe in zip(streams, (process.stdout, process.stderr), strict=True):
                assert pipe is not None
                stream.start(pipe, process)
            try:
                code = process.wait(limits.wall)
            except subprocess.TimeoutExpired:
                why = "wall"
            finally:
                process.kill()
                code = process.wait()
                del self._processes[name]
            for stream in streams:
                stream.thread.join()
        seconds = time.monotonic() - started
        stdout, stderr = (bytes(stream.text[: limits.output_bytes]).decode("utf-8", "replace") for stream in streams)
        is_too_much = any(stream.is_too_much for stream in streams)
        status, reason = how_ended(limits, {"why": why, "cpu": 0.0}, code, stderr, is_too_much)
        value = None
        if isinstance(job, Call) and status in ("passed", "failed"):
            with contextlib.suppress(FileNotFoundError):
                status, reason, value = returned((folder / "result").read_bytes(), status, reason)
        return Execution(
            status=status,
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            stdout=stdout,
            stderr=stderr,
            value=value,
            seconds=seconds,
            sandbox="off",
            reason=reason,
            files=read_wanted(str(folder), job.wanted) if isinstance(job, Program) else {},
        )


class _Stream:
    """Read a pipe in a thread of its own, and kill the process that writes too much into it."""

    def __init__(self, most: int) -> None:
        self.text = bytearray()
        self.is_too_much = False
        self._most = most

    def start(self, pipe: IO[bytes], process: subprocess.Popen[bytes]) -> None:
        self.thread = threading.Thread(target=self._read, args=(pipe, process), daemon=True)
        self.thread.start()

    def _read(self, pipe: IO[bytes], process: subprocess.Popen[bytes]) -> None:
        while data := os.read(pipe.fileno(), 1 << 16):
            if len(self.text) <= self._most:
                self.text += data
            if len(self.text) > self._most:
                self.is_too_much = True
                process.kill()


def _command(job: Program | Call) -> list[str]:
    return [sys.executable, "-c", _CALL, job.target] if isinstance(job, Call) else [sys.executable, "main.py"]


def _prepare(job: Program | Call, folder: Path) -> Path:
    """Write a job's files, and return the path of its input, which lies outside its folder."""
    if isinstance(job, Call):
        (folder / "arguments").write_text(json.dumps(dict(job.arguments)), encoding="utf-8")
        return Path(os.devnull)
    for name, data in {**job.files, "main.py": job.code.encode("utf-8", "surrogatepass"), ".stdin": job.stdin}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / ".stdin"
