"""Retry one completion with exponential backoff, `Retry-After` and a deadline."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.clock import REAL_TIME, Clock
from qwq_nb.endpoint.connection import Connection
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.server_errors import UnknownModel
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointError, StreamInterrupted

__all__ = ["RetriedRequest"]

T = TypeVar("T")

LONGEST_WAIT = 300.0
"""Seconds: a server that asks for a longer pause by Retry-After is asked again after this."""
LONGEST_BACKOFF = 60.0
"""Seconds: up to here the wait doubles with each retry."""
EMPTY_RETRIES = 2
"""An empty completion is asked again this often; then it counts as what the model has to say."""


class RetriedRequest:
    """One completion of one endpoint, with its retries. `pool` has a kind that knows of several, and of outages."""

    def __init__(
        self,
        caller: Connection,
        messages: Sequence[Message],
        repeat: int,
        live: StreamingCompletion,
        *,
        tools: Sequence[Tool] = (),
        clock: Clock = REAL_TIME,
    ) -> None:
        self.caller = caller
        self.messages = messages
        self.repeat = repeat
        self.live = live
        self.tools = tools
        self.clock = clock
        self.attempts_used = 0
        """Attempts that failed and count against `--max-retries`."""
        self.failures = 0
        """All that failed."""
        self._seconds = 0.0

    async def run(self) -> Completion:
        """The completion.

        Raises:
            EndpointError: the last attempt's failure; `live` keeps its partial text.
            UserError: the key's environment variable is not set.
        """
        empty = 0
        while True:
            await self.choose()
            try:
                completion = await self._within_deadline(self.ask())
                if is_empty(completion) and empty < min(EMPTY_RETRIES, self.caller.endpoint.max_retries):
                    empty += 1
                    raise StreamInterrupted("The server finished without any text.", retryable=True)
                break
            except EndpointError as exc:
                # Judged before the place is given back: what every request would meet is met once.
                error = await self._judged(exc)
            finally:
                self.release()
            self.live.retried.append(str(error))
            self.live.waiting_for_retry = True
            await self.pause(error)
        completion.attempts = self.live.attempt
        completion.retried = self.live.retried
        return completion

    async def _judged(self, error: EndpointError) -> EndpointError:
        """`error`, after which there is another attempt; it is raised where there is none."""
        self.failures += 1
        if not await self.is_outage(error):
            if isinstance(error, UnknownModel):
                raise await self.caller.explained(error) from None
            if not error.retryable:
                raise error
            self.attempts_used += 1
            if self.attempts_used > self.caller.endpoint.max_retries and not await self.is_forgiven(error):
                raise error
        return error

    # -- what a pool does otherwise ------------------------------------------------------------------------------

    async def ask(self) -> Completion:
        """One attempt."""
        return await self.caller.attempt(self.messages, self.repeat, self.live, self.tools)

    async def choose(self) -> None:
        """Wait until an attempt may begin, and settle which endpoint it asks."""

    def release(self) -> None:
        """The attempt is over."""

    async def is_outage(self, error: EndpointError) -> bool:
        """Whether an attempt that failed so counts for nothing. May raise what ends the trial."""
        return False

    async def is_forgiven(self, error: EndpointError) -> bool:
        """Whether there is another chance after the last attempt."""
        return False

    async def pause(self, error: EndpointError) -> None:
        await self._within_deadline(self.clock.sleep(self.wait_after(error)))

    # -- time ----------------------------------------------------------------------------------------------------

    def wait_after(self, error: EndpointError) -> float:
        """Seconds to the next attempt: doubling, with jitter; a server's own wish is a lower bound."""
        first = self.caller.endpoint.backoff
        doubled = min(first * 2.0 ** min(self.failures - 1, 30), max(LONGEST_BACKOFF, first))
        backoff = doubled + random.uniform(0, first)
        # Jitter on top of the wish keeps the streams from coming back all at once.
        return backoff if error.retry_after is None else min(error.retry_after, LONGEST_WAIT) + backoff / 4

    async def _within_deadline(self, work: Coroutine[Any, Any, T]) -> T:
        """`work`, on the time that `--deadline` leaves. Waiting for an endpoint that is away takes none of it."""
        deadline = self.caller.endpoint.deadline
        if deadline is None:
            return await work
        began = self.clock.now()
        try:
            return await asyncio.wait_for(work, max(0.001, deadline - self._seconds))
        except (asyncio.TimeoutError, TimeoutError):
            raise StreamInterrupted(
                f"The deadline of {deadline:g} s for one completion passed after {self.live.chunks:,} streamed pieces. "
                f"A longer one is set by --deadline."
            ) from None
        finally:
            self._seconds += self.clock.now() - began


def is_empty(completion: Completion) -> bool:
    said = completion.reasoning or completion.answer or completion.tool_calls
    return not said and completion.finish_reason != "length"
