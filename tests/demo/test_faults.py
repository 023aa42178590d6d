"""Each fault, as a client meets it on the wire."""

from __future__ import annotations

import email.utils
import json
import time

import pytest

from qwq_nb.demo.faults import KINDS
from qwq_nb.demo.process import DemoEndpoint
from tests.demo.client import Client, join_deltas

pytestmark = pytest.mark.filterwarnings("error")

REASONING = "Okay, 17 + 25.\n\nWait, 17 + 25 = 42."
ANSWER = "The sum is \\boxed{42}, which is even."


def events(text: str) -> list[str]:
    """The data of the events in a stream."""
    return [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]


def finishes(text: str) -> list[str]:
    """The finish reasons in a stream."""
    chunks = (json.loads(data) for data in events(text) if data != "[DONE]")
    return [c["finish_reason"] for chunk in chunks for c in chunk["choices"] if c["finish_reason"]]


# Instead of the completion


@pytest.mark.parametrize("code", [400, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503])
def test_status(client: Client, demo: DemoEndpoint, code: int) -> None:
    demo.set_faults([f"status,code={code}"])
    response = client.post(stream=True)
    assert response.status_code == code
    assert "retry-after" not in response.headers
    if code == 502:
        assert response.headers["content-type"].startswith("text/html")
        assert response.text.startswith("<!DOCTYPE html>")
    else:
        assert response.json()["error"]["code"] == code


def test_status_with_retry_after_in_seconds(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["status,code=429,retry_after=0.5"])
    response = client.post()
    assert (response.status_code, response.headers["retry-after"]) == (429, "0.5")


def test_status_with_retry_after_as_a_date(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["status,code=503,retry_after=date"])
    until = email.utils.parsedate_to_datetime(client.post().headers["retry-after"]).timestamp()
    assert 0 < until - time.time() <= 2


def test_context_length(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["context_length"])
    response = client.post(max_tokens=8000)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"
    assert "8000 in the completion" in response.json()["error"]["message"]


def test_content_filter(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["content_filter"])
    response = client.post()
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "data_inspection_failed"


def test_moderation(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["moderation"])
    response = client.post()
    assert response.status_code == 403
    assert response.json()["error"]["metadata"] == {"reasons": ["violence"]}


def test_bad_param(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["bad_param"])
    response = client.post(top_k=40)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "top_k"
    assert "Unsupported parameter: 'top_k'" in response.json()["error"]["message"]


def test_bad_param_that_is_named_strikes_only_requests_that_have_it(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["bad_param,param=min_p"])
    assert client.post(top_k=40).status_code == 200
    assert client.post(min_p=0.1).json()["error"]["param"] == "min_p"


def test_key_echo(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["key_echo"])
    response = client.post(headers={"Authorization": "Bearer sk-secret"})
    assert response.status_code == 401
    assert "Bearer sk-secret" in response.text


def test_redirect(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["redirect,to=http://127.0.0.1:9/elsewhere"])
    response = client.post()
    assert (response.status_code, response.headers["location"]) == (307, "http://127.0.0.1:9/elsewhere")


def test_html_200(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["html_200"])
    response = client.post(stream=True)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "<html>" in response.text


def test_reset(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["reset"])
    reads, error = client.wire(stream=True)
    assert reads == []
    assert isinstance(error, ConnectionResetError)


def test_hang(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["hang"])
    reads, error = client.wire(stream=True, timeout=0.3)
    assert reads == []
    assert isinstance(error, TimeoutError)


def test_hang_goes_on_after_its_time(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["hang,seconds=0.2"])
    began = time.monotonic()
    assert client.post().status_code == 200
    assert time.monotonic() - began >= 0.2


def test_json_instead_of_sse(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["json_instead_of_sse"])
    response = client.post(stream=True)
    assert response.headers["content-type"] == "application/json"
    assert response.json()["object"] == "chat.completion"
    assert response.json()["choices"][0]["message"]["content"] == ANSWER


def test_sse_as_json(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["sse_as_json"])
    response = client.post(stream=True)
    assert response.headers["content-type"].startswith("application/json")
    assert events(response.text)[-1] == "[DONE]"
    assert client.post().json()["object"] == "chat.completion"


def test_one_line_end(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["one_line_end"])
    lines = client.post(stream=True).text.splitlines()
    assert lines.pop() == "data: [DONE]"
    assert all(line.startswith('data: {"id"') for line in lines)
    assert len(lines) > 5


def test_heartbeats(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["heartbeats"])
    text = client.post(stream=True).text
    assert text.startswith("data:\n\ndata: ping\n\ndata: {")
    assert text.endswith("data: [DONE]\n\n")


# Within the completion


def test_mid_close(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["mid_close"])
    reads, error = client.wire(stream=True)
    sent = b"".join(reads)
    assert error is None
    assert b"Okay" in sent
    assert b'finish_reason":"' not in sent
    assert not sent.endswith(b"0\r\n\r\n")  # the chunked encoding is not terminated


def test_mid_close_of_a_body(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["mid_close"])
    reads, error = client.wire()
    head, _, body = b"".join(reads).partition(b"\r\n\r\n")
    length = next(int(line.split()[1]) for line in head.splitlines() if line.startswith(b"Content-Length"))
    assert error is None
    assert len(body) == length // 2


def test_mid_reset(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["mid_reset"])
    reads, error = client.wire(stream=True)
    assert b"Okay" in b"".join(reads)
    assert isinstance(error, ConnectionResetError)


def test_mid_hang(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["mid_hang"])
    reads, error = client.wire(stream=True, timeout=0.3)
    assert b"Okay" in b"".join(reads)
    assert isinstance(error, TimeoutError)


def test_mid_hang_goes_on_after_its_time(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["mid_hang,seconds=0.2"])
    began = time.monotonic()
    assert join_deltas(client.chunks(), "content") == ANSWER
    assert time.monotonic() - began >= 0.2


def test_trickle(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["trickle,seconds=0.02"])
    reads, _ = client.wire("tiny", stream=True)
    pieces = ["A", " short", " one", ".", "Yes", "."]
    assert sum(b'"delta":{"' in read for read in reads) >= len(pieces)  # each came alone


def test_no_done(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["no_done"])
    text = client.post(stream=True).text
    assert "[DONE]" not in text
    assert finishes(text) == ["stop"]


def test_no_finish(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["no_finish"])
    reads, error = client.wire(stream=True)
    text = b"".join(reads).decode()
    assert error is None
    assert text.endswith("0\r\n\r\n")  # it ends cleanly
    assert finishes(text) == []
    assert "[DONE]" not in text
    assert client.post().json()["choices"][0]["finish_reason"] is None


def test_garbage_chunk(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["garbage_chunk"])
    data = events(client.post(stream=True).text)
    bad = [line for line in data if line != "[DONE]" and not line.endswith("}")]
    assert bad == ['{"id":"chatcmpl-']
    assert data.index(bad[0]) not in (0, len(data) - 1)
    assert data[-1] == "[DONE]"


def test_error_event(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["error_event"])
    data = events(client.post(stream=True).text)
    assert "Okay" in data[1]
    assert json.loads(data[-1])["error"]["code"] == 500
    assert "error" in client.post().json()


def test_crlf_comments(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["crlf_comments"])
    text = client.post(stream=True).text
    assert "\n" not in text.replace("\r\n", "")
    assert text.count(": keep-alive\r\n\r\n") >= 3
    assert join_deltas([json.loads(data) for data in events(text)[:-1]], "content") == ANSWER


def test_big_chunk(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["big_chunk"])
    chunks = client.chunks()
    sizes = sorted(len(json.dumps(chunk)) for chunk in chunks)
    assert sizes[-2] < 1000
    assert sizes[-1] > 1_000_000
    demo.set_faults(["big_chunk,bytes=5000"])
    assert len(join_deltas(client.chunks(seed=0), "reasoning_content")) == len(REASONING) + 5000


def test_split_utf8(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["split_utf8"])
    reads, _ = client.wire("chinese", stream=True)
    broken = [read for read in reads if not is_utf8(read)]
    assert broken
    assert joined_text(client.post("chinese", stream=True).text) == "嗯\uff0c让我想想。Δx = 1 → 好的答案是一。"


def test_invalid_utf8(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["invalid_utf8"])
    lines = [line for line in client.post(stream=True).content.splitlines() if not is_utf8(line)]
    assert len(lines) == 1
    assert b'"delta":{"reasoning_content":"\xff\xfe"}' in lines[0]
    assert not is_utf8(client.post().content)


def test_null_content(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["null_content"])
    deltas = [chunk["choices"][0]["delta"] for chunk in client.chunks()]
    assert {"content": None, "reasoning_content": "Okay"} in deltas
    assert {"content": "The"} in deltas


def test_null_delta(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["null_delta"])
    chunks = client.chunks()
    assert [chunk["choices"][0]["delta"] for chunk in chunks].count(None) == 1
    assert join_deltas(chunks, "content") == ANSWER


def test_empty(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["empty"])
    chunks = client.chunks(stream_options={"include_usage": True})
    assert join_deltas(chunks, "content") + join_deltas(chunks, "reasoning_content") == ""
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["completion_tokens"] == 0
    assert client.post().json()["choices"][0]["message"]["content"] == ""


def test_no_usage(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["no_usage"])
    assert not any("usage" in chunk for chunk in client.chunks(stream_options={"include_usage": True}))
    assert "usage" not in client.post().json()


def test_usage_beside(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["usage_beside"])
    chunks = client.chunks(stream_options={"include_usage": True})
    streamed = next(chunk["usage"] for chunk in chunks if chunk.get("usage"))
    for usage in (streamed, client.post().json()["usage"]):
        thought = usage["completion_tokens_details"]["reasoning_tokens"]
        assert thought > 0
        assert usage["prompt_tokens"] + usage["completion_tokens"] + thought == usage["total_tokens"]


def test_finish_word(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["finish_word,word=engine_overloaded"])
    assert finishes(client.post(stream=True).text) == ["engine_overloaded"]
    assert client.post().json()["choices"][0]["finish_reason"] == "engine_overloaded"


def test_finish_null(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["finish_null"])
    found = finishes(client.post(stream=True).text)
    assert len(found) > 2
    assert (set(found[:-1]), found[-1]) == ({"null"}, "stop")


def test_duplicate_finish(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["duplicate_finish"])
    assert finishes(client.post(stream=True).text) == ["stop", "stop"]


def test_drip(client: Client, demo: DemoEndpoint) -> None:
    demo.configure(chunks=1)
    demo.set_faults(["drip,seconds=0.001"])
    reads, _ = client.wire("tiny", stream=True)
    assert len(reads) > 100  # a byte each; several may meet
    assert b"data: [DONE]" in joined_bytes(reads)


def test_keep_alive(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["keep_alive,seconds=0.01"])
    reads, error = client.wire(stream=True, timeout=0.5, most=20)
    assert error is None
    assert joined_bytes(reads).count(b": keep-alive") > 5
    assert b"[DONE]" not in joined_bytes(reads)
    assert b'"delta":{"reasoning' in joined_bytes(reads)


def test_queued(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["queued,seconds=0.01"])
    reads, _ = client.wire(stream=True, timeout=0.5, most=20)
    assert joined_bytes(reads).count(b": keep-alive") > 5
    assert b"delta" not in joined_bytes(reads)


@pytest.mark.parametrize("stream", [True, False])
def test_key_chunk(client: Client, demo: DemoEndpoint, stream: bool) -> None:
    demo.set_faults(["key_chunk"])
    text = client.post(stream=stream, headers={"Authorization": "Bearer canary-1"}).text
    assert "The engine refused Bearer canary-1." in text
    assert "[DONE]" not in text


def test_key_answer(client: Client, demo: DemoEndpoint) -> None:
    demo.set_faults(["key_answer"])
    headers = {"Authorization": "Bearer canary-0123456789"}
    body = client.post(headers=headers).json()
    assert body["choices"][0]["message"]["content"] == "I was called with canary-0123456789."
    stream = client.post(stream=True, headers=headers).text
    assert "canary" not in stream  # the key is cut into pieces
    assert "I was called with canary-0123456789." in joined_text(stream)


def test_every_fault_has_a_test() -> None:
    assert [name for name in KINDS if f"test_{name}" not in globals()] == []


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def joined_bytes(reads: list[bytes]) -> bytes:
    """The body without what the chunked encoding puts around its pieces."""
    body = b"".join(reads).partition(b"\r\n\r\n")[2]
    return b"".join(part for part in body.split(b"\r\n")[1::2])


def joined_text(text: str) -> str:
    """All text in a stream, reasoning first as it comes."""
    deltas = [choice["delta"] for data in events(text)[:-1] for choice in json.loads(data)["choices"]]
    return "".join(delta.get("reasoning_content", "") + delta.get("content", "") for delta in deltas)
