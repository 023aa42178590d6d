"""What only bytes can show: servers that keep to no standard."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.core.tool_calls import calls_in, shown_call
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.errors import RequestRejected, StreamInterrupted
from tests.support.chat_completions import (
    byte_server,
    chunk,
    completion_of_bytes,
    failure_of_bytes,
    response,
    whole_stream,
)


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert completion_of_bytes(response(chunk(content="Fine.") + b"\n\n" + chunk("stop"))).attempts == 1


def test_a_last_line_that_is_torn_is_no_end() -> None:
    torn = response(chunk(content="Fine.") + b"\n\n" + chunk("stop")[:-4])
    completion = completion_of_bytes(torn, whole_stream())
    assert (completion.answer, completion.attempts) == ("Fine.", 2)


def test_what_comes_after_done_is_not_read() -> None:
    after = whole_stream() + b"data: garbage\n\n"
    assert completion_of_bytes(after).answer == "Fine."


@pytest.mark.parametrize("finish", ["abort", "error"])
def test_an_engine_that_gave_up_did_not_finish(finish: str) -> None:
    cut = response(chunk(content="Fi") + b"\n\n" + chunk(finish) + b"\n\ndata: [DONE]\n\n")
    assert completion_of_bytes(cut, whole_stream()).attempts == 2
    assert repr(finish) in str(failure_of_bytes(cut))


def test_an_error_in_the_words_of_an_older_vllm() -> None:
    said = b'data: {"object": "error", "message": "Grammar is not valid", "type": "BadRequestError", "code": 400}\n\n'
    assert isinstance(failure_of_bytes(response(said + b"data: [DONE]\n\n")), RequestRejected)


def test_a_server_that_streams_unasked_is_read_as_a_stream() -> None:
    assert completion_of_bytes(whole_stream(), stream=False).answer == "Fine."


@pytest.mark.parametrize("kind", ["text/event-stream; charset=utf-8", "text/plain", "application/octet-stream"])
def test_a_stream_under_any_name(kind: str) -> None:
    assert completion_of_bytes(whole_stream().replace(b"text/event-stream", kind.encode())).answer == "Fine."


@pytest.mark.parametrize("usage", [{"prompt_tokens": 5.0, "completion_tokens": "7"}, {"completion_tokens": None}, None])
def test_odd_token_counts_do_not_cost_the_answer(usage: dict[str, Any] | dict[str, None] | None) -> None:
    last = b"data: " + json.dumps({"choices": [], "usage": usage}).encode()
    stream = response(chunk("stop", content="Fine.") + b"\n\n" + last + b"\n\ndata: [DONE]\n\n")
    completion = completion_of_bytes(stream)
    assert (completion.answer, completion.attempts) == ("Fine.", 1)
    if usage and usage["completion_tokens"]:
        assert (completion.prompt_tokens, completion.completion_tokens) == (5, 7)


def test_a_character_in_two_halves() -> None:
    halves = chunk(content="\ud83d") + b"\n\n" + chunk(content="\ude00")
    assert completion_of_bytes(response(halves + b"\n\n" + chunk("stop") + b"\n\n")).answer == "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01 this is TLS\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Le"],
    ids=["not HTTP", "bad status", "nothing", "torn headers"],
)
def test_what_is_no_http_is_an_endpoint_error(garbage: bytes) -> None:
    found = failure_of_bytes(garbage)
    assert isinstance(found, StreamInterrupted)
    assert found.retryable
    assert completion_of_bytes(garbage, whole_stream()).attempts == 2


@pytest.mark.parametrize(
    "data",
    [b"[1]", b'"x, y"', b'{"choices": 3}', b'{"choices": [{"finish_reason": {}}]}', b'{"error":' + b"[" * 10_000],
)
def test_json_that_is_no_chunk_is_an_endpoint_error(data: bytes) -> None:
    assert "no chat completion" in str(failure_of_bytes(response(b"data: " + data + b"\n\n")))
    assert "no chat completion" in str(failure_of_bytes(response(data, "application/json"), stream=False))


@pytest.mark.parametrize("body", [b"{}", b'{"choices": []}', b'{"choices": [{"finish_reason": "stop"}]}'])
def test_a_body_without_a_message(body: bytes) -> None:
    assert "without a message" in str(failure_of_bytes(response(body, "application/json"), stream=False))


def test_a_page_where_a_stream_should_be() -> None:
    assert "no event stream" in str(failure_of_bytes(response(b"Hello.\n", "text/plain")))


def test_models_that_are_no_list() -> None:
    async def models(body: bytes) -> Any:
        async with byte_server(body) as endpoint, ChatClient(endpoint) as client:
            return await client.models()

    for body in (b"[]", b"<html>", b'{"data": 3}', b"\xff", b'{"models": []}'):
        served = asyncio.run(models(response(body, "application/json")))
        assert served.ids == []
    assert "list of models" in asyncio.run(models(response(b'{"data": 3}', "application/json"))).problem
    assert asyncio.run(models(b"junk\r\n\r\n")).problem


WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("stream", [True, False])
def test_a_tool_that_is_offered_may_be_called(stream: bool) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    said = {"role": "assistant", "content": None, "tool_calls": [call]}
    first = chunk(tool_calls=[{**call, "index": 0, "function": {"name": "weather", "arguments": '{"city"'}}])
    second = chunk("tool_calls", tool_calls=[{"index": 0, "function": {"arguments": ': "Oslo"}'}}])
    body = json.dumps({"choices": [{"message": said, "finish_reason": "tool_calls"}]}).encode()
    answer = response(first + b"\n\n" + second + b"\n\n") if stream else response(body, "application/json")
    seen: list[bytes] = []

    async def go() -> Completion:
        async with byte_server(answer, seen=seen) as endpoint, ChatClient(endpoint.replace(stream=stream)) as client:
            return await client.complete([{"role": "user", "content": "Rain?"}], tools=[WEATHER])

    completion = asyncio.run(go())
    assert completion.tool_calls == [call]
    assert [shown_call(found) for found in calls_in(completion.answer)] == [
        {"name": "weather", "arguments": {"city": "Oslo"}}
    ]
    assert (completion.finish_reason, completion.attempts) == ("tool_calls", 1)
    assert completion.completion_tokens > 0
    assert json.loads(seen[0].partition(b"\r\n\r\n")[2])["tools"] == [WEATHER]


# -- streams beside the standard -------------------------------------------------------------------------------------


def stream_of(*events: bytes, gap: bytes = b"\n\n") -> bytes:
    """A whole stream, with these events between its first piece and its last."""
    return b"".join(
        e + gap for e in (chunk(reasoning="hm"), *events, chunk(content="4"), chunk("stop"), b"data: [DONE]")
    )


BEATS = [b"data:", b"data: ", b"data: ping", b"data: keep-alive", b": x", b"event: ping\ndata: ping", b"event: ping"]


@pytest.mark.parametrize("beat", BEATS)
@pytest.mark.parametrize("gap", [b"\n\n", b"\n", b"\r\n", b"\r\n\r\n"])
def test_heartbeats_are_passed_over_wherever_they_are(beat: bytes, gap: bytes) -> None:
    body = beat + gap + stream_of(beat, beat, gap=gap)
    completion = completion_of_bytes(response(body), max_retries=0)
    assert (completion.reasoning, completion.answer, completion.attempts) == ("hm", "4", 1)


@pytest.mark.parametrize("torn", [b'data: {"choices": [{"delta', b'data: "}}]}', b"data: Internal Server Error"])
@pytest.mark.parametrize("gap", [b"\n\n", b"\n"])
def test_a_torn_chunk_is_no_heartbeat(torn: bytes, gap: bytes) -> None:
    found = failure_of_bytes(response(stream_of(torn, gap=gap)), max_retries=0)
    assert isinstance(found, StreamInterrupted)
    assert "no chat completion" in str(found)


@pytest.mark.parametrize(
    "opening", [b"", b"\n\n", b" \r\n", b"\xef\xbb\xbf", b": queued\n\n", b"event: x\n", b"id: 1\n"]
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_stream_labelled_as_json_is_read_as_a_stream(opening: bytes, stream: bool) -> None:
    body = response(opening + stream_of(), "application/json")
    assert completion_of_bytes(body, stream=stream, max_retries=0).answer == "4"


@pytest.mark.parametrize("opening", [b"", b"\n\n", b"  ", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("kind", ["text/event-stream", "text/plain", "application/json"])
def test_json_labelled_as_a_stream_is_read_as_json(opening: bytes, kind: str) -> None:
    body = {"choices": [{"message": {"reasoning": "hm", "content": "4"}, "finish_reason": "stop"}]}
    completion = completion_of_bytes(response(opening + json.dumps(body, indent=1).encode(), kind), max_retries=0)
    assert (completion.reasoning, completion.answer) == ("hm", "4")


def test_an_error_where_a_stream_should_be_is_told() -> None:
    assert "it burns" in str(failure_of_bytes(response(b'{"error": {"message": "it burns"}}'), max_retries=0))


def test_a_refusal_is_the_answer_and_not_asked_again() -> None:
    seen: list[bytes] = []
    body = response(chunk(content=None, refusal="I can") + b"\n\n" + chunk("stop", refusal="not.") + b"\n\n")

    async def go() -> Completion:
        async with byte_server(body, seen=seen) as endpoint, ChatClient(endpoint) as client:
            return await client.complete([{"role": "user", "content": "?"}])

    assert asyncio.run(go()).answer == "I cannot."
    assert len(seen) == 1
