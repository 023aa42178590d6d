"""Share the requests of a run among its endpoints: which one the next attempt asks, when, and what a failure means.

An attempt goes to the endpoint with the fewest streams for what it may have, or to the one that it names. One that dies
is left out until it answers again (see `circuit_breaker`); only when none is left does the run wait. An outage costs a
sample none of its retries, except that one in flight when the server died is asked again only so often: it may be what
kills it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint import registry
from qwq_nb.endpoint.auto_concurrency import ConcurrencyController
from qwq_nb.endpoint.circuit_breaker import CircuitBreaker, is_away, is_key_refusal, is_quota
from qwq_nb.endpoint.clock import REAL_TIME, Clock
from qwq_nb.endpoint.connection import Connection
from qwq_nb.endpoint.dialects.dialect import Tool
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.retry import RetriedRequest
from qwq_nb.endpoint.server_errors import UnknownModel
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.endpoint.transport import Severed, Unreachable
from qwq_nb.errors import EndpointError, EndpointRefused, OptionError, RequestRejected, UserError, did_you_mean

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
        self,
        endpoint: Endpoint,
        connections: int,
        pace: ConcurrencyController | None,
        changed: Callable[[], None],
        clock: Clock,
    ) -> None:
        self.caller = Connection(endpoint, connections=connections)
        self.breaker = CircuitBreaker(self.caller, changed, label=f"Endpoint {endpoint.name!r}", clock=clock)
        self._clock = clock
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
        return bool(self.caller.answers) or not self.active or self._clock.now() >= self.alone_until


class Pool:
    """Completions of one or more endpoints, for a run: the `Completer` of this process.

    `endpoints` share all requests that name none. A request may name another registered endpoint (an editor beside an
    architect): it is then held by the pool too, and asked by name only, with as many streams as the run has.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        concurrency: int,
        auto: bool = False,
        window_s: float = WINDOW_S,
        clock: Clock = REAL_TIME,
    ) -> None:
        self.concurrency = concurrency
        self.changed: Callable[[], None] = lambda: None
        self._window_s = window_s
        self._clock = clock
        self._event = asyncio.Event()
        self._measuring: asyncio.Task[None] | None = None
        self._timers: set[asyncio.Task[None]] = set()
        self._auto = auto
        self.lanes = [self._held(e, ConcurrencyController(most=concurrency) if auto else None) for e in endpoints]
        """Those that share all requests which name none."""
        self._named: list[PooledEndpoint] = []
        """Those that are only asked by name."""

    def _held(self, endpoint: Endpoint, pace: ConcurrencyController | None) -> PooledEndpoint:
        return PooledEndpoint(endpoint, self.concurrency, pace, self.wake, self._clock)

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
        for timer in self._timers:
            timer.cancel()
        for lane in self._all():
            await lane.breaker.aclose()
            await lane.caller.aclose()

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        repeat: int = 0,
        live: StreamingCompletion | None = None,
        endpoint: str | None = None,
        tools: Sequence[Tool] = (),
    ) -> Completion:
        """Return one completion, from whichever endpoint has the fewest streams, or from the one that is named.

        Raises:
            EndpointRefused: no endpoint is left that would answer any request.
            EndpointError: this one is given up on; `live` keeps its partial text.
            OptionError: there is no endpoint of that name; the message has the nearest one.
            UserError: the key's environment variable is not set.
        """
        lanes = self.lanes if endpoint is None else [self._named_lane(endpoint)]
        live = live or StreamingCompletion()
        return await PooledRequest(self, lanes, messages, repeat, live, tools=tools, clock=self._clock).run()

    def _named_lane(self, name: str) -> PooledEndpoint:
        """The endpoint of that name: of the run, or of those that are registered in this kernel."""
        known = {lane.caller.endpoint.name: lane for lane in self._all()}
        if name not in known:
            registered = registry.endpoints()
            if name not in registered:
                hint = did_you_mean(name, [*known, *registered])
                raise OptionError(f"No endpoint of this run, and none that is set, is named {name!r}.{hint}")
            known[name] = self._held(registered[name], None)
            self._named.append(known[name])
        return known[name]

    def _all(self) -> list[PooledEndpoint]:
        return [*self.lanes, *self._named]

    # -- what is seen, and told ----------------------------------------------------------------------------------

    @property
    def limit(self) -> int:
        """Streams allowed at once now."""
        if not self._auto:
            return self.concurrency
        return min(self.concurrency, sum(lane.pace.limit for lane in self.serving() if lane.pace)) or 1

    @property
    def waiting(self) -> str:
        """Why nothing is asked, and what there is to do; empty as long as one endpoint serves.

        One that is asked by name is waited for even if others serve.
        """
        away = [] if self.serving() else self.lanes
        return " ".join(lane.breaker.waiting for lane in [*away, *self._named] if lane.breaker.waiting)

    @property
    def notes(self) -> list[str]:
        """Sentences on outages: those that are over, and those of endpoints that others stand in for."""
        found = [note for lane in self._all() for note in lane.breaker.history]
        for lane in self.lanes:
            if lane.breaker.lost is not None and len(self.lanes) > 1:
                found.append(f"Not asked any more: {lane.breaker.lost}")
        return found

    def serving(self) -> list[PooledEndpoint]:
        return [lane for lane in self.lanes if not lane.breaker.is_open]

    def hurry(self) -> None:
        """Ask every endpoint that is away at once whether it is there again."""
        for lane in self._all():
            lane.breaker.hurry()

    def wake(self) -> None:
        """Something has changed: let all who wait look again."""
        event, self._event = self._event, asyncio.Event()
        event.set()
        self.changed()

    # -- for requests --------------------------------------------------------------------------------------------

    async def lane(self, lanes: Sequence[PooledEndpoint], live: StreamingCompletion) -> PooledEndpoint:
        """Wait for a free one of these endpoints and take it for an attempt; `release()` gives it back."""
        while True:
            free = [lane for lane in lanes if lane.is_free()]
            if free:
                lane = min(free, key=lambda lane: lane.load)
                if not lane.caller.answers and not lane.active:
                    lane.alone_until = self._clock.now() + ALONE_S
                    self._wake_after(ALONE_S)
                    lane.caller.on_answer = self.wake
                lane.active += 1
                return lane
            lost = [lane.breaker.lost for lane in lanes if lane.breaker.lost]
            if len(lost) == len(lanes):
                raise lost[-1]
            live.waiting_for_retry = live.attempt > 0
            await self._event.wait()

    def release(self, lane: PooledEndpoint) -> None:
        lane.active -= 1
        self.wake()

    def _wake_after(self, seconds: float) -> None:
        async def later() -> None:
            await self._clock.sleep(seconds)
            self.wake()

        timer = asyncio.create_task(later())
        self._timers.add(timer)
        timer.add_done_callback(self._timers.discard)

    async def _measure(self) -> None:
        """Tell each pace what its endpoint did, window by window."""
        before = {id(lane): lane.caller.pieces for lane in self.lanes}
        while True:
            began, streams, looks = self._clock.now(), [0] * len(self.lanes), 10
            for _ in range(looks):
                await self._clock.sleep(self._window_s / looks)
                streams = [total + lane.active for total, lane in zip(streams, self.lanes, strict=True)]
            seconds = self._clock.now() - began
            for lane, total in zip(self.lanes, streams, strict=True):
                caller, pieces = lane.caller, before[id(lane)]
                before[id(lane)] = caller.pieces
                waits, caller.first_waits = caller.first_waits, []
                if lane.pace is not None and not lane.breaker.is_open:
                    lane.pace.window((caller.pieces - pieces) / seconds, waits, total / looks)
            self.wake()


class PooledRequest(RetriedRequest):
    """A request whose attempts may go to several endpoints, and which tells an outage from a fault of its own."""

    def __init__(
        self,
        pool: Pool,
        lanes: Sequence[PooledEndpoint],
        messages: Sequence[Message],
        repeat: int,
        live: StreamingCompletion,
        **more: Any,
    ) -> None:
        super().__init__(lanes[0].caller, messages, repeat, live, **more)
        self.pool = pool
        self.lanes = lanes
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
        self._lane = lane = await self.pool.lane(self.lanes, self.live)
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
        return next(lane for lane in self.lanes if lane.caller is self.caller)

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
        self.lane.breaker.open(error)
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
            breaker.open(error)
            await breaker.examined()
        if breaker.outages == self._outages:
            raise RequestRejected(f"The server refuses this request alone. {error}", status=error.status)
        self._at_once = True
        return True

    async def _refused(self, error: EndpointRefused) -> bool:
        """By an endpoint that would refuse every other request too: the others go on without it."""
        if len(self.lanes) == 1:
            return False
        if isinstance(error, UnknownModel):
            error = await self.caller.explained(error)
        self.lane.breaker.give_up(error)
        self._at_once = True
        return True
