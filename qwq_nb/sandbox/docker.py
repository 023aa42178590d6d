"""Run programs in containers by evalscope's `ms_enclave`, for those who ask for it: one each, without a network.

It is slower than the other sandboxes by about a second a program, and runs whatever Python its image has.
"""

from __future__ import annotations

import asyncio
import io
import math
import tarfile
import time
from typing import Any, Final

from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.errors import one_line
from qwq_nb.sandbox.job import Call, Execution, Limits, Program, Status

__all__ = ["DockerRunner"]

FOLDER: Final = "/sandbox"

_RUN: Final = (
    "cd {folder} && ulimit -t {cpu} && ulimit -f {blocks} && ulimit -n {files} && "
    "exec python main.py <.stdin >.stdout 2>.stderr"
)


class DockerRunner:
    """Run each program in a container of its own, which is removed afterwards."""

    is_running = True

    def __init__(self, image: str) -> None:
        self._image = image
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._loop = shared_event_loop()

    def run(self, name: int, slot: int, job: Program | Call) -> Execution:
        """Run a program to its end. A `Call` is not run: there is no warm module in a container."""
        sandbox = f"docker({self._image})"
        if isinstance(job, Call):
            return Execution(status="not_run", sandbox=sandbox, reason="docker runs whole programs only")
        try:
            return self._loop.call(self._run(name, job, sandbox))
        except asyncio.CancelledError:
            return Execution(status="not_run", sandbox=sandbox, reason="it was stopped")
        except Exception as error:  # of ms_enclave, the engine, the image
            return Execution(status="not_run", sandbox=sandbox, reason=one_line(f"docker: {error}", 600))

    def kill(self, name: int) -> None:
        """Stop waiting for a program, and remove its container."""
        task = self._tasks.get(name)
        if task is not None:
            self._loop.loop.call_soon_threadsafe(task.cancel)

    def close(self) -> None:
        """Remove all containers."""
        for name in list(self._tasks):
            self.kill(name)

    async def _run(self, name: int, job: Program, sandbox: str) -> Execution:
        from ms_enclave.sandbox.boxes import DockerSandbox
        from ms_enclave.sandbox.model import DockerSandboxConfig

        limits = job.limits
        config = DockerSandboxConfig(
            image=self._image,
            network_enabled=False,
            memory_limit=f"{limits.memory_mb}m",
            working_dir=FOLDER,
            cpu_limit=1.0,
        )
        box = DockerSandbox(config)
        task = asyncio.current_task()
        assert task is not None
        self._tasks[name] = task
        try:
            await box.start()
            await box.put_archive(FOLDER, _archive(job))
            started = time.monotonic()
            line = _RUN.format(
                folder=FOLDER,
                cpu=math.ceil(limits.cpu_s),
                blocks=limits.file_mb * 2048,
                files=limits.open_files,
            )
            done = await box.execute_command(["sh", "-c", line], timeout=math.ceil(limits.wall), stream=False)
            seconds = time.monotonic() - started
            texts = [await _head(box, stream, limits.output_bytes) for stream in (".stdout", ".stderr")]
        finally:
            del self._tasks[name]
            await box.stop()
        timed_out = str(getattr(done.status, "value", done.status)) == "timeout"
        status, reason = _how(limits, done.exit_code, texts, timed_out)
        return Execution(
            status=status,
            exit_code=done.exit_code if 0 <= done.exit_code < 128 else None,
            signal=done.exit_code - 128 if done.exit_code > 128 else None,
            stdout=texts[0][: limits.output_bytes],
            stderr=texts[1][: limits.output_bytes],
            seconds=seconds,
            sandbox=sandbox,
            reason=reason,
        )


async def _head(box: Any, name: str, most: int) -> str:
    """Return the beginning of a file in the container: one byte more than it may have, so that this is seen."""
    done = await box.execute_command(["head", "-c", str(most + 1), f"{FOLDER}/{name}"], timeout=60, stream=False)
    return done.stdout or ""


def _archive(job: Program) -> bytes:
    """Return the program's folder as a tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        code = job.code.encode("utf-8", "surrogatepass")
        for name, data in {**job.files, "main.py": code, ".stdin": job.stdin}.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def _how(limits: Limits, code: int, texts: list[str], timed_out: bool) -> tuple[Status, str]:
    last = one_line(texts[1][-2000:].strip().rpartition("\n")[2], 300)
    if any(len(text) > limits.output_bytes for text in texts):
        return "output_limit", f"it wrote more than {limits.output_bytes:,} bytes"
    if timed_out:
        return "timeout", f"it took longer than {limits.wall:g} s"
    if code in (128 + 24, 128 + 9) and not last:  # SIGXCPU; SIGKILL, by the hard limit of CPU time or of memory
        return ("timeout", f"it used more than {limits.cpu_s:g} s of CPU time") if code == 152 else ("memory", "killed")
    if code and last.startswith("MemoryError"):
        return "memory", f"it asked for more than {limits.memory_mb:,} MB"
    if code > 128:
        return "crashed", f"it was ended by signal {code - 128}"
    return ("failed", last or f"it ended with exit code {code}") if code else ("passed", "")
