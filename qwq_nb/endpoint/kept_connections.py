"""Send a request again at once where a kept connection had ended before it: a lost race, and no failure of the server.

A server may close a kept connection at any moment, also just as the next request is written into it. llama.cpp does so
after each streamed answer, though it announces `Keep-Alive`. RFC 9112, section 9.3.1, asks clients to expect it. A
completion is no action that must happen only once, so that it may be sent again (RFC 9110, section 9.2.2).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx

__all__ = ["Resending", "original", "reuse_trace"]

SOON = 10.0
"""Seconds after which an end without a response is no lost race: the server had begun to work on the request."""


@dataclass
class _Sending:
    """Hold what became of one request so far."""

    connected: bool = False
    """A connection was made for it. Told by httpcore only."""
    kept: bool = False
    """It was written into a connection that had served before."""


_sending: ContextVar[_Sending | None] = ContextVar("sending", default=None)


class Resending(httpx.AsyncBaseTransport):
    """Send requests by `keeping`, and again by `fresh` where a kept connection ended before any byte of a response.

    `fresh` never keeps a connection, so that a request is sent twice at most. It must be able to send a body again.
    """

    def __init__(
        self, keeping: httpx.AsyncBaseTransport, fresh: httpx.AsyncBaseTransport, resent: Callable[[], None]
    ) -> None:
        """`resent` is called for each request that is sent again."""
        self._keeping = keeping
        self._fresh = fresh
        self._resent = resent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and again where its connection had ended.

        Where there is no connection any more, the first failure counts: it was the server that ended, perhaps because
        of this request.
        """
        began, sending = time.monotonic(), _Sending()
        token = _sending.set(sending)
        request.extensions = {**request.extensions, "trace": _httpcore_trace(sending)}
        try:
            return await self._keeping.handle_async_request(request)
        except Exception as exc:
            if not (sending.kept and is_early_end(exc) and time.monotonic() - began < SOON):
                raise
            first = exc
        finally:
            _sending.reset(token)
        self._resent()
        try:
            return await self._fresh.handle_async_request(request)
        except Exception as exc:
            if not is_no_connection(exc):
                raise
        try:
            raise first  # with its cause: the library's own exception, which says more
        finally:
            del first  # a circle of exception and frame would keep the request's headers in memory

    async def aclose(self) -> None:
        """Close all connections."""
        await self._keeping.aclose()
        await self._fresh.aclose()


def is_no_connection(exc: BaseException) -> bool:
    """Return whether no connection came about."""
    exc = original(exc)
    if isinstance(exc, aiohttp.ClientError):
        return isinstance(exc, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    return isinstance(exc, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError))


def is_early_end(exc: BaseException) -> bool:
    """Return whether a connection ended before any byte of a response, as far as the exception tells."""
    exc = original(exc)
    if isinstance(exc, aiohttp.ServerDisconnectedError):
        return isinstance(exc.message, str)  # else it is the beginning of a response
    if isinstance(exc, aiohttp.ClientError):
        return isinstance(exc, aiohttp.ClientOSError) and not is_no_connection(exc)
    return isinstance(exc, (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError))


def original(exc: BaseException) -> BaseException:
    """Return aiohttp's own error if there is one, else `exc`.

    aiohttp's error is more exact: its transport for httpx calls every failure to connect, and every connection that
    ended before the answer began, a ConnectTimeout.
    """
    return exc.__cause__ if isinstance(exc.__cause__, aiohttp.ClientError) else exc


def reuse_trace() -> aiohttp.TraceConfig:
    """Return the trace by which aiohttp's session tells `Resending` that it uses a kept connection."""

    async def reused(session: aiohttp.ClientSession, context: SimpleNamespace, params: Any) -> None:
        sending = _sending.get()
        if sending is not None:
            sending.kept = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(reused)
    return trace


def _httpcore_trace(sending: _Sending) -> Callable[[str, dict[str, Any]], Awaitable[None]]:
    """Return the callback by which httpcore, under httpx's own transport, tells whether it makes a connection."""

    async def event(name: str, info: dict[str, Any]) -> None:
        if name.startswith("connection.connect_"):
            sending.connected = True
        elif name == "http11.send_request_headers.started":
            sending.kept = not sending.connected

    return event
