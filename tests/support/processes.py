"""Processes and ports of this machine."""

from __future__ import annotations

import socket

import psutil

__all__ = ["free_port", "is_gone"]


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
