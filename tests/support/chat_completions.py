"""What the tests of single completions share: a small book of transcripts, and servers that answer with given bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.clock import REAL_TIME, Clock
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointError

ROWS = [
    {
        "unique_id": "sum",
        "problem": "What is the sum of 17 and 25?",
        "reasoning": "17 + 25 = 42.",
        "answer": "It is 42.",
    },
    {
        "unique_id": "chinese",
        "problem": "Answer in Chinese, please.",
        "reasoning": "嗯，Δx = 1 → 好的",
        "answer": "答案是一。",
    },
]
REASONING, ANSWER = ROWS[0]["reasoning"], ROWS[0]["answer"]
KEY = "not-of-any-known-shape-0123456789"

# How the demo server's faults look to one completion.
BREAKS = [
    "status,code=408",
    "status,code=409",
    "status,code=425",
    "status,code=429",
    "status,code=500",
    "status,code=502",
    "status,code=503",
    "html_200",
    "reset",
    "mid_close",
    "mid_reset",
    "no_finish",
    "finish_word",
    "error_event",
    "key_chunk",
]
STREAM_BREAKS = ["garbage_chunk"]
SILENCES = ["hang", "mid_hang"]
REFUSALS = ["status,code=401", "status,code=403", "status,code=404", "key_echo", "redirect"]
REJECTIONS = ["status,code=400", "context_length", "bad_param", "content_filter", "moderation"]
HARMLESS = [
    "no_done",
    "json_instead_of_sse",
    "sse_as_json",
    "one_line_end",
    "heartbeats",
    "crlf_comments",
    "big_chunk,bytes=300000",
    "split_utf8",
    "invalid_utf8",
    "null_content",
    "null_delta",
    "finish_null",
    "duplicate_finish",
    "no_usage",
    "usage_beside",
    "trickle,seconds=0.01",
]
STALLS = ["drip,seconds=0.01", "keep_alive,seconds=0.02", "queued,seconds=0.02"]
"""Bytes that go on coming without text: faults of streams."""
EMPTY = ["empty"]
ECHOES = ["key_answer"]


def endpoint_of(server: DemoEndpoint, **options: Any) -> Endpoint:
    return Endpoint(server.url, options.pop("model", server.model), backoff=0.01, **options)


async def completion_of(
    endpoint: Endpoint,
    question: int = 0,
    live: StreamingCompletion | None = None,
    clock: Clock = REAL_TIME,
    **more: Any,
) -> Completion:
    async with ChatClient(endpoint, clock=clock) as client:
        return await client.complete([{"role": "user", "content": ROWS[question]["problem"]}], live=live, **more)


def ask_question(
    endpoint: Endpoint, question: int = 0, live: StreamingCompletion | None = None, **more: Any
) -> Completion:
    return asyncio.run(completion_of(endpoint, question, live, **more))


def failure_of(endpoint: Endpoint, live: StreamingCompletion | None = None, **more: Any) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        ask_question(endpoint, live=live, **more)
    return caught.value


def assert_is_idle(server: DemoEndpoint) -> None:
    """The server has noticed that nobody waits any more."""
    for _ in range(200):
        if server.log()["active"] == 0:
            return
        time.sleep(0.01)
    raise AssertionError(server.log()["active"])


def assert_is_the_answer(completion: Completion) -> None:
    assert (completion.reasoning, completion.answer, completion.finish_reason) == (REASONING, ANSWER, "stop")


@asynccontextmanager
async def byte_server(
    *responses: bytes, seen: list[bytes] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Endpoint]:
    """A server that answers the n-th request with the n-th of these bytes (then the last) and closes the connection."""
    left = list(responses)
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0)
        body = await reader.readexactly(length)
        if seen is not None:
            seen.append(head + body)
        with contextlib.suppress(ConnectionError):
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()
        writer.close()
        writers.append(writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Endpoint(f"http{'s' if tls else ''}://127.0.0.1:{port}/v1", "m", backoff=0.001, max_retries=1)
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


def response(body: bytes, kind: str = "text/event-stream", status: str = "200 OK", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n{extra}\r\n".encode() + body


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}).encode()


def whole_stream() -> bytes:
    return response(chunk(content="Fine.") + b"\n\n" + chunk("stop") + b"\n\ndata: [DONE]\n\n")


def completion_of_bytes(*responses: bytes, **changes: Any) -> Completion:
    async def go() -> Completion:
        async with byte_server(*responses) as endpoint:
            return await completion_of(endpoint.replace(**changes))

    return asyncio.run(go())


def failure_of_bytes(*responses: bytes, **changes: Any) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        completion_of_bytes(*responses, **changes)
    return caught.value
