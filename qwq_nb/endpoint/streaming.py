"""Hold a completion while it is written, for viewers on other threads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from qwq_nb.endpoint.reasoning import ReasoningSplitter
from qwq_nb.endpoint.tool_calls import ToolCallMerger

__all__ = ["StreamingCompletion"]


@dataclass
class StreamingCompletion:
    """Hold a completion while it is streamed. The view reads it from another thread and never writes to it.

    A solver of several steps uses one for all of them: it shows the present step, and counts the earlier ones.
    Times are of `time.perf_counter`, in seconds.
    """

    prefilled: bool | None = None
    splitter: ReasoningSplitter = field(init=False)
    started: float = field(default_factory=time.perf_counter)
    """When the present attempt began."""
    attempt: int = 0
    """Number of the present step's attempt, from 1; 0 before the first."""
    first_token: float | None = None
    waiting_for_retry: bool = False
    retried: list[str] = field(default_factory=list)
    """Why earlier attempts of the present step did not count, one line each."""
    tools: ToolCallMerger | None = None
    """The tool calls of the present attempt, as far as they have come; None: none has."""
    tool_chunks: int = 0
    """Deltas with tool calls and no text, of the present attempt."""
    begun: int = 0
    """Attempts of all steps so far: when it changes, a new text has begun."""
    earlier_chunks: int = 0
    """Deltas of the steps before the present one."""
    earlier_retries: int = 0
    """Attempts that did not count, of the steps before the present one."""

    def __post_init__(self) -> None:
        self.splitter = ReasoningSplitter(self.prefilled)

    def begin(self, prefilled: bool | None) -> None:
        """Begin a new attempt and drop the text of the last one. `prefilled`: as for `ReasoningSplitter`."""
        self.attempt += 1
        self.begun += 1
        self.prefilled = prefilled
        self.splitter = ReasoningSplitter(prefilled)
        self.tools, self.tool_chunks = None, 0
        self.started = time.perf_counter()
        self.first_token = None
        self.waiting_for_retry = False

    def next_step(self) -> None:
        """Begin another request of the same sample. The last one's deltas are counted; the solver keeps its text."""
        self.earlier_chunks, self.earlier_retries = self.total_chunks, self.retries
        self.splitter = ReasoningSplitter(self.prefilled)
        self.tools, self.tool_chunks, self.attempt = None, 0, 0
        self.retried = []
        self.first_token = None
        self.waiting_for_retry = False

    @property
    def phase(self) -> Literal["waiting", "reasoning", "answer"]:
        """Return what is being written: a tool call is part of the answer."""
        return self.splitter.phase if self.tools is None else "answer"

    def reasoning_length(self) -> int:
        """Return the characters of reasoning so far."""
        return self.splitter.reasoning_length()

    def reasoning_so_far(self, tail: int) -> str:
        """Return the last `tail` characters of the reasoning so far."""
        return self.splitter.reasoning_so_far(tail)

    def answer_length(self) -> int:
        """Return the characters of the answer so far, tool calls included."""
        return self.splitter.answer_length() + (0 if self.tools is None else self.tools.shown_length)

    def answer_so_far(self, tail: int) -> str:
        """Return the last `tail` characters of the answer so far, tool calls included: they stand at its end."""
        calls = "" if self.tools is None else self.tools.text_so_far(tail)
        return self.splitter.answer_so_far(tail - len(calls)) + calls if len(calls) < tail else calls

    @property
    def chunks(self) -> int:
        """Return the number of deltas with text or tool calls of the present attempt."""
        return self.splitter.reasoning_chunks + self.splitter.answer_chunks + self.tool_chunks

    @property
    def total_chunks(self) -> int:
        """Return the number of deltas of the present attempt and of the steps before it."""
        return self.earlier_chunks + self.chunks

    @property
    def retries(self) -> int:
        """Return the number of attempts that did not count, over all steps."""
        return self.earlier_retries + max(0, self.attempt - 1)
