"""Reaching an endpoint: transport, proxy, certificates, the key's header, and failures in plain words."""

from __future__ import annotations

import asyncio
import email.utils
import ssl
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Generator
from datetime import timezone
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx_aiohttp

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.masking import Mask
from qwq_nb.errors import StreamInterrupted, UserError

__all__ = [
    "TRANSPORT_ERRORS",
    "Severed",
    "Unreachable",
    "describe",
    "failure",
    "first_bytes",
    "http_client",
    "reader_of",
    "retry_after",
]

TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What a request may fail by. The transport passes some of aiohttp's errors on as they are."""


KERNEL_FILES, SPARE_FILES = 64, 256
"""Open files beside the streams: what a kernel and a run have at least, and what they are given where there is room."""

_NO_CONNECTION = (
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientSSLError,
    httpx.ConnectTimeout,
    httpx.ConnectError,
    httpx.ProxyError,
)
_SILENCE = (aiohttp.ServerTimeoutError, httpx.TimeoutException, asyncio.TimeoutError)


class Unreachable(StreamInterrupted):
    """The connection failed, or ended before an answer began. `refused`: no request can have reached the server."""

    refused = False
    short = "the connection ended before the answer began"
    """The cause in a few words."""


class Severed(StreamInterrupted):
    """The connection ended in the middle of an answer."""


def http_client(endpoint: Endpoint, connections: int, mask: Mask) -> httpx.AsyncClient:
    """A client for `connections` streams at once, which follows no redirect and sends the key with each request.

    `mask` is told each key that is sent.

    Raises:
        UserError: the environment sets a proxy that cannot be used, or there cannot be so many connections.
    """
    make_room(connections)
    return httpx.AsyncClient(
        transport=transport_for(endpoint, connections),
        timeout=httpx.Timeout(endpoint.read_timeout, connect=endpoint.connect_timeout, pool=None),
        auth=KeyFromEnvironment(endpoint, mask),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "qwq-nb"},
    )


class KeyFromEnvironment(httpx.Auth):
    """Sets the Authorization header as a request goes out, so that no frame of ours ever holds the key."""

    def __init__(self, endpoint: Endpoint, mask: Mask) -> None:
        self._endpoint = endpoint
        self._mask = mask

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._endpoint.key_env:
            self._mask.note(self._endpoint.key())
            request.headers["Authorization"] = f"Bearer {self._endpoint.key()}"
        yield request


def make_room(connections: int) -> None:
    """Let this process open as many sockets at once: the soft limit of open files is raised as far as it may be.

    Raises:
        UserError: the hard limit is too low.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = sys.maxsize if hard == resource.RLIM_INFINITY else hard
    if connections + KERNEL_FILES > most:
        raise UserError(
            f"{connections:,} streams at once need {connections + KERNEL_FILES:,} open files, and this kernel may have "
            f"{most:,}. Give --concurrency {max(1, most - KERNEL_FILES)} or less, or raise the hard limit (`ulimit "
            f"-Hn`) of the shell or service that starts Jupyter."
        )
    wanted = min(connections + SPARE_FILES, most)
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def transport_for(endpoint: Endpoint, connections: int) -> httpx.AsyncBaseTransport:
    """aiohttp under httpx: less than half the CPU a streamed chunk; httpx's own where the environment sets a proxy."""
    verify: ssl.SSLContext | bool = True
    if endpoint.insecure or endpoint.url.startswith("http://"):
        verify = False  # without TLS there is nothing to verify, and loading the certificates takes time
    elif endpoint.ca_bundle:
        verify = ssl.create_default_context(cafile=endpoint.ca_bundle)
    limits = httpx.Limits(max_connections=connections + 4, max_keepalive_connections=connections + 4)
    proxy = proxy_for(endpoint.url)
    if proxy:
        try:
            return httpx.AsyncHTTPTransport(verify=verify, limits=limits, proxy=proxy)
        except (ImportError, ValueError, httpx.InvalidURL):
            # Not repeated: a proxy's URL may hold a password.
            raise UserError(
                f"The proxy that this kernel's environment sets for {endpoint.url} cannot be used. A SOCKS "
                f"proxy needs `pip install 'httpx[socks]'`; to go around a proxy, name the host in NO_PROXY."
            ) from None
    return Transport(verify=verify, limits=limits)


class Transport(httpx_aiohttp.AiohttpTransport):
    """aiohttp's transport, which leaves aiohttp's own response where `reader_of` finds it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = await super().handle_async_request(request)
        response.extensions["aiohttp"] = getattr(response.stream, "_aiohttp_response", None)
        return response


def reader_of(response: httpx.Response) -> Callable[[], Awaitable[bytes]]:
    """What gives the next bytes of a streamed body, as they come, and `b""` at its end.

    Straight from aiohttp's buffer, all that lies there at once: the four iterators that httpx and its transport put
    around it take a sixth of a chunk's CPU, and cut what came together. What is raised is aiohttp's own.
    """
    own, encoded = response.extensions.get("aiohttp"), "content-encoding" in response.headers
    if own is not None and not encoded:
        reader: Callable[[], Awaitable[bytes]] = own.content.readany
        return reader
    parts = response.aiter_bytes() if encoded else response.aiter_raw()

    async def read() -> bytes:
        return await anext(parts, b"")

    return read


async def first_bytes(response: httpx.Response, limit: int = 20_000) -> bytes:
    """The beginning of an error page; the rest is not read."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size >= limit:
            break
    return b"".join(parts)


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or an HTTP date (RFC 9110, section 10.2.3)."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = email.utils.parsedate_to_datetime(value)
        if when.tzinfo is None:  # "-0000": UTC, of no known zone
            when = when.replace(tzinfo=timezone.utc)
        return max(0.0, when.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def failure(exc: BaseException, message: str, *, began: bool) -> StreamInterrupted:
    """The error for a transport failure: what kind it was, and `message`. `began`: the answer's headers were there."""
    exc = original(exc)
    if not began and isinstance(exc, _NO_CONNECTION):
        found = Unreachable(message, retryable=True)
        found.refused = True
        refusal = isinstance(getattr(exc, "os_error", None), ConnectionRefusedError) or "refused" in str(exc).lower()
        found.short = "connection refused" if refusal else "no connection"
        return found
    if isinstance(exc, _SILENCE):
        return StreamInterrupted(message, retryable=True)
    return (Severed if began else Unreachable)(message, retryable=True)


def original(exc: BaseException) -> BaseException:
    """aiohttp's own error where there is one. It says more: its transport for httpx calls every failure to connect,
    and every connection that ended before the answer began, a ConnectTimeout."""
    return exc.__cause__ if isinstance(exc.__cause__, aiohttp.ClientError) else exc


def describe(exc: BaseException) -> str:
    """A transport failure in plain words."""
    exc = original(exc)
    words: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        ((aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout), "no connection within --connect-timeout"),
        (aiohttp.ClientConnectorCertificateError, "the server's certificate is not trusted (--ca-bundle FILE)"),
        (aiohttp.ClientSSLError, "no TLS connection"),
        (
            (aiohttp.ClientConnectorError, httpx.ConnectError),
            "no connection (is the server running, and is the URL right?)",
        ),
        ((aiohttp.ServerTimeoutError, httpx.ReadTimeout), "nothing came for longer than --read-timeout"),
        ((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError), "the connection ended before the answer began"),
        ((aiohttp.ClientPayloadError, httpx.RemoteProtocolError), "the connection ended in the middle of the answer"),
        (httpx.ReadError, "the connection broke in the middle of the answer"),
        ((aiohttp.InvalidURL, httpx.InvalidURL), "this URL is none"),
    ]
    said = next((text for kind, text in words if isinstance(exc, kind)), type(exc).__name__)
    detail = " ".join(str(exc).split())
    return f"{said}: {detail[:200]}" if detail and detail not in said else said


def proxy_for(url: str) -> str | None:
    """The proxy that the environment sets for this URL, if any."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    proxies: dict[str, Any] = urllib.request.getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
