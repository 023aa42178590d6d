"""Any bytes as an answer, in pieces of any size, over a real socket: a completion or an EndpointError, nothing else."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointError

LINE: list[Message] = [{"role": "user", "content": "2 + 2?"}]
MAX_TOKENS = 4
PIECES = 2 * MAX_TOKENS + 1000

# -- what a server may send --------------------------------------------------------------------------------------------

NAMES = [
    "choices", "delta", "message", "content", "reasoning", "reasoning_content", "refusal", "tool_calls", "function",
    "index", "id", "name", "arguments", "finish_reason", "usage", "prompt_tokens", "completion_tokens",
    "completion_tokens_details", "reasoning_tokens", "error", "code", "detail", "model",
]  # fmt: skip
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**53, 2**63, -(2**63), 10**400])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.sampled_from(["stop", "length", "<think>"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
DELTAS = st.dictionaries(st.sampled_from(["content", "reasoning", "refusal", "tool_calls"]), ANYTHING, max_size=2)
CHUNKS = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"delta": DELTAS}, optional={"finish_reason": ANYTHING}), max_size=2)},
    optional={"usage": ANYTHING, "model": ANYTHING, "error": st.none() | ANYTHING},
)
ENDS = st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r", b"\n", b""])


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


EVENTS = st.builds(
    lambda start, data, end: start + data + end,
    st.sampled_from([b"data: ", b"data:", b"event: x\ndata: ", b": ", b""]),
    (CHUNKS | ANYTHING).map(as_json) | st.binary(max_size=40) | st.sampled_from([b"[DONE]", b" [DONE] ", b"ping", b""]),
    ENDS,
)
BODIES = st.lists(EVENTS, max_size=8).map(b"".join) | st.binary(max_size=300) | (CHUNKS | ANYTHING).map(as_json)
HEADERS = st.sampled_from(
    [
        "Content-Type: text/event-stream",
        "Content-Type: application/json",
        "Content-Type: text/plain",
        "X: y",
        "Content-Type: text/event-stream\r\nContent-Encoding: gzip",
        "Content-Type: text/event-stream\r\nContent-Encoding: deflate",
        "Content-Type: text/event-stream\r\nContent-Length: 100",
        "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked",
    ]
)
STATUSES = st.sampled_from([b"200 OK"] * 6 + [b"400 No", b"401 No", b"404 No", b"429 Slow", b"500 Oops", b"200 \xe9"])
ANSWERS = st.builds(
    lambda status, headers, body: b"HTTP/1.1 " + status + b"\r\n" + headers.encode() + b"\r\n\r\n" + body,
    STATUSES,
    HEADERS,
    BODIES,
) | st.binary(max_size=200)


# -- asking for it -----------------------------------------------------------------------------------------------------


class Asker:
    """A server and a client on one event loop, for thousands of requests."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pieces: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            top = await reader.readuntil(b"\r\n\r\n")
            length = next((int(x[15:]) for x in top.lower().split(b"\r\n") if x[:15] == b"content-length:"), 0)
            await reader.readexactly(length)
            for piece in self.pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def __enter__(self) -> Asker:
        self._server = self.loop.run_until_complete(asyncio.start_server(self._handle, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.loop.run_until_complete(asyncio.sleep(0.05))
        self.loop.close()

    def ask(self, pieces: list[bytes], stream: bool) -> Completion | EndpointError:
        """What the client makes of these bytes."""
        self.pieces = pieces
        endpoint = Endpoint(
            f"http://127.0.0.1:{self.port}/v1",
            "m",
            stream=stream,
            max_tokens=MAX_TOKENS,
            max_retries=0,
            read_timeout=5.0,
            connect_timeout=5.0,
        )

        async def work() -> Completion | EndpointError:
            async with ChatClient(endpoint, connections=1) as client:
                live = StreamingCompletion()
                try:
                    return await client.complete(LINE, live=live)
                except EndpointError as exc:
                    return exc
                finally:
                    assert live.chunks <= PIECES

        return self.loop.run_until_complete(asyncio.wait_for(work(), 30))


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    with Asker() as running:
        yield running


def check(asker: Asker, answer: bytes, cuts: list[int], stream: bool) -> None:
    marks = [0, *sorted(cut % (len(answer) + 1) for cut in cuts), len(answer)]
    found = asker.ask([answer[a:b] for a, b in itertools.pairwise(marks)], stream)
    if isinstance(found, Completion):
        assert found.finish_reason
        assert len(found.finish_reason) <= 100
        counts = (found.prompt_tokens, found.reasoning_tokens, found.answer_tokens)
        assert all(type(count) is int and 0 <= count < 2**31 for count in counts)
    else:
        assert "the answer could not be read" not in str(found), "an exception that no rule foresees"
        assert len(str(found)) < 1000


cuts = st.lists(st.integers(0, 2000), max_size=6)
own_server = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@settings(own_server, max_examples=100)
@given(answer=ANSWERS, cuts=cuts, stream=st.booleans())
def test_any_bytes_are_an_answer_or_an_endpoint_error(
    asker: Asker, answer: bytes, cuts: list[int], stream: bool
) -> None:
    check(asker, answer, cuts, stream)


@pytest.mark.long
@settings(own_server, max_examples=10_000)
@given(answer=ANSWERS, cuts=cuts, stream=st.booleans())
def test_ten_thousand_answers(asker: Asker, answer: bytes, cuts: list[int], stream: bool) -> None:
    check(asker, answer, cuts, stream)


def test_the_fuzz_finds_a_fault(
    asker: Asker, monkeypatch: pytest.MonkeyPatch, attack: Callable[[str, str, str], None]
) -> None:
    """Its control, and a whole answer, which is read."""
    answer = b'HTTP/1.1 200 OK\r\n\r\ndata: {"choices": [{"delta": {"content": "4"}, "finish_reason": "stop"}]}\n\n'
    check(asker, answer, [], True)
    assert isinstance(asker.ask([answer], True), Completion)
    monkeypatch.setattr("qwq_nb.endpoint.connection.believable", lambda *_: 1 // 0)
    with pytest.raises(AssertionError, match="could not be read"):
        check(asker, answer, [], True)
    attack("10,000 answers of any bytes (300 in make test)", "a completion or an EndpointError", "30 s each")
