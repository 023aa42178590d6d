"""Servers that send without end, or what cannot be: each ends within a bound, with its reason, in bounded memory."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import qwq_nb
from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint import bodies, connection, limits, model_list, registry, transport
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.dialects.chat_completions import ChatCompletions
from qwq_nb.endpoint.dialects.dialect import register_dialect
from qwq_nb.endpoint.dialects.registry import DIALECTS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.model_list import ServedModels
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointError, EndpointRefused, StreamInterrupted
from tests.support.hostile_server import EVENTS, HostileServer, Reply, endlessly, event, head
from tests.support.math_problems import MATH

Attack = Callable[[str, str, str], None]

MIB = 1 << 20
OFF = 1 << 50
"""A bound that is none."""
MEMORY = 200 * MIB
"""Bytes that reading may take at most, by far: the largest body is 64 MiB, and is joined once."""
BUFFERS = 64 * MIB
"""Bytes that may be on their way: sent, and not read."""
QUICK: dict[str, Any] = {"read_timeout": 0.2, "connect_timeout": 0.3}
HUNG = 30.0
"""Seconds after which a request counts as one that never ends."""
LINE: list[Message] = [{"role": "user", "content": "2 + 2?"}]


def ask(endpoint: Endpoint, live: StreamingCompletion | None = None, seconds: float = HUNG) -> Completion:
    """One completion, without a run."""

    async def work() -> Completion:
        async with ChatClient(endpoint) as client:
            return await asyncio.wait_for(client.complete(LINE, live=live), seconds)

    return asyncio.run(work())


def failure(endpoint: Endpoint, kind: type[EndpointError] = StreamInterrupted) -> EndpointError:
    """The error that one request ends in."""
    with pytest.raises(EndpointError) as caught:
        ask(endpoint)
    assert type(caught.value) is kind
    assert len(str(caught.value)) < 1000
    return caught.value


def models_of(endpoint: Endpoint) -> ServedModels:
    async def work() -> ServedModels:
        async with ChatClient(endpoint) as client:
            return await asyncio.wait_for(client.models(), HUNG)

    return asyncio.run(work())


@contextmanager
def little_memory() -> Iterator[None]:
    """Fails if what runs within took more than `MEMORY` bytes at once."""
    tracemalloc.start(1)
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def evaluate(endpoint: Endpoint, tmp_path: Path, limit: int = 1, **options: Any) -> Any:
    return qwq_nb.evaluate(
        "math_500", data=str(MATH), limit=limit, endpoint=endpoint, out=str(tmp_path / "runs"), show=False, **options
    )


# -- more than was asked for ------------------------------------------------------------------------------------------


async def chatter(reply: Reply) -> None:
    """Small pieces without end, whatever `max_tokens` says."""
    await reply.send(EVENTS)
    await endlessly(reply, event(content="more "))


def test_an_answer_that_ignores_max_tokens_is_truncated_and_the_run_says_so(tmp_path: Path, attack: Attack) -> None:
    with HostileServer(chatter) as server:
        run = evaluate(server.endpoint(max_tokens=10), tmp_path, limit=2, concurrency=1)
    rows = [run.sample(name) for name in run.samples()["id"]]
    assert [row.outcome for row in rows] == ["truncated", "truncated"]
    assert [row.finish_reason for row in rows] == ["length", "length"]
    assert all(row.answer_tokens + row.reasoning_tokens == 1020 for row in rows)
    notes = [note for note in run.manifest.notes if "max_tokens" in note]
    assert len(notes) == 1, "once for each endpoint"
    assert "does not keep to max_tokens (10)" in notes[0]
    attack("a server that ignores max_tokens", "truncated, told in a note", "2 × max_tokens + 1,000 pieces")


def test_without_the_bound_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def many(reply: Reply) -> None:
        await reply.send(EVENTS, event(content="more ") * 5000, event("stop"))

    with HostileServer(many) as server:
        cut = ask(server.endpoint(max_tokens=10))
        assert (cut.finish_reason, len(cut.answer.split())) == ("length", 1020)
        monkeypatch.setattr(limits, "PIECES_MORE", OFF)
        monkeypatch.setattr(limits, "MOST_CHARACTERS", OFF)
        whole = ask(server.endpoint(max_tokens=10))
        assert (whole.finish_reason, len(whole.answer.split())) == ("stop", 5000)


@pytest.mark.parametrize("field", ["content", "reasoning", "reasoning_content", "tool_calls"])
def test_pieces_of_any_size_are_bounded_by_their_characters(field: str, attack: Attack) -> None:
    text = "m" * 50_000
    call = [{"index": 0, "id": "a", "function": {"name": "f", "arguments": text}}]
    delta: dict[str, Any] = {field: call if field == "tool_calls" else text}

    async def write(reply: Reply) -> None:
        # `reasoning` once, so that what comes under the other name is not what is shown.
        await reply.send(EVENTS, event(reasoning="hm"))
        await endlessly(reply, event(**delta))

    with HostileServer(write) as server:
        completion = ask(server.endpoint(max_tokens=10))
    assert completion.finish_reason == "length"
    assert server.sent < BUFFERS
    attack(f"huge pieces of {field}", "truncated, told in a note", "64 × (2 × max_tokens + 1,000) characters")


def test_where_no_limit_was_asked_for_there_is_one(monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    assert limits.AnswerLimit({}).pieces == 2_000_000
    assert limits.AnswerLimit({}).characters == 64 * MIB
    monkeypatch.setattr(limits, "PIECES_UNASKED", 3000)
    notes: list[str] = []

    async def work(endpoint: Endpoint) -> Completion:
        async with ChatClient(endpoint) as client:
            completion = await client.complete(LINE)
            notes.extend(client.notes)
            return completion

    with HostileServer(chatter) as server:
        completion = asyncio.run(work(server.endpoint(max_tokens=None)))
    assert (completion.finish_reason, completion.completion_tokens) == ("length", 3000)
    assert "sends without end" in notes[0]
    attack("an endless answer, --max-tokens off", "truncated, told in a note", "2,000,000 pieces, 64 Mi characters")


def test_a_whole_answer_that_is_too_long_is_truncated(attack: Attack) -> None:
    text = "m" * 100_000

    async def write(reply: Reply) -> None:
        body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
        await reply.send(head("application/json"), json.dumps(body).encode())

    with HostileServer(write) as server:
        assert ask(server.endpoint(max_tokens=10, stream=False)).finish_reason == "length"
        assert ask(server.endpoint(max_tokens=1000, stream=False)).finish_reason == "stop"
    attack("a whole answer far beyond max_tokens", "truncated, told in a note", "64 × (2 × max_tokens + 1,000) chars")


# -- one event, one body -----------------------------------------------------------------------------------------------


ENDLESS_EVENTS = {
    "an event without a line end": (b'data: {"choices": [{"delta": {"content": "', b"a" * 65_536),
    "an event of endless lines": (b"", b"data: " + b"a" * 65_536 + b"\n"),
    "a comment without a line end": (b"", b":" + b"a" * 65_536),
    "an endless line of no field": (b"", b"a" * 65_536),
}


@pytest.mark.parametrize("name", ENDLESS_EVENTS)
def test_one_event_without_end(name: str, attack: Attack) -> None:
    first, rest = ENDLESS_EVENTS[name]

    async def write(reply: Reply) -> None:
        await reply.send(EVENTS, first)
        await endlessly(reply, rest)

    with HostileServer(write) as server, little_memory():
        assert "an event of its stream is larger than 16 MiB" in str(failure(server.endpoint()))
    assert server.sent < 16 * MIB + BUFFERS
    attack(name, "StreamInterrupted", "16 MiB")


def test_a_large_event_is_read_where_the_bound_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def write(reply: Reply) -> None:
        await reply.send(EVENTS, b"data: " + b" " * (18 * MIB), event("stop", content="Fine.")[6:])

    with HostileServer(write) as server:
        failure(server.endpoint())
        monkeypatch.setattr(connection, "EVENT_BYTES", OFF)
        assert ask(server.endpoint()).answer == "Fine."


def test_a_whole_answer_without_end(monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    async def write(reply: Reply) -> None:
        await reply.send(head("application/json"), b"{")
        await endlessly(reply, b" " * MIB)

    async def finite(reply: Reply) -> None:
        await reply.send(head("application/json"), b"{", b" " * (65 * MIB))
        await reply.send(b'"choices": [{"message": {"content": "Fine."}, "finish_reason": "stop"}]}')

    with HostileServer(write) as server, little_memory():
        assert "larger than 64 MiB" in str(failure(server.endpoint(stream=False)))
    with HostileServer(finite) as server:
        failure(server.endpoint(stream=False))
        monkeypatch.setattr(connection, "BODY_BYTES", OFF)
        assert ask(server.endpoint(stream=False)).answer == "Fine."
    attack("a body without end (--no-stream)", "StreamInterrupted", "64 MiB")


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_a_body_of_endless_blanks(kind: str, monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    async def write(reply: Reply) -> None:
        await reply.send(head(kind))
        await endlessly(reply, b" \n" * 65_536)

    async def finite(reply: Reply) -> None:
        await reply.send(head(kind), b"\n" * (17 * MIB))
        await reply.send(b'{"choices": [{"message": {"content": "Fine."}, "finish_reason": "stop"}]}')

    with HostileServer(write) as server, little_memory():
        assert "16 MiB of blanks" in str(failure(server.endpoint()))
    with HostileServer(finite) as server:
        failure(server.endpoint())
        monkeypatch.setattr(connection, "EVENT_BYTES", OFF)
        assert ask(server.endpoint()).answer == "Fine."
    attack(f"endless blanks as {kind}", "StreamInterrupted", "16 MiB")


def test_a_list_of_models_without_end(monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    async def finite(reply: Reply) -> None:
        await reply.send(head("application/json"), b" " * (5 * MIB), b'{"data": [{"id": "m"}]}')

    async def write(reply: Reply) -> None:
        await reply.send(head("application/json"))
        await endlessly(reply, b" " * MIB)

    with HostileServer(write) as server, little_memory():
        assert "larger than 4 MiB" in models_of(server.endpoint()).problem
    with HostileServer(finite) as server:
        assert models_of(server.endpoint()).problem
        monkeypatch.setattr(model_list, "MODELS_BYTES", OFF)
        assert models_of(server.endpoint()).ids == ["m"]
    attack("GET /models without end", "told as its problem", "4 MiB")


def test_models_of_endless_names_that_hold_the_key(monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    key = "key-of-a-test-0123456789"
    monkeypatch.setenv("HOSTILE_KEY", key)

    async def write(reply: Reply) -> None:
        names = [key, "m" * 200_000, {"deep": 1}, None, 7]
        await reply.send(head("application/json"), json.dumps({"data": [{"id": name} for name in names]}).encode())

    with HostileServer(write) as server:
        ids = models_of(server.endpoint(key_env="HOSTILE_KEY")).ids
    assert ids == ["[key removed]", "m" * 300, "7"]
    attack("names of models of 200,000 characters, or with the key", "clipped, masked", "300 characters each")


# -- compressed though identity was asked for --------------------------------------------------------------------------


def bomb(data: bytes, mib: int) -> Sequence[bytes]:
    """gzip of `data` and then of so many MiB of blanks: a thousandth of its size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blanks = b" " * MIB
    return [packer.compress(data), *(packer.compress(blanks) for _ in range(mib)), packer.flush()]


GZIP = "Content-Encoding: gzip\r\n"
BOMBS = {
    "in a stream": (head(extra=GZIP), b"data: ", {}, "an event of its stream is larger than 16 MiB"),
    "as a whole answer": (head("application/json", extra=GZIP), b"{", {"stream": False}, "larger than 64 MiB"),
}


@pytest.mark.parametrize("place", BOMBS)
def test_a_compressed_bomb(place: str, attack: Attack) -> None:
    top, first, options, words = BOMBS[place]

    async def write(reply: Reply) -> None:
        await reply.send(top, *bomb(first, 100))

    with HostileServer(write) as server, little_memory():
        assert words in str(failure(server.endpoint(**options)))
    assert server.sent < MIB
    attack(f"100 MiB in 0.1 MiB of gzip, {place}", "StreamInterrupted", "16 MiB an event, 64 MiB a body, decoded")


def test_a_compressed_bomb_unpacked_whole_takes_what_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the two above: with steps as large as they like, and no bound of the body."""

    async def write(reply: Reply) -> None:
        await reply.send(head("application/json", extra=GZIP), *bomb(b"{", 100))

    monkeypatch.setattr(bodies, "STEP_BYTES", OFF)
    monkeypatch.setattr(connection, "BODY_BYTES", OFF)
    tracemalloc.start(1)
    with HostileServer(write) as server:
        failure(server.endpoint(stream=False))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak > 150 * MIB


@pytest.mark.parametrize("place", ["models", "error"])
def test_a_compressed_bomb_as_a_list_of_models_or_an_error_page(place: str, attack: Attack) -> None:
    status = "200 OK" if place == "models" else "500 Oops"

    async def write(reply: Reply) -> None:
        await reply.send(head("application/json", status, GZIP), *bomb(b"too much ", 100))

    with HostileServer(write) as server, little_memory():
        if place == "models":
            assert "larger than 4 MiB" in models_of(server.endpoint()).problem
        else:
            found = failure(server.endpoint(), EndpointError)
            assert (found.status, "says: too much" in str(found)) == (500, True)
    attack(f"100 MiB in 0.1 MiB of gzip, {place}", "told, nothing else", "4 MiB of models, 20,000 bytes of an error")


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "gzip, br", "x" * 5000])
def test_other_compression_is_refused_in_words(coding: str, attack: Attack) -> None:
    async def write(reply: Reply) -> None:
        status = "500 Oops" if reply.path == "/v1/error" else "200 OK"
        await reply.send(head("text/event-stream", status, f"Content-Encoding: {coding}\r\n"), b"\x00" * 100)

    with HostileServer(write) as server:
        found = failure(server.endpoint())
        assert "only gzip and deflate are read" in str(found)
        assert not found.retryable
        assert "compressed" in models_of(server.endpoint()).problem
    attack(f"Content-Encoding: {coding[:10]}", "refused in words", "nothing is decoded")


# -- without end in time -----------------------------------------------------------------------------------------------


async def dripping_headers(reply: Reply) -> None:
    await reply.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await reply.drip(b"X-More: more\r\n")


async def dripping_status(reply: Reply) -> None:
    await reply.drip(b"HTTP/1.1 200 " + b"O" * 5000)


async def continues(reply: Reply) -> None:
    while True:
        await reply.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.001)


async def hints(reply: Reply) -> None:
    while True:
        await reply.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        await asyncio.sleep(0.001)


async def trailers(reply: Reply) -> None:
    await reply.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    await reply.send(b"3\r\n:a\n\r\n0\r\n")
    while True:
        await reply.drip(b"X-More: more\r\n")


async def chunk_extension(reply: Reply) -> None:
    await reply.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    await reply.send(b"3\r\n:a\n\r\n3;")
    await reply.drip(b"x" * 5000)


async def empty_blocks(reply: Reply) -> None:
    """gzip that goes on and holds nothing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    await reply.send(head(extra=GZIP), packer.compress(b""), packer.flush(zlib.Z_SYNC_FLUSH))
    while True:
        await reply.send(b"\x00\x00\x00\xff\xff")  # a stored block of no bytes (RFC 1951, 3.2.4)
        await asyncio.sleep(0.01)


SLOW = {
    "headers, a byte each 20 ms": (dripping_headers, "headers were not complete"),
    "a status line, a byte each 20 ms": (dripping_status, "headers were not complete"),
    "endless 100 Continue": (continues, "headers were not complete"),
    "endless 103 Early Hints": (hints, "headers were not complete"),
    "trailers, a byte each 20 ms": (trailers, "no data"),
    "a chunk extension, a byte each 20 ms": (chunk_extension, "no data"),
    "compressed blocks that hold nothing": (empty_blocks, "no data"),
}


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("stream", [True, False])
def test_bytes_that_never_become_an_answer(name: str, stream: bool, attack: Attack) -> None:
    write, words = SLOW[name]
    with HostileServer(write) as server:
        found = failure(server.endpoint(stream=stream, **QUICK))
    assert words in str(found)
    assert found.retryable
    bound = "4 × --read-timeout + --connect-timeout" if "headers" in words else "3 × --read-timeout"
    if stream:
        attack(name, "StreamInterrupted", bound)


@pytest.mark.parametrize("name", SLOW)
def test_without_time_limits_they_would_go_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (connection, transport):
        monkeypatch.setattr(module, "TimeLimit", lambda seconds, message, **more: OnlyLater(message))
    with HostileServer(SLOW[name][0]) as server, pytest.raises(asyncio.TimeoutError):
        ask(server.endpoint(**QUICK), seconds=1.5)


class OnlyLater:
    """A time limit that limits nothing."""

    def __init__(self, message: str) -> None:
        self.message = message

    async def __aenter__(self) -> OnlyLater:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


async def dripping_error(reply: Reply) -> None:
    await reply.send(head("text/plain", "500 Oops"), b"The disk is full. ")
    while True:
        await reply.drip(b"and so on, ")


def test_an_error_page_that_drips_is_read_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    with HostileServer(dripping_error) as server:
        found = failure(server.endpoint(**QUICK), EndpointError)
        assert (found.status, found.retryable) == (500, True)
        assert "The disk is full." in str(found)
        monkeypatch.setattr(bodies, "TimeLimit", lambda seconds, message: OnlyLater(message))
        with pytest.raises(asyncio.TimeoutError):
            ask(server.endpoint(**QUICK), seconds=1.5)
    attack("an error page, a byte each 20 ms", "the error, with what came", "the lesser of --read-timeout and 30 s")


def test_an_error_page_that_breaks_off_keeps_its_status(attack: Attack) -> None:
    async def write(reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 401 No\r\nContent-Type: text/plain\r\nContent-Length: 999\r\n\r\nwrong key")

    with HostileServer(write) as server:
        found = failure(server.endpoint(), EndpointRefused)
    assert (found.status, "wrong key" in str(found)) == (401, True)
    attack("an error page that breaks off", "the error, with what came", "its status counts")


def test_a_list_of_models_that_drips(monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    async def write(reply: Reply) -> None:
        await reply.send(head("application/json"))
        while True:
            await reply.drip(b" ")

    with HostileServer(write) as server:
        assert "not complete after 0.5 s" in models_of(server.endpoint(**QUICK)).problem
        assert "not complete" in models_of(server.endpoint(**QUICK)).problem
    with HostileServer(dripping_headers) as server:
        assert "not complete" in models_of(server.endpoint(**QUICK)).problem
    attack("GET /models, a byte each 20 ms", "told as its problem", "15 s + --connect-timeout")


def test_a_ping_is_bounded_too(attack: Attack) -> None:
    async def pinged(endpoint: Endpoint) -> EndpointError | None:
        async with ChatClient(endpoint) as client:
            return await asyncio.wait_for(client.ping(), HUNG)

    for write, words in ((dripping_headers, "not complete"), (continues, "not complete"), (dripping_error, "full")):
        with HostileServer(write) as server:
            assert words in str(asyncio.run(pinged(server.endpoint(**QUICK))))
    attack("a ping that is never answered", "no answer", "as for an answer")


# -- what cannot be ----------------------------------------------------------------------------------------------------

IMPOSSIBLE = [-9, 2**63 - 1, 2**64, True, 1.5, float("nan"), float("inf"), 1e300, "9e99", 10_000_000, [], {}]


@pytest.mark.parametrize("count", IMPOSSIBLE, ids=str)
@pytest.mark.parametrize("stream", [True, False])
def test_counts_that_cannot_be_are_measured(count: Any, stream: bool, attack: Attack) -> None:
    usage = {
        "prompt_tokens": count,
        "completion_tokens": count,
        "completion_tokens_details": {"reasoning_tokens": count},
    }
    text = "It is four. "

    async def write(reply: Reply) -> None:
        if reply.body.get("stream"):
            await reply.send(EVENTS, event(content=text) * 5, event("stop", usage=usage), b"data: [DONE]\n\n")
            return
        body = {"choices": [{"message": {"content": text * 5}, "finish_reason": "stop"}], "usage": usage}
        await reply.send(head("application/json"), json.dumps(body).encode())

    with HostileServer(write) as server:
        completion = ask(server.endpoint(stream=stream))
    assert completion.answer == (text * 5).strip()
    assert (completion.prompt_tokens, completion.reasoning_tokens) == (0, 0)
    assert completion.completion_tokens == (5 if stream else len(completion.answer) // 4)
    assert completion.tokens_from == ("chunks" if stream else "estimate")
    if stream:
        attack(f"usage of {count} tokens", "counted instead, told in a note", "10 a character")


@pytest.mark.parametrize("stream", [True, False])
def test_names_without_end_are_clipped(stream: bool, tmp_path: Path, attack: Attack) -> None:
    long = "x" * 3_000_000
    call = [{"index": 0, "id": long, "function": {"name": long, "arguments": "{}"}}]
    said = {"content": "4", "tool_calls": call}

    async def write(reply: Reply) -> None:
        part = "delta" if reply.body.get("stream") else "message"
        data = json.dumps({"model": long, "choices": [{part: said, "finish_reason": long}]}).encode()
        if part == "delta":
            await reply.send(EVENTS, b"data: ", data, b"\n\ndata: [DONE]\n\n")
        else:
            await reply.send(head("application/json"), data)

    with HostileServer(write) as server:
        completion = ask(server.endpoint(stream=stream, max_tokens=100_000))
        run = evaluate(server.endpoint(stream=stream, max_tokens=100_000), tmp_path)
    assert (len(completion.finish_reason), len(completion.model)) == (100, 300)
    assert [(len(c["id"]), len(c["function"]["name"])) for c in completion.tool_calls] == [(300, 300)]
    rows = [file.stat().st_size for file in (Path(run.path) / "predictions").rglob("*.jsonl")]
    assert rows
    assert max(rows) < 20_000
    attack("finish reason, names and ids of 3 MB", "clipped", "100 and 300 characters")


# -- what nobody foresaw -----------------------------------------------------------------------------------------------


class Broken(ChatCompletions):
    """A dialect with a fault that no rule knows of."""

    place = "delta"

    def delta(self, event: bytes) -> Delta | None:
        if self.place == "delta":
            raise ZeroDivisionError("one over none")
        return super().delta(event)

    def body(self, *args: Any, **more: Any) -> dict[str, Any]:
        body = super().body(*args, **more)
        if self.place == "body" or (self.place == "ping" and body["messages"][0]["content"] == "ping"):
            raise ZeroDivisionError("one over none")
        return body

    def error(self, *args: Any, **more: Any) -> EndpointError:
        if self.place == "error":
            raise ZeroDivisionError("one over none")
        return super().error(*args, **more)


@pytest.fixture
def broken() -> Iterator[Broken]:
    dialect = Broken()
    register_dialect("broken", dialect)
    yield dialect
    DIALECTS.unregister("broken")


@pytest.mark.parametrize("place", ["delta", "body", "error"])
def test_an_exception_that_nobody_foresaw_costs_one_attempt(
    place: str, broken: Broken, tmp_path: Path, attack: Attack
) -> None:
    async def write(reply: Reply) -> None:
        if place == "error" and reply.body["messages"] != LINE:
            await reply.send(head("text/plain", "500 Oops"), b"no")
        else:
            await reply.send(head("text/plain", "500 Oops") if place == "error" else EVENTS, event("stop", content="4"))

    broken.place = place
    with HostileServer(write) as server:
        found = failure(server.endpoint(dialect="broken"))
        assert found.retryable
        assert "ZeroDivisionError: one over none (test_servers.py:" in str(found)
        run = evaluate(server.endpoint(dialect="broken"), tmp_path, limit=3)
    assert run.state == "complete"
    assert [run.sample(name).outcome for name in run.samples()["id"]] == ["error"] * 3
    attack(f"an unforeseen exception ({place})", "an error of that sample", "one attempt")


def test_a_fault_in_the_ping_of_a_server_that_is_away_ends_the_waiting(
    broken: Broken, tmp_path: Path, attack: Attack
) -> None:
    async def write(reply: Reply) -> None:
        """Closes the connection without a word."""

    broken.place = "ping"
    with HostileServer(write) as server, pytest.raises(EndpointRefused, match="ZeroDivisionError"):
        evaluate(server.endpoint(dialect="broken"), tmp_path, limit=3)
    attack("an unforeseen exception (ping)", "counts as no answer", "--patience")


def test_an_exception_that_nobody_foresaw_is_told_by_every_call(
    broken: Broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    async def write(reply: Reply) -> None:
        await reply.send(EVENTS, event("stop", content="4"))

    with HostileServer(write) as server:
        here = server.endpoint(dialect="broken")
        with pytest.raises(StreamInterrupted, match="ZeroDivisionError: one over none"):
            qwq_nb.ask("2 + 2?", endpoint=here)
        test = qwq_nb.speed(endpoint=here, concurrency="2", requests=2, show=False, out=str(tmp_path))
        assert ["ZeroDivisionError" in asked.error for asked in test.record.asked[0]] == [True, True]
        assert "ZeroDivisionError" in test.record.warmup_problem
        monkeypatch.setattr(model_list, "whole_body", lambda *_: 1 // 0)
        assert "ZeroDivisionError" in registry.connect(here).problem
    attack("an unforeseen exception: ask, speed, endpoint", "told in words", "one attempt")


def test_one_sample_with_a_fault_is_asked_again_and_the_others_are_answered(tmp_path: Path, attack: Attack) -> None:
    """The fifth answer has a status line in another alphabet, which ended a run with a traceback."""
    phrase = "HTTP/1.1 502 Passerelle d\xe9faillante\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    chats: list[str] = []

    async def write(reply: Reply) -> None:
        chats.append(reply.path)
        if len(chats) == 3:
            await reply.send(phrase)
        else:
            await reply.send(EVENTS, event("stop", content="\\boxed{4}"))

    with HostileServer(write) as server:
        run = evaluate(server.endpoint(max_retries=2), tmp_path, limit=6, concurrency=1)
    assert run.state == "complete"
    outcomes = [run.sample(name).outcome for name in run.samples()["id"]]
    assert not {"error", "pending"} & set(outcomes)
    assert len(chats) == 7
    attack("a Latin-1 reason phrase", "asked again", "one attempt")


@pytest.mark.parametrize("phrase", [b"", b"\xe9", b"\xff\xfe\x80", b"\x01\x02", b"a" * 8000, "\u2603".encode()])
def test_a_reason_phrase_of_any_bytes_costs_nothing(phrase: bytes) -> None:
    async def write(reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 200 " + phrase + b"\r\nContent-Type: text/event-stream\r\n\r\n")
        await reply.send(event("stop", content="Fine."))

    with HostileServer(write) as server:
        assert ask(server.endpoint()).answer == "Fine."


def test_a_speed_test_of_such_a_server_ends(tmp_path: Path, attack: Attack) -> None:
    with HostileServer(chatter) as server:
        test = qwq_nb.speed(
            endpoint=server.endpoint(),
            concurrency="2",
            requests=2,
            max_tokens=8,
            warmup=0,
            show=False,
            out=str(tmp_path),
        )
    assert [asked.finish_reason for asked in test.record.asked[0]] == ["length", "length"]
    assert all(asked.output_tokens == 1016 for asked in test.record.asked[0])
    attack("a speed test of a server that ignores max_tokens", "ends", "2 × max_tokens + 1,000 pieces")
