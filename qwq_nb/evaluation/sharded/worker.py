"""Ask a shard of a run on a worker of an executor: `run_shard` is what the kernel submits.

The worker writes the shard's own run directory and nothing else. A shard whose worker died is given to another one,
which goes on where the first one stopped: what was finished is not asked again.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import time
from pathlib import Path
from typing import Final

import msgspec

from qwq_nb.bench.cache import cache_dir
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.code.tests import all_there
from qwq_nb.bench.protocol import LoadedBenchmark
from qwq_nb.core.event_loop import future_result, shared_event_loop
from qwq_nb.errors import OptionError, QwqError, RunLocked, UserError
from qwq_nb.evaluation.asking import Asking
from qwq_nb.evaluation.control import Control
from qwq_nb.evaluation.loading import load_benchmarks
from qwq_nb.evaluation.plan import Plan
from qwq_nb.evaluation.session import Session
from qwq_nb.evaluation.sharded.job import LOADED, PAUSE, STATUS, STOP, ShardEnd, ShardJob, ShardStatus, this_worker
from qwq_nb.store.folder import Folder
from qwq_nb.store.request import EvalRequest
from qwq_nb.trace.measures import MEASURES

__all__ = ["bench_worker", "run_shard"]

LOOK_S: Final = 0.25
STATUS_S: Final = 1.0
LOCKED_S: Final = 1.0
"""Between two looks whether another worker, of a kernel that has ended, is done with the shard."""
STREAMS: Final = 16
"""Streams of which the status has the texts' ends."""
TAIL: Final = 400
"""Characters of these."""

_bench_workers: dict[int, BenchWorker] = {}
"""By process: one that was forked must not write to its parent's."""


def bench_worker() -> BenchWorker:
    """Return the benchmark worker of this process; it starts at the first use, and ends with the process."""
    return _bench_workers.setdefault(os.getpid(), BenchWorker())


def run_shard(job: bytes) -> bytes:
    """Ask a shard (`ShardJob`) to its end, and return how it ended (`ShardEnd`); both as JSON.

    What a user can cause is in the answer and not raised: what is raised is the worker's own failure, and the shard is
    given to another one.
    """
    try:
        end = ask(msgspec.json.decode(job, type=ShardJob))
    except QwqError as error:
        end = ShardEnd(worker=this_worker(), error=type(error).__name__, message=f"{error} (on {this_worker()})")
    return msgspec.json.encode(end)


def ask(job: ShardJob) -> ShardEnd:
    """Ask a shard to its end.

    Raises:
        QwqError: it cannot be asked here, or its endpoint refuses.
    """
    path = Path(job.path)
    folder = path.parent
    if not (folder / LOADED).is_file():
        raise UserError(
            f"This worker does not see {folder}. The folder of runs must lie on a file system that the kernel and all "
            f"workers share: name one by out."
        )
    for name, target in job.measures.items():
        if MEASURES.target(name) != target:
            MEASURES.register(name, target)
    for endpoint in job.request.all_endpoints:
        endpoint.check_secrets()
    while not (folder / STOP).exists():
        session = Session(job.request, path, job.key, bench_worker(), command=job.command, asking=Shipped(job))
        control = Control(session, shared_event_loop())
        try:
            follow(control, folder)
        except RunLocked:
            # Of a kernel that was killed, or cut off: its worker asks the same, and is not disturbed.
            time.sleep(LOCKED_S)
            continue
        manifest = session.state.manifest
        return ShardEnd(worker=this_worker(), state=manifest.state, notes=manifest.notes)
    return ShardEnd(worker=this_worker(), state="stopped")


class Shipped(Asking):
    """Ask what is left of a shard, of benchmarks that the kernel has loaded."""

    def __init__(self, job: ShardJob) -> None:
        self._job = job

    async def load(self, request: EvalRequest, worker: BenchWorker) -> list[LoadedBenchmark]:
        """Return the benchmarks that lie beside the shards; those whose tests are not on this machine are loaded here.

        Raises:
            QwqError: as `load_benchmarks`.
        """
        found = await asyncio.to_thread(shipped, Path(self._job.path).parent)
        if found is None or not all(all_there(cache_dir(), bench.samples) for bench in found):
            return await load_benchmarks(request, worker)
        return found

    def planned(self, plan: Plan) -> Plan:
        """Return the plan without what the run has answers to already."""
        if plan.hash() != self._job.plan_hash:
            raise OptionError(
                "The problems here are not those of the kernel: evalscope's version, or the problems' file, differs."
            )
        skip = set(self._job.skip)
        return msgspec.structs.replace(plan, items=[item for item in plan.items if item.key not in skip])


def shipped(folder: Path) -> list[LoadedBenchmark] | None:
    """Read the benchmarks that the kernel has put beside the shards; None where they cannot be read."""
    try:
        return msgspec.json.decode((folder / LOADED).read_bytes(), type=list[LoadedBenchmark])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def follow(control: Control, folder: Path) -> None:
    """Wait for a session's end, write down how far it is, and do what the kernel says.

    Raises:
        QwqError: what ended the session.
    """
    session, own, due = control.session, Folder(control.session.directory.path), 0.0
    is_paused = False
    while not control.done:
        if (folder / STOP).exists():
            control.stop()
        if (folder / PAUSE).exists() != is_paused:
            is_paused = not is_paused
            (control.pause if is_paused else control.resume)()
        concurrent.futures.wait([control.future], LOOK_S)
        if session.directory.is_held and (time.monotonic() >= due or control.done):
            write_status(session, own)
            due = time.monotonic() + STATUS_S
    with contextlib.suppress(concurrent.futures.CancelledError):
        future_result(control.future)
    write_status(session, own)


def write_status(session: Session, folder: Folder) -> None:
    """Write down how far a shard is; a disk that takes it no more is told by the shard's own rows."""
    progress, state = session.state.progress(), session.state.manifest.state
    flying = session.state.in_flight()
    status = ShardStatus(
        worker=this_worker(),
        beat=time.monotonic_ns(),
        state=state,
        total=progress.total,
        done=progress.done,
        retries=progress.retries,
        tokens=progress.tokens,
        tokens_per_s=progress.tokens_per_s,
        concurrency=progress.concurrency,
        step=progress.step,
        waiting=progress.waiting,
        streams=len(flying),
        in_flight=[
            msgspec.structs.replace(
                each,
                reasoning_tail=each.reasoning_tail[-TAIL:],
                reasoning_at=each.reasoning_at + max(0, len(each.reasoning_tail) - TAIL),
                answer_tail=each.answer_tail[-TAIL:],
                answer_at=each.answer_at + max(0, len(each.answer_tail) - TAIL),
            )
            for each in flying[:STREAMS]
        ],
    )
    with contextlib.suppress(OSError):
        folder.replace(STATUS, msgspec.json.encode(status))
