"""Tool calls over sockets: every shape in which servers send them, however the stream is split."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.core.tool_calls import calls_in, shown_call
from qwq_nb.endpoint.answer import StreamedAnswer
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.dialects.chat_completions import ChatCompletions
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.sse import EventDecoder
from qwq_nb.endpoint.streaming import StreamingCompletion
from tests.support.chat_completions import byte_server, completion_of_bytes, response
from tests.support.paths import SHARED_DATA
from tests.support.tool_call_streams import OSLO, STREAMS, ToolStream, as_bytes, piece

HEADERS = response(b"")
by_name = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


def shared_streams() -> list[ToolStream]:
    """Streams that were written after the documentation of servers, where they are at hand."""
    file = SHARED_DATA / "tools" / "tool_call_streams.json"
    if not file.exists():
        return []
    return [
        ToolStream(
            row["shape"],
            [chunk["choices"][0]["delta"] for chunk in row["chunks"][:-1]],
            row["chunks"][-1]["choices"][0]["finish_reason"],
            row["calls"],
        )
        for row in json.loads(file.read_text())
    ]


@asynccontextmanager
async def splitting_server(body: bytes, splits: Sequence[Sequence[int]]) -> AsyncIterator[Endpoint]:
    """A server that writes the n-th answer in parts that end at the n-th of these splits."""
    left = list(splits)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        marks = [0, *left.pop(0), len(body)]
        with contextlib.suppress(ConnectionError):
            writer.write(HEADERS)
            for a, b in itertools.pairwise(marks):
                writer.write(body[a:b])
                await writer.drain()
                await asyncio.sleep(0)  # so that each part is read by itself
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Endpoint(f"http://127.0.0.1:{port}/v1", "m", max_retries=0)


def answers(body: bytes, splits: Sequence[Sequence[int]]) -> list[Completion]:
    async def go() -> list[Completion]:
        async with splitting_server(body, splits) as endpoint, ChatClient(endpoint) as client:
            return [await client.complete([{"role": "user", "content": "Rain?"}]) for _ in splits]

    return asyncio.run(go())


def check(stream: ToolStream, completion: Completion) -> None:
    made = [shown_call(call) for call in calls_in(completion.answer)]
    if stream.calls is None:
        assert completion.is_truncated
        assert [call["problem"] for call in made] == ["it ends before its JSON does"]
    else:
        assert made == stream.calls
    assert "<tool_call>" not in completion.reasoning or stream.calls == []


@by_name
def test_a_stream_byte_by_byte_and_in_two_parts(stream: ToolStream) -> None:
    body = as_bytes(stream)
    for completion in answers(body, [range(1, len(body)), *([cut] for cut in range(1, len(body), 97))]):
        check(stream, completion)


@pytest.mark.long
@pytest.mark.parametrize("stream", [*STREAMS, *shared_streams()], ids=lambda stream: stream.name)
def test_every_split_into_two_parts(stream: ToolStream) -> None:
    body = as_bytes(stream)
    for completion in answers(body, [[cut] for cut in range(len(body))]):
        check(stream, completion)


@pytest.mark.parametrize("stream", shared_streams(), ids=lambda stream: stream.name)
def test_the_streams_of_the_shared_data(stream: ToolStream) -> None:
    check(stream, completion_of_bytes(response(as_bytes(stream))))


@by_name
def test_the_same_message_whole(stream: ToolStream) -> None:
    """A server that does not stream sends the calls in one message: the same text comes of it."""
    streamed = completion_of_bytes(response(as_bytes(stream)))
    message: dict[str, Any] = {"role": "assistant", "content": streamed.answer, "reasoning_content": streamed.reasoning}
    if streamed.tool_calls:
        message |= {"content": streamed.answer.partition("<tool_call>")[0].rstrip(), "tool_calls": streamed.tool_calls}
    body = json.dumps({"choices": [{"message": message, "finish_reason": stream.finish}]}).encode()
    whole = completion_of_bytes(response(body, "application/json"), stream=False)
    check(stream, whole)
    assert whole.reasoning == streamed.reasoning
    assert "".join(whole.answer.split()) == "".join(streamed.answer.split())


def test_arguments_of_another_kind_are_a_problem_in_words() -> None:
    for arguments, problem in [
        ("[1, 2]", "its arguments are no object with named values"),
        ('"Oslo"', "its arguments are no JSON"),
        ("{city: Oslo}", "it is no JSON (Expecting property name enclosed in double quotes)"),
        ('{"x": NaN}', "it is no JSON (NaN is no value of JSON)"),
    ]:
        stream = ToolStream("", [piece(0, "a", name="weather", arguments=arguments)], "tool_calls", None)
        (made,) = calls_in(completion_of_bytes(response(as_bytes(stream))).answer)
        assert (made.name, made.problem) == ("weather", problem)


def test_a_long_call_is_shown_while_it_is_written() -> None:
    live = StreamingCompletion()
    live.begin(None)
    answer, dialect, decoder = StreamedAnswer(live, Mask()), ChatCompletions(), EventDecoder()
    lengths = []
    for event in decoder.feed(as_bytes(STREAMS[0]))[:-1]:
        delta = dialect.delta(event)
        assert delta is not None
        answer.take(delta)
        lengths.append((live.phase, live.answer_length(), live.chunks))
    assert live.answer_so_far(1000) == '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}'
    assert live.answer_so_far(7) == '"Oslo"}'
    assert [phase for phase, _, _ in lengths] == ["waiting", "reasoning", *["answer"] * 5]
    assert [chunks for *_, chunks in lengths] == [0, 1, 2, 3, 4, 5, 5], "each piece of a call counts"
    assert sorted(lengths, key=lambda entry: entry[1]) == lengths, "what is shown only grows"


def test_tools_of_ones_own_reach_the_server_and_the_call_is_the_answer() -> None:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    seen: list[bytes] = []

    async def go() -> Completion:
        async with byte_server(response(as_bytes(STREAMS[0])), seen=seen) as server:
            endpoint = server.replace(sampling={"tools": tools})
            async with ChatClient(endpoint) as client:
                return await client.complete([{"role": "user", "content": "Rain?"}])

    completion = asyncio.run(go())
    assert json.loads(seen[0].partition(b"\r\n\r\n")[2])["tools"] == tools
    assert [shown_call(call) for call in calls_in(completion.answer)] == [OSLO]
    assert completion.answer_tokens > 0
