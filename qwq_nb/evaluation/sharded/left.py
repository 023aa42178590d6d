"""Take up what shards of a run have written that its kernel had no time to collect: it was killed, or the executor.

So the ordinary line goes on with a run whichever way its shards ended: nothing that is finished is asked again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from qwq_nb.core.compressed import compressed
from qwq_nb.core.records import Completion, SampleResult
from qwq_nb.errors import QwqError
from qwq_nb.evaluation.plan import Plan
from qwq_nb.evaluation.sharded.collect import Collector
from qwq_nb.evaluation.sharded.job import LOADED, STOP
from qwq_nb.store.folder import Folder
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.shards import shards_folder

__all__ = ["end_shards", "take_left", "wait_for_end"]

Key = tuple[str, int]

LEFT_S: Final = 15.0
"""Seconds that shards have to stop that a kernel left behind."""
LOOK_S: Final = 0.2


def take_left(
    directory: RunDirectory, plan: Plan, model: str, done: dict[Key, SampleResult], ungraded: dict[Key, Completion]
) -> tuple[dict[Key, SampleResult], dict[Key, Completion]]:
    """End what is left of a run's shards and append what they have to the run; return all that it has then.

    Shards that are no executor's are left alone: `merge_runs` takes them.

    Raises:
        QwqError: a shard is being asked, and does not stop.
    """
    folder = shards_folder(directory.path)
    if len(done) == len(plan.items) or not (folder / LOADED).is_file():
        return done, ungraded
    end_shards(Folder(folder), None)
    collector = Collector(directory, folder, plan.items, plan.repeats, model)
    found = collector.look({**done, **dict.fromkeys(ungraded)})
    whole = collector.take_ungraded(found)
    for file, rows in found.rows.items():
        directory.append_all(file, rows)
    return {**done, **found.results}, {**ungraded, **{key: compressed(each) for key, each in whole.items()}}


def end_shards(folder: Folder, kept: Iterable[str] | None) -> None:
    """Stop shards in a folder that are still being asked, but for those whose directories are `kept`, and wait for it.

    Raises:
        QwqError: one does not stop.
    """
    names = set(folder.names(".", folders=True)) - set(kept or ())
    others = [RunDirectory(folder.path / name) for name in sorted(names)]
    if still_asked(others):
        folder.replace(STOP, b"")
        if busy := wait_for_end(others, LEFT_S):
            what = "another division of this run" if kept is not None else "a worker of the executor that had the run"
            raise QwqError(f"{busy[0]} is still being asked, by {what}: wait for it, or end it there.")


def still_asked(directories: Iterable[RunDirectory]) -> list[str]:
    """Return the names of those directories that some process writes now."""
    return [directory.path.name for directory in directories if directory.is_locked()]


def wait_for_end(directories: list[RunDirectory], seconds: float) -> list[str]:
    """Wait until nobody writes the directories, for some seconds at most; return the names of those still written."""
    end = time.monotonic() + seconds
    while (busy := still_asked(directories)) and time.monotonic() < end:
        time.sleep(LOOK_S)
    return busy
