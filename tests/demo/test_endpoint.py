"""The demo endpoint over real sockets: the API, the styles, the pace, the log."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from qwq_nb.demo.chat_format import STYLES
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.demo.replay import split_tokens
from qwq_nb.errors import OptionError
from tests.demo.client import Client, get, join_deltas, post
from tests.support.waiting import wait_until

pytestmark = pytest.mark.filterwarnings("error")

REASONING = "Okay, 17 + 25.\n\nWait, 17 + 25 = 42."
ANSWER = "The sum is \\boxed{42}, which is even."


# The API


def test_the_models_are_listed_with_and_without_v1(demo: DemoEndpoint) -> None:
    for base in (demo.url, demo.root):
        assert [model["id"] for model in get(f"{base}/models").json()["data"]] == ["QwQ-32B-demo"] == [demo.model]


def test_the_list_of_models_may_fail_as_it_does_with_some_servers(demo: DemoEndpoint) -> None:
    demo.configure(models_status=500)
    assert get(f"{demo.url}/models").status_code == 500


def test_a_stream_has_the_shape_of_the_openai_api(client: Client) -> None:
    chunks = client.chunks(stream_options={"include_usage": True})
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert join_deltas(chunks, "reasoning_content") == REASONING
    assert join_deltas(chunks, "content") == ANSWER
    assert [c["finish_reason"] for chunk in chunks[:-1] for c in chunk["choices"] if c["finish_reason"]] == ["stop"]
    assert chunks[-1]["choices"] == []
    usage = chunks[-1]["usage"]
    assert usage["completion_tokens"] == len(split_tokens(REASONING)) + len(split_tokens(ANSWER)) == len(chunks) - 3
    assert usage["completion_tokens_details"]["reasoning_tokens"] == len(split_tokens(REASONING))
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_has_usage_only_if_asked_for(client: Client) -> None:
    assert not any("usage" in chunk for chunk in client.chunks())


def test_a_plain_response_is_the_same_completion_in_one_body(client: Client) -> None:
    body = client.post().json()
    assert body["object"] == "chat.completion"
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": ANSWER, "reasoning_content": REASONING},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert body["usage"]["completion_tokens"] == len(split_tokens(REASONING)) + len(split_tokens(ANSWER))


def test_an_unknown_model_is_404_and_names_those_served(client: Client) -> None:
    response = client.post(model="QwQ-32B")
    assert response.status_code == 404
    assert "Served here: QwQ-32B-demo." in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"model": "QwQ-32B-demo"}', "no user message"),
        (b'{"model": "QwQ-32B-demo", "messages": [], "max_tokens": 0}', "max_tokens is a whole number"),
        (b'{"model": "QwQ-32B-demo", "chat_template_kwargs": {"style": "loud"}}', "style is one of"),
    ],
)
def test_a_request_that_cannot_be_is_400(demo: DemoEndpoint, body: bytes, message: str) -> None:
    response = post(f"{demo.url}/chat/completions", content=body)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


def test_a_required_key_is_checked_and_never_logged(book: Path) -> None:
    env = {"DEMO_KEY": "sk-right"}
    with DemoEndpoint(transcripts=[book], models=["a", "b"], require_key_env="DEMO_KEY", env=env) as demo:
        url, body = f"{demo.url}/chat/completions", {"model": demo.model}
        assert get(f"{demo.url}/models").status_code == 401
        assert post(url, json=body).status_code == 401
        assert post(url, json=body, headers={"Authorization": "Bearer sk-wrong"}).status_code == 401
        assert post(url, json=body, headers={"Authorization": "Bearer sk-right"}).status_code == 400
        log = demo.log()
    assert [entry["authorization"] for entry in log["last"]] == ["absent", "present", "present"]
    assert "sk-" not in json.dumps(log)


# Styles


FIELDS_OF_STYLE: list[tuple[str, dict[str, str]]] = [
    ("reasoning_content", {"reasoning_content": REASONING, "content": ANSWER}),
    ("reasoning", {"reasoning": REASONING, "content": ANSWER}),
    ("both", {"reasoning_content": REASONING, "reasoning": REASONING, "content": ANSWER}),
    ("tags", {"content": f"<think>\n{REASONING}\n</think>\n\n{ANSWER}"}),
    ("prefilled", {"content": f"{REASONING}\n</think>\n\n{ANSWER}"}),
    ("none", {"content": ANSWER}),
]


@pytest.mark.parametrize(("style", "expected"), FIELDS_OF_STYLE)
def test_styles(demo: DemoEndpoint, client: Client, style: str, expected: dict[str, str]) -> None:
    demo.configure(style=style)
    message = client.post(seed=0).json()["choices"][0]["message"]
    assert message == {"role": "assistant", **expected}
    demo.configure(style="reasoning_content")
    chunks = client.chunks(seed=0, chat_template_kwargs={"style": style})  # or for one request alone
    texts = {name: join_deltas(chunks, name) for name in ("reasoning_content", "reasoning", "content")}
    assert {name: text for name, text in texts.items() if text} == expected


def test_there_is_a_test_of_every_style() -> None:
    assert {style for style, _ in FIELDS_OF_STYLE} == set(STYLES)


@pytest.mark.parametrize(("style", "start"), [("tags", "<think>\n"), ("prefilled", "")])
def test_a_cut_within_the_reasoning_leaves_the_tag_open(client: Client, style: str, start: str) -> None:
    for limit in (4, len(split_tokens(REASONING))):
        body = client.post(seed=0, max_tokens=limit, chat_template_kwargs={"style": style}).json()
        assert body["choices"][0]["message"]["content"] == start + "".join(split_tokens(REASONING)[:limit])


# Pace


def test_a_paced_stream_keeps_its_rate_and_its_time_to_the_first_token(demo: DemoEndpoint, client: Client) -> None:
    demo.configure(tokens_per_second=200, ttft=0.2, chunks=100)
    began = time.monotonic()
    client.chunks()
    assert 0.69 <= time.monotonic() - began < 2  # 0.2 s, then 100 chunks in 0.5 s
    demo.configure(chunks=0)
    began = time.monotonic()
    tokens = client.post(seed=0).json()["usage"]["completion_tokens"]
    assert 0 <= time.monotonic() - began - (0.2 + tokens / 200) < 1


def test_a_chunk_is_sent_when_it_is_due(demo: DemoEndpoint, client: Client) -> None:
    demo.configure(tokens_per_second=50)
    reads, _ = client.wire("tiny", stream=True)
    assert sum(b'"delta":{"' in read for read in reads) >= 6


def test_streams_run_at_the_same_time(demo: DemoEndpoint, client: Client) -> None:
    demo.configure(ttft=0.4)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: client.chunks(), range(12)))
    log = demo.log()
    assert (log["requests"], log["concurrent_peak"], log["active"]) == (12, 12, 0)


def test_a_batch_is_written_at_once_and_the_others_wait_for_their_first_token(
    demo: DemoEndpoint, client: Client
) -> None:
    """The headers of all are there at once; the third and fourth are written when the first two are."""
    demo.configure(batch=2, chunks=10, tokens_per_second=50)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.chunks(), range(4)))
    assert time.monotonic() - began >= 0.36
    assert demo.log()["concurrent_peak"] == 4


def test_beyond_most_streams_there_is_429(demo: DemoEndpoint, client: Client) -> None:
    demo.configure(most_streams=2, ttft=0.5)
    with ThreadPoolExecutor(5) as pool:
        codes = list(pool.map(lambda _: client.post(stream=True).status_code, range(5)))
    assert sorted(codes) == [200, 200, 429, 429, 429]


def test_a_stream_that_nobody_reads_does_not_hold_up_the_others(demo: DemoEndpoint, client: Client) -> None:
    demo.configure(chunks=60_000)
    little = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)])
    with (
        httpx.Client(transport=little, timeout=10) as http,
        http.stream("POST", f"{demo.url}/chat/completions", json=client.body(stream=True)) as long,
    ):
        pieces = long.iter_raw()
        next(pieces)  # under way: 13 MB, of which no more is read
        demo.configure(chunks=0)
        assert client.chunks()
        assert demo.log()["active"] == 1


# Control


def test_the_log_counts_requests_and_keeps_the_last_fifty(demo: DemoEndpoint, client: Client) -> None:
    for number in range(52):
        client.post("tiny", user=f"u{number}", headers={"X-Trace": "t", "X-API-Key": "sk-other"})
    client.post(messages=[{"role": "user", "content": "Never heard of."}])
    get(f"{demo.url}/models")
    log = demo.log()
    assert (log["requests"], log["models_requests"]) == (53, 1)
    assert log["prompts"].pop("tiny") == {"requests": 52, "completed": 52}
    assert [key[:7] for key in log["prompts"]] == ["sha256:"]
    assert len(log["last"]) == 50
    assert log["last"][0]["body"]["user"] == "u3"
    assert log["last"][0]["headers"]["x-trace"] == "t"
    assert log["last"][0]["headers"]["x-api-key"] == "present"


def test_reset_clears_the_log_and_starts_the_turns_again(demo: DemoEndpoint, client: Client) -> None:
    client.post()
    demo.reset()
    assert (demo.log()["requests"], demo.log()["prompts"], demo.log()["last"]) == (0, {}, [])
    assert client.post().json()["choices"][0]["message"]["content"] == ANSWER


def test_a_client_that_goes_is_no_longer_counted(demo: DemoEndpoint, client: Client) -> None:
    demo.set_faults(["hang"])
    client.wire(timeout=0.1)
    wait_until(lambda: demo.log()["active"] == 0)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"style": "tag"}, r"no style 'tag'\. Did you mean 'tags'\?"),
        ({"tokens_per_second": -1}, "a number of at least 0"),
        ({"ttft": "soon"}, "a number of at least 0"),
        ({"chunks": 1.5}, "a whole number"),
        ({"models_status": 302}, "200 or an HTTP error status"),
        ({"key": "sk"}, "no setting 'key' to change"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(demo: DemoEndpoint, setting: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        demo.configure(**setting)
