"""The key: where it goes, and that no error tells it."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterator

import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.streaming import StreamingCompletion
from qwq_nb.errors import UserError
from tests.support.chat_completions import (
    BREAKS,
    KEY,
    REJECTIONS,
    SILENCES,
    ask_question,
    byte_server,
    completion_of,
    endpoint_of,
    failure_of,
    whole_stream,
)


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


def test_the_key_goes_into_the_authorization_header_and_nowhere_else(key: str) -> None:
    requests: list[bytes] = []

    async def go() -> None:
        async with byte_server(whole_stream(), seen=requests) as endpoint:
            endpoint = endpoint.replace(key_env=key)
            await completion_of(endpoint)
            async with ChatClient(endpoint) as client:
                await client.models()
                assert KEY not in repr(vars(client))

    asyncio.run(go())
    assert len(requests) == 2
    for request in requests:
        assert request.count(KEY.encode()) == 1
        assert f"\r\nauthorization: bearer {KEY}\r\n".encode() in request.lower()


def test_without_a_key_there_is_no_authorization_header(server: DemoEndpoint) -> None:
    ask_question(endpoint_of(server))
    assert server.log()["last"][0]["authorization"] == "absent"


@pytest.mark.parametrize("fault", ["key_echo", *BREAKS, *SILENCES, *REJECTIONS, "redirect", "garbage_chunk"])
def test_no_error_holds_the_key(server: DemoEndpoint, fault: str, key: str) -> None:
    server.set_faults([fault])
    live = StreamingCompletion()
    found = failure_of(
        endpoint_of(server, key_env=key, max_retries=1, read_timeout=0.1 if fault in SILENCES else 5), live
    )
    assert server.log()["last"][0]["authorization"] == "present"
    assert not any(KEY in text for text in everything_seen(found))
    assert KEY not in "".join(live.retried)
    if fault == "key_echo":
        assert "[key removed]" in str(found)


def test_no_failure_to_connect_holds_the_key(key: str) -> None:
    found = failure_of(Endpoint("http://127.0.0.1:9/v1", "m", key_env=key, max_retries=0))
    assert not any(KEY in text for text in everything_seen(found))


def test_a_key_that_is_not_set_is_the_users_error(server: DemoEndpoint) -> None:
    with pytest.raises(UserError, match="QWQ_NO_SUCH_KEY"):
        ask_question(endpoint_of(server, key_env="QWQ_NO_SUCH_KEY"))
    assert server.log()["requests"] == 0


def test_a_redirect_is_not_followed(server: DemoEndpoint, demo_endpoint: Callable[..., DemoEndpoint], key: str) -> None:
    other = demo_endpoint()
    server.set_faults([f"redirect,to={other.url}/chat/completions"])
    found = failure_of(endpoint_of(server, key_env=key))
    assert "redirects elsewhere" in str(found)
    assert other.log()["requests"] == 0
