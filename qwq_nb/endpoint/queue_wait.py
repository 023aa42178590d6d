"""Wait for the first text of an answer, and tell a request that waits in its server's queue from one that is silent.

A server with fewer slots than there are streams lets the others wait, and sends nothing for them meanwhile. A request
that is sent while others are open is therefore given `--read-timeout` from the last piece of data that came for any of
them, `QUEUE_TIMEOUTS` times as long at most. Asked again, it would only stand at the end of the queue once more.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.limits import HEADER_TIMEOUTS, QUEUE_TIMEOUTS
from qwq_nb.endpoint.time_limit import TimeLimit

__all__ = ["Begins", "QueueWait"]

Begins = Callable[[], str]
"""Called when the first text of an answer has come; returns a note, or nothing."""

LOOKS = 12
"""Looks at the other streams in one `--read-timeout`."""
IDLE_LOOKS = LOOKS - 2
"""Looks without progress after which the time is up: `TimeLimit` itself waits for two more."""
ADVICE = (
    "--concurrency auto, or a smaller number, sends no more requests than it answers at once; a longer --read-timeout "
    "lets them wait."
)


class QueueWait:
    """Limit the wait of one request for its first text: `limit` is the block's `async with`, from before it is sent.

    `progress`: a count that grows with each piece of data of the endpoint's streams. `alone`: no other request is open,
    so that there is no queue, and the read time-out is the connection's own.
    """

    def __init__(self, endpoint: Endpoint, progress: Callable[[], int], *, alone: bool) -> None:
        self._seconds = endpoint.read_timeout
        self._progress = progress
        self._seen = progress()
        self._idle = self._looks = 0
        self.alone = alone
        self.timeout = httpx.Timeout(self._seconds, connect=endpoint.connect_timeout, pool=None)
        """The request's time-outs."""
        times = HEADER_TIMEOUTS if alone else QUEUE_TIMEOUTS
        self.headers_within = endpoint.connect_timeout + times * self._seconds
        """Seconds until the headers are complete."""
        every = self._seconds / LOOKS
        if alone:
            every = self.headers_within  # never up: each look counts as progress
        else:
            self.timeout.read = None
        self.limit = TimeLimit(every, self.words(endpoint), progress=self._look)
        self._name = endpoint.name

    @staticmethod
    def words(endpoint: Endpoint) -> str:
        """Say why the time is up."""
        return (
            f"nothing came, and for {endpoint.read_timeout:g} s (--read-timeout) nothing of the endpoint's other "
            f"answers, or it waited {QUEUE_TIMEOUTS} times as long in the server's queue. {ADVICE}"
        )

    def _look(self) -> int:
        """Return a number that changes as long as the request may wait."""
        self._looks += 1
        now = self._progress()
        self._idle = 0 if now != self._seen else self._idle + 1
        self._seen = now
        may_wait = self.alone or (self._idle < IDLE_LOOKS and self._looks < QUEUE_TIMEOUTS * LOOKS)
        return self._looks if may_wait else -2

    def over(self, request: httpx.Request, response: httpx.Response) -> str:
        """End the wait, since text has come: from here on the read time-out counts. Return a note, or nothing."""
        self.limit.stop()
        if self.alone:
            return ""
        request.extensions["timeout"]["read"] = self._seconds  # httpx's own transport looks it up for each body
        own = response.extensions.get("aiohttp")
        if own is not None and own.connection is not None and own.connection.protocol is not None:
            own.connection.protocol.read_timeout = self._seconds
            own.connection.protocol.start_timeout()
        if self._looks <= LOOKS:
            return ""
        return (
            f"Endpoint {self._name!r} let requests wait in its queue for longer than --read-timeout "
            f"({self._seconds:g} s) while it wrote other answers. They were waited for, not asked again. {ADVICE}"
        )

    @property
    def timed_out_note(self) -> str:
        """Return the note for a request whose time was up."""
        return f"Requests timed out in the queue of endpoint {self._name!r}, and were asked again. {ADVICE}"
