"""`stream_options`: left out on request, and by itself where a server refuses them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import EndpointError, RequestRejected
from tests.support.hostile_server import EVENTS, HostileServer, Reply, event, head

FORBIDDEN: dict[str, Any] = {"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs"}


class Strict:
    """Refuse requests that have one of these fields, in words and with a status of one's own."""

    def __init__(self, said: object, status: str = "400 Bad Request", fields: tuple[str, ...] = ("stream_options",)):
        self.said, self.status, self.fields = said, status, fields
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, reply: Reply) -> None:
        self.asked.append(reply.body)
        if any(field in reply.body for field in self.fields):
            await reply.send(head("application/json", self.status), json.dumps(self.said).encode())
        else:
            await reply.send(EVENTS, event(content="4"), event(finish="stop"))


def answers(endpoint: Endpoint, count: int = 2) -> tuple[list[str], list[str]]:
    async def ask() -> tuple[list[str], list[str]]:
        async with ChatClient(endpoint) as client:
            found = [await client.complete([{"role": "user", "content": "2 + 2?"}]) for _ in range(count)]
            assert [completion.attempts for completion in found] == [1] * count, "that one does not count"
            return [completion.answer for completion in found], client.notes

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"message": "stream_options: Extra inputs are not permitted", "code": 400}, "400 Bad Request"),
        ({"error": {"message": "Unrecognized request argument supplied: stream_options"}}, "400 Bad Request"),
        ({"detail": [FORBIDDEN]}, "422 Unprocessable Entity"),
        ({"error": {"message": "UnsupportedParamsError: ['stream_options']"}}, "500 Internal Server Error"),
        ({"error": {"message": "stream_options is not supported", "code": 400}}, "200 OK"),
    ],
)
def test_what_is_refused_is_left_out_from_then_on(said: object, status: str) -> None:
    server = Strict(said, status)
    with HostileServer(server) as running:
        texts, notes = answers(running.endpoint())
    assert (texts, len(server.asked)) == (["4", "4"], 3), "refused once"
    assert [note for note in notes if "refuses stream_options" in note] == notes[:1]


def test_it_can_be_left_out_at_once_and_be_given() -> None:
    server = Strict({"error": "no"})
    with HostileServer(server) as running:
        answers(running.endpoint(stream_options=None), 1)
        answers(running.endpoint(extra={"stream_options": None}), 1)
        assert (len(server.asked), [body.get("stream") for body in server.asked]) == (2, [True, True])
    server.fields = ()
    with HostileServer(server) as running:
        answers(running.endpoint(stream_options={"include_usage": False}), 1)
    assert server.asked[-1]["stream_options"] == {"include_usage": False}


def test_what_the_user_asked_for_is_not_left_out_unasked() -> None:
    server = Strict({"error": "stream_options: unknown field"})
    with HostileServer(server) as running, pytest.raises(RequestRejected, match="--stream-options off"):
        answers(running.endpoint(stream_options={"include_usage": True}), 1)
    assert len(server.asked) == 1


def test_a_server_that_refuses_something_else_too_is_not_said_to_refuse_them() -> None:
    server = Strict({"error": "stream_options, top_k: unknown fields"}, fields=("top_k",))

    async def ask(endpoint: Endpoint) -> list[str]:
        async with ChatClient(endpoint) as client:
            with pytest.raises(RequestRejected, match="top_k"):
                await client.complete([{"role": "user", "content": "2 + 2?"}])
            return client.notes

    with HostileServer(server) as running:
        assert asyncio.run(ask(running.endpoint())) == []
    assert len(server.asked) == 2


def test_a_key_that_is_refused_is_asked_for_once() -> None:
    server = Strict({"error": "stream_options need another key"}, "401 Unauthorized")
    with HostileServer(server) as running, pytest.raises(EndpointError):
        answers(running.endpoint(), 1)
    assert len(server.asked) == 1
