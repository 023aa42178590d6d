"""What all tests share: each has its own empty home, no proxies, no endpoints; and demo endpoints to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from qwq_nb.demo import shared
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint import registry
from qwq_nb.view.tables import text_table
from tests.support.demo_server import reset_server
from tests.support.runner import problems, runner

__all__ = ["problems", "runner"]  # fixtures

# How long an example takes says nothing of a machine that does other work.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

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
    registry._used.clear()
    registry._windows.clear()


@pytest.fixture
def server() -> Iterator[DemoEndpoint]:
    """The demo server of this process, which `demo=True` asks, as if just started."""
    found = shared()
    reset_server(found)
    yield found
    reset_server(found)


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


SLOW_FIRST = ("notebooks", "browser", "kernel", "faults", "sandbox", "bench", "parity", "evaluation")
"""Folders whose tests take longest: begun first, so that no process is left with one of them at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the tests: the folders of `SLOW_FIRST` first."""
    # nbval would start coverage in its kernels, in a way that this version of coverage does not survive. pytest-cov
    # has read the option by now.
    if getattr(config.option, "cov_source", None):
        config.option.cov_source = None
    places = {folder: place for place, folder in enumerate(SLOW_FIRST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Which tests stay together in one process (`-n`): a file's, since they share servers and kernels; and all
    notebooks, since they share a folder of runs."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return "notebooks" if nodeid.startswith("notebooks/") else nodeid.split("::", 1)[0]

    return ByFile(config, log)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Prints below the test session's results, from whichever process."""
    return lambda text: record_property("told", text)


@pytest.fixture
def attack(record_property: Callable[[str, object], None]) -> Callable[[str, str, str], None]:
    """Adds a row to the table of attacks that the test session ends with: attack, what happened, bound.

    Call it last: what stands in the table was then asserted.
    """
    return lambda name, happened, bound: record_property("attack", [name, happened, bound])


@pytest.fixture
def attempts(record_property: Callable[[str, object], None]) -> Callable[[str, dict[str, str]], None]:
    """Adds a column to the table of what programs try in a sandbox: its head, and a word for each attempt.

    Call it last: what stands in the table was then asserted.
    """
    return lambda head, words: record_property("attempts", [head, words])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    told = [(r.nodeid, name, value) for r in reports if r.when == "call" for name, value in r.user_properties]
    for node, name, value in told:
        if name == "told":
            terminalreporter.section(node, "-")
            terminalreporter.write_line(value)
    attacks = sorted([node.split("::", 1)[0], *value] for node, name, value in told if name == "attack")
    if attacks:
        terminalreporter.section("attacks", "-")
        rows = [row[1:] for row in attacks]
        for line in text_table(("attack", "what happened", "bound"), rows, "lll"):
            terminalreporter.write_line(line)
    columns = [value for _, name, value in told if name == "attempts"]
    if columns:
        terminalreporter.section("what programs try in a sandbox, and whether they succeed", "-")
        names = list(dict.fromkeys(name for _, words in columns for name in words))
        numbers = [str(number) for number, _ in enumerate(columns, 1)]
        lines = [(name, *(words.get(name, "") for _, words in columns)) for name in names]
        for line in text_table(("attempt", *numbers), lines, "l"):
            terminalreporter.write_line(line)
        for number, (head, _) in zip(numbers, columns, strict=True):
            terminalreporter.write_line(f"{number}  {head}")
        terminalreporter.write_line("·  held     (yes)  does no harm there")
