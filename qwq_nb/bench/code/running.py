"""Give the thread that grades an answer the sandbox to run its code in, and note there where the sandbox itself failed.

evalscope's adapters call the sandbox from within their own functions, which have no parameter for it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from qwq_nb import sandbox

__all__ = ["CodeRun", "ExecutionStopped", "current_run", "use_sandbox"]

_LOCAL = threading.local()


class ExecutionStopped(Exception):
    """Report that the grading was cancelled: nothing more is run for it."""


class CodeRun:
    """Run code for one answer. `fault`: why the sandbox could not run it, in words; empty as long as it could."""

    def __init__(self, box: sandbox.Sandbox, cancelled: Callable[[], bool] = lambda: False) -> None:
        self.fault = ""
        self._box = box
        self._cancelled = cancelled

    @property
    def sandbox_name(self) -> str:
        """Return the name of the sandbox: its layers."""
        return self._box.name

    def run(self, job: sandbox.Program | sandbox.Call) -> sandbox.Execution:
        """Run a program or a call in the sandbox and wait for it.

        Raises:
            ExecutionStopped: the grading was cancelled, before or while it ran.
        """
        if self._cancelled():
            raise ExecutionStopped
        done = self._box.run(job)
        if self._cancelled():
            raise ExecutionStopped
        if done.status == "not_run" and not self.fault:
            self.fault = done.reason or "it gave no reason"
        return done


@contextlib.contextmanager
def use_sandbox(run: CodeRun) -> Iterator[CodeRun]:
    """Make `run` what this thread runs code with during the block."""
    _LOCAL.run = run
    try:
        yield run
    finally:
        _LOCAL.run = None


def current_run() -> CodeRun:
    """Return what this thread runs code with.

    Raises:
        RuntimeError: no sandbox was given to this thread. Code is never run without one.
    """
    found = getattr(_LOCAL, "run", None)
    if not isinstance(found, CodeRun):
        raise RuntimeError("code is run in a sandbox only, and this grading has none")
    return found
