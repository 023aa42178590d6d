"""What a browser sends for another site is refused; what this machine's own programs and pages send is not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from qwq_nb.demo.process import DemoEndpoint
from tests.demo.client import MODEL, get

ASKED = {"model": MODEL, "messages": [{"role": "user", "content": "Hm?"}]}
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/_demo/log", None),
    ("POST", "/_demo/reset", {}),
    ("POST", "/_demo/faults", ["hang"]),
    ("POST", "/_demo/config", {"ttft": 9}),
    ("GET", "/v1/models", None),
    ("GET", "/models", None),
    ("POST", "/v1/chat/completions", ASKED),
    ("GET", "/no/such/route", None),
]


def request(demo: DemoEndpoint, method: str, path: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.request(method, demo.root + path, json=body, headers=headers, timeout=10, trust_env=False)


def own(demo: DemoEndpoint, name: str) -> str:
    """A name of this machine with the server's port."""
    return f"{name}:{demo.root.rpartition(':')[2]}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "chrome-extension://abcdef"},
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "0.0.0.0"},
        {"Host": "[2001:db8::1]:80"},
        {"Host": ""},
        {"Host": "localhost", "Origin": "https://evil.example"},
    ],
    ids=str,
)
def test_foreign_requests_are_refused_on_every_route_and_change_nothing(
    demo: DemoEndpoint, headers: dict[str, str]
) -> None:
    for method, path, body in ROUTES:
        response = request(demo, method, path, body, **headers)
        assert (response.status_code, response.json()["error"]["type"]) == (403, "invalid_request_error"), path
    log = demo.log()
    assert (log["requests"], log["models_requests"]) == (0, 0)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.0.0.2"])
def test_names_of_this_machine_and_its_own_pages_are_served(demo: DemoEndpoint, name: str) -> None:
    for headers in ({"Host": name}, {"Host": own(demo, name)}, {"Origin": f"http://{name}:8888"}):
        for path in ("/v1/models", "/_demo/log"):
            assert request(demo, "GET", path, None, **headers).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_control_takes_json_alone(demo: DemoEndpoint, kind: str) -> None:
    """These three types a page may send to anyone without asking first."""
    for route in ("reset", "faults", "config"):
        response = httpx.post(
            f"{demo.root}/_demo/{route}", content="{}", headers={"Content-Type": kind}, timeout=10, trust_env=False
        )
        assert response.status_code == 415
    assert httpx.post(f"{demo.root}/_demo/reset", timeout=10, trust_env=False).status_code == 415


def test_a_server_for_other_machines_is_asked_by_any_name_and_controlled_by_none() -> None:
    with DemoEndpoint(args=["--allow-remote"]) as open_to_all:
        assert request(open_to_all, "GET", "/v1/models", None, Host="lab-7.example:8000").status_code == 200
        assert request(open_to_all, "GET", "/_demo/log", None, Host="lab-7.example:8000").status_code == 403
        assert request(open_to_all, "GET", "/v1/models", None, Origin="https://evil.example").status_code == 403
        assert get(f"{open_to_all.root}/_demo/log").status_code == 200
