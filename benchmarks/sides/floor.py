"""The floor: a bare reader that asks the same questions, as many at once, and throws the bytes away.

    python benchmarks/sides/floor.py URL DATA CONCURRENCY SAMPLES

What it takes is the endpoint's own time, and what any client pays for sockets and the event loop. The last bytes of a
chunked body tell it that an answer is over; nothing is parsed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.inside import show


class Reader(asyncio.Protocol):
    """One connection, which asks until the queue is empty."""

    def __init__(self, queue: deque[bytes], over: asyncio.Future[None]) -> None:
        self._queue = queue
        self._over = over
        self._end = b""
        self.bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if self._queue:
            self._transport.write(self._queue.popleft())
        else:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        self._end = (self._end + data)[-5:] if len(data) < 5 else data[-5:]
        if self._end == b"0\r\n\r\n":
            self._end = b""
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._over.done():
            self._over.set_result(None)


async def read(url: str, requests: list[bytes], concurrency: int) -> int:
    """All of them, and how many bytes came."""
    loop, parts, queue = asyncio.get_running_loop(), urlsplit(url), deque(requests)
    readers, ends = [], []
    for _ in range(concurrency):
        over: asyncio.Future[None] = loop.create_future()
        _, reader = await loop.create_connection(lambda over=over: Reader(queue, over), parts.hostname, parts.port)
        readers.append(reader)
        ends.append(over)
    await asyncio.gather(*ends)
    return sum(reader.bytes for reader in readers)


def request(url: str, problem: str) -> bytes:
    parts = urlsplit(url)
    asked = {"model": "QwQ-32B-demo", "messages": [{"role": "user", "content": problem}], "stream": True}
    body = json.dumps({**asked, "stream_options": {"include_usage": True}}).encode()
    head = f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def main(url: str, data: str, concurrency: str, samples: str) -> None:
    rows = [json.loads(line) for line in Path(data).read_text(encoding="utf-8").splitlines()]
    requests = [request(url, row["problem"]) for row in rows[: int(samples)]]
    begun, cpu = time.perf_counter(), time.process_time()
    size = asyncio.run(read(url, requests, int(concurrency)))
    show({"wall_s": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu, "bytes": size})


if __name__ == "__main__":
    main(*sys.argv[1:])
