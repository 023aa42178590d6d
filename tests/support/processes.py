"""Processes and ports of this machine."""

from __future__ import annotations

import re
import socket

import psutil

__all__ = ["descendants", "free_port", "is_gone", "memory_holds"]


def free_port() -> int:
    """A port of the loopback interface that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_gone(pid: int) -> bool:
    """Whether the process has ended. One that has ended but that nobody has waited for yet is gone as well."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def descendants(pid: int, word: str = "") -> list[int]:
    """The processes that a process has started, and these theirs, in whose command a word stands."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        try:
            if word in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child.pid)
        except psutil.NoSuchProcess:
            continue
    return found


def memory_holds(pid: int, word: bytes) -> bool:
    """Whether a word stands anywhere in the memory of a process; False also where this may not be read."""
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
                if match is None:
                    continue
                start, end = int(match[1], 16), int(match[2], 16)
                memory.seek(start)
                if word in memory.read(end - start):
                    return True
    except OSError:
        return False
    return False
