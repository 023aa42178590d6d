"""Several endpoints share one run: who answers what, and what happens when one of them goes."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable

import pytest

from qwq_nb.demo.process import DemoEndpoint
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.runner import Running, Start, grade_unread
from tests.support.waiting import wait_until

Demo = Callable[..., DemoEndpoint]


def answered_by(running: Running) -> Counter[str]:
    return Counter(r.completion.endpoint for r in running.runner.results.values() if r.completion)


@pytest.mark.long
def test_the_one_with_fewer_streams_is_asked_and_the_record_says_which_answered(
    runner: Start, demo_endpoint: Demo
) -> None:
    fast, slow = demo_endpoint(tokens_per_second=1600), demo_endpoint(tokens_per_second=200)
    endpoints = [own_endpoint(fast, name="fast", request_seed=0), own_endpoint(slow, name="slow", request_seed=0)]
    running = runner(30, endpoints=endpoints, grade=grade_unread, concurrency=6)
    running.wait()
    shares = answered_by(running)
    assert set(shares) == {"fast", "slow"}
    assert shares["fast"] > 2 * shares["slow"]
    assert {row["qwq"]["endpoint"] for row in running.rows("predictions")} == {"fast", "slow"}
    assert not set(request_counts(fast)) & set(request_counts(slow))

    again = runner(30, endpoints=endpoints, grade=grade_unread, concurrency=6)
    assert answered_by(again) == shares


def test_one_that_dies_does_not_end_the_run(runner: Start, demo_endpoint: Demo) -> None:
    first, second = demo_endpoint(tokens_per_second=400), demo_endpoint(tokens_per_second=400)
    endpoints = [own_endpoint(first, name="first", backoff=0.05), own_endpoint(second, name="second", backoff=0.05)]
    running = runner(30, endpoints=endpoints, grade=grade_unread, concurrency=6).start()
    wait_until(lambda: running.done() >= 6)
    os.kill(first.pid, signal.SIGKILL)
    second.configure(tokens_per_second=0)
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}
    assert running.progress().waiting == ""
    assert answered_by(running)["second"] > 15


def test_one_that_refuses_every_request_is_left_out_with_a_note(runner: Start, demo_endpoint: Demo) -> None:
    good, bad = demo_endpoint(), demo_endpoint(models=["other"])
    endpoints = [own_endpoint(good, name="good"), own_endpoint(bad, name="bad").replace(model=good.model)]
    running = runner(12, endpoints=endpoints, grade=grade_unread, concurrency=4)
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}
    assert answered_by(running) == {"good": 12}
    assert "It serves: other" in running.pool.notes[0]
    assert bad.log()["requests"] == 1


def test_each_endpoint_has_a_pace_of_its_own(runner: Start, demo_endpoint: Demo) -> None:
    wide, narrow = (demo_endpoint(tokens_per_second=400, chunks=100) for _ in range(2))
    narrow.configure(most_streams=2)
    endpoints = [own_endpoint(wide, name="wide", max_retries=1), own_endpoint(narrow, name="narrow", max_retries=1)]
    running = runner(40, endpoints=endpoints, grade=grade_unread, repeats=2, concurrency=64, auto=True, window_s=0.2)
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}
    wide_limit, narrow_limit = (pooled.controller.limit for pooled in running.pool.endpoints if pooled.controller)
    assert narrow_limit <= 3 < wide_limit
