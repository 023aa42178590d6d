"""The probe: of each kind of server it finds the form that is right, or says what the server does with each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qwq_nb.core.records import Message
from qwq_nb.demo.replay import split_tokens
from qwq_nb.errors import EndpointError, EndpointRefused
from qwq_nb.evaluation.continuing.probe import (
    MOST_REQUESTS,
    THOUGHT,
    THOUGHT_TOKENS,
    NoTransport,
    Transport,
    find_transport,
)
from qwq_nb.evaluation.continuing.suffixes import CHOICE, MATH
from tests.support.thought_server import SYSTEM, TEMPLATE, ThoughtServer, thought_server

QUESTION: list[Message] = [{"role": "user", "content": "What is 2+3?"}]
PLAIN = len(split_tokens("What is 2+3?")) + TEMPLATE


def probed(server: ThoughtServer, plain: int = PLAIN) -> Transport:
    return asyncio.run(find_transport(server.endpoint(), QUESTION, plain, MATH))


def test_the_probe_s_thought_has_as_many_tokens_as_it_says() -> None:
    assert len(split_tokens(THOUGHT)) == THOUGHT_TOKENS


@pytest.mark.parametrize(
    ("behaviour", "dialect", "rejected"),
    [
        ({}, "raw_completions", []),
        ({"raw": "forbidden"}, "open_content", ["HTTP 404"]),
        ({"raw": "denied"}, "open_content", ["HTTP 403"]),
        ({"raw": "chat"}, "open_content", ["before or behind the thought (+14 tokens)"]),
        ({"raw": "forbidden", "in_reasoning": True}, "open_content", ["HTTP 404"]),
        ({"raw": "forbidden", "content": "empty_first"}, "reasoning_field", ["HTTP 404", "(+2 tokens)"]),
        ({"raw": "forbidden", "content": "second_turn"}, "reasoning_field", ["HTTP 404", "(+10 tokens)"]),
        ({"raw": "forbidden", "content": 400}, "reasoning_field", ["HTTP 404", "HTTP 400"]),
        ({"raw": "forbidden", "content": 500}, "reasoning_field", ["HTTP 404", "HTTP 500"]),
    ],
)
def test_the_form_that_a_server_takes_is_found(behaviour: dict[str, Any], dialect: str, rejected: list[str]) -> None:
    with thought_server(**behaviour) as server:
        way = probed(server)
        asked = [(path, body) for path, body in server.asked if path.endswith("completions")]
    assert way.dialect == dialect
    assert way.together == way.plain + THOUGHT_TOKENS
    assert way.closed is (dialect != "open_content")
    assert [words in said for words, said in zip(rejected, way.rejected, strict=True)] == [True] * len(rejected)
    assert way.requests == len(asked) <= MOST_REQUESTS
    assert {body["max_tokens"] for _, body in asked} == {1}


def test_a_system_prompt_that_a_gateway_adds_to_chats_is_in_the_run_s_own_count() -> None:
    with thought_server(system=True) as server:
        way = probed(server, PLAIN + SYSTEM)
    assert way.dialect == "open_content"
    assert "the thought was dropped" not in way.rejected[0]


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ({"raw": "forbidden", "content": 422, "field": "dropped"}, ["HTTP 422", "the thought was dropped"]),
        ({"raw": "forbidden", "content": "ignored", "field": 422}, ["the thought was dropped", "HTTP 422"]),
        ({"raw": "chat", "content": "second_turn", "field": "dropped"}, ["+14", "+10", "dropped"]),
        ({"usage": False}, ["nothing is proved", "llama-server"]),
    ],
)
def test_where_nothing_can_be_proved_it_is_said_what_to_start(behaviour: dict[str, Any], said: list[str]) -> None:
    with thought_server(**behaviour) as server, pytest.raises(NoTransport) as refused:
        probed(server)
    for words in [*said, "vLLM", "Without --forced the curve needs no request"]:
        assert words in str(refused.value)
    assert len(server.asked) <= MOST_REQUESTS


def test_without_any_count_nothing_is_tried() -> None:
    with thought_server(usage=False) as server, pytest.raises(NoTransport, match="cannot be proved"):
        probed(server, plain=0)
    assert len(server.asked) == 1


def test_a_plain_count_that_is_not_known_is_asked_for() -> None:
    with thought_server(raw="forbidden") as server:
        way = probed(server, plain=0)
    assert (way.plain, way.dialect, way.requests) == (PLAIN, "open_content", 4)


def test_an_endpoint_that_is_away_is_no_refusal_of_a_form() -> None:
    with thought_server() as server:
        pass
    with pytest.raises(EndpointError) as gone:
        probed(server)
    assert not isinstance(gone.value, EndpointRefused)


@pytest.mark.parametrize(
    ("text", "extracted", "graded"),
    [
        ("\\frac{1}{2}}. So it is", "\\frac{1}{2}", "The final answer is \\boxed{\\frac{1}{2}}"),
        (" 42}", "42", "The final answer is \\boxed{ 42}"),
        ("}", "", "The final answer is \\boxed{}"),
        ("12 and so on", "", "The final answer is \\boxed{12 and so on"),
        ("", "", "The final answer is \\boxed{"),
    ],
)
def test_a_forced_expression_ends_at_its_brace(text: str, extracted: str, graded: str) -> None:
    assert MATH.read(text) == (extracted, graded)


@pytest.mark.parametrize(
    ("text", "letter"), [("B", "B"), (" (C)", "C"), ("**D**", "D"), ("Because", ""), ("none", ""), ("", "")]
)
def test_a_forced_choice_is_a_letter(text: str, letter: str) -> None:
    assert CHOICE.read(text)[0] == letter
