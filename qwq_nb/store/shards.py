"""Divide the items of a plan among shards, and name the directories that they are written in. Pure.

A shard asks a part of a run's items. Every shard makes the whole plan, so that the row numbers of its files are those
of the run, and its rows can be merged into the run's directory as they are (`store.merging`).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from qwq_nb.core.records import Item

__all__ = ["MOST_SHARDS", "Shard", "in_shard", "shard_directory", "shards_folder"]

Shard = tuple[int, int]
"""Number of the shard, from 0, and number of shards."""
MOST_SHARDS: Final = 10_000


def in_shard(items: Sequence[Item], shard: Shard | None) -> list[Item]:
    """Return the items of a shard, in their order; None: all of them.

    Shards are disjoint, hold all items together, and differ by one item at most. Who gets which follows from the
    samples' ids and the repeats alone, not from the order of `items`: a run asks them in another order than its files
    list them.
    """
    if shard is None:
        return list(items)
    number, count = shard
    # CRC-32 spreads neighbours; ids decide between equal sums.
    ranked = sorted((zlib.crc32(f"{i.sample.id}#{i.repeat}".encode()), i.sample.id, i.repeat) for i in items)
    own = {(id_, repeat) for _, id_, repeat in ranked[number::count]}
    return [item for item in items if item.key in own]


def shards_folder(run: Path) -> Path:
    """Return the folder beside a run's directory in which those of its shards lie."""
    return run.with_name(f"{run.name}.shards")


def shard_directory(run: Path, shard: Shard) -> Path:
    """Return the directory of a shard of the run that `run` is the directory of."""
    number, count = shard
    return shards_folder(run) / f"{run.name}-shard-{number}-of-{count}"
