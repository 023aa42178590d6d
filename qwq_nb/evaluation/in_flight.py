"""Represent an item in flight: its snapshot for the view, and the partial completion saved if it fails."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from qwq_nb.core.records import Completion, Item
from qwq_nb.core.run_record import InFlight
from qwq_nb.endpoint.streaming import StreamingCompletion

__all__ = ["InFlightItem", "journal_row", "partial", "snapshot"]

TAIL = 300
"""Least number of characters of a stream's end in a snapshot."""


class InFlightItem:
    """Hold an item in flight and its streaming completion."""

    __slots__ = ("item", "live", "tokens", "viewed")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.live = StreamingCompletion()
        self.viewed = (0, 0)
        """Characters of reasoning and answer that the view has had."""
        self.tokens: int | None = None
        """The server's count, once the completion is whole."""


def snapshot(flight: InFlightItem, now: float) -> InFlight:
    """Return what the view shows of the item: the text since the last call, and the last TAIL characters at least.

    `now` is the time of `time.perf_counter()`.
    """
    live = flight.live
    reasoning, answer = live.splitter.reasoning_length(), live.splitter.answer_length()
    thought_tail = live.splitter.reasoning_so_far(max(TAIL, reasoning - flight.viewed[0]))
    answer_tail = live.splitter.answer_so_far(max(TAIL, answer - flight.viewed[1]))
    flight.viewed = (reasoning, answer)
    return InFlight(
        benchmark=flight.item.sample.benchmark,
        subset=flight.item.sample.subset,
        id=flight.item.sample.id,
        repeat=flight.item.repeat,
        tokens=live.chunks,
        elapsed_s=now - live.started,
        phase="retry" if live.waiting_for_retry else live.splitter.phase,
        attempt=max(1, live.attempt),
        reasoning_tail=thought_tail,
        reasoning_at=max(0, reasoning - len(thought_tail)),
        answer_tail=answer_tail,
        answer_at=max(0, answer - len(answer_tail)),
    )


def partial(live: StreamingCompletion) -> Completion:
    """Return the completion of a broken or stopped stream, with the text it had written."""
    split = live.splitter.finish("interrupted")
    return Completion(
        reasoning=split.reasoning,
        answer=split.answer,
        shape=split.shape,
        finish_reason="interrupted",
        reasoning_tokens=live.splitter.reasoning_chunks,
        answer_tokens=live.splitter.answer_chunks,
        ttft_s=live.first_token - live.started if live.first_token else None,
        latency_s=time.perf_counter() - live.started,
        attempts=live.attempt,
        retried=list(live.retried),
    )


def journal_row(kind: str, item: Item, completion: Completion, error: str) -> dict[str, Any]:
    """Make the journal's row of an item. `kind` is `error` or `partial`, `error` the cause."""
    return {
        "kind": kind,
        "benchmark": item.sample.benchmark,
        "subset": item.sample.subset,
        "id": item.sample.id,
        "repeat": item.repeat,
        "error": error,
        "completion": msgspec.to_builtins(completion),
    }
