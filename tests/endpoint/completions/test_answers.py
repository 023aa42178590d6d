"""A completion that comes whole: streamed or not, in every style, with what was asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from qwq_nb.core.records import Completion, Message
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import EndpointRefused
from tests.support.chat_completions import (
    ANSWER,
    REASONING,
    ROWS,
    ask_question,
    assert_is_the_answer,
    endpoint_of,
    failure_of,
)


def test_a_stream(server: DemoEndpoint) -> None:
    live = StreamingCompletion()
    completion = ask_question(endpoint_of(server), live=live)
    assert_is_the_answer(completion)
    assert (completion.attempts, completion.retried, completion.model) == (1, [], server.model)
    assert completion.ttft_s is not None
    assert 0 < completion.ttft_s <= completion.latency_s
    assert live.chunks == completion.completion_tokens
    body = server.log()["last"][0]["body"]
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_no_stream(server: DemoEndpoint) -> None:
    completion = ask_question(endpoint_of(server, stream=False))
    assert_is_the_answer(completion)
    assert (completion.ttft_s, completion.tokens_from) == (None, "usage")
    assert "stream" not in server.log()["last"][0]["body"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("style", "shape"),
    [
        ("reasoning_content", "field"),
        ("reasoning", "field"),
        ("both", "field"),
        ("tags", "tags"),
        ("prefilled", "prefilled"),
        ("none", "answer_only"),
    ],
)
def test_every_style_of_reasoning(server: DemoEndpoint, style: str, shape: str, stream: bool) -> None:
    server.configure(style=style)
    completion = ask_question(endpoint_of(server, stream=stream))
    expected = "" if style == "none" else REASONING
    assert (completion.reasoning, completion.answer, completion.shape) == (expected, ANSWER, shape)


def test_what_a_template_does_is_learned_from_the_first_answer(demo_endpoint: Callable[..., DemoEndpoint]) -> None:
    """A model of which nothing is known: its first answer shows how it thinks, so a cut thought is no answer later."""
    server = demo_endpoint(models=["unheard-of"], style="prefilled")
    problem = json.loads(PROBLEMS["aime24"].read_text().splitlines()[0])["problem"]
    messages: list[Message] = [{"role": "user", "content": problem}]

    async def twice() -> list[Completion]:
        async with ChatClient(endpoint_of(server)) as client:
            whole = await client.complete(messages)
            client.endpoint = client.endpoint.replace(sampling={"max_tokens": 3})
            return [whole, await client.complete(messages)]

    whole, cut = asyncio.run(twice())
    assert (whole.shape, cut.shape, cut.answer) == ("prefilled", "untagged_cut", "")


def test_usage_counts_the_tokens(server: DemoEndpoint) -> None:
    completion = ask_question(endpoint_of(server))
    assert completion.tokens_from == "usage"
    assert completion.prompt_tokens > 0
    assert completion.reasoning_tokens > completion.answer_tokens > 0


@pytest.mark.parametrize(("stream", "source"), [(True, "chunks"), (False, "estimate")])
def test_without_usage_the_pieces_are_counted_or_the_text_is_measured(
    server: DemoEndpoint, stream: bool, source: str
) -> None:
    counted = ask_question(endpoint_of(server))
    server.set_faults(["no_usage"])
    completion = ask_question(endpoint_of(server, stream=stream))
    assert completion.tokens_from == source
    if stream:
        assert completion.completion_tokens == counted.completion_tokens


def test_a_token_limit(server: DemoEndpoint) -> None:
    completion = ask_question(endpoint_of(server, max_tokens=4))
    assert (completion.finish_reason, completion.answer, completion.completion_tokens) == ("length", "", 4)


def test_sampling_and_extra_reach_the_server(server: DemoEndpoint) -> None:
    ask_question(
        endpoint_of(server, top_k=7, min_p=0.1, presence_penalty=0.5, extra={"chat_template_kwargs": {"style": "tags"}})
    )
    body = server.log()["last"][0]["body"]
    assert (body["top_k"], body["min_p"], body["presence_penalty"]) == (7, 0.1, 0.5)
    assert body["chat_template_kwargs"] == {"style": "tags"}


def test_repeats_have_seeds_of_their_own(server: DemoEndpoint) -> None:
    ask_question(endpoint_of(server, request_seed=3), repeat=2)
    assert server.log()["last"][0]["body"]["seed"] == 5


def test_many_at_once_share_a_client(server: DemoEndpoint) -> None:
    async def many() -> list[Completion]:
        async with ChatClient(endpoint_of(server), connections=20) as client:
            message: Message = {"role": "user", "content": ROWS[0]["problem"]}
            return await asyncio.gather(*(client.complete([message]) for _ in range(20)))

    server.configure(ttft=0.2)
    for completion in asyncio.run(many()):
        assert_is_the_answer(completion)
    assert server.log()["concurrent_peak"] == 20


def test_an_unknown_model_lists_the_served_ones(server: DemoEndpoint) -> None:
    found = failure_of(endpoint_of(server, model="QwQ-32B"))
    assert isinstance(found, EndpointRefused)
    assert f"It serves: {server.model}." in str(found)
    assert f"Did you mean '{server.model}'?" in str(found)


def test_an_unknown_path_says_what_to_check(server: DemoEndpoint) -> None:
    found = failure_of(endpoint_of(server).replace(url=f"{server.root}/elsewhere"))
    assert isinstance(found, EndpointRefused)
    assert "end in /v1" in str(found)


@pytest.mark.parametrize(("status", "problem"), [(200, ""), (404, "HTTP 404"), (500, "HTTP 500"), (401, "HTTP 401")])
def test_what_models_says(server: DemoEndpoint, status: int, problem: str) -> None:
    server.configure(models_status=status)

    async def models() -> Any:
        async with ChatClient(endpoint_of(server)) as client:
            return await client.models()

    served = asyncio.run(models())
    assert served.problem == problem
    assert served.ids == ([] if problem else [server.model])


def test_an_endpoint_that_does_not_list_its_models_answers_all_the_same(server: DemoEndpoint) -> None:
    server.configure(models_status=500)
    assert_is_the_answer(ask_question(endpoint_of(server)))
    assert "Check the URL" in str(failure_of(endpoint_of(server, model="other")))


def test_models_of_a_server_that_is_not_there() -> None:
    async def models() -> Any:
        async with ChatClient(Endpoint("http://127.0.0.1:9/v1", "m")) as client:
            return await client.models()

    assert "no connection" in asyncio.run(models()).problem
