"""Retries, waits, time-outs, deadlines and cancelling."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket

import pytest

from qwq_nb.core.records import Completion, Message
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointError, StreamInterrupted
from tests.support.chat_completions import (
    REASONING,
    ROWS,
    ask_question,
    assert_is_idle,
    assert_is_the_answer,
    completion_of,
    endpoint_of,
    failure_of,
)
from tests.support.clock import InstantClock


def test_the_wait_doubles_with_jitter_up_to_a_minute(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503"])
    clock = InstantClock()
    failure_of(endpoint_of(server, max_retries=9).replace(backoff=1.0), clock=clock)
    assert len(clock.waits) == 9
    for wait, doubled in zip(clock.waits, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert doubled <= wait <= doubled + 1
    assert len(set(clock.waits)) == 9


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_honoured(server: DemoEndpoint, code: int) -> None:
    server.set_faults([f"status,code={code},retry_after=30,attempts=1"])
    clock = InstantClock()
    assert_is_the_answer(ask_question(endpoint_of(server), clock=clock))
    assert 30 <= clock.waits[0] < 31


def test_retry_after_as_a_date_is_honoured(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,retry_after=date,attempts=1"])
    clock = InstantClock()
    assert_is_the_answer(ask_question(endpoint_of(server), clock=clock))
    assert 0.2 < clock.waits[0] < 3


def test_nobody_waits_for_an_hour(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=429,retry_after=3600,attempts=1"])
    clock = InstantClock()
    assert_is_the_answer(ask_question(endpoint_of(server), clock=clock))
    assert 300 <= clock.waits[0] < 301


def test_the_deadline_is_that_of_all_attempts_together(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,retry_after=30"])
    live = StreamingCompletion()
    found = failure_of(endpoint_of(server, deadline=0.2), live)
    assert isinstance(found, StreamInterrupted)
    assert "deadline of 0.2 s" in str(found)
    assert live.waiting_for_retry


def test_the_deadline_cuts_a_stream_and_leaves_its_text(server: DemoEndpoint) -> None:
    server.set_faults(["trickle,seconds=0.05"])
    live = StreamingCompletion()
    assert "deadline of 0.3 s" in str(failure_of(endpoint_of(server, deadline=0.3), live))
    assert live.chunks > 0


def test_a_slow_stream_is_no_silent_one(server: DemoEndpoint) -> None:
    """There is no time-out on the whole: the read time-out starts anew with each piece."""
    server.configure(chunks=8)
    server.set_faults(["trickle,seconds=0.1"])
    completion = ask_question(endpoint_of(server, read_timeout=0.5, max_retries=0))
    assert_is_the_answer(completion)
    assert completion.latency_s > 0.5


def test_cancelling_leaves_the_partial_text_and_ends_the_request(server: DemoEndpoint) -> None:
    server.set_faults(["mid_hang"])
    live = StreamingCompletion()

    async def cancelled() -> None:
        task = asyncio.ensure_future(completion_of(endpoint_of(server), live=live))
        while not live.chunks:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    partial = live.splitter.reasoning_so_far(1000)
    assert partial
    assert REASONING.startswith(partial)
    assert_is_idle(server)


def test_cancelling_between_two_attempts(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,retry_after=30"])
    live = StreamingCompletion()

    async def cancelled() -> None:
        task = asyncio.ensure_future(completion_of(endpoint_of(server), live=live))
        while not live.waiting_for_retry:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert "HTTP 503" in live.retried[0]


@pytest.mark.parametrize("fault", ["", "status,code=503", "mid_hang", "mid_close", "garbage_chunk", "key_echo"])
def test_nothing_is_left_for_the_garbage_collector(server: DemoEndpoint, fault: str) -> None:
    """An unclosed session, connection or stream would warn, and a warning is an error."""
    server.set_faults([fault] if fault else [])
    with contextlib.suppress(EndpointError):
        ask_question(endpoint_of(server, max_retries=0, read_timeout=0.1 if fault == "mid_hang" else 5))
    gc.collect()
    assert_is_idle(server)


def test_a_connection_that_broke_is_not_used_again(server: DemoEndpoint) -> None:
    async def both() -> Completion:
        async with ChatClient(endpoint_of(server, read_timeout=0.2, max_retries=0), connections=1) as client:
            messages: list[Message] = [{"role": "user", "content": ROWS[0]["problem"]}]
            with pytest.raises(StreamInterrupted):
                await client.complete(messages)
            server.set_faults([])
            return await client.complete(messages)

    for fault in ("mid_hang", "mid_close", "mid_reset", "garbage_chunk", "error_event"):
        server.set_faults([fault])
        assert_is_the_answer(asyncio.run(both()))


def test_no_answer_to_the_connection() -> None:
    """A listener whose queue is full lets further connections hang."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        found = failure_of(Endpoint(url, "m", connect_timeout=0.2, max_retries=0))
    assert "no connection within --connect-timeout" in str(found)


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        live = StreamingCompletion()
        found = failure_of(Endpoint(url, "m", backoff=0.01, max_retries=1), live)
    assert "is the server running" in str(found)
    assert live.attempt == 2
