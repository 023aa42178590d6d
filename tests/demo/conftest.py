"""One demo endpoint for all tests here, with transcripts of its own, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qwq_nb.demo.process import DemoEndpoint
from tests.demo.client import ROWS, Client
from tests.support.demo_server import reset_server
from tests.support.math_problems import write_jsonl


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transcripts file with ROWS."""
    return write_jsonl(tmp_path_factory.mktemp("demo") / "book.jsonl", ROWS)


@pytest.fixture(scope="session")
def running(book: Path) -> Iterator[DemoEndpoint]:
    """The endpoint that the tests share."""
    with DemoEndpoint(transcripts=[book]) as endpoint:
        yield endpoint


@pytest.fixture
def demo(running: DemoEndpoint) -> DemoEndpoint:
    """The shared endpoint: as if just started."""
    reset_server(running)
    return running


@pytest.fixture
def client(demo: DemoEndpoint) -> Client:
    """A client of the shared endpoint."""
    return Client(demo)
