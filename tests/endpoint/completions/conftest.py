"""One demo server with a book of two problems for all tests of single completions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from qwq_nb.demo.process import DemoEndpoint
from tests.support.completions import ROWS


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEndpoint]:
    book = tmp_path_factory.mktemp("client") / "book.jsonl"
    book.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    with DemoEndpoint(transcripts=[book]) as endpoint:
        yield endpoint


@pytest.fixture
def server(running: DemoEndpoint) -> DemoEndpoint:
    """A demo endpoint as if just started."""
    running.set_faults([])
    running.configure(style="reasoning_content", tokens_per_second=0, ttft=0, chunks=0, models_status=200)
    running.reset()
    return running
