"""Represent an item in flight: its snapshot for the view, and the row that is kept of it if it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from qwq_nb.core.compressed import compressed
from qwq_nb.core.records import Completion, Item, SampleResult, Verdict
from qwq_nb.core.run_record import InFlight
from qwq_nb.endpoint.completer import Completer
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.evaluation.solvers.steps import StepRecorder
from qwq_nb.evaluation.turn_log import SampleTurns

__all__ = ["InFlightItem", "error_result", "is_something", "journal_row", "snapshot"]

TAIL = 300
"""Least number of characters of a stream's end in a snapshot."""


class InFlightItem:
    """Hold an item in flight: what it streams, and the requests that its solver has made so far."""

    __slots__ = ("asked", "item", "live", "tokens", "viewed")

    def __init__(
        self,
        item: Item,
        completer: Completer,
        turns: SampleTurns | None = None,
        grade: Callable[[Completion], Awaitable[Verdict]] | None = None,
    ) -> None:
        """`turns` and `grade`: as for `StepRecorder`."""
        self.item = item
        self.live = StreamingCompletion()
        self.asked = StepRecorder(completer, item.repeat, self.live, turns=turns, grade=grade)
        self.viewed = (0, 0)
        """Characters of reasoning and answer that the view has received."""
        self.tokens: int | None = None
        """Completion tokens by the server's count, once the completion is whole; None before."""


def is_something(completion: Completion) -> bool:
    """Return whether an interrupted sample left any text, or finished steps."""
    return bool(completion.reasoning or completion.answer or completion.steps)


def snapshot(entry: InFlightItem, now: float, *, advance: bool = True) -> InFlight:
    """Return what the view shows of the item: the text since the last call, and the last TAIL characters at least.

    `advance`: the next call begins where this one ends; false for those who look on beside the view.
    `now` is the time of `time.perf_counter()`.
    """
    streaming = entry.live
    reasoning, answer = streaming.reasoning_length(), streaming.answer_length()
    thought_tail = streaming.reasoning_so_far(max(TAIL, reasoning - entry.viewed[0]))
    answer_tail = streaming.answer_so_far(max(TAIL, answer - entry.viewed[1]))
    if advance:
        entry.viewed = (reasoning, answer)
    return InFlight(
        benchmark=entry.item.sample.benchmark,
        subset=entry.item.sample.subset,
        id=entry.item.sample.id,
        repeat=entry.item.repeat,
        tokens=entry.asked.chunks,
        elapsed_s=now - streaming.started,
        phase="retry" if streaming.waiting_for_retry else streaming.phase,
        # Of all steps: a viewer that sees another number begins the text anew.
        attempt=max(1, streaming.begun),
        reasoning_tail=thought_tail,
        reasoning_at=max(0, reasoning - len(thought_tail)),
        answer_tail=answer_tail,
        answer_at=max(0, answer - len(answer_tail)),
    )


def journal_row(kind: str, item: Item, completion: Completion, error: str, *, refused: bool = False) -> dict[str, Any]:
    """Make the journal's row of an item. `kind` is `error` or `partial`, `error` the cause.

    `refused`: as in `SampleResult`.
    """
    return {
        "kind": kind,
        "benchmark": item.sample.benchmark,
        "subset": item.sample.subset,
        "id": item.sample.id,
        "repeat": item.repeat,
        "error": error,
        **({"refused": True} if refused else {}),
        "completion": msgspec.to_builtins(completion),
    }


def error_result(item: Item, completion: Completion, error: str, *, refused: bool) -> SampleResult:
    """Make the result of an item that the endpoint failed at; `completion` is what had come. `refused`: as there."""
    return SampleResult(
        sample=item.sample,
        repeat=item.repeat,
        outcome="error",
        completion=compressed(completion),
        error=error,
        refused=refused,
        flags=["partial"] if is_something(completion) else [],
    )
