"""Say whether files are Python, in a process of its own: a parser may end the process that it is in."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from qwq_nb.core.environment import selected_environment
from qwq_nb.core.execution import middle_cut

__all__ = ["syntax_error"]

_SECONDS: Final = 30
_LONGEST: Final = 1_000
"""Characters of a message: a line of the file stands in it."""

# It compiles and runs nothing. The limits are for texts that are made to take time or memory.
_CHECK: Final = """\
import sys, traceback
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
try:
    compile(sys.stdin.buffer.read(), sys.argv[1], "exec", dont_inherit=True)
except SyntaxError as error:
    said = "".join(traceback.format_exception_only(type(error), error))
except BaseException as error:
    said = f"{type(error).__name__}: {error}"
else:
    said = ""
sys.stdout.buffer.write(said.encode("utf-8", "replace"))
"""


async def syntax_error(files: Mapping[str, str]) -> str:
    """Return why the first of the files that is no Python is none, as Python says it; empty: all are.

    Args:
        files: name → text. Those whose names do not end in `.py` are not looked at.
    """
    for name, text in files.items():
        if name.endswith(".py") and (said := await asyncio.to_thread(_check, name, text)):
            return said
    return ""


def _check(name: str, text: str) -> str:
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", _CHECK, name],
            input=text.encode("utf-8", "replace"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=selected_environment(os.environ),
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{name} could not be read by Python within {_SECONDS} seconds."
    if ended.returncode:
        return f"{name} could not be read: Python itself ended at it."
    return middle_cut(ended.stdout.decode("utf-8", "replace").strip(), _LONGEST)
