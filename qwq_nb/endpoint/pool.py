"""Share the requests of a run among its endpoints, choose one for each attempt, and tell outages from failed requests.

An attempt goes to the least loaded endpoint (active streams over its limit), or to the one that the request names. One
that is down gets no requests until it answers again (see `circuit_breaker`). An outage costs a sample no retry; a
request that was active when its server went down is repeated a limited number of times, since it may be the cause.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint import registry
from qwq_nb.endpoint.auto_concurrency import START, ConcurrencyController
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
"""Seconds at most during which the first request is sent alone, so that a bad key is met once, not N times."""
FEWEST_OUTAGES = 2
"""Outages during a sample's own request after which the sample fails, or `--max-retries` if that is more."""
TOO_MANY = frozenset({429, 503, 529})
"""Statuses that ask for fewer concurrent streams."""
WINDOW_S = 2.0
"""Seconds of one throughput window, with `--concurrency auto`."""


class PooledEndpoint:
    """Hold one endpoint of the pool: its connection, circuit breaker, concurrency controller and load."""

    def __init__(
        self,
        endpoint: Endpoint,
        connections: int,
        controller: ConcurrencyController | None,
        changed: Callable[[], None],
        clock: Clock,
    ) -> None:
        self.connection = Connection(endpoint, connections=connections)
        self.breaker = CircuitBreaker(self.connection, changed, label=f"Endpoint {endpoint.name!r}", clock=clock)
        self._clock = clock
        self.controller = controller
        self._changed = changed
        self.connection.on_first_token = self._first_token
        self.active = 0
        """Attempts in progress."""
        self.alone_until = 0.0
        """Clock time until which the first request stays alone."""

    def _first_token(self, waited: float) -> None:
        if self.controller is not None and self.controller.began(waited, len(self.connection.writing)):
            self._changed()

    @property
    def load(self) -> float:
        """Return the active streams as a share of the controller's limit; without a controller their number."""
        return self.active / self.controller.limit if self.controller else float(self.active)

    def is_free(self) -> bool:
        """Return whether an attempt may begin: breaker closed, limit not reached, first request not alone."""
        if self.breaker.is_open or (self.controller is not None and self.active >= self.controller.limit):
            return False
        return bool(self.connection.answers) or not self.active or self._clock.now() >= self.alone_until


class Pool:
    """Request completions from one or more endpoints for a run: the `Completer` of this process.

    `endpoints` share all requests that name none. A request may name another endpoint (an editor beside an architect),
    one of `named` or a registered one: it is then used by name only, with as many streams as the run has.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        concurrency: int,
        auto: bool = False,
        start: int = START,
        window_s: float = WINDOW_S,
        clock: Clock = REAL_TIME,
        named: Sequence[Endpoint] = (),
    ) -> None:
        self.concurrency = concurrency
        self.changed: Callable[[], None] = lambda: None
        self._window_s = window_s
        self._clock = clock
        self._event = asyncio.Event()
        self._measuring: asyncio.Task[None] | None = None
        self._timers: set[asyncio.Task[None]] = set()
        self._auto = auto
        self.endpoints = [
            self._pooled(e, ConcurrencyController(start, concurrency) if auto else None) for e in endpoints
        ]
        """Pooled endpoints that share all requests which name none."""
        self._named = [self._pooled(e, None) for e in named]
        """Pooled endpoints that are used by name only."""

    def _pooled(self, endpoint: Endpoint, controller: ConcurrencyController | None) -> PooledEndpoint:
        return PooledEndpoint(endpoint, self.concurrency, controller, self.wake, self._clock)

    async def __aenter__(self) -> Pool:
        if self._auto:
            self._measuring = asyncio.create_task(self._measure())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop measuring, timers and pings, and close all connections."""
        if self._measuring is not None:
            self._measuring.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._measuring
        for timer in self._timers:
            timer.cancel()
        for pooled in self._all():
            await pooled.breaker.aclose()
            await pooled.connection.aclose()

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        repeat: int = 0,
        live: StreamingCompletion | None = None,
        endpoint: str | None = None,
        tools: Sequence[Tool] = (),
    ) -> Completion:
        """Return one completion, from the least loaded endpoint, or from the one named by `endpoint`.

        Raises:
            EndpointRefused: no endpoint is left that would answer any request.
            EndpointError: the last attempt failed; `live` keeps its partial text.
            OptionError: there is no endpoint of that name; the message has the nearest one.
            UserError: the key's environment variable is not set.
        """
        endpoints = self.endpoints if endpoint is None else [self._named_endpoint(endpoint)]
        live = live or StreamingCompletion()
        return await PooledRequest(self, endpoints, messages, repeat, live, tools=tools, clock=self._clock).run()

    def _named_endpoint(self, name: str) -> PooledEndpoint:
        """Return the pooled endpoint of that name: of the run, or of those registered in this kernel."""
        known = {pooled.connection.endpoint.name: pooled for pooled in self._all()}
        if name not in known:
            registered = registry.endpoints()
            if name not in registered:
                hint = did_you_mean(name, [*known, *registered])
                raise OptionError(f"No endpoint of this run, and none that is set, is named {name!r}.{hint}")
            self._named.append(known.setdefault(name, self._pooled(registered[name], None)))
        return known[name]

    def _all(self) -> list[PooledEndpoint]:
        return [*self.endpoints, *self._named]

    # -- state, and commands ---------------------------------------------------------------------------------------

    @property
    def limit(self) -> int:
        """Return the number of streams allowed at once now."""
        if not self._auto:
            return self.concurrency
        return (
            min(self.concurrency, sum(pooled.controller.limit for pooled in self.serving() if pooled.controller)) or 1
        )

    @property
    def waiting(self) -> str:
        """Return why no request is sent, and what to do; empty as long as one endpoint serves.

        An endpoint that is used by name is waited for even if others serve.
        """
        away = [] if self.serving() else self.endpoints
        return " ".join(pooled.breaker.waiting for pooled in [*away, *self._named] if pooled.breaker.waiting)

    @property
    def notes(self) -> list[str]:
        """Return sentences on past outages, on what endpoints do against the rules, and on those that are given up."""
        found = [note for pooled in self._all() for note in (*pooled.breaker.history, *pooled.connection.notes)]
        for pooled in self.endpoints:
            if pooled.breaker.lost is not None and len(self.endpoints) > 1:
                found.append(f"Not asked any more: {pooled.breaker.lost}")
        return found

    def serving(self) -> list[PooledEndpoint]:
        """Return the shared endpoints whose breaker is closed."""
        return [pooled for pooled in self.endpoints if not pooled.breaker.is_open]

    def hurry(self) -> None:
        """Ping every endpoint that is away at once."""
        for pooled in self._all():
            pooled.breaker.hurry()

    def wake(self) -> None:
        """Wake all requests that wait for an endpoint, after a change of state."""
        event, self._event = self._event, asyncio.Event()
        event.set()
        self.changed()

    # -- for requests --------------------------------------------------------------------------------------------

    async def acquire(self, endpoints: Sequence[PooledEndpoint], live: StreamingCompletion) -> PooledEndpoint:
        """Wait for a free one of these endpoints and take a slot of it for an attempt; `release()` frees the slot.

        Raises:
            EndpointRefused: all of them are given up.
        """
        while True:
            free = [pooled for pooled in endpoints if pooled.is_free()]
            if free:
                pooled = min(free, key=lambda pooled: pooled.load)
                if not pooled.connection.answers and not pooled.active:
                    pooled.alone_until = self._clock.now() + ALONE_S
                    self._wake_after(ALONE_S)
                    pooled.connection.on_answer = self.wake
                pooled.active += 1
                return pooled
            lost = [pooled.breaker.lost for pooled in endpoints if pooled.breaker.lost]
            if len(lost) == len(endpoints):
                raise lost[-1]
            live.waiting_for_retry = live.attempt > 0
            await self._event.wait()

    def release(self, pooled: PooledEndpoint) -> None:
        """Free the slot of an attempt."""
        pooled.active -= 1
        self.wake()

    def _wake_after(self, seconds: float) -> None:
        async def later() -> None:
            await self._clock.sleep(seconds)
            self.wake()

        timer = asyncio.create_task(later())
        self._timers.add(timer)
        timer.add_done_callback(self._timers.discard)

    async def _measure(self) -> None:
        """Pass each time window's throughput, waits and streams to the endpoints' controllers."""
        before = {id(pooled): pooled.connection.pieces for pooled in self.endpoints}
        while True:
            began, streams, looks = self._clock.now(), [0] * len(self.endpoints), 10
            writing = [0] * len(self.endpoints)
            for _ in range(looks):
                await self._clock.sleep(self._window_s / looks)
                streams = [total + pooled.active for total, pooled in zip(streams, self.endpoints, strict=True)]
                writing = [
                    total + len(pooled.connection.writing)
                    for total, pooled in zip(writing, self.endpoints, strict=True)
                ]
            seconds = self._clock.now() - began
            for pooled, total, written in zip(self.endpoints, streams, writing, strict=True):
                connection, pieces = pooled.connection, before[id(pooled)]
                before[id(pooled)] = connection.pieces
                waits, connection.first_waits = connection.first_waits, []
                if pooled.controller is not None and not pooled.breaker.is_open:
                    rate = (connection.pieces - pieces) / seconds
                    is_streamed = connection.endpoint.stream
                    pooled.controller.window(rate, waits, total / looks, written / looks if is_streamed else None)
            self.wake()


class PooledRequest(RetriedRequest):
    """Request one completion from several endpoints, and tell an outage from a fault of the request itself."""

    def __init__(
        self,
        pool: Pool,
        endpoints: Sequence[PooledEndpoint],
        messages: Sequence[Message],
        repeat: int,
        live: StreamingCompletion,
        **more: Any,
    ) -> None:
        super().__init__(endpoints[0].connection, messages, repeat, live, **more)
        self.pool = pool
        self.endpoints = endpoints
        self._acquired: PooledEndpoint | None = None
        self._outages = 0
        """The endpoint's number of outages when the attempt began."""
        self._heard = self.connection.reads
        self._suspected = 0
        """Attempts without a response since the last outage."""
        self._amid = 0
        """Outages during an attempt of this request."""
        self._at_once = False

    async def choose(self) -> None:
        """Take a slot of the least loaded endpoint, and use its connection."""
        self._acquired = pooled = await self.pool.acquire(self.endpoints, self.live)
        self.connection = pooled.connection
        self._outages = pooled.breaker.outages

    async def ask(self) -> Completion:
        """Make one attempt; a key that is missing after earlier answers counts as refused (401)."""
        try:
            return await super().ask()
        except UserError as exc:
            if not self.connection.answers:
                raise
            # The key's variable was removed during the run: handled like a key that has expired.
            raise EndpointRefused(str(exc), status=401) from None

    def release(self) -> None:
        """Free the slot that the attempt held."""
        if self._acquired is not None:
            self.pool.release(self._acquired)
            self._acquired = None

    async def pause(self, error: EndpointError) -> None:
        """Wait before the next attempt, unless the failure was an outage, which is waited out already."""
        if not self._at_once:
            await super().pause(error)

    @property
    def pooled(self) -> PooledEndpoint:
        """Return the pooled endpoint of the present connection."""
        return next(pooled for pooled in self.endpoints if pooled.connection is self.connection)

    async def is_outage(self, error: EndpointError) -> bool:
        """Return whether a failure is the endpoint's, or a refusal of one request too many.

        Raises:
            RequestRejected: the server refuses this request alone.
        """
        self._at_once = False
        pooled = self.pooled
        if error.status in TOO_MANY and pooled.controller is not None:
            pooled.controller.refused(pooled.connection.streaming or pooled.active - 1)
        if is_key_refusal(error) and pooled.connection.answers:
            return await self._key_refused(error)
        if isinstance(error, EndpointRefused):
            return await self._refused(error)
        if is_away(error):
            pooled.breaker.failed(error)
            await pooled.breaker.examined()
            return self._is_outage(error)
        heard, self._heard = self._heard, pooled.connection.reads
        if not is_quota(error):
            if error.retryable:
                pooled.breaker.told(error)
            return False
        if pooled.connection.streaming > 0 or pooled.connection.reads != heard:
            return True  # other requests are served: this one was too many and has only to wait
        pooled.breaker.failed(error)
        await pooled.breaker.examined()
        return self._is_outage(error)

    async def is_forgiven(self, error: EndpointError) -> bool:
        """Ping before a sample fails for lack of a response: it is forgiven if the endpoint is down."""
        if not (is_away(error) or is_quota(error) or isinstance(error, Severed)):
            return False
        self.pooled.breaker.open(error)
        await self.pooled.breaker.examined()
        return self._is_outage(error)

    def _is_outage(self, error: EndpointError) -> bool:
        if self.pooled.breaker.outages == self._outages:
            self._suspected += 1
            return False
        self.attempts_used -= min(self.attempts_used, self._suspected)
        self._suspected, self._at_once = 0, True
        if not (is_quota(error) or (isinstance(error, Unreachable) and error.refused)):
            self._amid += 1
        return self._amid <= max(FEWEST_OUTAGES, self.connection.endpoint.max_retries)

    async def _key_refused(self, error: EndpointError) -> bool:
        """Tell an expired key, after earlier answers, from one sample that the server refuses with the same status."""
        breaker = self.pooled.breaker
        if breaker.outages == self._outages:
            breaker.open(error)
            await breaker.examined()
        if breaker.outages == self._outages:
            raise RequestRejected(f"The server refuses this request alone. {error}", status=error.status)
        self._at_once = True
        return True

    async def _refused(self, error: EndpointRefused) -> bool:
        """Give up an endpoint that would refuse every other request too; False if it is the only one."""
        if len(self.endpoints) == 1:
            return False
        if isinstance(error, UnknownModel):
            error = await self.connection.explained(error)
        self.pooled.breaker.give_up(error)
        self._at_once = True
        return True
