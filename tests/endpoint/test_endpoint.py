"""An endpoint: its URL, its sampling, its key (never the key itself)."""

from __future__ import annotations

import contextlib
import dataclasses
import traceback
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.records import Message
from qwq_nb.endpoint.dialects.chat_completions import ChatCompletions
from qwq_nb.endpoint.endpoint import RECOMMENDED_SAMPLING, Endpoint, normalise_url
from qwq_nb.endpoint.key_variables import looks_like_key
from qwq_nb.endpoint.typed_options import Think
from qwq_nb.errors import OptionError, UserError

URL = "http://127.0.0.1:8000/v1"
MESSAGES: list[Message] = [{"role": "user", "content": "2+2?"}]


@pytest.mark.parametrize(
    ("given_url", "base"),
    [
        (URL, URL),
        (f" {URL}/ ", URL),
        (f"'{URL}'", URL),
        (f"{URL}/chat/completions", URL),
        (f"{URL}/models/", URL),
        ("HTTPS://Example.org", "https://Example.org"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("https://x.example/openai?api-version=2024-10-21", "https://x.example/openai?api-version=2024-10-21"),
        (f"{URL}#part", URL),
    ],
)
def test_the_base_url(given_url: str, base: str) -> None:
    assert normalise_url(given_url) == base


def test_a_query_stays_at_the_end_of_every_address() -> None:
    endpoint = Endpoint("https://x.example/openai/?api-version=1")
    assert endpoint.address("chat/completions") == "https://x.example/openai/chat/completions?api-version=1"
    assert Endpoint(URL).address("models") == f"{URL}/models"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000/v1",
        "ftp://host",
        "http://",
        "http://host:99999/",
        "http://host:0",
        "http://[::1",
        "http://a b",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(OptionError, match="begins with http"):
        Endpoint(url)


@given(st.text(max_size=40) | st.text("htps:/@[]?&=#%.0123456789 \t\\abc\n", max_size=40).map("http://".__add__))
def test_any_text_is_a_url_that_httpx_takes_or_an_option_error(text: str) -> None:
    try:
        url = Endpoint(text).address("models")
    except OptionError:
        return
    assert normalise_url(url.removesuffix("/models")) == normalise_url(text)
    with contextlib.suppress(httpx.InvalidURL):  # which the client turns into an error of its own
        httpx.URL(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2hunter2@host/v1",
        "https://hunter2hunter2@host/v1",
        "https://host/v1?api_key=hunter2hunter2",
        "https://host/v1?a=1&access-token=hunter2hunter2",
        "https://host/sk-hunter2hunter2/v1",
    ],
)
def test_a_url_that_carries_a_key_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(OptionError, match="--key-env") as caught:
        Endpoint(url)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


# The request body

body = ChatCompletions().body


def test_the_body_has_the_recommended_sampling_and_asks_for_usage() -> None:
    assert body(Endpoint(URL, "QwQ-32B"), MESSAGES) == {
        "model": "QwQ-32B",
        "messages": MESSAGES,
        **RECOMMENDED_SAMPLING,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_sampling_options_go_into_the_body_unchanged_and_extra_wins() -> None:
    extra = {"top_k": 5, "chat_template_kwargs": {"enable_thinking": True}, "logit_bias": {"50256": -100}}
    endpoint = Endpoint(URL, "m", top_k=20, min_p=None, presence_penalty=1.5, extra=extra)
    sent = body(endpoint, MESSAGES)
    assert sent["top_k"] == 5
    assert sent["presence_penalty"] == 1.5
    assert sent["chat_template_kwargs"] == {"enable_thinking": True}
    assert sent["logit_bias"] == {"50256": -100}
    assert "min_p" not in sent


def test_without_a_stream_nothing_of_streams_is_said() -> None:
    assert not {"stream", "stream_options"} & body(Endpoint(URL, "m", stream=False), MESSAGES).keys()


def test_stream_options_can_be_set() -> None:
    endpoint = Endpoint(URL, "m", extra={"stream_options": {"include_usage": False}})
    assert body(endpoint, MESSAGES)["stream_options"] == {"include_usage": False}


def test_a_request_seed_differs_by_repeat() -> None:
    endpoint = Endpoint(URL, "m", request_seed=7)
    assert [body(endpoint, MESSAGES, repeat=repeat)["seed"] for repeat in range(3)] == [7, 8, 9]
    assert endpoint.body(MESSAGES, 2) == body(endpoint, MESSAGES, repeat=2)


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -0.1},
        {"temperature": "hot"},
        {"temperature": True},
        {"temperature": float("nan")},
        {"top_p": 1.01},
        {"min_p": -1},
        {"max_tokens": 0},
        {"presence_penalty": 3},
        {"extra": {"messages": []}},
        {"extra": {"stream": True}},
        {"extra": {"api_key": "hunter2"}},
        {"extra": {"n": 4}},
        {"read_timeout": 0},
        {"connect_timeout": -1},
        {"deadline": float("inf")},
        {"deadline": "60"},
        {"backoff": float("nan")},
        {"max_retries": -1},
        {"max_retries": 2.5},
        {"request_seed": "x"},
        {"think": "maybe"},
        {"ca_bundle": "/nowhere.pem"},
    ],
)
def test_a_value_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError) as caught:
        Endpoint(URL, "m", **options)
    assert "hunter2" not in str(caught.value)
    name = next(iter(options))
    if name != "extra":
        assert name.replace("_", "-") in str(caught.value)
        if name in {f.name for f in dataclasses.fields(Endpoint)}:
            with pytest.raises(OptionError):
                Endpoint(URL, "m").replace(**options)
        else:
            with pytest.raises(OptionError):
                Endpoint(URL, "m").replace(sampling=options)


def test_replace_merges_sampling_and_leaves_the_original() -> None:
    endpoint = Endpoint(URL, "m")
    changed = endpoint.replace(sampling={"temperature": 1.0}, deadline=5.0)
    assert changed.sampling == {**RECOMMENDED_SAMPLING, "temperature": 1.0}
    assert (endpoint.sampling, endpoint.deadline) == (RECOMMENDED_SAMPLING, None)


def test_greedy_decoding_gets_the_authors_warning() -> None:
    assert "endless repetition" in Endpoint(URL, "m", temperature=0).warnings()[0]
    assert Endpoint(URL, "m").warnings() == []


@pytest.mark.parametrize(
    ("model", "think", "prefilled"),
    [
        ("Qwen/QwQ-32B", "auto", True),
        ("QwQ-32B-Preview", "auto", None),
        ("DeepSeek-R1", "auto", None),
        ("DeepSeek-R1", "prefilled", True),
        ("QwQ-32B", "plain", False),
    ],
)
def test_who_opens_the_thought(model: str, think: Think, prefilled: bool | None) -> None:
    assert Endpoint(URL, model, think=think).prefilled is prefilled


def test_the_name_says_model_and_host() -> None:
    assert Endpoint(URL, "Qwen/QwQ-32B").name == "QwQ-32B@127.0.0.1:8000"
    assert Endpoint(URL).name == "127.0.0.1:8000"
    assert Endpoint(URL, "m", name="mine").name == "mine"


# The key


def test_the_key_is_read_when_it_is_used_and_kept_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint(URL, "m", key_env="QWQ_API_KEY")
    monkeypatch.setenv("QWQ_API_KEY", " hunter2 \n")
    assert endpoint.key() == "hunter2"
    assert "hunter2" not in repr(endpoint)
    assert b"hunter2" not in msgspec.json.encode(endpoint)
    monkeypatch.setenv("QWQ_API_KEY", "another")
    assert endpoint.key() == "another"


def test_no_key_is_wanted() -> None:
    assert Endpoint(URL, "m").key() == ""


@pytest.mark.parametrize("value", [None, "", "hunter\n2", "hunterä2", "hunter\x002"])
def test_a_key_that_is_not_set_or_cannot_be_sent(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value and "\x00" not in value:
        monkeypatch.setenv("QWQ_API_KEY", value)
    with pytest.raises(UserError, match="QWQ_API_KEY") as caught:
        Endpoint(URL, "m", key_env="QWQ_API_KEY").key()
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert "hunter" not in str(caught.value)
    assert not any("hunter" in repr(seen) for seen in frames[1:])


@pytest.mark.parametrize(
    "key",
    [
        "sk-abcdefgh1234",
        "sk-proj-abc_DEF-123456",
        "hf_abcdefghijklmnopqrst",
        "gsk_abcdefghijklmnopqrst",
        "AIzaSyA1234567890abcdefghij",
        "nvapi-abcdefghijklmnop1234",
        "Bearer abcdefgh",
        "eyJhbGciOiJIUzI1NiIs.eyJzdWIiOiIxMjM0",
        # No known prefix, and all the characters of a name.
        "fw_3ZabCdEfGh1234567890",
        "a3f1c2d4e5b6a7980123456789abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "3f1c2d4e5b6a7980",
        "not a name",
    ],
)
def test_a_key_in_place_of_a_variables_name_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(OptionError, match="NAME") as caught:
        Endpoint(URL, "m", key_env=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("name", ["QWQ_API_KEY", "OPENAI_API_KEY_2", "DASHSCOPE_API_KEY", "mykey", "_K", "HF_TOKEN_V2"])
def test_a_variables_name(name: str) -> None:
    assert Endpoint(URL, "m", key_env=name).key_env == name


def test_a_variable_that_is_set_has_a_name_of_any_style(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("key_of_the_2nd_cluster", "hunter2")
    assert Endpoint(URL, "m", key_env="key_of_the_2nd_cluster").key() == "hunter2"


@pytest.mark.parametrize("text", ["math_500", "Qwen/QwQ-32B", "task-1234567890", "--top-k", "risk-assessment-2024"])
def test_what_does_not_look_like_a_key(text: str) -> None:
    assert not looks_like_key(text)
