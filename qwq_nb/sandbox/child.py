"""Run one job in the process that was forked for it: read what it is, confine the process, run it, end."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import linecache
import os
import signal
import sys
import threading
import types
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from qwq_nb.sandbox.confinement import confine
from qwq_nb.sandbox.job import CONFINED, Limits
from qwq_nb.sandbox.layers import ENVIRONMENT, Layers

__all__ = ["run_job"]

RESULT: Final = 3
"""Descriptor that the process reports to, until a program is run in it."""
MAIN: Final = "main.py"


def run_job(fds: tuple[int, ...], layers: Layers, limits: Limits, folder: str, parent: int, slot: int) -> NoReturn:
    """Run the job in this process, which was forked from a warm one for it; never returns.

    `fds`: what the job is (a file), its input, its output, its error output, and where to report to.
    """
    code = 1
    try:
        with open(fds[0], "rb", closefd=False) as file:
            packed = file.read()
        _place(fds[1:])
        confine(layers, limits, folder, parent, slot)
        job = _unpacked(packed)
        _settle(layers, folder)
        _write_files(job)
        os.write(RESULT, CONFINED)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(RESULT, f"-{type(error).__name__}: {error}".encode())
        os._exit(code)
    try:
        code = _call(job) if "target" in job else _program(job, folder)
    finally:
        os._exit(code)


def _place(fds: tuple[int, ...]) -> None:
    """Make them the descriptors 0 to 3, from copies, since one of them may have such a number already."""
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD, 16) for fd in fds]
    for place, fd in enumerate(copies):
        os.dup2(fd, place)


def _unpacked(packed: bytes) -> dict[str, Any]:
    """Return the header of a job, with its files: their bytes follow the header's line."""
    head, _, rest = packed.partition(b"\n")
    header: dict[str, Any] = json.loads(head)
    files = {}
    for name, size in header.get("files", {}).items():
        files[name], rest = rest[:size], rest[size:]
    header["files"] = files
    return header


def _settle(layers: Layers, folder: str) -> None:
    """Make the interpreter look as if it had just been started in the folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.set_wakeup_fd(-1)
    if not layers.is_off:
        os.environ.clear()
        os.environ.update({"HOME": folder, "TMPDIR": folder, "PWD": folder, **ENVIRONMENT})
    streams = (("stdin", 0, "strict"), ("stdout", 1, "strict"), ("stderr", 2, "backslashreplace"))
    for name, fd, errors in streams:
        # For as long as the process lives, as Python's own are.
        stream = open(fd, "w" if fd else "r", 1 if fd == 2 else -1, "utf-8", errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv[:] = [MAIN]
    gc.enable()


def _write_files(job: Mapping[str, Any]) -> None:
    code = {MAIN: job["code"].encode("utf-8", "surrogatepass")} if "code" in job else {}
    for name, content in {**job["files"], **code}.items():
        if "/" in name:
            os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "wb") as file:
            file.write(content)


def _call(job: Mapping[str, Any]) -> int:
    module, _, function = job["target"].partition(":")
    try:
        value = getattr(importlib.import_module(module), function)(**job["arguments"])
        report, code = {"value": value}, 0
        line = json.dumps(report)
    except BaseException as error:
        line, code = json.dumps({"error": type(error).__name__}), 1
        _print_error(error)
    _flush()
    data = line.encode()
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(RESULT, data) :]
    return code


def _program(job: Mapping[str, Any], folder: str) -> int:
    os.close(RESULT)
    sys.path.insert(0, folder)
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=os.path.join(folder, MAIN), __builtins__=__builtins__)
    sys.modules["__main__"] = module
    linecache.clearcache()
    try:
        exec(compile(job["code"], MAIN, "exec", dont_inherit=True), module.__dict__)
        code = 0
    except BaseException as error:
        code = _ended(error)
    return max(code, _finish(module))


def _ended(error: BaseException) -> int:
    """Return the exit code of a program that ended by an exception, as Python itself would."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    _print_error(error)
    return 1


def _print_error(error: BaseException) -> None:
    """Print a traceback without the frames of this module, as Python does: quickly also if there are a million."""
    with contextlib.suppress(BaseException):
        seen = error.__traceback__
        while seen is not None and seen.tb_frame.f_globals.get("__name__") == __name__:
            seen = seen.tb_next
        sys.excepthook(type(error), error.with_traceback(seen), seen)


def _finish(module: types.ModuleType) -> int:
    """Do what Python does at a program's end: wait for its threads, call what it registered, write what is left."""
    try:
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join()
        atexit._run_exitfuncs()
    except BaseException as error:
        return _ended(error)
    code = _flush()
    if threading.active_count() == 1:
        module.__dict__.clear()  # its open files are written and closed
        gc.collect()
    return max(code, _flush())


def _flush() -> int:
    code = 0
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception:
            code = 120  # as Python's own
    return code
