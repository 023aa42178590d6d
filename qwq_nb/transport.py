"""Reaching an endpoint: transport, proxy, certificates, the key's header, and failures in plain words."""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx_aiohttp

from qwq_nb.endpoint import Endpoint
from qwq_nb.errors import UserError

__all__ = ["TRANSPORT_ERRORS", "describe", "first_bytes", "http_client"]

TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What a request may fail by. The transport passes some of aiohttp's errors on as they are."""


def http_client(endpoint: Endpoint, connections: int) -> httpx.AsyncClient:
    """A client for `connections` streams at once, which follows no redirect and sends the key with each request.

    Raises:
        UserError: the environment sets a proxy that cannot be used.
    """
    return httpx.AsyncClient(
        transport=transport_for(endpoint, connections),
        timeout=httpx.Timeout(endpoint.read_timeout, connect=endpoint.connect_timeout, pool=None),
        auth=KeyFromEnvironment(endpoint),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "qwq-nb"},
    )


class KeyFromEnvironment(httpx.Auth):
    """Sets the Authorization header as a request goes out, so that no frame of ours ever holds the key."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._endpoint.key_env:
            request.headers["Authorization"] = f"Bearer {self._endpoint.key()}"
        yield request


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
    return httpx_aiohttp.AiohttpTransport(verify=verify, limits=limits)


async def first_bytes(response: httpx.Response, limit: int) -> bytes:
    """The beginning of an error page; the rest is not read."""
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size >= limit:
            break
    return b"".join(parts)


def describe(exc: BaseException) -> str:
    """A transport failure in plain words."""
    # aiohttp's own error says more: its transport for httpx calls every failure to connect, and every connection
    # that ended before the answer began, a ConnectTimeout.
    if isinstance(exc.__cause__, aiohttp.ClientError):
        exc = exc.__cause__
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
