"""Log probabilities of an answer's tokens, in the shapes in which servers send them, over real sockets."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from qwq_nb.core.token_logprobs import STEP_NATS, UNKNOWN_ENTROPY
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError
from qwq_nb.trace.confidence import entropy, token_confidence
from tests.support.chat_completions import completion_of_bytes, response

TOKENS = [[-0.01, -4.6, -7.0], [-0.7, -0.9, -3.0], [-1.2, -1.3, -1.4]]
"""Log probabilities of the alternatives of three tokens; the first of each was written."""


def token(logprobs: list[float], **more: Any) -> dict[str, Any]:
    top = [{"token": "x", "logprob": p, "bytes": [120]} for p in logprobs]
    return {"token": "x", "logprob": logprobs[0], "bytes": [120], "top_logprobs": top, **more}


def event(delta: dict[str, Any], tokens: Any, finish: str | None = None) -> bytes:
    logprobs = {"content": tokens} if isinstance(tokens, list) else tokens
    choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode()


def streamed(*events: bytes) -> bytes:
    return response(b"\n\n".join([*events, b"data: [DONE]", b""]))


def test_a_token_an_event_on_reasoning_and_on_the_answer() -> None:
    first, second, third = map(token, TOKENS)
    kept = completion_of_bytes(
        streamed(
            event({"role": "assistant", "content": ""}, None),
            event({"reasoning": "Okay"}, [first]),
            event({"reasoning": ", so"}, [second]),
            event({"content": "4"}, [third]),
            event({}, None, "stop"),
        )
    ).logprobs
    assert kept is not None
    confidences = [token_confidence(each) or 0 for each in TOKENS]
    assert (kept.tokens, kept.top) == (3, 3)
    assert kept.mean_logprob == pytest.approx(sum(each[0] for each in TOKENS) / 3, abs=1e-9)
    assert kept.mean == pytest.approx(sum(confidences) / 3, abs=1e-9)
    assert kept.tail == kept.lowest_group == kept.bottom_tenth == kept.mean
    assert list(kept.steps()) == [round((entropy(each) or 0) / STEP_NATS) for each in TOKENS]


@pytest.mark.parametrize("several", [1, 2, 3])
def test_an_event_may_hold_several_tokens(several: int) -> None:
    tokens = [token(each) for each in TOKENS]
    groups = [tokens[i : i + several] for i in range(0, 3, several)]
    events = [event({"content": "xx"}, group) for group in groups]
    kept = completion_of_bytes(streamed(*events, event({}, None, "stop"))).logprobs
    one = completion_of_bytes(streamed(event({"content": "x"}, tokens), event({}, None, "stop"))).logprobs
    assert kept == one


def test_an_answer_that_came_whole() -> None:
    choice = {"message": {"content": "4"}, "finish_reason": "stop", "logprobs": {"content": [*map(token, TOKENS)]}}
    body = response(json.dumps({"choices": [choice]}).encode(), kind="application/json")
    kept = completion_of_bytes(body, stream=False).logprobs
    assert kept is not None
    assert kept.tokens == 3


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        {"content": None},
        {"content": []},
        "yes",
        {"content": "no"},
        {"content": [7]},
        {"content": [{"token": "x"}]},
        {"content": [{"logprob": None, "top_logprobs": []}]},
        {"content": [{"logprob": 3.5}]},
        {"token_logprobs": [-0.5], "tokens": ["x"]},
    ],
    ids=repr,
)
def test_what_is_none_costs_no_answer(sent: Any) -> None:
    completion = completion_of_bytes(streamed(event({"content": "It is 4."}, sent), event({}, None, "stop")))
    assert (completion.answer, completion.logprobs, completion.attempts) == ("It is 4.", None, 1)


def test_without_alternatives_the_mean_probability_alone_is_known() -> None:
    tokens = [{"token": "x", "logprob": -0.5, "top_logprobs": []}, {"token": "x", "logprob": -1.5}]
    kept = completion_of_bytes(streamed(event({"content": "xx"}, tokens), event({}, None, "stop"))).logprobs
    assert kept is not None
    assert (kept.tokens, kept.top, kept.mean, kept.tail) == (2, 0, None, None)
    assert math.exp(kept.mean_logprob) == pytest.approx(math.exp(-1))
    assert kept.steps() == bytes([UNKNOWN_ENTROPY] * 2)


def test_a_server_that_splits_characters_keeps_them_too() -> None:
    broken = event({"content": "x"}, [token(TOKENS[0])]).replace(b'"content": "x"', b'"content": "\xe5\xa5"')
    kept = completion_of_bytes(streamed(broken, event({}, None, "stop"))).logprobs
    assert kept is not None
    assert kept.tokens == 1


def test_the_request_names_the_number_of_alternatives() -> None:
    endpoint = Endpoint("http://127.0.0.1:1/v1", "m", logprobs=5)
    body = endpoint.body([{"role": "user", "content": "x"}])
    assert (body["logprobs"], body["top_logprobs"]) == (True, 5)
    assert Endpoint("http://127.0.0.1:1/v1", "m", logprobs=0).body([])["top_logprobs"] == 0
    assert "logprobs" not in Endpoint("http://127.0.0.1:1/v1", "m").body([])
    own = Endpoint("http://127.0.0.1:1/v1", "m", extra={"logprobs": True, "top_logprobs": 3}).body([])
    assert (own["logprobs"], own["top_logprobs"]) == (True, 3)


@pytest.mark.parametrize("given", [-1, 21, 2.5, "5"])
def test_other_numbers_are_refused(given: Any) -> None:
    with pytest.raises(OptionError, match="a whole number from 0 to 20"):
        Endpoint("http://127.0.0.1:1/v1", "m", logprobs=given)
