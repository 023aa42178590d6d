"""An answer that the server's own window cut is told from one that `max_tokens` cut."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.context_window import is_cut_by_server, window_of
from qwq_nb.endpoint.registry import connect, window_warnings
from tests.support.hostile_server import EVENTS, HostileServer, Reply, event, head


def cut(tokens: int, **changes: Any) -> Completion:
    given = {"finish_reason": "length", "tokens_from": "usage", "answer_tokens": tokens}
    return Completion(**{**given, **changes})


@pytest.mark.parametrize(
    ("completion", "asked", "by_server"),
    [
        (cut(67), 32768, True),
        (cut(151), 256, True),
        (cut(256), 256, False),
        (cut(250), 256, False),  # a gateway that counts otherwise
        (cut(67, finish_reason="stop"), 32768, False),
        (cut(67), 0, True),  # no limit was asked for: it can only be the server's
        (cut(67, tokens_from="chunks"), 32768, True),
        (cut(200, tokens_from="chunks"), 256, False),  # a piece may hold several tokens
        (cut(40, tokens_from="chunks", answer="word " * 200), 256, False),
        (cut(12), 16, False),
        (cut(250, finish_reason="model_context_window_exceeded"), 256, True),
        (cut(250, finish_reason="stop", limit_reached=True), 2560, False),
    ],
)
def test_length_far_below_max_tokens_is_the_servers(completion: Completion, asked: int, by_server: bool) -> None:
    assert is_cut_by_server(completion, asked) == by_server


@pytest.mark.parametrize(
    ("model", "window"),
    [
        ({"id": "m", "max_model_len": 512}, 512),  # vLLM, SGLang
        ({"id": "m", "meta": {"n_ctx": 2048, "n_ctx_train": 8192}}, 2048),  # llama.cpp
        ({"id": "m", "context_length": 131072}, 131072),  # OpenRouter
        ({"id": "m", "context_window": 8192}, 8192),  # Groq
        ({"id": "m"}, 0),
        ({"id": "m", "meta": None, "max_model_len": "512"}, 0),
        ({"id": "m", "max_model_len": True}, 0),
        ({"id": "m", "max_model_len": -1}, 0),
    ],
)
def test_the_window_is_read_where_models_tells_it(model: dict[str, Any], window: int) -> None:
    assert window_of(model) == window


async def window_of_256(reply: Reply) -> None:
    """A server whose prompt and answer have 256 tokens together."""
    if reply.path.endswith("/models"):
        await reply.send(head("application/json"), b'{"data": [{"id": "m", "meta": {"n_ctx": 256}}]}')
        return
    usage = {"prompt_tokens": 189, "completion_tokens": 67, "total_tokens": 256}
    await reply.send(EVENTS, event(content="Let me think"), event("length", usage), b"data: [DONE]\n\n")


def test_a_completion_says_that_the_server_cut_it() -> None:
    with HostileServer(window_of_256) as server:

        async def work(**options: Any) -> Completion:
            async with ChatClient(server.endpoint(**options)) as client:
                return await client.complete([{"role": "user", "content": "2+2?"}])

        assert asyncio.run(work()).cut_by_server
        assert not asyncio.run(work(max_tokens=67)).cut_by_server


def test_a_window_smaller_than_max_tokens_is_told_before_the_run() -> None:
    with HostileServer(window_of_256) as server:
        status = connect(server.endpoint())
        (warning,) = status.warnings
        assert "context window for m is 256 tokens, prompt and answer together" in warning
        assert "before max-tokens 32,768" in warning
        assert "llama.cpp: -c" in warning
        assert window_warnings(server.endpoint(max_tokens=256)) == [warning.replace("32,768", "256")]
        assert window_warnings(server.endpoint(max_tokens=255)) == []
        assert connect(server.endpoint(max_tokens=255)).warnings == []
