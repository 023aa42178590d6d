"""What all tests share: each has its own empty home, no proxies, no endpoints; and demo endpoints to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from qwq_nb import registry
from qwq_nb.demo import DemoEndpoint, shared
from tests.asking import problems, runner

__all__ = ["problems", "runner"]  # fixtures

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of the machine's own settings reaches a test, and nothing a test writes stays."""
    monkeypatch.setenv("QWQ_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    forget_endpoints()
    yield
    forget_endpoints()


def forget_endpoints() -> None:
    registry._endpoints.clear()
    registry._default = None
    registry._served.clear()


@pytest.fixture
def server() -> Iterator[DemoEndpoint]:
    """The demo server of this process, which `demo=True` asks, as if just started."""
    found = shared()
    found.set_faults([])
    found.configure(style="reasoning_content", tokens_per_second=0, ttft=0, chunks=0, models_status=200)
    found.configure(batch=0, most_streams=0)
    found.reset()
    yield found
    found.set_faults([])
    found.configure(tokens_per_second=0, ttft=0, batch=0, most_streams=0)


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoEndpoint]:
    """A plain demo endpoint, shared: ask it, and change nothing about it."""
    with DemoEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def demo_endpoint() -> Iterator[Callable[..., DemoEndpoint]]:
    """Starts demo endpoints of the test's own; the arguments are `DemoEndpoint`'s."""
    with ExitStack() as stack:

        def start(**options: Any) -> DemoEndpoint:
            return stack.enter_context(DemoEndpoint(**options))

        yield start


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real browsers and real kernels have deadlines that a loaded machine can miss: such a test may try again, twice.

    A test that fails for a reason of the product's fails three times.
    """
    for item in items:
        if item.path.parent.name in ("browser", "kernel") and not item.get_closest_marker("long"):
            item.add_marker(pytest.mark.flaky(reruns=2))
