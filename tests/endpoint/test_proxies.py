"""The proxy that the environment sets: which hosts go around it, and that it is named when it is dead."""

from __future__ import annotations

import asyncio

import pytest

from qwq_nb.endpoint.client import ChatClient
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.proxies import is_excluded, proxy_for, proxy_name
from qwq_nb.endpoint.registry import connect
from qwq_nb.endpoint.transport import Unreachable
from tests.support.hostile_server import EVENTS, HostileServer, Reply, event


def answered(endpoint: Endpoint) -> str:
    async def ask() -> str:
        async with ChatClient(endpoint) as client:
            return (await client.complete([{"role": "user", "content": "2 + 2?"}])).answer

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        ("http://10.1.2.3:8000/v1", "localhost,10.0.0.0/8"),
        ("http://10.1.2.3:8000/v1", "10.0.0.0/8 192.168.0.0/16"),
        ("http://10.1.2.3/v1", "10.1.2.3"),
        ("http://10.1.2.3:8000/v1", "10.1.2.3:8000"),
        ("http://[::1]:8000/v1", "::1"),
        ("http://[::1]:8000/v1", "[::1]"),
        ("http://[::1]:8000/v1", "[::1]:8000"),
        ("http://[0:0:0:0:0:0:0:1]:8000/v1", "::1"),
        ("http://[fd00::12]/v1", "fd00::/8"),
        ("http://[::ffff:10.0.0.7]/v1", "10.0.0.0/8"),
        ("http://gpu.lab.example/v1", ".example"),
        ("http://gpu.lab.example/v1", "lab.example"),
        ("http://gpu.lab.example/v1", "*.lab.example"),
        ("http://GPU.lab.example./v1", "gpu.lab.EXAMPLE"),
        ("https://gpu/v1", "gpu:443"),
        ("http://anything/v1", "*"),
    ],
)
def test_hosts_that_go_around_the_proxy(url: str, no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "http://proxy.lab:3128")
    assert proxy_for(url) == "http://proxy.lab:3128"
    monkeypatch.setenv("no_proxy", no_proxy)
    assert proxy_for(url) is None


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        ("http://11.1.2.3/v1", "10.0.0.0/8"),
        ("http://10.1.2.3:8000/v1", "10.1.2.3:9000"),
        ("http://[::2]/v1", "::1"),
        ("http://notexample/v1", "example"),
        ("http://10.example/v1", "10.0.0.0/8"),
        ("http://210.1.2.3/v1", "10.1.2.3"),
        ("http://gpu/v1", "gpu:x"),
        ("http://gpu/v1", ""),
        ("http://gpu/v1", ", ,,"),
    ],
)
def test_hosts_that_do_not(url: str, no_proxy: str) -> None:
    assert not is_excluded(url, no_proxy)


def test_a_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://me:hunter2@proxy.lab:3128")
    assert proxy_name("http://gpu/v1") == "proxy.lab:3128"
    monkeypatch.setenv("http_proxy", "proxy.lab:3128")
    assert proxy_for("http://gpu/v1") == "http://proxy.lab:3128", "as curl takes it"


def test_a_dead_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(reply: Reply) -> None:
        await reply.send(EVENTS, event(content="4"), event(finish="stop"))

    with HostileServer(answer) as server:
        monkeypatch.setenv("http_proxy", "http://me:hunter2@127.0.0.1:9")
        with pytest.raises(Unreachable, match=r"through the proxy 127\.0\.0\.1:9.*NO_PROXY=127\.0\.0\.1") as caught:
            answered(server.endpoint())
        assert "hunter2" not in str(caught.value)
        # The control: the same server, around the proxy.
        monkeypatch.setenv("no_proxy", "127.0.0.0/8")
        assert answered(server.endpoint()) == "4"


def test_a_dead_proxy_is_named_when_an_endpoint_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    line = connect(Endpoint("http://127.0.0.1:8/v1", "m")).line
    assert line.startswith("⚠ ")
    assert "through the proxy 127.0.0.1:9" in line
