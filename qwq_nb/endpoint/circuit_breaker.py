"""Break the circuit to an endpoint on outage, quota or key refusal, and ping it until it answers.

Whether the endpoint itself is at fault, or only one sample (a prompt that crashes the server's handler, one that a
moderation refuses with 403), is decided by the first ping, sent at once: if it is answered, there was no outage, and
the failure is that sample's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable

from qwq_nb.endpoint.clock import REAL_TIME, Clock
from qwq_nb.endpoint.connection import Connection
from qwq_nb.endpoint.transport import Severed, Unreachable
from qwq_nb.errors import EndpointError, EndpointRefused, RequestRejected, UserError

__all__ = ["CircuitBreaker", "is_away", "is_key_refusal", "is_quota"]

AWAY = frozenset({502, 503, 504, 520, 521, 522, 523, 530})
"""Statuses by which a gateway says that there is no server behind it, or a server that it is not up."""
SILENT_ATTEMPTS = 5
"""Attempts in a row, over all streams, that get no response at all before the first ping is sent."""
LONGEST_SAID = 300
"""Characters of such words that are told."""
LONGEST_WAIT = 30.0
"""Times `backoff`: the wait between two pings doubles up to this."""
LONGEST_WISH = 300.0
"""Seconds between pings at most, where a server asks for a longer wait (Retry-After)."""
SAID_FOR_S = 60.0
"""Seconds for which a failure in words may be the cause of an outage."""
KEY_POLL = 1.0
"""Times `backoff`, in seconds: interval at which the key's environment variable is read."""


def is_away(error: EndpointError) -> bool:
    """Return whether an error may mean an outage: no connection, a reset before the headers, a gateway's 502 etc."""
    return isinstance(error, Unreachable) or error.status in AWAY


def is_key_refusal(error: EndpointError) -> bool:
    """Return whether the endpoint refused the key (HTTP 401 or 403), and not one prompt for its content."""
    return error.status in (401, 403) and not isinstance(error, RequestRejected)


def is_quota(error: EndpointError) -> bool:
    """Return whether an error is 429, too many requests: a used-up quota if no other request is being served."""
    return error.status == 429


class CircuitBreaker:
    """Decide whether requests may go to an endpoint. `changed` is called whenever that, or its description, changes."""

    def __init__(
        self,
        connection: Connection,
        changed: Callable[[], None],
        *,
        label: str = "The endpoint",
        clock: Clock = REAL_TIME,
    ) -> None:
        self.connection = connection
        self.is_open = False
        """True: no request may be sent now."""
        self.outages = 0
        """Outages and key refusals that a ping confirmed."""
        self.lost: EndpointRefused | None = None
        """Why no request goes to it for the rest of the run; None while it may recover."""
        self.waiting = ""
        """Message for the user: what is waited for, and what to do; empty while the endpoint serves."""
        self.history: list[str] = []
        """Past outages, one sentence each."""
        self._changed = changed
        self._label = label
        self._clock = clock
        self._said: tuple[float, str] | None = None
        """When the endpoint last told of a failure, and its words."""
        self._silent = 0
        self._reads = 0
        self._examined = asyncio.Event()
        self._hurry = asyncio.Event()
        self._pinging: asyncio.Task[None] | None = None

    # -- what attempts report ------------------------------------------------------------------------------------

    def failed(self, error: EndpointError) -> None:
        """Count an attempt without any response; the breaker opens at `SILENT_ATTEMPTS` of them in a row."""
        if self.connection.reads != self._reads:  # a response was read since the last failure
            self._reads, self._silent = self.connection.reads, 0
        self._silent += 1
        if self._silent >= SILENT_ATTEMPTS:
            self.open(error)

    def told(self, error: EndpointError) -> None:
        """Keep what the endpoint said as a request failed: if it is gone next, that is why (an engine that died, say).

        A connection that ends in the middle of an answer says nothing, and does not replace words.
        """
        if not isinstance(error, Severed) or not self._said_before(self._clock.now()):
            self._said = (self._clock.now(), str(error))

    def _said_before(self, began: float) -> str:
        """Return what the endpoint said shortly before an outage that was noticed at `began`; empty for nothing."""
        if self._said is None or began - self._said[0] > SAID_FOR_S:
            return ""
        return f" Before that: {' '.join(self._said[1].split())[:LONGEST_SAID]}"

    def open(self, error: EndpointError) -> None:
        """Open the breaker: no request is sent until a ping is answered. Does nothing if it is open or given up."""
        if self.is_open or self.lost:
            return
        self.is_open = True
        self._examined.clear()
        self._hurry.clear()
        self._pinging = asyncio.create_task(self._ping_until_answered(error))
        self._changed()

    async def examined(self) -> None:
        """Wait until the first ping shows whether endpoint or request is at fault; return at once if closed."""
        if self.is_open:
            await self._examined.wait()

    def give_up(self, error: EndpointRefused) -> None:
        """Send it no more requests: it refuses every request, or was away for too long."""
        self.lost = error
        self.is_open = True
        self.waiting = ""
        self._examined.set()
        self._changed()

    def hurry(self) -> None:
        """Ping now: the user says that the endpoint is back, or that the key was changed."""
        self._hurry.set()

    async def aclose(self) -> None:
        """Stop pinging."""
        if self._pinging is not None:
            self._pinging.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pinging

    # -- the pings -----------------------------------------------------------------------------------------------

    async def _ping_until_answered(self, first: EndpointError) -> None:
        began, since = self._clock.now(), time.strftime("%H:%M:%S")
        wait, pings, gone = self.connection.endpoint.backoff, 0, False
        while True:
            found = await self._ping()
            pings += 1
            if found is None:
                break
            if not gone:
                gone = True
                self.outages += 1
            over = self._over(found, pings, began)
            if over is not None:
                self.give_up(over)
                return
            self.waiting = self._words(found, since, wait)
            self._examined.set()
            self._changed()
            if is_key_refusal(found):
                await self._new_key(began)
            else:
                await self._pause(max(wait, min(found.retry_after or 0.0, LONGEST_WISH)), began)
                wait = min(2 * wait, LONGEST_WAIT * self.connection.endpoint.backoff)
        if gone:
            self.history.append(f"{self._past(first, since)}{self._said_before(began)}")
        self.waiting, self.is_open, self._silent = "", False, 0
        self._examined.set()
        self._changed()

    async def _ping(self) -> EndpointError | None:
        """Return None if the endpoint answers. A refusal of the ping alone (of its length, say) counts as an answer."""
        try:
            found = await self.connection.ping()
        except UserError as exc:  # the key's variable was taken away
            return EndpointRefused(str(exc), status=401)
        if found is None or not (is_away(found) or is_key_refusal(found) or is_silence(found) or is_quota(found)):
            return None
        return found

    def _over(self, found: EndpointError, pings: int, began: float) -> EndpointRefused | None:
        """Return the error that ends the waiting; None while waiting goes on."""
        endpoint, where = self.connection.endpoint, self.connection.where
        seconds, said = self._clock.now() - began, self._said_before(began)
        again = f"What is finished is kept: run the same line again to go on.{said}"
        if is_key_refusal(found):
            if not self.connection.answers or (endpoint.patience is not None and seconds >= endpoint.patience):
                return EndpointRefused(f"{found} {again}", status=found.status)
        elif not self.connection.answers and not is_quota(found):
            # It never answered in this call: rather a slip in the URL than an outage. As long as one sample's retries.
            if pings > endpoint.max_retries:
                return EndpointRefused(f"{where} never answered, {pings} times: {cause(found)}. {again}")
        elif endpoint.patience is not None and seconds >= endpoint.patience:
            return EndpointRefused(
                f"{where} has not answered for {seconds:.0f} s (--patience): {cause(found)}. {again}",
                status=found.status,
            )
        return None

    def _words(self, found: EndpointError, since: str, wait: float) -> str:
        if is_key_refusal(found):
            variable = next(iter(self.connection.endpoint.secrets), "")
            if not variable:
                return (
                    f"{self._label} wants a key since {since} (HTTP {found.status}). The run waits. Stop it, give the "
                    f"name of the variable that holds one by --key-env, and run the same line again."
                )
            return (
                f"{self._label} refuses the key since {since} (HTTP {found.status}). The run waits for a new one in "
                f"{variable}. In a cell: `import os, getpass; os.environ[{variable!r}] = getpass.getpass()`, then "
                f"Resume or `run.resume()`. If this cell blocks, interrupt it first, and then run the same line again."
            )
        if is_quota(found):
            asked = f"after {found.retry_after:.0f} s, as it wishes" if found.retry_after else f"every {wait:.2g} s"
            return (
                f"{self._label} serves no requests since {since} (HTTP 429, too many requests): its quota is used up. "
                f"It is asked again {asked}, and the run goes on by itself."
            )
        return (
            f"{self._label} does not answer since {since} ({cause(found)}); it is asked again every {wait:.2g} s, and "
            f"the run goes on by itself."
        )

    def _past(self, first: EndpointError, since: str) -> str:
        what = (
            "refused the key"
            if is_key_refusal(first)
            else "served no requests"
            if is_quota(first)
            else "did not answer"
        )
        return (
            f"{self._label} {what} from {since} to {time.strftime('%H:%M:%S')} ({cause(first)}); the run waited for it."
        )

    def _left(self, began: float) -> float:
        patience = self.connection.endpoint.patience
        return float("inf") if patience is None else max(0.0, began + patience - self._clock.now())

    async def _pause(self, seconds: float, began: float) -> None:
        # One that never answered is given up by the number of its pings.
        left = min(seconds, self._left(began)) if self.connection.answers else seconds
        await self._clock.wait(self._hurry, left)
        self._hurry.clear()

    async def _new_key(self, began: float) -> None:
        """Wait until the key's variable has another value, `hurry` is called, or `--patience` ends."""
        refused = self._key_mark()
        poll = KEY_POLL * self.connection.endpoint.backoff
        while self._key_mark() == refused and not self._hurry.is_set() and self._left(began) > 0:
            await self._clock.wait(self._hurry, min(poll, self._left(began)))
        self._hurry.clear()

    def _key_mark(self) -> int:
        """Return a hash of the values of the secrets' variables, by which a change of them is seen."""
        return hash(tuple(os.environ.get(variable, "") for variable in self.connection.endpoint.secrets))


def is_silence(error: EndpointError) -> bool:
    """Return whether an error has no HTTP status: no response came within the time-out."""
    return error.status is None


def cause(error: EndpointError) -> str:
    """Return the failure in a few words (at most 120 characters), without the endpoint's name."""
    if isinstance(error, Unreachable):
        return error.short
    return f"HTTP {error.status}" if error.status else str(error)[:120]
