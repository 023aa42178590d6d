"""A request whose kept connection had ended is sent again at once; nothing else is sent twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.endpoint import kept_connections
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import StreamInterrupted

ANSWER = json.dumps(
    {"model": "m", "choices": [{"index": 0, "message": {"content": r"\boxed{4}"}, "finish_reason": "stop"}]}
).encode()
KEPT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER
Serve = Callable[["KeepingServer", asyncio.StreamWriter, int, int], Awaitable[bool]]


class KeepingServer:
    """A server whose connections stay open. `serve(server, writer, connection, request)` writes the response to a
    request, both numbered from 1 (the request within its connection); it returns whether the connection goes on."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.connections = 0
        self.requests = 0
        self.listening: asyncio.Server | None = None
        self._open: list[tuple[asyncio.StreamWriter, asyncio.Event]] = []

    async def __aenter__(self) -> KeepingServer:
        self.listening = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.listening is not None
        self.listening.close()
        for writer, done in self._open:
            writer.close()
            await done.wait()

    @property
    def endpoint(self) -> Endpoint:
        assert self.listening is not None
        host, port = self.listening.sockets[0].getsockname()[:2]
        return Endpoint(f"http://{host}:{port}/v1", "m", max_retries=0, backoff=0.01, read_timeout=5.0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done = asyncio.Event()
        self._open.append((writer, done))
        self.connections += 1
        connection, request = self.connections, 0
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
                self.requests += 1
                request += 1
                if not await self.serve(self, writer, connection, request):
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        done.set()


async def answer(writer: asyncio.StreamWriter) -> bool:
    writer.write(KEPT)
    await writer.drain()
    return True


async def ended_after_the_first(server: KeepingServer, writer: asyncio.StreamWriter, at: int, request: int) -> bool:
    """What a client sees of a server that closes each connection while the next request is under way."""
    return request == 1 and await answer(writer)


def asked(serve: Serve, times: int) -> tuple[list[Completion], list[StreamInterrupted], KeepingServer]:
    """Ask one after the other on one client, without retries."""

    async def work() -> tuple[list[Completion], list[StreamInterrupted], KeepingServer]:
        good, bad = [], []
        async with KeepingServer(serve) as server:
            async with ChatClient(server.endpoint, connections=1) as client:
                for _ in range(times):
                    try:
                        good.append(await client.complete([{"role": "user", "content": "2+2?"}]))
                    except StreamInterrupted as exc:
                        bad.append(exc)
            return good, bad, server

    return asyncio.run(work())


@pytest.mark.parametrize("proxied", [False, True])
def test_a_request_on_a_kept_connection_that_had_ended_is_sent_again(
    proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if proxied:
        monkeypatch.setattr("qwq_nb.endpoint.transport.proxy_for", lambda url: url.removesuffix("/v1"))
    good, bad, server = asked(ended_after_the_first, times=6)
    assert not bad
    assert [completion.attempts for completion in good] == [1] * 6
    assert not any(completion.retried for completion in good)
    assert server.requests > 6, "no connection was kept: nothing was tried"


def test_without_it_every_second_request_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_connections, "is_early_end", lambda exc: False)
    good, bad, _ = asked(ended_after_the_first, times=6)
    assert (len(good), len(bad)) == (3, 3)
    assert "the connection ended before the answer began" in str(bad[0])


def test_a_new_connection_that_ends_without_a_response_counts() -> None:
    async def never(server: KeepingServer, writer: asyncio.StreamWriter, connection: int, request: int) -> bool:
        return False

    good, bad, server = asked(never, times=3)
    assert not good
    assert len(bad) == server.requests == 3


def test_a_response_that_had_begun_is_not_asked_for_again() -> None:
    async def cut(server: KeepingServer, writer: asyncio.StreamWriter, connection: int, request: int) -> bool:
        if request == 1:
            return await answer(writer)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
        await writer.drain()
        return False

    _, bad, server = asked(cut, times=2)
    assert len(bad) == 1
    assert server.requests == 2


def test_a_second_end_counts() -> None:
    """A request that ends its connection each time is sent twice for one attempt, and not for ever."""

    async def deadly(server: KeepingServer, writer: asyncio.StreamWriter, connection: int, request: int) -> bool:
        return server.requests == 1 and await answer(writer)

    _, bad, server = asked(deadly, times=2)
    assert len(bad) == 1
    assert server.requests == 3


def test_where_the_server_is_gone_the_first_end_is_told() -> None:
    """Else a request that kills its server would count as one that never reached it, and be repeated without end."""

    async def dies(server: KeepingServer, writer: asyncio.StreamWriter, connection: int, request: int) -> bool:
        if request == 1:
            return await answer(writer)
        assert server.listening is not None
        server.listening.close()
        return False

    _, bad, _ = asked(dies, times=2)
    assert len(bad) == 1
    assert "the connection ended before the answer began" in str(bad[0])


def test_an_end_after_long_work_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_connections, "SOON", 0.2)

    async def works(server: KeepingServer, writer: asyncio.StreamWriter, connection: int, request: int) -> bool:
        if request == 1:
            return await answer(writer)
        await asyncio.sleep(0.3)
        return False

    _, bad, server = asked(works, times=2)
    assert len(bad) == 1
    assert server.requests == 2
