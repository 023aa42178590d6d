"""Confine this process to some folders by Landlock, called through ctypes.

Landlock (Documentation/userspace-api/landlock.rst) restricts which files a process may open and change, and by its ABI
also TCP (4), devices (5), signals and abstract sockets (6). It needs no privilege. What it does not look at, such as
`chmod` and `stat`, the seccomp filter denies or SECURITY.md names. Its system calls have the same numbers everywhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from typing import Final

__all__ = ["Ruleset", "abi_version"]

CREATE_RULESET: Final = 444
ADD_RULE: Final = 445
RESTRICT_SELF: Final = 446
VERSION: Final = 1
"""Flag of `landlock_create_ruleset` that asks for the ABI."""
PATH_BENEATH: Final = 1

WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
REMOVE: Final = 1 << 4 | 1 << 5
MAKE: Final = 1 << 7 | 1 << 8 | 1 << 12
"""Folders, regular files and symbolic links; no device, socket or pipe."""
REFER: Final = 1 << 13
TRUNCATE: Final = 1 << 14

READ: Final = READ_FILE | READ_DIR
ALL: Final = READ | WRITE_FILE | REMOVE | MAKE | REFER | TRUNCATE
OF_FILES: Final = READ_FILE | WRITE_FILE | TRUNCATE
"""Rights that a rule on a file may name; the others are of folders."""

_HANDLED = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""Rights on files by the ABI that they came with: those not granted by a rule are denied. Executing is one of them."""
_TCP: Final = 3
_SCOPES: Final = 3
"""Abstract Unix sockets and signals."""


def abi_version(libc: ctypes.CDLL) -> int:
    """Ask the kernel for the version of Landlock's ABI; 0 where there is none or it is switched off."""
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)))


class Ruleset:
    """Hold rules that a process then restricts itself to; everything that they do not allow is denied."""

    def __init__(self, libc: ctypes.CDLL, abi: int) -> None:
        """`abi`: a version that the kernel has. Raises OSError."""
        self._libc = libc
        self.handled = 0
        for version, rights in _HANDLED:
            self.handled |= rights if abi >= version else 0
        attributes = struct.pack("=QQQ", self.handled, _TCP if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
        attributes = attributes[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
        self._fd = self._called(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)

    def allow(self, path: str | int, rights: int) -> None:
        """Grant rights on all that lies beneath a path, or a descriptor opened with O_PATH. Raises OSError."""
        fd = path if isinstance(path, int) else os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(fd).st_mode):
                rights &= OF_FILES
            rule = struct.pack("=Qi", rights & self.handled, fd)
            self._called(ADD_RULE, self._fd, PATH_BENEATH, rule, 0)
        finally:
            if fd != path:
                os.close(fd)

    def allow_reading(self, paths: Iterable[str]) -> None:
        """Grant reading of those paths that exist."""
        for path in paths:
            with contextlib.suppress(FileNotFoundError, PermissionError, NotADirectoryError):
                self.allow(path, READ)

    def restrict(self) -> None:
        """Restrict this thread, and all that it starts, for good. Raises OSError."""
        self._called(RESTRICT_SELF, self._fd, 0)
        os.close(self._fd)

    def _called(self, *arguments: object) -> int:
        result = int(self._libc.syscall(*arguments))
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"Landlock: {os.strerror(number)}")
        return result
