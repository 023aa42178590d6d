"""Servers with fewer slots than streams: what waits in the queue is waited for, and asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint import queue_wait
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.stall import StallDetector
from qwq_nb.errors import EndpointError
from qwq_nb.evaluation.evaluate import evaluate
from tests.support.demo_server import own_endpoint
from tests.support.hostile_server import EVENTS, HostileServer, Reply, event, head
from tests.support.math_problems import MATH

ANSWER_S = 0.3
"""Seconds that the one slot is taken by an answer."""


class OneSlot:
    """Write one answer at a time; `opening`: what the others are sent at once."""

    def __init__(self, opening: bytes = b"") -> None:
        self.opening = opening
        self.asked = 0
        self.slot = asyncio.Lock()

    async def __call__(self, reply: Reply) -> None:
        self.asked += 1
        await reply.send(self.opening)
        async with self.slot:
            if not reply.body.get("stream"):
                await asyncio.sleep(ANSWER_S)
                text = b'{"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]}'
                await reply.send(head("application/json"), text)
                return
            await reply.send(EVENTS.removeprefix(self.opening) if self.opening in (b"", EVENTS) else b"")
            for _ in range(6):
                await asyncio.sleep(ANSWER_S / 6)
                await reply.send(event(content="4"))
            await reply.send(event(finish="stop"))


def at_once(endpoint: Endpoint, count: int) -> tuple[list[Completion | BaseException], list[str]]:
    """Send requests at the same time; return what came of each, and the notes."""

    async def work() -> tuple[list[Completion | BaseException], list[str]]:
        async with ChatClient(endpoint) as client:
            asked = [client.complete([{"role": "user", "content": "2 + 2?"}]) for _ in range(count)]
            return await asyncio.gather(*asked, return_exceptions=True), client.notes

    return asyncio.run(work())


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("opening", [b"", EVENTS, EVENTS + event(role="assistant"), EVENTS + b": queued\n\n"])
def test_what_waits_in_the_queue_is_asked_once(
    opening: bytes, stream: bool, attack: Callable[[str, str, str], None]
) -> None:
    if not stream and opening:
        pytest.skip("whole answers have no opening")
    server = OneSlot(opening)
    with HostileServer(server) as running:
        endpoint = running.endpoint(read_timeout=3 * ANSWER_S, max_retries=6, stream=stream)
        found, notes = at_once(endpoint, 8)
    assert server.asked == 8
    assert not [answer for answer in found if isinstance(answer, BaseException)]
    assert [note for note in notes if "wait in its queue" in note and "--concurrency auto" in note]
    if not opening:
        attack(f"8 requests on one slot, streamed: {stream}", "asked once each, told in a note", "100 × --read-timeout")


def test_control_with_a_time_out_that_nothing_suspends_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_wait, "QUEUE_TIMEOUTS", 1)
    server = OneSlot()
    with HostileServer(server) as running:
        _, notes = at_once(running.endpoint(read_timeout=3 * ANSWER_S, max_retries=6), 8)
    assert server.asked > 8
    assert [note for note in notes if "timed out in the queue" in note and "--concurrency auto" in note]


def test_a_server_that_is_silent_for_all_times_out_as_ever() -> None:
    async def silent(reply: Reply) -> None:
        await asyncio.sleep(60)

    with HostileServer(silent) as running:
        found, _ = at_once(running.endpoint(read_timeout=0.5), 4)
    assert all(isinstance(answer, EndpointError) and "--read-timeout" in str(answer) for answer in found)


def test_a_stream_that_falls_silent_in_its_course_is_not_taken_for_one_in_the_queue() -> None:
    """Others go on being written all the while."""
    asked = 0

    async def write(reply: Reply) -> None:
        nonlocal asked
        asked += 1
        own = asked
        await reply.send(EVENTS, event(content="4"))
        for _ in range(12 if own != 2 else 0):
            await asyncio.sleep(0.25)
            await reply.send(event(content="4"))
        if own == 2:
            await asyncio.sleep(60)
        await reply.send(event(finish="stop"))

    with HostileServer(write) as running:
        found, _ = at_once(running.endpoint(read_timeout=1.0), 3)
    assert ["--read-timeout" in str(answer) for answer in found].count(True) == 1


def test_keep_alives_before_the_first_text_are_no_stall_while_others_are_written() -> None:
    now, others = 0.0, 0
    waiting = StallDetector(10, clock=lambda: now, others=lambda: others)
    for _ in range(5):
        now, others = now + 45, others + 1
        assert not waiting.stalled(0)
    now += 45
    assert waiting.stalled(0), "nothing of the others since the last look"


@pytest.mark.long
def test_a_run_on_one_slot_asks_as_often_as_there_are_answers(demo_endpoint: Callable[..., DemoEndpoint]) -> None:
    server = demo_endpoint(args=["--batch=1"], tokens_per_second=100, chunks=40)
    endpoint = own_endpoint(server, read_timeout=1.0)
    run = evaluate("math_500", endpoint=endpoint, data=MATH, show=False, limit=8, concurrency=32)
    assert (server.log()["requests"], run.state) == (8, "complete")
    assert any("--concurrency auto" in note for note in run.manifest.notes)
    server.reset()
    auto = evaluate("math_500", endpoint=endpoint, data=MATH, show=False, limit=8, fresh=True)
    assert (server.log()["requests"], auto.state, auto.manifest.request.concurrency) == (8, "complete", "auto")
    assert auto.name.startswith(run.name), "the number of streams is no part of what is asked"
