"""Keep the clips of games, which come from the worker with their verdicts, as files of the run's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from qwq_nb.core.records import Item, Verdict
from qwq_nb.store.clips import save_clip
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["with_clip"]


async def with_clip(verdict: Verdict, item: Item, directory: RunDirectory, note: Callable[[str], None]) -> Verdict:
    """Write the clip of a game into the run's directory, and return the verdict with its path in place of its bytes.

    A clip that cannot be written costs no verdict: `note` gets a sentence.
    """
    execution = verdict.execution
    if not verdict.clip_png or execution is None or execution.game is None:
        return verdict
    file = ""
    try:
        file = await asyncio.to_thread(save_clip, directory, item.sample.id, item.repeat, verdict.clip_png)
    except OSError as exc:
        note(f"A clip could not be written: {exc}")
    game = msgspec.structs.replace(execution.game, clip=file)
    return msgspec.structs.replace(verdict, clip_png=b"", execution=msgspec.structs.replace(execution, game=game))
