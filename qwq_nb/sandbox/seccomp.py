"""Deny system calls to this process by a seccomp filter, installed through ctypes.

A filter is a program for the kernel's classic BPF machine (Documentation/userspace-api/seccomp_filter.rst): it sees the
number of a system call and its arguments, not what pointers point to, so it cannot tell paths. It cannot be removed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from typing import Final

from qwq_nb.sandbox.syscalls import ARCHITECTURES, DENIED, LAST_KNOWN, Architecture, number_of

__all__ = ["architecture", "filter_program", "forbid_new_privileges", "install", "libc"]

LOAD: Final = 0x20
EQUAL: Final = 0x15
AT_LEAST: Final = 0x35
ANY_BIT: Final = 0x45
AND: Final = 0x54
RETURN: Final = 0x06

ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
DENY: Final = 0x00050000 | errno.EPERM
MISSING: Final = 0x00050000 | errno.ENOSYS

NUMBER: Final = 0
MACHINE: Final = 4
ARGUMENTS: Final = 16
"""Offsets in `struct seccomp_data`."""

X32: Final = 0x40000000
CLONE_THREAD: Final = 0x00010000
NAMESPACES: Final = 0x7E020080
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWTIME."""
PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38
FCNTL: Final = (*range(8), 36, 37, 38, *range(1030, 1035))
"""Copies, flags, locks, sizes of pipes, seals. The others send signals to processes of choice, or watch files."""
IOCTL: Final = (0x5401, 0x802C542A, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Whether it is a terminal (TCGETS, TCGETS2, TIOCGPGRP, TIOCGWINSZ), how much there is to read (FIONREAD), whether
reading waits and a new program gets it (FIONBIO, FIONCLEX, FIOCLEX). The others change files that are open for reading,
type into the parent's terminal, or ask drivers."""
ACCESS_MODE: Final = 3
AF_UNIX: Final = 1
SOCK_STREAM: Final = 1
SOCK_TYPE: Final = 0xF


def libc() -> ctypes.CDLL:
    """Return the C library, with its error number kept."""
    return ctypes.CDLL(None, use_errno=True)


def architecture() -> Architecture | None:
    """Return the tables' architecture of this process; None for another machine or 32 bits."""
    known = sys.platform.startswith("linux") and sys.maxsize > 2**32 and sys.byteorder == "little"
    return ARCHITECTURES.get(os.uname().machine) if known else None


def filter_program(machine: Architecture, pid: int) -> bytes:
    """Return the filter of the process `pid`, as an array of `struct sock_filter`.

    Beside `DENIED`, it denies:

    - `clone` without CLONE_THREAD or with a new namespace; `clone3`, whose flags it cannot see, does not exist;
    - signals to other processes, by `kill` and `tgkill`;
    - what `fcntl` and `ioctl` do beside `FCNTL` and `IOCTL`;
    - limits and priorities of other processes;
    - `prctl` that takes back the signal at the parent's death, or hides the process from its parent;
    - to open a file with O_TRUNC and without writing, which Landlock lets pass before its ABI 3;
    - pairs of sockets, but for the streams that an asyncio loop wakes itself up with.
    """
    code = _Program(machine)
    code.add(LOAD, MACHINE)
    code.add(EQUAL, machine.audit, 1, 0)
    code.add(RETURN, KILL)
    code.add(LOAD, NUMBER)
    code.add(AT_LEAST, X32, 0, 1)  # the x32 calls of x86-64 have other numbers
    code.add(RETURN, MISSING)
    code.add(AT_LEAST, LAST_KNOWN + 1, 0, 1)
    code.add(RETURN, MISSING)
    for name in ("clone3", "openat2"):
        code.when(name, [(RETURN, MISSING, 0, 0)])
    code.when("clone", [*_argument(0), (ANY_BIT, NAMESPACES, 1, 0), (ANY_BIT, CLONE_THREAD, 1, 0), *_DENY, *_ALLOW])
    for name in ("kill", "tgkill"):
        code.when(name, [*_argument(0), (EQUAL, pid, 1, 0), *_DENY, *_ALLOW])
    code.when("prlimit64", [*_argument(0), (EQUAL, 0, 1, 0), *_DENY, *_ALLOW])
    code.when("setpriority", [*_argument(0), (EQUAL, 0, 0, 2), *_argument(1), (EQUAL, 0, 1, 0), *_DENY, *_ALLOW])
    code.when("prctl", _unless(0, (PR_SET_PDEATHSIG, PR_SET_DUMPABLE)))
    code.when("fcntl", _only(1, FCNTL))
    code.when("ioctl", _only(1, IOCTL))
    for name, flags in (("open", 1), ("openat", 2)):
        looked_at = (AND, ACCESS_MODE | os.O_TRUNC, 0, 0)
        code.when(name, [*_argument(flags), looked_at, (EQUAL, os.O_TRUNC, 0, 1), *_DENY, *_ALLOW])
    code.when(
        "socketpair",
        [
            *_argument(0),
            *((EQUAL, AF_UNIX, 0, 3), *_argument(1), (AND, SOCK_TYPE, 0, 0), (EQUAL, SOCK_STREAM, 1, 0)),
            *(*_DENY, *_ALLOW),
        ],
    )
    for name in DENIED:
        code.when(name, _DENY)
    code.add(RETURN, ALLOW)
    return code.bytes()


Step = tuple[int, int, int, int]
"""Operation, operand, and the steps to jump over if it holds and if not."""

_DENY: list[Step] = [(RETURN, DENY, 0, 0)]
_ALLOW: list[Step] = [(RETURN, ALLOW, 0, 0)]


def _argument(index: int) -> list[Step]:
    """Load the lower half of an argument: all of those looked at are 32 bits wide."""
    return [(LOAD, ARGUMENTS + 8 * index, 0, 0)]


def _unless(index: int, values: tuple[int, ...]) -> list[Step]:
    """Deny the values of an argument."""
    tests = [(EQUAL, value, len(values) - place, 0) for place, value in enumerate(values)]
    return [*_argument(index), *tests, *_ALLOW, *_DENY]


def _only(index: int, values: tuple[int, ...]) -> list[Step]:
    """Allow the values of an argument, and no other."""
    tests = [(EQUAL, value, len(values) - place, 0) for place, value in enumerate(values)]
    return [*_argument(index), *tests, *_DENY, *_ALLOW]


class _Program:
    def __init__(self, machine: Architecture) -> None:
        self._machine = machine
        self._steps: list[Step] = []

    def add(self, operation: int, operand: int, if_true: int = 0, if_false: int = 0) -> None:
        self._steps.append((operation, operand, if_true, if_false))

    def when(self, name: str, steps: list[Step]) -> None:
        """Carry out `steps`, which end with a RETURN, for one system call."""
        number = number_of(name, self._machine)
        if number is not None:
            self.add(EQUAL, number, 0, len(steps))
            self._steps.extend(steps)

    def bytes(self) -> bytes:
        return b"".join(struct.pack("=HBBI", op, yes, no, operand) for op, operand, yes, no in self._steps)


class _Filter(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def forbid_new_privileges(libc: ctypes.CDLL) -> None:
    """Set `no_new_privs`, without which neither filter can be installed. Raises OSError."""
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")


def install(libc: ctypes.CDLL, program: bytes) -> None:
    """Install a filter for the only thread of this process. Raises OSError."""
    held = _Filter(len(program) // 8, program)
    if libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(held), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp filter")
