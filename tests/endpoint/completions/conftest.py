"""One demo server with a book of two problems for all tests of single completions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qwq_nb.demo.process import DemoEndpoint
from tests.support.chat_completions import ROWS
from tests.support.demo_server import reset_server
from tests.support.math_problems import write_jsonl


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEndpoint]:
    book = write_jsonl(tmp_path_factory.mktemp("client") / "book.jsonl", ROWS)
    with DemoEndpoint(transcripts=[book]) as endpoint:
        yield endpoint


@pytest.fixture
def server(running: DemoEndpoint) -> DemoEndpoint:
    """A demo endpoint as if just started."""
    reset_server(running)
    return running
