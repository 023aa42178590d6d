"""Lists of models in the forms that servers have, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.model_list import models_in
from qwq_nb.endpoint.registry import connect
from qwq_nb.errors import EndpointRefused
from tests.support.hostile_server import HostileServer, Reply, head


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
        (["a", "b"], ["a", "b"]),
        ([{"id": "a"}, {"id": "b"}], ["a", "b"]),
        ({"models": ["a", "b"]}, ["a", "b"]),
        ({"models": [{"name": "a:latest", "model": "a:latest"}]}, ["a:latest"]),
        ({"models": [{"model": "a"}], "data": []}, ["a"]),
        ({"models": [{"name": "other"}], "data": [{"id": "a"}]}, ["a"]),
        ({"data": ["a", {"id": 7}, None, {"id": True}, {}, [], ""]}, ["a", "7"]),
        ({"data": []}, []),
        ({"data": None}, []),
        ([], []),
    ],
)
def test_forms_of_a_list(said: object, ids: list[str]) -> None:
    found = models_in(said)
    assert found is not None
    assert list(found) == ids


@pytest.mark.parametrize("said", [{}, {"error": "Unexpected endpoint"}, {"data": {"id": "a"}}, "a", 3, None, True])
def test_what_is_no_list(said: object) -> None:
    assert models_in(said) is None


def versioned(other: tuple[bytes, ...]) -> Any:
    """Return a server that has its list below /v1, and answers other paths by `other`."""

    async def write(reply: Reply) -> None:
        if reply.path.startswith("/v1/models"):
            await reply.send(head("application/json"), json.dumps({"data": [{"id": "m"}]}).encode())
        else:
            await reply.send(*other)

    return write


@pytest.mark.parametrize(
    "other",
    [
        (head("application/json"), b'{"error": "Unexpected endpoint or method. (GET /models)"}'),
        (head("text/html"), b"<html><body>It runs</body></html>"),
        (head("text/plain"), b"Ollama is running"),
        (head("application/json", "404 Not Found"), b"{}"),
        (head("application/json", "401 Unauthorized"), b'{"error": "no such path for you"}'),
        (head("application/json", "500 Oops"), b""),
    ],
)
def test_a_base_url_is_completed_however_the_server_says_that_it_is_not_there(other: tuple[bytes, ...]) -> None:
    with HostileServer(versioned(other)) as server:
        base = server.endpoint().url.removesuffix("/v1")
        for url, wanted in ((base, f"{base}/v1"), (f"{base}?api-version=1", f"{base}/v1?api-version=1")):
            status = connect(Endpoint(url))
            assert (status.endpoint.url, status.endpoint.model) == (wanted, "m")
            assert status.line.startswith("✓ ")


def test_one_that_has_no_list_anywhere_keeps_its_url() -> None:
    async def write(reply: Reply) -> None:
        await reply.send(head("application/json"), b'{"error": "no"}')

    with HostileServer(write) as server:
        url = server.endpoint().url.removesuffix("/v1")
        status = connect(Endpoint(url, "m"))
    assert status.endpoint.url == url
    assert status.line.startswith("⚠ ")
    assert "not a list of models" in status.line


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        ("401 Unauthorized", b"", True),
        ("403 Forbidden", b'{"error": "invalid api key"}', True),
        ("400 Bad Request", b'{"error": {"message": "API key not valid. Please pass a valid API key."}}', True),
        ("403 Forbidden", b'{"error": "missing scope: models.read"}', False),
    ],
)
def test_a_refused_key_is_told_from_a_list_that_is_not_for_everybody(status: str, body: bytes, refused: bool) -> None:
    async def write(reply: Reply) -> None:
        await reply.send(head("application/json", status), body)

    with HostileServer(write) as server:
        if refused:
            with pytest.raises(EndpointRefused, match="wants a key"):
                connect(server.endpoint())
        else:
            assert connect(server.endpoint()).line.startswith("⚠ ")


def open_list(server: str, key: str, asked: list[str]) -> Any:
    """Return a server that lists its models to anybody, and wants the key for all else."""

    async def write(reply: Reply) -> None:
        asked.append(reply.path)
        if reply.path.endswith("/models"):
            listed = json.dumps({"data": [{"id": "m"}]}).encode()
            await reply.send(head("application/json", extra=f"Server: {server}\r\n"), listed)
        elif reply.headers.get("authorization") == f"Bearer {key}":
            await reply.send(head("application/json", "404 Not Found"), b'{"error": {"message": "File Not Found"}}')
        else:
            said = b'{"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}'
            await reply.send(head("application/json", "401 Unauthorized"), said)

    return write


def test_a_server_that_lists_its_models_to_anybody_is_asked_for_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """llama.cpp's: `/models` is open, and its status line said that all was well."""
    asked: list[str] = []
    with HostileServer(open_list("llama.cpp", "right", asked)) as server:
        with pytest.raises(EndpointRefused, match=r"wants a key.*GET /props gave HTTP 401"):
            connect(server.endpoint())
        monkeypatch.setenv("QWQ_TEST_OPEN_KEY", "wrong")
        with pytest.raises(EndpointRefused, match=r"refused the key in QWQ_TEST_OPEN_KEY.*GET /props gave HTTP 401"):
            connect(server.endpoint(key_env="QWQ_TEST_OPEN_KEY"))
        monkeypatch.setenv("QWQ_TEST_OPEN_KEY", "right")
        status = connect(server.endpoint(key_env="QWQ_TEST_OPEN_KEY"))
        assert status.line.startswith("✓")
    assert not [path for path in asked if "completions" in path]


def test_other_servers_are_asked_for_their_list_alone() -> None:
    asked: list[str] = []
    with HostileServer(open_list("uvicorn", "right", asked)) as server:
        assert connect(server.endpoint()).line.startswith("✓")
    assert asked == ["/v1/models"]
