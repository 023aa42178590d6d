"""One demo endpoint for all tests here, with transcripts of its own, and a client of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from qwq_nb.demo.process import DemoEndpoint
from tests.demo.client import ROWS, Client


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transcripts file with ROWS."""
    path = tmp_path_factory.mktemp("demo") / "book.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def running(book: Path) -> Iterator[DemoEndpoint]:
    """The endpoint that the tests share."""
    with DemoEndpoint(transcripts=[book]) as endpoint:
        yield endpoint


@pytest.fixture
def demo(running: DemoEndpoint) -> DemoEndpoint:
    """The shared endpoint: as if just started."""
    running.set_faults([])
    running.configure(style="reasoning_content", tokens_per_second=0, ttft=0, chunks=0, models_status=200)
    running.configure(batch=0, most_streams=0)
    running.reset()
    return running


@pytest.fixture
def client(demo: DemoEndpoint) -> Client:
    """A client of the shared endpoint."""
    return Client(demo)
