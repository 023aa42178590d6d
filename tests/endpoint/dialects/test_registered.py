"""A dialect from outside the package: another path, another body, other events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from qwq_nb.core.records import Completion, Message
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.delta import Delta, Usage
from qwq_nb.endpoint.dialects.dialect import Tool, dialect_of, register_dialect
from qwq_nb.endpoint.dialects.registry import DIALECTS
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.endpoint.server_errors import error_of_status
from qwq_nb.errors import EndpointError, EndpointRefused, OptionError, StreamInterrupted
from qwq_nb.evaluation.request import refine_endpoint
from qwq_nb.magics.parsing import parse_line
from qwq_nb.store.request import EvalRequest
from tests.support.chat_completions import KEY


class Parrot:
    """`POST /parrot` with `{"say": …}`; events `{"t": thought}`, `{"w": word}`, `{"end": tokens}`, `{"oops": why}`."""

    path = "parrot"

    def body(
        self, endpoint: Endpoint, messages: Sequence[Message], *, repeat: int, tools: Sequence[Tool]
    ) -> dict[str, Any]:
        return {"bird": endpoint.model, "say": messages[-1]["content"], "most": endpoint.sampling["max_tokens"]}

    def delta(self, event: bytes) -> Delta | None:
        said = json.loads(event)
        if "oops" in said:
            return Delta(ends="error")
        if "end" in said:
            return Delta(finish_reason="stop", usage=Usage(completion_tokens=said["end"]))
        if said.get("bye"):
            return Delta(ends="done")
        return Delta(reasoning=said.get("t", ""), content=said.get("w", "")) if {"t", "w"} & said.keys() else None

    def whole(self, body: bytes) -> Delta | None:
        return Delta(content=json.loads(body)["words"], finish_reason="stop")

    def error(self, status: int, body: bytes, *, where: str, hide: Callable[[str], str]) -> EndpointError:
        if status == 200:
            return StreamInterrupted(f"{where}: {hide(json.loads(body)['oops'])}")
        return error_of_status(status, body, where=where, hide=hide)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register_dialect("parrot", Parrot())
    yield
    DIALECTS.unregister("parrot")


Events = Sequence[dict[str, Any]]


@asynccontextmanager
async def parrots(events: Events, seen: list[dict[str, Any]], status: int = 200) -> AsyncIterator[str]:
    """A server of that dialect, which answers with these events, or as a whole where they are empty."""

    async def parrot(request: web.Request) -> web.StreamResponse:
        seen.append(await request.json())
        if status != 200:
            return web.Response(status=status, text=f"no bird; {request.headers.get('Authorization')}")
        if not events:
            return web.json_response({"words": "all at once"})
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return web.Response(text=text, content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/v1/parrot", parrot)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def asked(events: Events, seen: list[dict[str, Any]] | None = None, status: int = 200, **options: Any) -> Completion:
    async def go() -> Completion:
        async with parrots(events, [] if seen is None else seen, status) as url:
            endpoint = Endpoint(url, "polly", dialect="parrot", max_retries=0, **options)
            async with ChatClient(endpoint) as client:
                return await client.complete([{"role": "user", "content": "hello"}])

    return asyncio.run(go())


def test_it_is_asked_and_understood() -> None:
    seen: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = [
        {"t": "who?"},
        {"ignored": 1},
        {"w": "hel"},
        {"w": "lo"},
        {"end": 9},
        {"bye": 1},
        {"w": "never read"},
    ]
    completion = asked(events, seen, max_tokens=5)
    assert seen == [{"bird": "polly", "say": "hello", "most": 5}]
    assert (completion.reasoning, completion.answer, completion.finish_reason) == ("who?", "hello", "stop")
    assert completion.completion_tokens == 9


def test_an_answer_that_comes_whole() -> None:
    assert asked([]).answer == "all at once"


def test_its_errors_are_its_own_and_hold_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWQ_TEST_KEY", KEY)
    for events, status, kind in (
        ([{"oops": f"it flew away with {KEY}"}], 200, StreamInterrupted),
        ([], 401, EndpointRefused),
    ):
        with pytest.raises(kind) as caught:
            asked(events, status=status, key_env="QWQ_TEST_KEY")
        assert KEY not in str(caught.value)
    with pytest.raises(StreamInterrupted, match="flew away"):
        asked([{"oops": "it flew away"}])


@pytest.mark.parametrize("said", [["a list"], "text", {"w": 1, "t": None}, None])
def test_what_it_stumbles_over_is_the_server_s_fault(said: Any) -> None:
    with pytest.raises(StreamInterrupted):
        asked([said])


def test_a_ping_speaks_it_too() -> None:
    seen: list[dict[str, Any]] = []

    async def go() -> EndpointError | None:
        async with parrots([{"w": "hi"}], seen) as url, ChatClient(Endpoint(url, "polly", dialect="parrot")) as client:
            return await client.ping()

    assert asyncio.run(go()) is None
    assert seen == [{"bird": "polly", "say": "ping", "most": 1}]


def test_a_name_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"There is no dialect named 'parot'\. Did you mean 'parrot'\?"):
        Endpoint("http://127.0.0.1/v1", "m", dialect="parot")
    with pytest.raises(OptionError, match="built in"):
        register_dialect("chat_completions", Parrot())


def test_it_is_imported_when_it_is_used() -> None:
    register_dialect("lazy", "qwq_nb.endpoint.dialects.chat_completions:ChatCompletions")
    try:
        register_dialect("gone", "qwq_nb.nowhere:Parrot")
        with pytest.raises(OptionError, match="cannot be imported"):
            Endpoint("http://127.0.0.1/v1", "m", dialect="gone")
        assert dialect_of(Endpoint("http://127.0.0.1/v1", "m", dialect="lazy")).path == "chat/completions"
    finally:
        DIALECTS.unregister("lazy")
        DIALECTS.unregister("gone")


def test_runs_from_before_there_were_dialects_keep_their_key_and_are_read() -> None:
    plain = Endpoint("http://127.0.0.1/v1", "m")
    written = msgspec.to_builtins(plain)
    assert written.pop("dialect") == "chat_completions"
    assert msgspec.convert(written, Endpoint) == plain
    old, new = (
        EvalRequest(benchmarks=["math_500"], endpoints=[endpoint]).identity("")
        for endpoint in (plain, refine_endpoint(plain, {"dialect": "parrot"}))
    )
    assert "dialect" not in old
    assert {**old, "dialect": "parrot"} == new


def test_qwq_endpoint_takes_it() -> None:
    assert parse_line(["URL", "--dialect", "parrot"], ENDPOINT, "qwq_endpoint") == (["URL"], {"dialect": "parrot"})
