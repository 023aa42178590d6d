"""One completion over HTTP, against a real server: every fault that it can show, and some that only bytes can."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import shutil
import socket
import ssl
import subprocess
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.client import ChatClient, Live
from qwq_nb.demo import PROBLEMS, DemoEndpoint
from qwq_nb.demo.faults import KINDS
from qwq_nb.endpoint import Endpoint
from qwq_nb.errors import EndpointError, EndpointRefused, RequestRejected, StreamInterrupted, UserError
from qwq_nb.records import Completion

ROWS = [
    {
        "unique_id": "sum",
        "problem": "What is the sum of 17 and 25?",
        "reasoning": "17 + 25 = 42.",
        "answer": "It is 42.",
    },
    {
        "unique_id": "chinese",
        "problem": "Answer in Chinese, please.",
        "reasoning": "嗯，Δx = 1 → 好的",
        "answer": "答案是一。",
    },
]
REASONING, ANSWER = ROWS[0]["reasoning"], ROWS[0]["answer"]
KEY = "not-of-any-known-shape-0123456789"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEndpoint]:
    book = tmp_path_factory.mktemp("client") / "book.jsonl"
    book.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    with DemoEndpoint(transcripts=[book]) as endpoint:
        yield endpoint


@pytest.fixture
def server(running: DemoEndpoint) -> DemoEndpoint:
    """A demo endpoint as if just started."""
    running.set_faults([])
    running.configure(style="reasoning_content", tokens_per_second=0, ttft=0, chunks=0, models_status=200)
    running.reset()
    return running


def of(server: DemoEndpoint, **options: Any) -> Endpoint:
    return Endpoint(server.url, options.pop("model", server.model), backoff=0.01, **options)


async def completed(endpoint: Endpoint, question: int = 0, live: Live | None = None, **more: Any) -> Completion:
    async with ChatClient(endpoint) as client:
        return await client.complete([{"role": "user", "content": ROWS[question]["problem"]}], live=live, **more)


def ask(endpoint: Endpoint, question: int = 0, live: Live | None = None, **more: Any) -> Completion:
    return asyncio.run(completed(endpoint, question, live, **more))


def failure(endpoint: Endpoint, live: Live | None = None) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        ask(endpoint, live=live)
    return caught.value


def assert_is_idle(server: DemoEndpoint) -> None:
    """The server has noticed that nobody waits any more."""
    for _ in range(200):
        if server.log()["active"] == 0:
            return
        time.sleep(0.01)
    raise AssertionError(server.log()["active"])


def assert_is_the_answer(completion: Completion) -> None:
    assert (completion.reasoning, completion.answer, completion.finish_reason) == (REASONING, ANSWER, "stop")


# Whole


def test_a_stream(server):
    live = Live()
    completion = ask(of(server), live=live)
    assert_is_the_answer(completion)
    assert (completion.attempts, completion.retried, completion.model) == (1, [], server.model)
    assert completion.ttft_s is not None
    assert 0 < completion.ttft_s <= completion.latency_s
    assert live.chunks == completion.completion_tokens
    body = server.log()["last"][0]["body"]
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_no_stream(server):
    completion = ask(of(server, stream=False))
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
def test_every_style_of_reasoning(server, style, shape, stream):
    server.configure(style=style)
    completion = ask(of(server, stream=stream))
    expected = "" if style == "none" else REASONING
    assert (completion.reasoning, completion.answer, completion.shape) == (expected, ANSWER, shape)


def test_what_a_template_does_is_learned_from_the_first_answer(demo_endpoint):
    """A model of which nothing is known: its first answer shows how it thinks, so a cut thought is no answer later."""
    server = demo_endpoint(models=["unheard-of"], style="prefilled")
    messages = [{"role": "user", "content": json.loads(PROBLEMS["aime24"].read_text().splitlines()[0])["problem"]}]

    async def twice() -> list[Completion]:
        async with ChatClient(of(server)) as client:
            whole = await client.complete(messages)
            client.endpoint = client.endpoint.replace(sampling={"max_tokens": 3})
            return [whole, await client.complete(messages)]

    whole, cut = asyncio.run(twice())
    assert (whole.shape, cut.shape, cut.answer) == ("prefilled", "untagged_cut", "")


def test_usage_counts_the_tokens(server):
    completion = ask(of(server))
    assert completion.tokens_from == "usage"
    assert completion.prompt_tokens > 0
    assert completion.reasoning_tokens > completion.answer_tokens > 0


@pytest.mark.parametrize(("stream", "source"), [(True, "chunks"), (False, "estimate")])
def test_without_usage_the_pieces_are_counted_or_the_text_is_measured(server, stream, source):
    counted = ask(of(server))
    server.set_faults(["no_usage"])
    completion = ask(of(server, stream=stream))
    assert completion.tokens_from == source
    if stream:
        assert completion.completion_tokens == counted.completion_tokens


def test_a_token_limit(server):
    completion = ask(of(server, max_tokens=4))
    assert (completion.finish_reason, completion.answer, completion.completion_tokens) == ("length", "", 4)


def test_sampling_and_extra_reach_the_server(server):
    ask(of(server, top_k=7, min_p=0.1, presence_penalty=0.5, extra={"chat_template_kwargs": {"style": "tags"}}))
    body = server.log()["last"][0]["body"]
    assert (body["top_k"], body["min_p"], body["presence_penalty"]) == (7, 0.1, 0.5)
    assert body["chat_template_kwargs"] == {"style": "tags"}


def test_repeats_have_seeds_of_their_own(server):
    ask(of(server, request_seed=3), repeat=2)
    assert server.log()["last"][0]["body"]["seed"] == 5


def test_many_at_once_share_a_client(server):
    async def many() -> list[Completion]:
        async with ChatClient(of(server), connections=20) as client:
            message = {"role": "user", "content": ROWS[0]["problem"]}
            return await asyncio.gather(*(client.complete([message]) for _ in range(20)))

    server.configure(ttft=0.2)
    for completion in asyncio.run(many()):
        assert_is_the_answer(completion)
    assert server.log()["concurrent_peak"] == 20


# Faults


BREAKS = [
    "status,code=408",
    "status,code=409",
    "status,code=425",
    "status,code=429",
    "status,code=500",
    "status,code=502",
    "status,code=503",
    "html_200",
    "reset",
    "mid_close",
    "mid_reset",
    "no_finish",
    "error_event",
]
STREAM_BREAKS = ["garbage_chunk"]
SILENCES = ["hang", "mid_hang"]
REFUSALS = ["status,code=401", "status,code=403", "status,code=404", "key_echo", "redirect"]
REJECTIONS = ["status,code=400", "context_length", "bad_param"]
HARMLESS = [
    "no_done",
    "json_instead_of_sse",
    "crlf_comments",
    "big_chunk,bytes=300000",
    "split_utf8",
    "invalid_utf8",
    "null_content",
    "null_delta",
    "duplicate_finish",
    "no_usage",
    "trickle,seconds=0.01",
]
EMPTY = ["empty"]


def test_no_fault_is_left_out():
    tested = [*BREAKS, *STREAM_BREAKS, *SILENCES, *REFUSALS, *REJECTIONS, *HARMLESS, *EMPTY]
    assert {spec.split(",")[0] for spec in tested} == set(KINDS)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", [*BREAKS, *SILENCES])
def test_what_passes_is_healed(server, fault, stream):
    server.set_faults([f"{fault},attempts=2"])
    completion = ask(of(server, stream=stream, read_timeout=0.3 if fault in SILENCES else 5))
    assert_is_the_answer(completion)
    assert completion.attempts == 3
    assert len(completion.retried) == 2
    assert server.log()["requests"] == 3


@pytest.mark.parametrize("fault", STREAM_BREAKS)
def test_a_chunk_that_is_none_breaks_the_stream(server, fault):
    server.set_faults([f"{fault},attempts=1"])
    completion = ask(of(server))
    assert_is_the_answer(completion)
    assert "no chat completion" in completion.retried[0]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fault", [*BREAKS, *SILENCES])
def test_what_does_not_pass_is_an_error_after_all_retries_and_never_a_completion(server, fault, stream):
    server.set_faults([fault])
    live = Live()
    found = failure(of(server, stream=stream, max_retries=2, read_timeout=0.1 if fault in SILENCES else 5), live)
    assert found.retryable
    assert (live.attempt, len(live.retried), server.log()["requests"]) == (3, 2, 3)
    if fault.startswith("status"):
        assert found.status == int(fault[-3:])
    else:
        assert isinstance(found, StreamInterrupted)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("reset", "the connection ended before the answer began"),
        ("hang", "nothing came for longer than --read-timeout"),
        ("mid_hang", "nothing came for longer than --read-timeout"),
        ("mid_close", "the connection ended in the middle of the answer"),
        ("mid_reset", "the connection ended in the middle of the answer"),
        ("no_finish", "without a finish reason"),
        ("error_event", "The engine stopped"),
        ("html_200", "web page"),
        ("status,code=502", "The upstream server does not answer"),
    ],
)
def test_a_failure_in_plain_words(server, fault, said):
    server.set_faults([fault])
    assert said in str(failure(of(server, max_retries=0, read_timeout=0.2)))


@pytest.mark.parametrize("fault", [*REFUSALS, *REJECTIONS])
def test_what_would_be_refused_again_is_asked_once(server, fault):
    server.set_faults([fault])
    found = failure(of(server))
    assert type(found) is (EndpointRefused if fault in REFUSALS else RequestRejected)
    assert not found.retryable
    assert server.log()["requests"] == 1


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_is_harmless_costs_no_retry(server, fault):
    server.set_faults([fault])
    completion = ask(of(server), question=1)
    assert (completion.attempts, completion.finish_reason) == (1, "stop")
    assert completion.answer == ROWS[1]["answer"]
    if fault not in ("invalid_utf8", "big_chunk,bytes=300000"):
        assert completion.reasoning == ROWS[1]["reasoning"]


def test_bytes_that_are_not_utf8_cost_those_characters_only(server):
    server.set_faults(["invalid_utf8"])
    completion = ask(of(server))
    text = completion.reasoning + completion.answer
    assert text.count("\ufffd") == 2
    assert text.replace("\ufffd", "") == REASONING + ANSWER


def test_an_empty_answer_is_asked_again_and_then_counts(server):
    server.set_faults(["empty,attempts=1"])
    assert_is_the_answer(ask(of(server)))
    server.set_faults(["empty"])
    completion = ask(of(server))
    assert (completion.answer, completion.reasoning, completion.finish_reason) == ("", "", "stop")
    assert completion.attempts == 3


# Waiting


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits before retries; they take no time."""
    asked: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        asked.append(seconds)
        await sleep(0)

    monkeypatch.setattr("qwq_nb.client.asyncio.sleep", note)
    return asked


def test_the_wait_doubles_with_jitter_up_to_a_minute(server, waits):
    server.set_faults(["status,code=503"])
    failure(of(server, max_retries=9).replace(backoff=1.0))
    assert len(waits) == 9
    for wait, doubled in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert doubled <= wait <= doubled + 1
    assert len(set(waits)) == 9


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_honoured(server, waits, code):
    server.set_faults([f"status,code={code},retry_after=30,attempts=1"])
    assert_is_the_answer(ask(of(server)))
    assert 30 <= waits[0] < 31


def test_retry_after_as_a_date_is_honoured(server, waits):
    server.set_faults(["status,code=503,retry_after=date,attempts=1"])
    assert_is_the_answer(ask(of(server)))
    assert 0.2 < waits[0] < 3


def test_nobody_waits_for_an_hour(server, waits):
    server.set_faults(["status,code=429,retry_after=3600,attempts=1"])
    assert_is_the_answer(ask(of(server)))
    assert 300 <= waits[0] < 301


def test_the_deadline_is_that_of_all_attempts_together(server):
    server.set_faults(["status,code=503,retry_after=30"])
    live = Live()
    found = failure(of(server, deadline=0.2), live)
    assert isinstance(found, StreamInterrupted)
    assert "deadline of 0.2 s" in str(found)
    assert live.waiting_for_retry


def test_the_deadline_cuts_a_stream_and_leaves_its_text(server):
    server.set_faults(["trickle,seconds=0.05"])
    live = Live()
    assert "deadline of 0.3 s" in str(failure(of(server, deadline=0.3), live))
    assert live.chunks > 0


def test_a_slow_stream_is_no_silent_one(server):
    """There is no time-out on the whole: the read time-out starts anew with each piece."""
    server.configure(chunks=8)
    server.set_faults(["trickle,seconds=0.1"])
    completion = ask(of(server, read_timeout=0.5, max_retries=0))
    assert_is_the_answer(completion)
    assert completion.latency_s > 0.5


def test_cancelling_leaves_the_partial_text_and_ends_the_request(server):
    server.set_faults(["mid_hang"])
    live = Live()

    async def cancelled() -> None:
        task = asyncio.ensure_future(completed(of(server), live=live))
        while not live.chunks:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    partial = live.splitter.reasoning_so_far(1000)
    assert partial
    assert REASONING.startswith(partial)
    assert_is_idle(server)


def test_cancelling_between_two_attempts(server):
    server.set_faults(["status,code=503,retry_after=30"])
    live = Live()

    async def cancelled() -> None:
        task = asyncio.ensure_future(completed(of(server), live=live))
        while not live.waiting_for_retry:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert "HTTP 503" in live.retried[0]


@pytest.mark.parametrize("fault", ["", "status,code=503", "mid_hang", "mid_close", "garbage_chunk", "key_echo"])
def test_nothing_is_left_for_the_garbage_collector(server, fault):
    """An unclosed session, connection or stream would warn, and a warning is an error."""
    server.set_faults([fault] if fault else [])
    with contextlib.suppress(EndpointError):
        ask(of(server, max_retries=0, read_timeout=0.1 if fault == "mid_hang" else 5))
    gc.collect()
    assert_is_idle(server)


def test_a_connection_that_broke_is_not_used_again(server):
    async def both() -> Completion:
        async with ChatClient(of(server, read_timeout=0.2, max_retries=0), connections=1) as client:
            messages = [{"role": "user", "content": ROWS[0]["problem"]}]
            with pytest.raises(StreamInterrupted):
                await client.complete(messages)
            server.set_faults([])
            return await client.complete(messages)

    for fault in ("mid_hang", "mid_close", "mid_reset", "garbage_chunk", "error_event"):
        server.set_faults([fault])
        assert_is_the_answer(asyncio.run(both()))


def test_no_answer_to_the_connection(monkeypatch):
    """A listener whose queue is full lets further connections hang."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        found = failure(Endpoint(url, "m", connect_timeout=0.2, max_retries=0))
    assert "no connection within --connect-timeout" in str(found)


def test_nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        live = Live()
        found = failure(Endpoint(url, "m", backoff=0.01, max_retries=1), live)
    assert "is the server running" in str(found)
    assert live.attempt == 2


# Models


def test_an_unknown_model_lists_the_served_ones(server):
    found = failure(of(server, model="QwQ-32B"))
    assert isinstance(found, EndpointRefused)
    assert f"It serves: {server.model}." in str(found)
    assert f"Did you mean '{server.model}'?" in str(found)


def test_an_unknown_path_says_what_to_check(server):
    found = failure(of(server).replace(url=f"{server.root}/elsewhere"))
    assert isinstance(found, EndpointRefused)
    assert "end in /v1" in str(found)


@pytest.mark.parametrize(("status", "problem"), [(200, ""), (404, "HTTP 404"), (500, "HTTP 500"), (401, "HTTP 401")])
def test_what_models_says(server, status, problem):
    server.configure(models_status=status)

    async def models() -> Any:
        async with ChatClient(of(server)) as client:
            return await client.models()

    served = asyncio.run(models())
    assert served.problem == problem
    assert served.ids == ([] if problem else [server.model])


def test_an_endpoint_that_does_not_list_its_models_answers_all_the_same(server):
    server.configure(models_status=500)
    assert_is_the_answer(ask(of(server)))
    assert "Check the URL" in str(failure(of(server, model="other")))


def test_models_of_a_server_that_is_not_there():
    async def models() -> Any:
        async with ChatClient(Endpoint("http://127.0.0.1:9/v1", "m")) as client:
            return await client.models()

    assert "no connection" in asyncio.run(models()).problem


# The key


def everything_seen(error: BaseException | None) -> Iterator[str]:
    """What any traceback could print of an error: texts, and the locals of every frame, those of libraries included."""
    while error is not None:
        yield from traceback.format_exception(error)
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename != __file__:
                yield from map(repr, frame.f_locals.values())
        error = error.__cause__ or error.__context__


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("QWQ_TEST_KEY", KEY)
    return "QWQ_TEST_KEY"


def test_the_key_goes_into_the_authorization_header_and_nowhere_else(key):
    requests: list[bytes] = []

    async def go() -> None:
        async with answering(whole_stream(), seen=requests) as endpoint:
            endpoint = endpoint.replace(key_env=key)
            await completed(endpoint)
            async with ChatClient(endpoint) as client:
                await client.models()
                assert KEY not in repr(vars(client))

    asyncio.run(go())
    assert len(requests) == 2
    for request in requests:
        assert request.count(KEY.encode()) == 1
        assert f"\r\nauthorization: bearer {KEY}\r\n".encode() in request.lower()


def test_without_a_key_there_is_no_authorization_header(server):
    ask(of(server))
    assert server.log()["last"][0]["authorization"] == "absent"


@pytest.mark.parametrize("fault", ["key_echo", *BREAKS, *SILENCES, *REJECTIONS, "redirect", "garbage_chunk"])
def test_no_error_holds_the_key(server, fault, key):
    server.set_faults([fault])
    live = Live()
    found = failure(of(server, key_env=key, max_retries=1, read_timeout=0.1 if fault in SILENCES else 5), live)
    assert server.log()["last"][0]["authorization"] == "present"
    assert not any(KEY in text for text in everything_seen(found))
    assert KEY not in "".join(live.retried)
    if fault == "key_echo":
        assert "[key removed]" in str(found)


def test_no_failure_to_connect_holds_the_key(key):
    found = failure(Endpoint("http://127.0.0.1:9/v1", "m", key_env=key, max_retries=0))
    assert not any(KEY in text for text in everything_seen(found))


def test_a_key_that_is_not_set_is_the_users_error(server):
    with pytest.raises(UserError, match="QWQ_NO_SUCH_KEY"):
        ask(of(server, key_env="QWQ_NO_SUCH_KEY"))
    assert server.log()["requests"] == 0


def test_a_redirect_is_not_followed(server, demo_endpoint, key):
    other = demo_endpoint()
    server.set_faults([f"redirect,to={other.url}/chat/completions"])
    found = failure(of(server, key_env=key))
    assert "redirects elsewhere" in str(found)
    assert other.log()["requests"] == 0


# What only bytes can show


@asynccontextmanager
async def answering(
    *responses: bytes, seen: list[bytes] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Endpoint]:
    """A server that answers the n-th request with the n-th of these bytes (then the last) and closes the connection."""
    left = list(responses)
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0)
        body = await reader.readexactly(length)
        if seen is not None:
            seen.append(head + body)
        with contextlib.suppress(ConnectionError):
            writer.write(left.pop(0) if len(left) > 1 else left[0])
            await writer.drain()
        writer.close()
        writers.append(writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Endpoint(f"http{'s' if tls else ''}://127.0.0.1:{port}/v1", "m", backoff=0.001, max_retries=1)
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


def response(body: bytes, kind: str = "text/event-stream", status: str = "200 OK", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n{extra}\r\n".encode() + body


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}).encode()


def whole_stream() -> bytes:
    return response(chunk(content="Fine.") + b"\n\n" + chunk("stop") + b"\n\ndata: [DONE]\n\n")


def ask_bytes(*responses: bytes, **changes: Any) -> Completion:
    async def go() -> Completion:
        async with answering(*responses) as endpoint:
            return await completed(endpoint.replace(**changes))

    return asyncio.run(go())


def fail_bytes(*responses: bytes, **changes: Any) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        ask_bytes(*responses, **changes)
    return caught.value


def test_the_last_event_may_lack_its_blank_line():
    assert ask_bytes(response(chunk(content="Fine.") + b"\n\n" + chunk("stop"))).attempts == 1


def test_a_last_line_that_is_torn_is_no_end():
    torn = response(chunk(content="Fine.") + b"\n\n" + chunk("stop")[:-4])
    completion = ask_bytes(torn, whole_stream())
    assert (completion.answer, completion.attempts) == ("Fine.", 2)


def test_what_comes_after_done_is_not_read():
    after = whole_stream() + b"data: garbage\n\n"
    assert ask_bytes(after).answer == "Fine."


@pytest.mark.parametrize("finish", ["abort", "error"])
def test_an_engine_that_gave_up_did_not_finish(finish):
    cut = response(chunk(content="Fi") + b"\n\n" + chunk(finish) + b"\n\ndata: [DONE]\n\n")
    assert ask_bytes(cut, whole_stream()).attempts == 2
    assert repr(finish) in str(fail_bytes(cut))


def test_an_error_in_the_words_of_an_older_vllm():
    said = b'data: {"object": "error", "message": "Grammar is not valid", "type": "BadRequestError", "code": 400}\n\n'
    assert isinstance(fail_bytes(response(said + b"data: [DONE]\n\n")), RequestRejected)


def test_a_server_that_streams_unasked_is_read_as_a_stream():
    assert ask_bytes(whole_stream(), stream=False).answer == "Fine."


@pytest.mark.parametrize("kind", ["text/event-stream; charset=utf-8", "text/plain", "application/octet-stream"])
def test_a_stream_under_any_name(kind):
    assert ask_bytes(whole_stream().replace(b"text/event-stream", kind.encode())).answer == "Fine."


@pytest.mark.parametrize("usage", [{"prompt_tokens": 5.0, "completion_tokens": "7"}, {"completion_tokens": None}, None])
def test_odd_token_counts_do_not_cost_the_answer(usage):
    last = b"data: " + json.dumps({"choices": [], "usage": usage}).encode()
    stream = response(chunk("stop", content="Fine.") + b"\n\n" + last + b"\n\ndata: [DONE]\n\n")
    completion = ask_bytes(stream)
    assert (completion.answer, completion.attempts) == ("Fine.", 1)
    if usage and usage["completion_tokens"]:
        assert (completion.prompt_tokens, completion.completion_tokens) == (5, 7)


def test_a_character_in_two_halves():
    halves = chunk(content="\ud83d") + b"\n\n" + chunk(content="\ude00")
    assert ask_bytes(response(halves + b"\n\n" + chunk("stop") + b"\n\n")).answer == "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01 this is TLS\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Le"],
    ids=["not HTTP", "bad status", "nothing", "torn headers"],
)
def test_what_is_no_http_is_an_endpoint_error(garbage):
    found = fail_bytes(garbage)
    assert isinstance(found, StreamInterrupted)
    assert found.retryable
    assert ask_bytes(garbage, whole_stream()).attempts == 2


@pytest.mark.parametrize(
    "data", [b"[1]", b'"x"', b'{"choices": 3}', b'{"choices": [{"finish_reason": {}}]}', b'{"error":' + b"[" * 10_000]
)
def test_json_that_is_no_chunk_is_an_endpoint_error(data):
    assert "no chat completion" in str(fail_bytes(response(b"data: " + data + b"\n\n")))
    assert "no chat completion" in str(fail_bytes(response(data, "application/json"), stream=False))


@pytest.mark.parametrize("body", [b"{}", b'{"choices": []}', b'{"choices": [{"finish_reason": "stop"}]}'])
def test_a_body_without_a_message(body):
    assert "without a message" in str(fail_bytes(response(body, "application/json"), stream=False))


def test_a_page_where_a_stream_should_be():
    assert "no event stream" in str(fail_bytes(response(b"Hello.\n", "text/plain")))


def test_models_that_are_no_list():
    async def models(body: bytes) -> Any:
        async with answering(body) as endpoint, ChatClient(endpoint) as client:
            return await client.models()

    for body in (b"[]", b"<html>", b'{"data": 3}', b"\xff", b'{"models": []}'):
        served = asyncio.run(models(response(body, "application/json")))
        assert served.ids == []
    assert "list of models" in asyncio.run(models(response(b"[]", "application/json"))).problem
    assert asyncio.run(models(b"junk\r\n\r\n")).problem


# Proxies


def test_a_proxy_is_used_and_a_loopback_host_can_be_kept_from_it(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://user:hunter2@127.0.0.1:9")
    found = failure(of(server, max_retries=0))
    assert "no connection" in str(found)
    assert "hunter2" not in str(found)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert_is_the_answer(ask(of(server)))


def test_a_proxy_that_cannot_be_used_is_the_users_error(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "gopher://user:hunter2@127.0.0.1:9")
    with pytest.raises(UserError, match="NO_PROXY") as caught:
        ask(of(server))
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_proxy_passes_the_completion_on(server, monkeypatch):
    """The transport for proxies is httpx's own: the same client, the same answers."""

    async def go() -> list[Completion]:
        writers: list[asyncio.StreamWriter] = []

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(f"POST {server.url}/chat/completions HTTP/1.1".encode())
            host, port = server.root.removeprefix("http://").split(":")
            upstream, out = await asyncio.open_connection(host, int(port))
            writers.extend([writer, out])
            out.write(head.replace(server.root.encode(), b"", 1))

            async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                with contextlib.suppress(ConnectionError):
                    while data := await source.read(65536):
                        sink.write(data)
                        await sink.drain()
                sink.close()

            await asyncio.gather(pump(reader, out), pump(upstream, writer))

        proxy = await asyncio.start_server(relay, "127.0.0.1", 0)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        async with proxy:
            whole = await completed(of(server))
            server.set_faults(["mid_close,attempts=1"])
            again = await completed(of(server))
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)
        return [whole, again]

    first, second = asyncio.run(go())
    assert_is_the_answer(first)
    assert_is_the_answer(second)
    assert (first.attempts, second.attempts) == (1, 2)


# Certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


def test_a_certificate_is_trusted_only_if_it_is_said_so(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def ask_by_tls(**options: Any) -> Completion:
        async with answering(whole_stream(), tls=context) as endpoint:
            return await completed(endpoint.replace(**options))

    with pytest.raises(StreamInterrupted, match="--ca-bundle"):
        asyncio.run(ask_by_tls())
    assert asyncio.run(ask_by_tls(ca_bundle=str(certificate))).answer == "Fine."
    assert asyncio.run(ask_by_tls(insecure=True)).answer == "Fine."
