"""Define what the kernel and the workers of an executor tell each other about a shard, and in which files.

In the folder of a run's shards (`….shards`), which the kernel and all workers see::

    loaded.json               the benchmarks, so that no worker needs the hub; written by the kernel
    qwq_stop, qwq_pause       there while all shards are to stop, or to pause; written by the kernel
    <run>-shard-0-of-2/…      the run directory of a shard; written by its worker alone
    …/qwq_shard.json          how far it is; replaced once a second

No key is in any of them: an endpoint names the variable that holds it.
"""

from __future__ import annotations

import os
import socket
from typing import Final, TypeVar

import msgspec

from qwq_nb.core.run_record import InFlight
from qwq_nb.store.request import EvalRequest

__all__ = ["LOADED", "PAUSE", "STATUS", "STOP", "ShardEnd", "ShardJob", "ShardStatus", "decoded", "this_worker"]

T = TypeVar("T")

LOADED: Final = "loaded.json"
STOP: Final = "qwq_stop"
PAUSE: Final = "qwq_pause"
STATUS: Final = "qwq_shard.json"


class ShardJob(msgspec.Struct, kw_only=True):
    """Ask a worker for a shard."""

    request: EvalRequest
    """With its shard; the URLs are those that the worker asks."""
    path: str
    """The shard's run directory."""
    key: str
    """The run's."""
    plan_hash: str
    command: str = ""
    """The line that goes on with the run."""
    skip: list[tuple[str, int]] = []
    """Samples × repeats that the run has answers to already."""
    measures: dict[str, str] = {}
    """Further measures of the reasoning that the kernel has: name → `package.module:Name`."""


class ShardStatus(msgspec.Struct, kw_only=True):
    """Say how far a shard is, as its worker writes it once a second."""

    worker: str
    """Host and process."""
    beat: int = 0
    """Another one each time that it is written: while it changes, the worker is alive."""
    state: str = "starting"
    total: int = 0
    done: int = 0
    retries: int = 0
    tokens: int = 0
    """Received by this worker, those of streams under way too."""
    tokens_per_s: float = 0.0
    concurrency: int = 0
    step: str = ""
    waiting: str = ""
    streams: int = 0
    in_flight: list[InFlight] = []
    """The oldest of these, with the ends of their texts."""


class ShardEnd(msgspec.Struct, kw_only=True):
    """Say how a shard ended, as the worker returns it."""

    worker: str
    state: str = ""
    error: str = ""
    """Name of the class of `qwq_nb.errors`; empty: none."""
    message: str = ""
    notes: list[str] = []


def this_worker() -> str:
    """Return the name of this worker: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def decoded(content: bytes, kind: type[T]) -> T | None:
    """Decode a message; None where it is none."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return None
