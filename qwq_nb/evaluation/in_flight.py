"""A sample under way: its live snapshot, and the row that is kept of it if it fails."""

from __future__ import annotations

from typing import Any

import msgspec

from qwq_nb.core.records import Completion, Item
from qwq_nb.core.run_record import InFlight
from qwq_nb.endpoint.completer import Completer
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.evaluation.solvers.steps import StepRecorder

__all__ = ["InFlightItem", "journal_row", "snapshot"]

TAIL = 300
"""Characters of a stream's end that the live view gets at least."""


class InFlightItem:
    """A sample under way: what it streams, and the requests that its solver has made so far."""

    __slots__ = ("asked", "item", "live", "tokens", "viewed")

    def __init__(self, item: Item, completer: Completer) -> None:
        self.item = item
        self.live = StreamingCompletion()
        self.asked = StepRecorder(completer, item.repeat, self.live)
        self.viewed = (0, 0)
        """Characters of reasoning and answer that the view has had."""
        self.tokens: int | None = None
        """The server's count, once the completion is whole."""


def snapshot(flight: InFlightItem, now: float) -> InFlight:
    """Return what the view gets of it: what it wrote since the last call, and TAIL characters at least."""
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
        tokens=flight.asked.chunks,
        elapsed_s=now - live.started,
        phase="retry" if live.waiting_for_retry else live.splitter.phase,
        # Of all steps: a viewer that sees another number begins the text anew.
        attempt=max(1, live.begun),
        reasoning_tail=thought_tail,
        reasoning_at=max(0, reasoning - len(thought_tail)),
        answer_tail=answer_tail,
        answer_at=max(0, answer - len(answer_tail)),
    )


def journal_row(kind: str, item: Item, completion: Completion, error: str) -> dict[str, Any]:
    """Return the journal's row of a sample that failed (`error`) or was stopped (`partial`)."""
    return {
        "kind": kind,
        "benchmark": item.sample.benchmark,
        "subset": item.sample.subset,
        "id": item.sample.id,
        "repeat": item.repeat,
        "error": error,
        "completion": msgspec.to_builtins(completion),
    }
