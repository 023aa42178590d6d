"""Render how far each shard is of a run that an executor's workers ask, as html."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qwq_nb.core.run_record import ShardProgress
from qwq_nb.view.clean import one_line
from qwq_nb.view.tables import html_table
from qwq_nb.view.wording import count, number

__all__ = ["shards_html"]

MOST: Final = 24
"""Shards that are drawn: those at work come first where there are more."""
LONGEST: Final = 60
"""Characters of a worker's name, and of what a shard is at."""
HEADS: Final = ("shard", "done", "state", "streams", "tokens/s", "worker")


def shards_html(shards: Sequence[ShardProgress]) -> str:
    """Return a table with a row a shard; empty without any."""
    if not shards:
        return ""
    at_work = [shard for shard in shards if shard.worker and shard.state != "done"]
    # Those at work first: the sort is stable.
    drawn = sorted(sorted(shards, key=lambda s: s not in at_work)[:MOST], key=lambda s: s.number)
    done = sum(shard.state == "done" for shard in shards)
    workers = count(len({shard.worker for shard in at_work}), "worker")
    caption = f"{count(len(shards), 'shard')}: {done:,} done, {workers} at work"
    left = len(shards) - len(drawn)
    more = f"<p>… and {count(left, 'more shard')}</p>\n" if left else ""
    return html_table(caption, HEADS, [_row(shard) for shard in drawn], bare=True) + more


def _row(shard: ShardProgress) -> tuple[str, ...]:
    times = "once" if shard.moved == 1 else f"{shard.moved:,} times"
    moved = f" (taken up again {times})" if shard.moved else ""
    return (
        f"{shard.number:,}",
        f"{shard.done:,} of {shard.total:,}",
        one_line(shard.state, LONGEST),
        f"{shard.in_flight:,}",
        number(shard.tokens_per_s),
        (one_line(shard.worker, LONGEST) + moved) or "–",
    )
