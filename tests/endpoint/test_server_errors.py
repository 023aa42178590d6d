"""What servers answer when they do not answer: by status, in the words of real ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.endpoint.masking import without
from qwq_nb.endpoint.server_errors import LONGEST_READ, UnknownModel, error_of_status, error_of_stream
from qwq_nb.errors import EndpointError, EndpointRefused, RequestRejected

WHERE = "Endpoint 'here' (http://127.0.0.1:8000/v1)"


def error(status: int, body: Any = b"", **more: Any) -> EndpointError:
    return error_of_status(status, body if isinstance(body, bytes) else json.dumps(body).encode(), where=WHERE, **more)


def openai(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}}


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 501, 502, 503, 504, 520, 524, 529, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    found = error(status)
    assert type(found) is EndpointError
    assert (found.retryable, found.status) == (True, status)
    assert f"HTTP {status}" in str(found)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 402, 403, 404, 405, 410, 413, 415, 422])
def test_what_does_not_pass_is_not(status: int) -> None:
    assert not error(status).retryable


@pytest.mark.parametrize("status", [401, 403])
def test_a_bad_key_ends_the_run_and_says_where_a_key_comes_from(status: int) -> None:
    found = error(status, openai("Incorrect API key provided"))
    assert isinstance(found, EndpointRefused)
    assert "--key-env" in str(found)


def test_a_server_that_wants_money_ends_the_run() -> None:
    assert isinstance(error(402, openai("Insufficient credits")), EndpointRefused)


def test_a_redirect_is_named_and_where_it_leads_is_not_followed() -> None:
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
def test_an_unknown_model_ends_the_run(status: int, body: Any) -> None:
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
def test_a_prompt_that_is_too_long_is_rejected_alone(body: Any) -> None:
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
def test_a_parameter_that_is_not_taken_says_how_to_leave_it_out(body: Any) -> None:
    found = error(400, body)
    assert type(found) is RequestRejected
    assert "--top-k off" in str(found)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "Boom"}, "Boom"),
        ({"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}, "body.messages: field required"),
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
def test_the_servers_own_words_are_found_and_cut_to_length(body: Any, said: str) -> None:
    assert str(error(502, body)).endswith(f" The server says: {said}")


CONTENT = [
    (400, openai("Input data may contain inappropriate content.", code="data_inspection_failed")),
    (400, {"code": "DataInspectionFailed", "message": "Input data may contain inappropriate content."}),
    (400, openai("The response was filtered due to the prompt triggering Azure's policy.", code="content_filter")),
    (400, openai("Filtered.", innererror={"code": "ResponsibleAIPolicyViolation"})),
    (400, openai("Invalid prompt: please try again with a different one.", code="invalid_prompt")),
    (400, openai("Content Exists Risk")),
    (400, openai("The request was rejected because it was considered high risk", type="content_filter")),
    (400, openai("The request failed.", code="InputTextSensitiveContentDetected")),
    (
        400,
        openai(
            "\u7cfb\u7edf\u68c0\u6d4b\u5230\u8f93\u5165\u53ef\u80fd\u5305\u542b\u654f\u611f\u5185\u5bb9", code="1301"
        ),
    ),
    (403, {"error": {"code": 403, "message": "Input was flagged", "metadata": {"flagged_input": "x"}}}),
    (403, {"error": {"code": 403, "message": "Refused", "metadata": {"reasons": ["x"], "flagged_input": "x"}}}),
    (403, openai("Your request was blocked by our content moderation.")),
    (422, openai("guardrail_intervened")),
    (451, openai("Violates the usage policies")),
]


@pytest.mark.parametrize(("status", "body"), CONTENT)
def test_a_content_filter_s_refusal_is_of_one_prompt(status: int, body: Any) -> None:
    found = error(status, body)
    assert isinstance(found, RequestRejected)
    assert (found.concerns, found.retryable, found.status) == ("content", False, status)
    assert "content filter" in str(found)


@pytest.mark.parametrize("body", [body for _, body in CONTENT])
def test_in_a_stream_too(body: Any) -> None:
    found = error_of_stream(body.get("error", body), where=WHERE)
    assert isinstance(found, RequestRejected)
    assert found.concerns == "content"


@pytest.mark.parametrize(
    ("status", "body", "kind", "concerns"),
    [
        (403, openai("Forbidden"), EndpointRefused, None),
        (403, b"", EndpointRefused, None),
        (403, openai("Invalid API key. See our usage policies."), EndpointRefused, None),
        (400, openai("API key not valid. Please pass a valid API key."), EndpointRefused, None),
        (400, openai("Incorrect API key provided"), EndpointRefused, None),
        (400, openai("The model `m` does not exist (names are case-sensitive)"), UnknownModel, None),
        (400, openai("top_k: names are case-sensitive"), RequestRejected, ""),
        (
            400,
            openai("This model's maximum context length is 10 tokens. See our usage policies"),
            RequestRejected,
            "length",
        ),
        (400, openai("Unsupported parameter: 'top_k'"), RequestRejected, "options"),
        (400, openai("max_tokens=32768 cannot be greater than max_model_len=512"), RequestRejected, "options"),
        (400, openai("Invalid value for max_tokens: must be at most 8192"), RequestRejected, "options"),
        (400, openai("Something is wrong"), RequestRejected, ""),
    ],
)
def test_what_else_a_server_objects_to(status: int, body: Any, kind: type[EndpointError], concerns: str | None) -> None:
    found = error(status, body)
    assert type(found) is kind
    assert getattr(found, "concerns", None) == concerns
    if "max_tokens" in str(body):
        assert "--max-tokens" in str(found)


@given(st.binary(max_size=300), st.integers(201, 599))
def test_no_body_breaks_it(body: Any, status: int) -> None:
    assert isinstance(error(status, body), EndpointError)


def test_a_key_is_taken_out_before_the_text_is_cut() -> None:
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
def test_a_key_with_its_middle_starred_out_goes_too(said: str, left: str) -> None:
    assert without("", said) == left


@pytest.mark.parametrize("said", ["a" * 20_000 + " ***", {"error": {"message": "a" * 100_000 + " ***"}}, "<" * 20_000])
def test_only_the_beginning_of_a_long_message_is_searched_for_keys(said: Any) -> None:
    """The patterns that find keys take quadratic time: 20,000 characters froze every stream for seconds."""
    looked: list[int] = []

    def hide(text: str) -> str:
        looked.append(len(text))
        return without("", text)

    error(500, said.encode() if isinstance(said, str) else said, hide=hide)
    error_of_stream(said, hide=hide)
    assert looked
    assert max(looked) <= LONGEST_READ
