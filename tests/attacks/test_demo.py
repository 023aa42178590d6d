"""A web page, open in the user's browser, that finds the demo endpoint's port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from qwq_nb.demo import server as demo_server
from qwq_nb.demo.faults import FaultPlan
from qwq_nb.demo.replay import Transcripts, built_in
from qwq_nb.demo.server import DemoServer, serving
from qwq_nb.demo.settings import Settings

Attack = Callable[[str, str, str], None]


def attacked(*, method: str, path: str, content: str = "", **headers: str) -> tuple[int, DemoServer]:
    """Serve a demo endpoint in this process, send it one request, and return the status and the server."""
    endpoint = DemoServer(Settings(), Transcripts.load(built_in()), FaultPlan([]))

    async def story() -> int:
        async with (
            serving(endpoint, "127.0.0.1", 0) as root,
            httpx.AsyncClient(base_url=root, trust_env=False, timeout=10) as client,
        ):
            return (await client.request(method, path, content=content or None, headers=headers)).status_code

    return asyncio.run(story()), endpoint


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes the guards off."""

    def off() -> None:
        monkeypatch.setattr(demo_server, "is_loopback", lambda host: True)
        monkeypatch.setattr(demo_server, "_is_own_origin", lambda origin: True)

    return off


def test_a_page_that_spoils_a_demo(unguarded: Callable[[], None], attack: Attack) -> None:
    page: dict[str, Any] = {
        "method": "POST",
        "path": "/_demo/config",
        "content": '{"ttft": 9}',
        "Content-Type": "application/json",
        "Origin": "https://evil.example",
    }
    status, endpoint = attacked(**page)
    assert (status, endpoint.settings.ttft) == (403, 0.0)
    status, _ = attacked(**{**page, "Content-Type": "text/plain", "Origin": "http://localhost:8888"})
    assert status == 415
    unguarded()
    status, endpoint = attacked(**page)
    assert (status, endpoint.settings.ttft) == (200, 9)
    attack("a web page that sends to the demo's control addresses", "403 by its Origin", "nothing is changed")


def test_a_page_that_reads_by_dns_rebinding(unguarded: Callable[[], None], attack: Attack) -> None:
    page = {"method": "GET", "path": "/_demo/log", "Host": "evil.example"}
    assert attacked(**page)[0] == 403
    assert attacked(**{**page, "path": "/v1/models"})[0] == 403
    unguarded()
    assert attacked(**page)[0] == 200
    attack("a name that was made to lead to this machine (DNS rebinding)", "403 by its Host", "nothing is read")
