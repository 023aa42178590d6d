"""Start the benchmark worker's process with the environment it may have, and kill it with its children."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Collection, Mapping

from qwq_nb.bench.protocol import LONGEST_LINE
from qwq_nb.core.environment import selected_environment
from qwq_nb.errors import WorkerError

__all__ = ["ended_text", "kill", "start_process", "worker_environment"]

_SETTINGS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DOWNLOAD_TIMEOUT": "10",
    "HF_HUB_ETAG_TIMEOUT": "10",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Environment of the worker, unless the user sets them: quiet libraries without own threads, short time-outs."""


def worker_environment(added: Mapping[str, str], *, hidden: Collection[str]) -> dict[str, str]:
    """Return the environment of a worker: what of this process's it may have, none of `hidden`, and `added`."""
    return {**_SETTINGS, **selected_environment(os.environ, hidden=hidden), **added}


async def start_process(environment: Mapping[str, str], *, grading: bool) -> asyncio.subprocess.Process:
    """Start a worker. Raises WorkerError if it cannot be started.

    `grading` False: it only loads, and has no graders.
    """
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "qwq_nb.bench.worker", *([] if grading else ["--loading"])),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            env=environment,
            start_new_session=True,  # the notebook's interrupt goes to a process group, and not to this one
        )
    except OSError as error:
        raise WorkerError(f"the benchmark worker could not be started: {error}.") from None


def kill(process: asyncio.subprocess.Process) -> None:
    """Kill the process and those it started, suspended ones too. Does nothing if it has ended."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def ended_text(code: int, last: list[str]) -> str:
    """Return the message on a worker that ended by itself; `last`: the last lines of its standard error."""
    ended = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    words = "\n".join(last)
    return f"the benchmark worker ended {ended}." + (f" Its last words:\n{words}" if words else "")
