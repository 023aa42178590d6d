"""Define how long a task of the worker may take: one that its disk leaves hanging must not hold up those behind it."""

from __future__ import annotations

import math

import msgspec

from qwq_nb.bench.protocol import LoadRequest, Request, decode

__all__ = ["READ_LIMIT_S", "WRITE_LIMIT_S", "task_limit"]

WRITE_LIMIT_S = 300.0
"""Seconds for writing files of a run: they take tenths of one."""
READ_LIMIT_S = 900.0
"""Seconds for reading the user's data."""


def task_limit(request: Request) -> float:
    """Return the seconds that a task may take; infinity for a download, and for a registered benchmark's own loading.

    The run says meanwhile that it is loading, and stops when it is told to.
    """
    if request.op != "load":
        return WRITE_LIMIT_S
    try:
        wanted = decode(request.body, LoadRequest)
    except msgspec.ValidationError:
        return WRITE_LIMIT_S  # it fails when it is carried out, with the reason
    return READ_LIMIT_S if wanted.data is not None and wanted.source is None else math.inf
