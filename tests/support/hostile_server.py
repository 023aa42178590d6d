"""A server in a thread of its own whose responses are written by a test, byte by byte, for as long as it likes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from qwq_nb.endpoint.endpoint import Endpoint

__all__ = ["EVENTS", "HostileServer", "Reply", "endlessly", "event", "head", "headers_of"]

DRIP = 0.02
"""Seconds between two single bytes."""


def head(kind: str = "text/event-stream", status: str = "200 OK", extra: str = "") -> bytes:
    """Status line and headers of a response that ends with its connection."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n{extra}\r\n".encode()


EVENTS = head()


def event(finish: str | None = None, usage: Any = None, **delta: Any) -> bytes:
    """One event of a stream."""
    data: dict[str, Any] = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    if usage is not None:
        data["usage"] = usage
    return b"data: " + json.dumps(data).encode() + b"\n\n"


class Reply:
    """One response as it is written. `path`: what was asked for; `body` and `headers`: the request's."""

    def __init__(
        self,
        server: HostileServer,
        writer: asyncio.StreamWriter,
        path: str,
        body: dict[str, Any],
        headers: dict[str, str],
    ) -> None:
        self.path, self.body, self.headers = path, body, headers
        self._server, self._writer = server, writer

    async def send(self, *parts: bytes) -> None:
        """Write, and wait until the client has read so far. Raises ConnectionError once it reads no more."""
        for part in parts:
            self._writer.write(part)
            self._server.sent += len(part)
            await self._writer.drain()

    async def drip(self, data: bytes) -> None:
        """Write single bytes, slowly."""
        for byte in data:
            await self.send(bytes([byte]))
            await asyncio.sleep(DRIP)


Write = Callable[[Reply], Awaitable[None]]


async def endlessly(reply: Reply, part: bytes) -> None:
    """Write the same again and again, until the client has gone."""
    while True:
        await reply.send(part)


class HostileServer:
    """Answer every request by `write`, whose connection is closed afterwards. An `async` function of a test's own."""

    def __init__(self, write: Write) -> None:
        self.write = write
        self.sent = 0
        """Bytes written so far."""
        self.asked: list[str] = []
        """Paths of all requests."""
        self.closed = 0
        """Requests whose connection has ended."""
        self._port = 0
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)

    def __enter__(self) -> HostileServer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        self._loop.close()

    def endpoint(self, **options: Any) -> Endpoint:
        """This server as an endpoint, which is asked once and not waited for."""
        own = {"max_retries": 0, "backoff": 0.01, "patience": 0.5, "read_timeout": 10, "connect_timeout": 5}
        return Endpoint(f"http://127.0.0.1:{self._port}/v1", "m", **{"name": "hostile", **own, **options})

    async def _serve(self) -> None:
        tasks: set[asyncio.Task[None]] = set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                top = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = top.split(" ", 2)[1]
                headers = headers_of(top)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.asked.append(path)
                await self.write(Reply(self, writer, path, json.loads(body or b"{}"), headers))
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                self.closed += 1
                tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)


def headers_of(top: str) -> dict[str, str]:
    """The headers of a request, by names in lower case."""
    pairs = (line.split(":", 1) for line in top.split("\r\n")[1:] if ":" in line)
    return {name.lower(): value.strip() for name, value in pairs}
