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
"""Seconds between attempts at most, where a server asks for a longer pause by Retry-After."""
LONGEST_BACKOFF = 60.0
"""Seconds up to which the wait doubles with each retry."""
EMPTY_RETRIES = 2
"""Retries of an empty completion; after them it counts as the model's answer."""


class RetriedRequest:
    """Request one completion from one endpoint, with retries. `PooledRequest` adds several endpoints and outages."""

    def __init__(
        self,
        connection: Connection,
        messages: Sequence[Message],
        repeat: int,
        live: StreamingCompletion,
        *,
        tools: Sequence[Tool] = (),
        clock: Clock = REAL_TIME,
    ) -> None:
        self.connection = connection
        self.messages = messages
        self.repeat = repeat
        self.live = live
        self.tools = tools
        self.clock = clock
        self.attempts_used = 0
        """Failed attempts that count against `--max-retries`."""
        self.failures = 0
        """All failed attempts."""
        self._seconds = 0.0

    async def run(self) -> Completion:
        """Return the completion, after as many attempts as it takes.

        Raises:
            EndpointError: the last attempt's failure; `live` keeps its partial text.
            UserError: the key's environment variable is not set.
        """
        empty = 0
        while True:
            await self.choose()
            try:
                completion = await self._within_deadline(self.ask())
                if is_empty(completion) and empty < min(EMPTY_RETRIES, self.connection.endpoint.max_retries):
                    empty += 1
                    raise StreamInterrupted("The server finished without any text.", retryable=True)
                break
            except EndpointError as exc:
                # Judged before the slot is released: an error that every request would meet is met once.
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
        """Return `error` if another attempt follows; raise it if none does."""
        self.failures += 1
        if not await self.is_outage(error):
            if isinstance(error, UnknownModel):
                raise await self.connection.explained(error) from None
            if not error.retryable:
                raise error
            self.attempts_used += 1
            if self.attempts_used > self.connection.endpoint.max_retries and not await self.is_forgiven(error):
                raise error
        return error

    # -- what a pool does otherwise ------------------------------------------------------------------------------

    async def ask(self) -> Completion:
        """Make one attempt."""
        return await self.connection.attempt(self.messages, self.repeat, self.live, self.tools)

    async def choose(self) -> None:
        """Wait until an attempt may begin, and choose its endpoint. Here: nothing."""

    def release(self) -> None:
        """Release what `choose` took, after an attempt. Here: nothing."""

    async def is_outage(self, error: EndpointError) -> bool:
        """Return whether a failure does not count against the retries. May raise the error that ends the request."""
        return False

    async def is_forgiven(self, error: EndpointError) -> bool:
        """Return whether another attempt is allowed after the last one."""
        return False

    async def pause(self, error: EndpointError) -> None:
        """Wait before the next attempt, within the deadline."""
        await self._within_deadline(self.clock.sleep(self.wait_after(error)))

    # -- time ----------------------------------------------------------------------------------------------------

    def wait_after(self, error: EndpointError) -> float:
        """Return the seconds to the next attempt: doubling, with jitter; a server's Retry-After is a lower bound."""
        first = self.connection.endpoint.backoff
        doubled = min(first * 2.0 ** min(self.failures - 1, 30), max(LONGEST_BACKOFF, first))
        backoff = doubled + random.uniform(0, first)
        # Jitter on top of the wish keeps the streams from coming back all at once.
        return backoff if error.retry_after is None else min(error.retry_after, LONGEST_WAIT) + backoff / 4

    async def _within_deadline(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work` within the time left of `--deadline`. Waiting for an endpoint that is away does not count."""
        deadline = self.connection.endpoint.deadline
        if deadline is None:
            return await work
        began = self.clock.now()
        try:
            return await asyncio.wait_for(work, max(0.001, deadline - self._seconds))
        except (asyncio.TimeoutError, TimeoutError):
            raise StreamInterrupted(
                f"The deadline of {deadline:g} s for one completion passed after {self.live.chunks:,} streamed chunks. "
                f"A longer one is set by --deadline."
            ) from None
        finally:
            self._seconds += self.clock.now() - began


def is_empty(completion: Completion) -> bool:
    """Return whether a completion has no text and no tool call, though no token limit cut it."""
    return not completion.reasoning and not completion.answer and not completion.is_truncated
