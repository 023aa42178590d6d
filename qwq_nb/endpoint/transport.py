"""Connect to an endpoint: transport, proxy, certificates, the key's header, and failures in plain words."""

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
"""Exceptions that a request may fail with. The transport passes some of aiohttp's errors on as they are."""


KERNEL_FILES, SPARE_FILES = 64, 256
"""Open files beside the streams: the least that a kernel and a run need, and what they get if the hard limit allows."""

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
    """Report a connection that failed, or ended before an answer began. `refused`: the server got no request."""

    refused = False
    short = "the connection ended before the answer began"
    """The cause in a few words."""


class Severed(StreamInterrupted):
    """Report a connection that ended in the middle of an answer."""


def http_client(endpoint: Endpoint, connections: int, mask: Mask) -> httpx.AsyncClient:
    """Return a client for `connections` streams at once, which follows no redirect and sends the key with each request.

    Each key that is sent is noted in `mask`.

    Raises:
        UserError: the environment sets a proxy that cannot be used, or there cannot be so many connections.
    """
    raise_file_limit(connections)
    return httpx.AsyncClient(
        transport=transport_for(endpoint, connections),
        timeout=httpx.Timeout(endpoint.read_timeout, connect=endpoint.connect_timeout, pool=None),
        auth=KeyFromEnvironment(endpoint, mask),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "qwq-nb"},
    )


class KeyFromEnvironment(httpx.Auth):
    """Set the Authorization header as a request goes out, so that no stack frame of this package holds the key."""

    def __init__(self, endpoint: Endpoint, mask: Mask) -> None:
        self._endpoint = endpoint
        self._mask = mask

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the key, read from the environment now, and note it in the mask."""
        if self._endpoint.key_env:
            self._mask.note(self._endpoint.key())
            request.headers["Authorization"] = f"Bearer {self._endpoint.key()}"
        yield request


def raise_file_limit(connections: int) -> None:
    """Raise the process's soft limit of open files so that it can hold `connections` sockets at once.

    Raises:
        UserError: the hard limit is too low.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = sys.maxsize if hard == resource.RLIM_INFINITY else hard
    needed, possible = connections + KERNEL_FILES, most - KERNEL_FILES
    if possible < 1:
        # No option helps: a kernel, its sockets and a run's files would leave nothing for a stream.
        raise UserError(
            f"This kernel may have {most:,} open files, too few for even one stream, which needs {1 + KERNEL_FILES}. "
            f"Raise the hard limit (`ulimit -Hn`) of the shell or service that starts Jupyter by {needed - most:,}, to "
            f"{needed:,} or more."
        )
    if possible < connections:
        raise UserError(
            f"{connections:,} streams at once need {needed:,} open files, and this kernel may have {most:,}. Give "
            f"--concurrency {possible:,} or less, or raise the hard limit (`ulimit -Hn`) of the shell or service that "
            f"starts Jupyter to {needed:,} or more."
        )
    wanted = min(connections + SPARE_FILES, most)
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def transport_for(endpoint: Endpoint, connections: int) -> httpx.AsyncBaseTransport:
    """Return aiohttp's transport under httpx, or httpx's own transport if the environment sets a proxy.

    aiohttp takes less than half the CPU per streamed chunk.

    Raises:
        UserError: the proxy cannot be used.
    """
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
    """Wrap aiohttp's transport, and keep aiohttp's own response in the extensions, where `reader_of` looks for it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and keep aiohttp's response under the extension `aiohttp`."""
        response: httpx.Response = await super().handle_async_request(request)
        response.extensions["aiohttp"] = getattr(response.stream, "_aiohttp_response", None)
        return response


def reader_of(response: httpx.Response) -> Callable[[], Awaitable[bytes]]:
    """Return a function that reads the next bytes of a streamed body as they arrive, and returns `b""` at its end.

    It returns all that aiohttp's buffer holds at once: the four iterators that httpx and its transport put around it
    take a sixth of a chunk's CPU, and split what arrived together. It raises aiohttp's own exceptions.
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
    """Return the first `limit` bytes or little more of an error page; the rest is not read."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size >= limit:
            break
    return b"".join(parts)


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for; None if it is absent or invalid.

    The header holds a number, or an HTTP date (RFC 9110, section 10.2.3).
    """
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
    """Return the error for a transport failure, by its kind, with `message`. `began`: the answer's headers arrived."""
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
    """Return aiohttp's own error if there is one, else `exc`.

    aiohttp's error is more exact: its transport for httpx calls every failure to connect, and every connection that
    ended before the answer began, a ConnectTimeout.
    """
    return exc.__cause__ if isinstance(exc.__cause__, aiohttp.ClientError) else exc


def describe(exc: BaseException) -> str:
    """Describe a transport failure in plain words, with at most 200 characters of the exception's own text."""
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
    """Return the proxy that the environment sets for this URL; None if there is none or NO_PROXY excludes the host."""
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    proxies: dict[str, Any] = urllib.request.getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
