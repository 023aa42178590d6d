"""Tokens by `/tokenize` and `/detokenize`, as vLLM and llama.cpp answer; anything else is no answer."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.demo.replay import split_tokens
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.tokenize import ServerTokens

TEXT = "Okay, 17 + 25 = 42."


def asked(url: str, text: str, first: int) -> tuple[list[int] | None, str | None]:
    async def ask() -> tuple[list[int] | None, str | None]:
        server = ServerTokens(Endpoint(url, "m"), connections=1)
        try:
            tokens = await server.ids(text)
            return tokens, None if tokens is None else await server.text(tokens[:first])
        finally:
            await server.aclose()

    return asyncio.run(ask())


def test_the_built_in_endpoint_tells_its_tokens(demo: DemoEndpoint) -> None:
    tokens, beginning = asked(demo.url, TEXT, 3)
    assert tokens is not None
    assert len(tokens) == len(split_tokens(TEXT))
    assert beginning == "".join(split_tokens(TEXT)[:3])


@pytest.fixture(
    params=[
        (404, {}),
        (200, {"tokens": "many"}),
        (200, {"tokens": [1.5]}),
        (200, {"tokens": [True]}),
        (200, {"error": "no"}),
        (200, []),
        (500, {"tokens": [1]}),
    ],
    ids=str,
)
def other_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that answers every request with one status and body."""
    status, body = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join(5)


def test_what_is_no_list_of_tokens_is_no_answer(other_server: str) -> None:
    assert asked(other_server, TEXT, 1) == (None, None)


def test_a_server_that_is_away_tells_nothing() -> None:
    assert asked("http://127.0.0.1:9/v1", TEXT, 1) == (None, None)
