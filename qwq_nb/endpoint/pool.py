"""The endpoints of one run: which one the next attempt asks, when it may, and what a failure says of whom.

With one endpoint or several: an attempt goes to the one with the fewest streams for what it may have. One that dies
is left out until it answers again (see `breaker`); only when none is left does the run wait. An outage costs a sample
none of its retries, except that one in flight when the server died is asked again only so often: it may be what kills
it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.auto_concurrency import ConcurrencyController
from qwq_nb.endpoint.circuit_breaker import CircuitBreaker, is_away, is_key_refusal, is_quota
from qwq_nb.endpoint.connection import Connection
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.retry import RetriedRequest
from qwq_nb.endpoint.server_errors import UnknownModel
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.endpoint.transport import Severed, Unreachable
from qwq_nb.errors import EndpointError, EndpointRefused, RequestRejected, UserError

__all__ = ["Pool"]

ALONE_S = 2.0
"""The first request goes out alone until its headers are there, or so long: a bad key is then met once, not N times.
A server that sends its headers with the first token must not hold up the run."""
FEWEST_OUTAGES = 2
"""Outages that begin with a sample's own request, after which it is given up on, or `--max-retries` if that is more."""
TOO_MANY = frozenset({429, 503, 529})
"""Statuses that say that one stream less would be better."""
WINDOW_S = 2.0
"""Seconds of one measurement, with `--concurrency auto`."""


class PooledEndpoint:
    """One endpoint of the pool."""

    def __init__(
        self, endpoint: Endpoint, connections: int, pace: ConcurrencyController | None, changed: Callable[[], None]
    ) -> None:
        self.caller = Connection(endpoint, connections=connections)
        self.breaker = CircuitBreaker(self.caller, changed, label=f"Endpoint {endpoint.name!r}")
        self.pace = pace
        self.active = 0
        """Requests under way."""
        self.alone_until = 0.0
        """While the first request is out alone."""

    @property
    def load(self) -> float:
        return self.active / self.pace.limit if self.pace else float(self.active)

    def is_free(self) -> bool:
        if self.breaker.is_open or (self.pace is not None and self.active >= self.pace.limit):
            return False
        return bool(self.caller.answers) or not self.active or time.monotonic() >= self.alone_until


class Pool:
    """Completions of one or more endpoints, for a run. `changed` is called when its state changes."""

    def __init__(
        self, endpoints: Sequence[Endpoint], *, concurrency: int, auto: bool = False, window_s: float = WINDOW_S
    ) -> None:
        self.concurrency = concurrency
        self.changed: Callable[[], None] = lambda: None
        self._window_s = window_s
        self._event = asyncio.Event()
        self._measuring: asyncio.Task[None] | None = None
        self._auto = auto
        self.lanes = [
            PooledEndpoint(e, concurrency, ConcurrencyController(most=concurrency) if auto else None, self.wake)
            for e in endpoints
        ]

    async def __aenter__(self) -> Pool:
        if self._auto:
            self._measuring = asyncio.create_task(self._measure())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if self._measuring is not None:
            self._measuring.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._measuring
        for lane in self.lanes:
            await lane.breaker.aclose()
            await lane.caller.aclose()

    async def complete(
        self, messages: list[Message], *, repeat: int = 0, live: StreamingCompletion | None = None
    ) -> Completion:
        """One completion, from whichever endpoint has the fewest streams.

        Raises:
            EndpointRefused: no endpoint is left that would answer any request.
            EndpointError: this one is given up on; `live` keeps its partial text.
            UserError: the key's environment variable is not set.
        """
        return await PooledRequest(self, messages, repeat, live or StreamingCompletion()).run()

    # -- what is seen, and told ----------------------------------------------------------------------------------

    @property
    def limit(self) -> int:
        """Streams allowed at once now."""
        if not self._auto:
            return self.concurrency
        return min(self.concurrency, sum(lane.pace.limit for lane in self.serving() if lane.pace)) or 1

    @property
    def waiting(self) -> str:
        """Why nothing is asked, and what there is to do; empty as long as one endpoint serves."""
        if self.serving():
            return ""
        return " ".join(lane.breaker.waiting for lane in self.lanes if lane.breaker.waiting)

    @property
    def notes(self) -> list[str]:
        """Sentences on outages: those that are over, and those of endpoints that others stand in for."""
        found = [note for lane in self.lanes for note in lane.breaker.history]
        for lane in self.lanes:
            if lane.breaker.lost is not None and len(self.lanes) > 1:
                found.append(f"Not asked any more: {lane.breaker.lost}")
        return found

    def serving(self) -> list[PooledEndpoint]:
        return [lane for lane in self.lanes if not lane.breaker.is_open]

    def hurry(self) -> None:
        """Ask every endpoint that is away at once whether it is there again."""
        for lane in self.lanes:
            lane.breaker.hurry()

    def wake(self) -> None:
        """Something has changed: let all who wait look again."""
        event, self._event = self._event, asyncio.Event()
        event.set()
        self.changed()

    # -- for trials ----------------------------------------------------------------------------------------------

    async def lane(self, live: StreamingCompletion) -> PooledEndpoint:
        """The endpoint for the next attempt, as soon as there is one; the caller gives it back by `release()`."""
        while True:
            free = [lane for lane in self.lanes if lane.is_free()]
            if free:
                lane = min(free, key=lambda lane: lane.load)
                if not lane.caller.answers and not lane.active:
                    lane.alone_until = time.monotonic() + ALONE_S
                    asyncio.get_running_loop().call_later(ALONE_S, self.wake)
                    lane.caller.on_answer = self.wake
                lane.active += 1
                return lane
            lost = [lane.breaker.lost for lane in self.lanes if lane.breaker.lost]
            if len(lost) == len(self.lanes):
                raise lost[-1]
            live.waiting_for_retry = live.attempt > 0
            await self._event.wait()

    def release(self, lane: PooledEndpoint) -> None:
        lane.active -= 1
        self.wake()

    async def _measure(self) -> None:
        """Tell each pace what its endpoint did, window by window."""
        before = {id(lane): lane.caller.pieces for lane in self.lanes}
        while True:
            began, streams, looks = time.perf_counter(), [0] * len(self.lanes), 10
            for _ in range(looks):
                await asyncio.sleep(self._window_s / looks)
                streams = [total + lane.active for total, lane in zip(streams, self.lanes, strict=True)]
            seconds = time.perf_counter() - began
            for lane, total in zip(self.lanes, streams, strict=True):
                caller, pieces = lane.caller, before[id(lane)]
                before[id(lane)] = caller.pieces
                waits, caller.first_waits = caller.first_waits, []
                if lane.pace is not None and not lane.breaker.is_open:
                    lane.pace.window((caller.pieces - pieces) / seconds, waits, total / looks)
            self.wake()


class PooledRequest(RetriedRequest):
    """A trial whose attempts may go to several endpoints, and which knows an outage from a fault of its own."""

    def __init__(self, pool: Pool, messages: list[Message], repeat: int, live: StreamingCompletion) -> None:
        super().__init__(pool.lanes[0].caller, messages, repeat, live)
        self.pool = pool
        self._lane: PooledEndpoint | None = None
        self._outages = 0
        """The endpoint's, when the attempt began."""
        self._heard = self.caller.reads
        self._suspected = 0
        """Attempts that found nobody there, since the last outage."""
        self._amid = 0
        """Outages that an attempt of ours was in the middle of."""
        self._at_once = False

    async def choose(self) -> None:
        self._lane = lane = await self.pool.lane(self.live)
        self.caller = lane.caller
        self._outages = lane.breaker.outages

    async def ask(self) -> Completion:
        try:
            return await super().ask()
        except UserError as exc:
            if not self.caller.answers:
                raise
            # The key's variable was taken away in the middle of the run: as good as a key that has expired.
            raise EndpointRefused(str(exc), status=401) from None

    def release(self) -> None:
        if self._lane is not None:
            self.pool.release(self._lane)
            self._lane = None

    async def pause(self, error: EndpointError) -> None:
        if not self._at_once:
            await super().pause(error)

    @property
    def lane(self) -> PooledEndpoint:
        return next(lane for lane in self.pool.lanes if lane.caller is self.caller)

    async def is_outage(self, error: EndpointError) -> bool:
        self._at_once = False
        lane = self.lane
        if error.status in TOO_MANY and lane.pace is not None:
            lane.pace.refused(lane.active - 1)
        if is_key_refusal(error) and lane.caller.answers:
            return await self._key_refused(error)
        if isinstance(error, EndpointRefused):
            return await self._refused(error)
        if is_away(error):
            lane.breaker.failed(error)
            await lane.breaker.examined()
            return self._is_outage(error)
        heard, self._heard = self._heard, lane.caller.reads
        if not is_quota(error):
            return False
        if lane.caller.streaming > 0 or lane.caller.reads != heard:
            return True  # as long as others are being served, one that is too many has only to wait
        lane.breaker.failed(error)
        await lane.breaker.examined()
        return self._is_outage(error)

    async def is_forgiven(self, error: EndpointError) -> bool:
        """Before a sample is given up on for nobody being there, a ping shows whether that is the sample's fault."""
        if not (is_away(error) or is_quota(error) or isinstance(error, Severed)):
            return False
        self.lane.breaker.close(error)
        await self.lane.breaker.examined()
        return self._is_outage(error)

    def _is_outage(self, error: EndpointError) -> bool:
        if self.lane.breaker.outages == self._outages:
            self._suspected += 1
            return False
        self.attempts_used -= min(self.attempts_used, self._suspected)
        self._suspected, self._at_once = 0, True
        if not (is_quota(error) or (isinstance(error, Unreachable) and error.refused)):
            self._amid += 1
        return self._amid <= max(FEWEST_OUTAGES, self.caller.endpoint.max_retries)

    async def _key_refused(self, error: EndpointError) -> bool:
        """In the middle of a run: an expired key, or a sample that this server refuses with the same status."""
        breaker = self.lane.breaker
        if breaker.outages == self._outages:
            breaker.close(error)
            await breaker.examined()
        if breaker.outages == self._outages:
            raise RequestRejected(f"The server refuses this request alone. {error}", status=error.status)
        self._at_once = True
        return True

    async def _refused(self, error: EndpointRefused) -> bool:
        """By an endpoint that would refuse every other request too: the others go on without it."""
        if len(self.pool.lanes) == 1:
            return False
        if isinstance(error, UnknownModel):
            error = await self.caller.explained(error)
        self.lane.breaker.give_up(error)
        self._at_once = True
        return True
