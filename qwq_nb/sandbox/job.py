"""Define what a sandbox is given to run, and what it reports: `Program`, `Call`, `Limits`, `Execution`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

__all__ = ["CONFINED", "MOST_WANTED", "SANDBOXES", "Call", "Execution", "Limits", "Program", "Status"]

SANDBOXES: Final = ("auto", "landlock", "bwrap", "docker", "off")
"""What may be asked for. `auto` takes the strongest there is, and never `off`."""

MOST_WANTED: Final = 8
"""Files that a program may hand back."""

CONFINED: Final = b"+"
"""The first byte of what a job's process reports: it is confined, and nothing of the job has run before."""

Status = Literal["passed", "failed", "timeout", "memory", "crashed", "output_limit", "not_run"]
"""How a job ended.

passed: with exit code 0, or the function returned. failed: with another exit code, or by an exception. timeout: it used
up its CPU time or its wall time, twice. memory: it asked for more than it may have. crashed: by a signal. output_limit:
it wrote more than it may, to its streams or into files. not_run: the sandbox failed, or the job was stopped; this says
nothing of the program.
"""


@dataclass(frozen=True)
class Limits:
    """Hold what a job may use."""

    cpu_s: float = 10
    """Seconds of CPU time of all its threads."""
    wall_s: float | None = None
    """Seconds from start to end, without those in which others had the processors (where the system counts them); None:
    three times `cpu_s` and 10 more."""
    memory_mb: int = 2048
    """Megabytes (2^20 bytes) of address space beyond what the process has at its start."""
    file_mb: int = 64
    """Megabytes of one file, and of all files in its folder together."""
    output_bytes: int = 1_000_000
    """Bytes of standard output, and of standard error."""
    open_files: int = 64

    @property
    def wall(self) -> float:
        """Return the wall time in seconds."""
        return 3 * self.cpu_s + 10 if self.wall_s is None else self.wall_s

    @property
    def last_wall(self) -> float:
        """Return the seconds after which it is over on the busiest machine."""
        return 10 * self.wall


@dataclass(frozen=True)
class Program:
    """Hold Python source that is run as `__main__`, in a folder of its own."""

    code: str
    stdin: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Files in its folder, by their names, relative to it. The source itself is `main.py`."""
    limits: Limits = Limits()
    wanted: Mapping[str, int] = field(default_factory=dict)
    """Files that are handed back from its folder after its end: the name of each, and the most bytes that it may have.
    They lie in the folder itself, in none below it."""

    def __post_init__(self) -> None:
        """Raises ValueError if a file lies outside the folder, or too much is wanted."""
        for name in self.files:
            if name.startswith("/") or not name or {"", ".", ".."} & set(name.split("/")) or "\0" in name:
                raise ValueError(f"no name of a file in the program's folder: {name!r}")
        for name in self.wanted:
            if name in ("", ".", "..") or "/" in name or "\0" in name:
                raise ValueError(f"no name of a file in the program's folder itself: {name!r}")
        if len(self.wanted) > MOST_WANTED or sum(self.wanted.values()) > self.limits.file_mb << 20:
            raise ValueError(f"at most {MOST_WANTED} files, of {self.limits.file_mb} MB together, are handed back")


@dataclass(frozen=True)
class Call:
    """Hold a call of a function whose module the sandbox has imported before (`warm`)."""

    target: str
    """The function, as in `package.module:function`."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Its keyword arguments, as JSON has them. What it returns is turned into JSON, too."""
    limits: Limits = Limits()


@dataclass(frozen=True)
class Execution:
    """Report how a job ended."""

    status: Status
    exit_code: int | None = None
    """None where it was killed, or did not run."""
    signal: int | None = None
    """The signal that ended it."""
    stdout: str = ""
    stderr: str = ""
    """Both decoded as UTF-8, what is not valid replaced, at most `Limits.output_bytes` bytes of each."""
    value: Any = None
    """What a `Call` returned."""
    seconds: float = 0.0
    """Wall time from the fork to the end, of the attempt that counts."""
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    """Largest resident size of the process, with the modules that it was started with."""
    sandbox: str = ""
    """What it ran in, as in `landlock(7)+seccomp+bwrap`."""
    reason: str = ""
    """A sentence on how it ended; empty where it passed."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Of a program's `wanted` files those that are there: regular files of no more bytes than they may have. The
    program wrote them, and may have written anything."""
