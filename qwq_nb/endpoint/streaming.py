"""A completion while it is being written."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from qwq_nb.endpoint.reasoning import ReasoningSplitter

__all__ = ["StreamingCompletion"]


@dataclass
class StreamingCompletion:
    """A completion while it is written: read by the view, from another thread, never written there."""

    prefilled: bool | None = None
    splitter: ReasoningSplitter = field(init=False)
    started: float = field(default_factory=time.perf_counter)
    attempt: int = 0
    first_token: float | None = None
    waiting_for_retry: bool = False
    retried: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.splitter = ReasoningSplitter(self.prefilled)

    def begin(self, prefilled: bool | None) -> None:
        """A new attempt: what the last one streamed is dropped."""
        self.attempt += 1
        self.prefilled = prefilled
        self.splitter = ReasoningSplitter(prefilled)
        self.started = time.perf_counter()
        self.first_token = None
        self.waiting_for_retry = False

    @property
    def chunks(self) -> int:
        return self.splitter.reasoning_chunks + self.splitter.answer_chunks
