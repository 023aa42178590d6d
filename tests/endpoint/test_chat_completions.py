"""What servers answer when they do not answer: by status, in the words of real ones."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.endpoint.chat_completions import (
    UnknownModel,
    chunk_decoder,
    error_in,
    error_of_status,
    error_of_stream,
    retry_after,
    text_of,
)
from qwq_nb.endpoint.masking import without
from qwq_nb.errors import EndpointError, EndpointRefused, RequestRejected, StreamInterrupted

WHERE = "Endpoint 'here' (http://127.0.0.1:8000/v1)"


def error(status: int, body: Any = b"", **more: Any) -> EndpointError:
    return error_of_status(status, body if isinstance(body, bytes) else json.dumps(body).encode(), where=WHERE, **more)


def openai(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}}


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 501, 502, 503, 504, 520, 524, 529, 599])
def test_what_may_pass_is_tried_again(status):
    found = error(status, retry_after_s=3.0)
    assert type(found) is EndpointError
    assert (found.retryable, found.status, found.retry_after) == (True, status, 3.0)
    assert f"HTTP {status}" in str(found)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 402, 403, 404, 405, 410, 413, 415, 422])
def test_what_does_not_pass_is_not(status):
    assert not error(status).retryable


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_key_ends_the_run_and_says_where_a_key_comes_from(status):
    found = error(status, openai("Incorrect API key provided"))
    assert isinstance(found, EndpointRefused)
    assert "--key-env" in str(found)


def test_a_server_that_wants_money_ends_the_run():
    assert isinstance(error(402, openai("Insufficient credits")), EndpointRefused)


def test_a_redirect_is_named_and_where_it_leads_is_not_followed():
    found = error(307)
    assert isinstance(found, EndpointRefused)
    assert "not followed" in str(found)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        # vLLM
        (404, {"object": "error", "message": "The model `QwQ` does not exist.", "type": "NotFoundError", "code": 404}),
        (404, openai("The model `QwQ` does not exist.", type="NotFoundError", code=404)),
        # Ollama
        (404, openai("model 'QwQ' not found", type="not_found_error")),
        (404, {"error": 'model "QwQ" not found, try pulling it first'}),
        # OpenAI
        (404, openai("The model `QwQ` does not exist or you do not have access to it.", code="model_not_found")),
        # FastAPI: a wrong path
        (404, {"detail": "Not Found"}),
        (405, {"detail": "Method Not Allowed"}),
        # OpenRouter, LiteLLM, DeepSeek, Mistral
        (400, {"error": {"message": "QwQ is not a valid model ID", "code": 400}}),
        (400, openai("Invalid model name passed in model=QwQ. Call `/v1/models` to view available models")),
        (400, openai("Model Not Exist")),
        (400, {"object": "error", "message": "Invalid model: QwQ", "type": "invalid_model", "code": "1500"}),
        (400, openai("The provided model identifier is invalid.")),
    ],
)
def test_an_unknown_model_ends_the_run(status, body):
    assert isinstance(error(status, body), UnknownModel)


@pytest.mark.parametrize(
    "body",
    [
        # OpenAI
        openai(
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
            code="context_length_exceeded",
        ),
        # vLLM
        openai(
            "'max_tokens' or 'max_completion_tokens' is too large: 32768. This model's maximum context length is 32768 "
            "tokens and your request has 120 input tokens (32768 > 32768 - 120)."
        ),
        {"object": "error", "message": "This model's maximum context length is 4096 tokens. Input is invalid."},
        # llama.cpp
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size. try increasing the context size",
                "type": "exceed_context_size_error",
            }
        },
        # SGLang
        {"object": "error", "message": "The input (9000 tokens) is longer than the model's context length (8192)."},
    ],
)
def test_a_prompt_that_is_too_long_is_rejected_alone(body):
    found = error(400, body)
    assert type(found) is RequestRejected
    assert "context" in str(found)


@pytest.mark.parametrize(
    "body",
    [
        openai("Unsupported parameter: 'top_k' is not supported with this model.", code="unsupported_parameter"),
        openai("Unrecognized request argument supplied: min_p"),
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}]},
    ],
)
def test_a_parameter_that_is_not_taken_says_how_to_leave_it_out(body):
    found = error(400, body)
    assert type(found) is RequestRejected
    assert "--top-k off" in str(found)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "Boom"}, "Boom"),
        ({"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}, "field required"),
        ({"error": {"message": "Deep"}}, "Deep"),
        ({"error": "Flat"}, "Flat"),
        ({"message": "Plain", "code": 1}, "Plain"),
        ({"odd": 1}, '{"odd": 1}'),
        (["first", "second"], "first"),
        (
            b"<html><head><title>502 Bad Gateway</title><style>b{}</style></head>"
            b"<body><center><h1>502 Bad Gateway</h1></center><hr>nginx &amp; co</body></html>",
            "502 Bad Gateway 502 Bad Gateway nginx & co",
        ),
        (b"upstream connect error", "upstream connect error"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 50_000, "[" * 400),
    ],
)
def test_the_servers_own_words_are_found_and_cut_to_length(body, said):
    assert str(error(502, body)).endswith(f" The server says: {said}")


@given(st.binary(max_size=300), st.integers(201, 599))
def test_no_body_breaks_it(body, status):
    assert isinstance(error(status, body), EndpointError)


def test_a_key_is_taken_out_before_the_text_is_cut():
    key = "k" * 50
    said = str(error(401, openai("x" * 390 + key), hide=lambda text: without(key, text)))
    assert "kk" not in said


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Incorrect API key provided: sk-proj-*****abcd. See", "Incorrect API key provided: [key removed] See"),
        ("Key: ****abcd", "Key: [key removed]"),
        ("a **bold** word, a rule: *****", "a **bold** word, a rule: *****"),
    ],
)
def test_a_key_with_its_middle_starred_out_goes_too(said, left):
    assert without("", said) == left


# Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("", None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("nan", 0.0)],
)
def test_retry_after_in_seconds(value, seconds):
    assert retry_after(value) == seconds


def test_retry_after_as_a_date():
    ahead = retry_after(formatdate(time.time() + 100, usegmt=True))
    assert ahead is not None
    assert 90 < ahead <= 100
    assert retry_after(formatdate(time.time() - 100, usegmt=True)) == 0.0


def test_a_date_of_no_known_zone_is_utc(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        ahead = retry_after(formatdate(time.time() + 100))  # "-0000"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert ahead is not None
    assert 90 < ahead <= 100


@given(st.text(max_size=40) | st.from_regex(r"\A\w{3}, \d{1,5} \w{3} \d{1,6} \d\d:\d\d:\d\d .{0,6}\Z"))
def test_a_retry_after_that_is_none_is_no_error(value):
    seconds = retry_after(value)
    assert seconds is None or seconds >= 0


# Errors within a stream


@pytest.mark.parametrize(
    ("event", "kind", "said"),
    [
        ({"error": {"message": "CUDA out of memory", "code": 500}}, StreamInterrupted, "CUDA"),
        ({"error": {"message": "Provider returned error", "code": 502}, "choices": []}, StreamInterrupted, "Provider"),
        ({"error": {"message": "maximum context length is 10 tokens", "code": "400"}}, RequestRejected, "length"),
        ({"object": "error", "message": "Bad grammar", "code": 400}, RequestRejected, "Bad grammar"),
        ({"object": "error", "message": "Engine died", "code": 500}, StreamInterrupted, "Engine died"),
        ({"error": {"message": "expired", "code": 401}}, EndpointRefused, "expired"),
        ({"detail": "went away"}, StreamInterrupted, "went away"),
        ({"error": "in plain words"}, StreamInterrupted, "in plain words"),
    ],
)
def test_an_error_in_a_stream(event, kind, said):
    chunk = chunk_decoder.decode(json.dumps(event))
    found = error_of_stream(error_in(chunk), where=WHERE)
    assert type(found) is kind
    assert said in str(found)
    assert found.retryable is (kind is StreamInterrupted)


@pytest.mark.parametrize(
    "event", [{"choices": []}, {"choices": [], "error": None}, {"choices": [], "message": "x"}, {}]
)
def test_no_error_in_a_chunk(event):
    assert not error_in(chunk_decoder.decode(json.dumps(event)))


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (None, ""), (7, ""), ([{"type": "text", "text": "a"}, {"text": "b"}, {"image": 1}, "c"], "ab")],
)
def test_the_text_of_a_field(value, text):
    assert text_of(value) == text
