"""`--concurrency auto` against servers that refuse beyond a number of streams, or let them wait."""

from __future__ import annotations

import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.auto_concurrency import MOST, START
from tests.support.runner import Start, grade_unread
from tests.support.waiting import wait_until


@pytest.mark.long
def test_it_finds_a_cap_that_answers_429_and_loses_nothing(runner: Start, server: DemoEndpoint) -> None:
    server.configure(most_streams=8, tokens_per_second=400, chunks=120)
    running = runner(40, grade=grade_unread, repeats=4, concurrency=MOST, auto=True, window_s=0.2, max_retries=1)
    assert running.progress().concurrency == START
    running.start()
    seen = set()

    def done() -> bool:
        seen.add(running.progress().concurrency)
        return running.done() == 160

    wait_until(done, seconds=60)
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}
    assert 6 <= max(seen) <= 16
    refused = server.log()["requests"] - 160
    assert 1 <= refused <= 50, "it asks for more than it gets, but rarely"


@pytest.mark.long
def test_it_stops_where_more_streams_only_wait_longer(runner: Start, server: DemoEndpoint) -> None:
    """The server writes 6 streams at once; all further ones wait for their first token."""
    server.configure(batch=6, tokens_per_second=400, chunks=60)
    running = runner(40, grade=grade_unread, repeats=8, concurrency=MOST, auto=True, window_s=0.3).start()
    limits = []

    def done() -> bool:
        limits.append(running.progress().concurrency)
        return running.done() >= 300

    wait_until(done, seconds=60)
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}
    assert max(limits) >= 6
    late = limits[len(limits) // 2 :]
    assert sum(late) / len(late) <= 24
