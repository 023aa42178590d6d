"""The control law of `--concurrency auto`, fed with what servers of known capacity would show."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from qwq_nb.endpoint.auto_concurrency import MOST, START, ConcurrencyController


def windows(
    pace: ConcurrencyController, count: int, *, knee: int, noise: float = 0.0, busy: int = 10**6
) -> Iterator[int]:
    """A batching server that writes `knee` streams at once, 30 tokens a second each; further ones wait their turn.

    `busy`: streams that the run could fill at most.
    """
    rng = random.Random(1)
    for _ in range(count):
        streams = min(pace.limit, busy)
        rate = 30.0 * min(streams, knee) * rng.uniform(1 - noise, 1 + noise)
        wait = 0.2 * max(1.0, 4 * (streams / knee - 1)) * rng.uniform(1 - noise, 1 + noise)
        pace.window(rate, [wait] * 4, streams)
        yield pace.limit


def refusing(pace: ConcurrencyController, count: int, *, cap: int) -> Iterator[int]:
    """A server that answers 429 beyond `cap` streams."""
    for _ in range(count):
        if pace.limit > cap:
            for _ in range(pace.limit - cap):
                pace.refused(cap)
        pace.window(30.0 * min(pace.limit, cap), [0.2], min(pace.limit, cap))
        yield pace.limit


def test_it_starts_small_and_doubles_while_that_brings_throughput() -> None:
    pace = ConcurrencyController()
    assert pace.limit == START
    assert sorted(set(windows(pace, 30, knee=10_000))) == [4, 8, 16, 32, 64, 128, 256]
    assert pace.limit == MOST


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("knee", [6, 20, 48, 100])
def test_it_settles_near_the_knee(knee: int, noise: float) -> None:
    pace = ConcurrencyController()
    limits = list(windows(pace, 400, knee=knee, noise=noise))
    late = limits[100:]
    assert knee * 0.6 <= sum(late) / len(late) <= knee * 1.7
    assert max(late) <= 2.2 * knee


def test_a_server_that_gains_nothing_keeps_few_streams() -> None:
    """One that answers one request at a time."""
    pace = ConcurrencyController()
    assert max(list(windows(pace, 200, knee=1))[20:]) <= START + 1


@pytest.mark.parametrize("cap", [1, 3, 8, 50])
def test_refusals_bring_it_below_the_cap_and_it_asks_for_more_ever_more_rarely(cap: int) -> None:
    pace = ConcurrencyController()
    limits = list(refusing(pace, 600, cap=cap))
    beyond = [i for i, limit in enumerate(limits) if limit > cap]
    assert min(limits) >= 1
    assert len([i for i in beyond if i > 300]) <= 12, "a trial beyond the cap now and then, each at the cost of a 429"
    late = limits[300:]
    assert sum(late) / len(late) >= 0.6 * cap


def test_refusals_of_one_moment_count_once() -> None:
    pace = ConcurrencyController(start=64)
    for _ in range(20):
        pace.refused(40)
    assert pace.limit == 40
    pace.window(1.0, [], 40)
    pace.refused(39)
    assert pace.limit == 30, "three quarters: who is refused for his rate has to give way too"


def test_a_limit_that_is_not_used_up_is_left_alone() -> None:
    pace = ConcurrencyController()
    list(windows(pace, 50, knee=1000, busy=10))
    assert pace.limit <= 16, "with ten streams to fill, no more than the next step is ever allowed"


def test_a_queue_that_forms_without_a_change_of_ours_makes_it_try_less() -> None:
    """Somebody else has come to the server: what we send waits longer, and fewer streams bring as much."""
    pace = ConcurrencyController()
    list(windows(pace, 100, knee=64))
    before = pace.limit
    list(windows(pace, 200, knee=16))
    assert pace.limit < before / 2


def test_a_server_that_is_slower_for_good_is_not_blamed_for_ever() -> None:
    pace = ConcurrencyController(start=32)
    for _ in range(50):
        pace.window(30.0 * pace.limit, [0.1], pace.limit)
    for _ in range(600):
        pace.window(30.0 * pace.limit, [0.5], pace.limit)
    assert pace.limit == MOST
