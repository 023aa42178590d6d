"""Connect to an endpoint: transport, proxy, certificates, the key's header, and failures in plain words."""

from __future__ import annotations

import asyncio
import email.utils
import ssl
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from datetime import timezone
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx_aiohttp

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.kept_connections import Resending, original, reuse_trace
from qwq_nb.endpoint.key_variables import read_variable
from qwq_nb.endpoint.limits import HEADER_TIMEOUTS
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.proxies import proxy_for, proxy_name
from qwq_nb.endpoint.time_limit import TimeLimit, TimeUp
from qwq_nb.errors import StreamInterrupted, UserError, one_line

__all__ = [
    "TRANSPORT_ERRORS",
    "Severed",
    "Unreachable",
    "describe",
    "failure",
    "http_client",
    "most_connections",
    "response_to",
    "retry_after",
    "unexpected",
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


def http_client(
    endpoint: Endpoint, connections: int, mask: Mask, resent: Callable[[], None] = lambda: None
) -> httpx.AsyncClient:
    """Return a client for `connections` streams at once, which follows no redirect and sends the key with each request.

    Each key that is sent is noted in `mask`; `resent` is called for each request that is sent again (see `Resending`).

    Raises:
        UserError: the environment sets a proxy that cannot be used, or there cannot be so many connections.
    """
    raise_file_limit(connections)
    return httpx.AsyncClient(
        transport=transport_for(endpoint, connections, resent),
        timeout=httpx.Timeout(endpoint.read_timeout, connect=endpoint.connect_timeout, pool=None),
        auth=KeyFromEnvironment(endpoint, mask),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "qwq-nb"},
    )


class KeyFromEnvironment(httpx.Auth):
    """Set the headers that hold secrets as a request goes out, so that no stack frame of this package holds one."""

    def __init__(self, endpoint: Endpoint, mask: Mask) -> None:
        self._endpoint = endpoint
        self._mask = mask

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the key and the further headers, read from the environment now, and note them in the mask."""
        for variable, purpose in self._endpoint.secrets.items():
            self._mask.note(read_variable(variable, purpose))
        if self._endpoint.key_env:
            request.headers["Authorization"] = f"Bearer {self._endpoint.key()}"
        for pair in self._endpoint.header_env:
            header, _, variable = pair.partition("=")
            request.headers[header] = read_variable(variable, self._endpoint.secrets[variable])
        yield request


def most_connections() -> int:
    """Return the number of sockets that this process's hard limit of open files allows; 1 at least."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return sys.maxsize
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return sys.maxsize if hard == resource.RLIM_INFINITY else max(1, hard - KERNEL_FILES)


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


def transport_for(endpoint: Endpoint, connections: int, resent: Callable[[], None]) -> httpx.AsyncBaseTransport:
    """Return aiohttp's transport under httpx, or httpx's own transport if the environment sets a proxy.

    aiohttp takes less than half the CPU per streamed chunk. Either sends a request again whose kept connection had
    ended, by a second transport that keeps none.

    Raises:
        UserError: the proxy cannot be used.
    """
    verify: ssl.SSLContext | bool = True
    if endpoint.insecure or endpoint.url.startswith("http://"):
        verify = False  # without TLS there is nothing to verify, and loading the certificates takes time
    elif endpoint.ca_bundle:
        verify = ssl.create_default_context(cafile=endpoint.ca_bundle)
    limits = httpx.Limits(max_connections=connections + 4, max_keepalive_connections=connections + 4)
    no_keeping = httpx.Limits(max_connections=connections + 4, max_keepalive_connections=0)
    proxy = proxy_for(endpoint.url)
    if proxy:
        try:
            return Resending(
                httpx.AsyncHTTPTransport(verify=verify, limits=limits, proxy=proxy),
                httpx.AsyncHTTPTransport(verify=verify, limits=no_keeping, proxy=proxy),
                resent,
            )
        except (ImportError, ValueError, httpx.InvalidURL):
            # Not repeated: a proxy's URL may hold a password.
            raise UserError(
                f"The proxy that this kernel's environment sets for {endpoint.url} cannot be used. A SOCKS "
                f"proxy needs `pip install 'httpx[socks]'`; to go around a proxy, name the host in NO_PROXY."
            ) from None
    return Resending(Transport(verify=verify, limits=limits), Transport(verify=verify, limits=no_keeping), resent)


class ReadableResponse(aiohttp.ClientResponse):
    """Hold a response whose reason phrase is ASCII, whatever the server sent (RFC 9112 allows any byte from 0x80 on).

    Nobody reads the phrase, but httpx's transport encodes it as UTF-8, and fails at what is none.
    """

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Read status line and headers."""
        await super().start(connection)
        self.reason = (self.reason or "")[:100].encode("ascii", "replace").decode()
        return self


class Transport(httpx_aiohttp.AiohttpTransport):
    """Wrap aiohttp's transport, and keep aiohttp's own response in the extensions, where `reader_of` looks for it."""

    def get_client(self) -> aiohttp.ClientSession:
        """Return the session that is used for all requests. Called once, on the event loop."""
        keeps = self.limits.max_keepalive_connections != 0
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections or 0,
            # aiohttp refuses a time-out where no connection is kept.
            **({"keepalive_timeout": self.limits.keepalive_expiry} if keeps else {"force_close": True}),
            ssl=self.ssl_context,
        )
        return aiohttp.ClientSession(
            connector=connector, response_class=ReadableResponse, trace_configs=[reuse_trace()]
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and keep aiohttp's response under the extension `aiohttp`."""
        response: httpx.Response = await super().handle_async_request(request)
        response.extensions["aiohttp"] = getattr(response.stream, "_aiohttp_response", None)
        return response


@asynccontextmanager
async def response_to(
    client: httpx.AsyncClient, request: httpx.Request, endpoint: Endpoint, seconds: float | None = None
) -> AsyncIterator[httpx.Response]:
    """Send a request and give its response, with the body still to be read, to an `async with`.

    `seconds`: until the headers are complete; by default `--connect-timeout` + 4 × `--read-timeout`. Every byte
    restarts the read time-out, so that a server could otherwise go on for ever with headers or `1xx` responses.

    Raises:
        TimeUp: they were not. Otherwise what the client raises.
    """
    within = endpoint.connect_timeout + HEADER_TIMEOUTS * endpoint.read_timeout if seconds is None else seconds
    async with TimeLimit(within, f"its headers were not complete after {within:g} s"):
        response = await client.send(request, stream=True)
    try:
        yield response
    finally:
        await response.aclose()


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


def describe(exc: BaseException, url: str = "") -> str:
    """Describe a transport failure in plain words, with at most 200 characters of the exception's own text.

    `url`: what was asked for; if that goes through a proxy, a connection that failed is the proxy's.
    """
    exc = original(exc)
    if (proxy := proxy_name(url)) and isinstance(exc, _NO_CONNECTION):
        detail = one_line(str(exc), 200)
        return (
            f"no connection through the proxy {proxy}, which this kernel's environment sets for this URL (is the proxy "
            f"right? NO_PROXY={urlsplit(url).hostname} goes around it): {detail}"
        )
    words: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        ((aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout), "no connection within --connect-timeout"),
        (aiohttp.ClientConnectorCertificateError, "the server's certificate is not trusted (--ca-bundle FILE)"),
        (aiohttp.ClientSSLError, "no TLS connection"),
        (
            (aiohttp.ClientConnectorError, httpx.ConnectError),
            "no connection (is the server running, and is the URL right?)",
        ),
        (TimeUp, "the response takes too long"),
        ((aiohttp.ServerTimeoutError, httpx.ReadTimeout), "nothing came for longer than --read-timeout"),
        ((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError), "the connection ended before the answer began"),
        ((aiohttp.ClientPayloadError, httpx.RemoteProtocolError), "the connection ended in the middle of the answer"),
        (httpx.ReadError, "the connection broke in the middle of the answer"),
        ((aiohttp.InvalidURL, httpx.InvalidURL), "this URL is none"),
    ]
    said = next((text for kind, text in words if isinstance(exc, kind)), type(exc).__name__)
    detail = " ".join(str(exc).split())
    return f"{said}: {detail[:200]}" if detail and detail not in said else said


def unexpected(exc: Exception, where: str, hide: Callable[[str], str]) -> StreamInterrupted:
    """Return the error for an exception that nobody foresaw: of this program, of a dialect, or of a library.

    It costs one attempt and not the run. Its class, its message and the place where it was raised stand in the text,
    so that the fault can be found. `where`: the endpoint; `hide` removes keys from a text.
    """
    place = traceback.extract_tb(exc.__traceback__)[-1:]
    at = f" ({place[0].filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{place[0].lineno})" if place else ""
    detail = " ".join(hide(str(exc)[:2000]).split())[:200]
    said = f"{type(exc).__name__}: {detail}" if detail else type(exc).__name__
    return StreamInterrupted(f"{where}: the answer could not be read: {said}{at}", retryable=True)
