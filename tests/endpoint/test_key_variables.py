"""Secrets by the names of their variables: which names are taken, which headers, and what is never repeated."""

from __future__ import annotations

import asyncio

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.key_variables import header_variables
from qwq_nb.errors import EndpointRefused, OptionError, UserError
from tests.support.hostile_server import EVENTS, HostileServer, Reply, event, head

URL = "https://example.org/v1"


def answered(endpoint: Endpoint) -> Completion:
    async def ask() -> Completion:
        async with ChatClient(endpoint) as client:
            return await client.complete([{"role": "user", "content": "2 + 2?"}])

    return asyncio.run(ask())


async def azure(reply: Reply) -> None:
    """Answer whoever knows the key, in the header and at the path of Azure's; echo it in the answer."""
    key = reply.headers.get("api-key", "")
    if key != "hunter2-hunter2" or "authorization" in reply.headers or "api-version=2024-10-21" not in reply.path:
        await reply.send(head("application/json", "401 Unauthorized"), b'{"error": "missing subscription key"}')
    else:
        await reply.send(EVENTS, event(content=f"Your key is {key}."), event(finish="stop"))


def test_a_key_in_a_header_of_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_KEY", "hunter2-hunter2")
    with HostileServer(azure) as server:
        plain = server.endpoint()
        azures = Endpoint(f"{plain.url}?api-version=2024-10-21", "m", header_env={"api-key": "AZURE_KEY"})
        assert (answered(azures)).answer == "Your key is [key removed]."
        with pytest.raises(EndpointRefused, match="--header-env api-key="):
            answered(plain)


def test_a_second_header_beside_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []

    async def note(reply: Reply) -> None:
        seen.append(reply.headers)
        await reply.send(EVENTS, event(content="4"), event(finish="stop"))

    monkeypatch.setenv("KEY", "sesame")
    monkeypatch.setenv("TENANT", "blue")
    with HostileServer(note) as server:
        answered(server.endpoint(key_env="KEY", header_env=["X-Tenant=TENANT"]))
    assert (seen[0]["authorization"], seen[0]["x-tenant"]) == ("Bearer sesame", "blue")


def test_headers_are_given_as_a_mapping_a_list_or_one_text() -> None:
    for given in ({"api-key": "K"}, ["api-key=K"], "api-key=K", ("api-key=K",)):
        endpoint = Endpoint(URL, "m", header_env=given)
        assert (endpoint.header_env, list(endpoint.secrets)) == (("api-key=K",), ["K"])
    assert Endpoint(URL, "m").replace(header_env={"a": "B"}).header_env == ("a=B",)
    assert hash(header_variables("a=B")) is not None


@pytest.mark.parametrize(
    "name",
    ["Host", "host", "Connection", "Transfer-Encoding", "Content-Length", "Proxy-Authorization", "TE", "Upgrade"],
)
def test_headers_of_the_connection_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"cannot set {name}"):
        Endpoint(URL, "m", header_env=f"{name}=KEY")


@pytest.mark.parametrize("name", ["a b", "x:y", "é", "a\r\nb", "x" * 101, "(x)", "sk-abcdef0123456789"])
def test_what_is_no_headers_name_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(OptionError, match="no header's name") as caught:
        Endpoint(URL, "m", header_env={name: "KEY"})
    assert name not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        "api-key=sk-abcdef0123456789",
        "api-key=0123456789abcdef0123456789abcdef",
        "api-key=a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6",
        "api-key: 0123456789abcdef",
        "Authorization=Bearer abcdefgh12345",
        "0123456789abcdef",
        "api-key=",
        "=KEY",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(OptionError, match=r"NAME of (an|the) environment variable") as caught:
        Endpoint(URL, "m", header_env=[given])
    assert not any(part in str(caught.value) for part in ("abcdef", "a1b2c3"))


def test_one_header_twice_and_two_authorizations_are_refused() -> None:
    with pytest.raises(OptionError, match="twice"):
        Endpoint(URL, "m", header_env=["api-key=A", "API-Key=B"])
    with pytest.raises(OptionError, match="header Authorization"):
        Endpoint(URL, "m", key_env="KEY", header_env="authorization=OTHER")
    assert Endpoint(URL, "m", header_env="Authorization=OTHER").secrets


def test_a_variable_that_is_not_set_is_told_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint(URL, "m", header_env="api-key=AZURE_KEY")
    with pytest.raises(UserError, match=r"AZURE_KEY, which should hold the header api-key.*not set"):
        endpoint.check_secrets()
    monkeypatch.setenv("AZURE_KEY", "two\nlines")
    with pytest.raises(UserError, match="holds characters") as caught:
        endpoint.check_secrets()
    assert "lines" not in str(caught.value).replace("line break", "")
