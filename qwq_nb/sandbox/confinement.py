"""Confine a freshly forked process: put on all layers, in the order in which each can still be put on."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import signal
import struct
from typing import Final

from qwq_nb.sandbox.job import Limits
from qwq_nb.sandbox.landlock import ALL, Ruleset
from qwq_nb.sandbox.layers import MOST_THREADS, Layers
from qwq_nb.sandbox.seccomp import architecture, filter_program, forbid_new_privileges, install, libc

__all__ = ["close_memory", "confine", "lift_limits"]

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_KEEPCAPS: Final = 8
CAPABILITY_VERSION: Final = 0x20080522
CAP_DAC_READ_SEARCH: Final = 2


def lift_limits() -> None:
    """Lift the limits that this process was started with as far as it may: they were meant for its parent."""
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (hard, hard))


def limit(limits: Limits, *, alone: bool) -> None:
    """Set the resource limits of this process; `alone`: its user number runs nothing else."""
    with open("/proc/self/statm", encoding="ascii") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    # The exact limit is kept by its parent. The kernel counts by ticks here, on a busy machine much more than it uses.
    cpu = 2 * math.ceil(limits.cpu_s) + 5
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: size + (limits.memory_mb << 20),
        resource.RLIMIT_FSIZE: limits.file_mb << 20,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_MEMLOCK: 1 << 16,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if alone:
        wanted[resource.RLIMIT_NPROC] = MOST_THREADS
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or hard > cpu + 1:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))  # SIGXCPU, and then SIGKILL


def become(c: ctypes.CDLL, uid: int, *, reads_as_root: bool) -> None:
    """Become another user, for good, who has no capability but, if so wished, that of reading. Raises OSError."""
    if reads_as_root:
        c.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    set_capabilities(c, 1 << CAP_DAC_READ_SEARCH if reads_as_root else 0)


def set_capabilities(c: ctypes.CDLL, mask: int) -> None:
    """Keep only some capabilities of this thread. Raises OSError."""
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    data = struct.pack("=IIIIII", mask, mask, 0, 0, 0, 0)
    if c.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


def close_memory() -> None:
    """Close the memory of this process, and of those that it forks, to other processes of the same user."""
    libc().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def confine(layers: Layers, limits: Limits, folder: str, parent: int, slot: int) -> None:
    """Confine this process, freshly forked, for good: it sees its `folder`, and what `layers` lets it read.

    Its descriptors from 4 on are closed. It is killed when the process `parent` ends. Raises OSError.
    """
    c = libc()
    os.setsid()
    os.closerange(4, max(1024, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1 << 20)))
    os.chdir(folder)
    os.umask(0o077)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")  # the first to be killed where memory runs out
    if not layers.is_off:
        limit(limits, alone=layers.uid > 0)
    if layers.uid:
        become(c, layers.uid + slot, reads_as_root=layers.reads_as_root)
    elif not layers.is_off:
        set_capabilities(c, 0)
    die_with(c, parent)
    if layers.is_off:
        return
    forbid_new_privileges(c)
    if layers.landlock:
        rules = Ruleset(c, layers.landlock)
        rules.allow_reading(layers.readable)
        rules.allow(folder, ALL)
        rules.restrict()
    if layers.seccomp:
        machine = architecture()
        if machine is None:
            raise OSError(f"no seccomp filter for {os.uname().machine}")
        install(c, filter_program(machine, os.getpid()))


def die_with(c: ctypes.CDLL, parent: int) -> None:
    """Have this process killed when its parent ends, which may have happened already.

    Comes after any change of the user, which takes it back.
    """
    c.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
