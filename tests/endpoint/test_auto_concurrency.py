"""The control law of `--concurrency auto`, fed with what servers of known capacity would show."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from qwq_nb.endpoint.auto_concurrency import FAST, MOST, START, ConcurrencyController


def windows(
    controller: ConcurrencyController, count: int, *, knee: int, noise: float = 0.0, busy: int = 10**6
) -> Iterator[int]:
    """A batching server that writes `knee` streams at once, 30 tokens a second each; further ones wait their turn.

    `busy`: streams that the run could fill at most.
    """
    rng = random.Random(1)
    for _ in range(count):
        streams = min(controller.limit, busy)
        rate = 30.0 * min(streams, knee) * rng.uniform(1 - noise, 1 + noise)
        wait = 0.2 * max(1.0, 4 * (streams / knee - 1)) * rng.uniform(1 - noise, 1 + noise)
        controller.window(rate, [wait] * 4, streams)
        yield controller.limit


def refusing(controller: ConcurrencyController, count: int, *, cap: int) -> Iterator[int]:
    """A server that answers 429 beyond `cap` streams."""
    for _ in range(count):
        if controller.limit > cap:
            for _ in range(controller.limit - cap):
                controller.refused(cap)
        controller.window(30.0 * min(controller.limit, cap), [0.2], min(controller.limit, cap))
        yield controller.limit


def test_it_starts_small_and_doubles_while_that_brings_throughput() -> None:
    controller = ConcurrencyController()
    assert controller.limit == START
    assert sorted(set(windows(controller, 30, knee=10_000))) == [2, 4, 8, 16, 32, 64, 128, 256]
    assert controller.limit == MOST


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("knee", [6, 20, 48, 100])
def test_it_settles_near_the_knee(knee: int, noise: float) -> None:
    controller = ConcurrencyController()
    limits = list(windows(controller, 400, knee=knee, noise=noise))
    late = limits[100:]
    assert knee * 0.6 <= sum(late) / len(late) <= knee * 1.7
    assert max(late) <= 2.2 * knee


def test_a_server_that_gains_nothing_keeps_few_streams() -> None:
    """One that answers one request at a time."""
    controller = ConcurrencyController()
    assert max(list(windows(controller, 200, knee=1))[20:]) <= START + 1


@pytest.mark.parametrize("cap", [1, 3, 8, 50])
def test_refusals_bring_it_below_the_cap_and_it_asks_for_more_ever_more_rarely(cap: int) -> None:
    controller = ConcurrencyController()
    limits = list(refusing(controller, 600, cap=cap))
    beyond = [i for i, limit in enumerate(limits) if limit > cap]
    assert min(limits) >= 1
    assert len([i for i in beyond if i > 300]) <= 12, "a trial beyond the cap now and then, each at the cost of a 429"
    late = limits[300:]
    assert sum(late) / len(late) >= 0.6 * cap


def test_first_tokens_raise_it_at_once_where_all_streams_are_written() -> None:
    """Answers that take minutes: each stream added is written after a moment."""
    controller = ConcurrencyController()
    limits = []
    writing = 0
    while controller.limit < FAST:
        writing += 1
        if controller.began(0.4, writing):
            limits.append(controller.limit)
    assert (limits, writing) == ([4, 8, 16, 32], 16)
    assert not controller.began(0.4, 32), "beyond that, throughput decides"


def test_first_tokens_raise_it_where_answers_are_too_short_to_be_written_all_at_once() -> None:
    controller = ConcurrencyController()
    rises = [controller.began(0.4, 1) for _ in range(40)]
    assert (controller.limit, rises.count(True)) == (FAST, 4)


def test_a_queue_raises_nothing_and_ends_the_doubling() -> None:
    """One slot, answers of two seconds: the second stream waits for the first, and so on."""
    controller = ConcurrencyController()
    assert not any(controller.began(wait, 1) for wait in (0.1, 2.1, 2.1, 2.1))
    for _ in range(60):
        controller.window(30.0, [2.1 * controller.limit], controller.limit, 1.0)
    assert controller.limit <= START


def test_one_slot_with_answers_of_minutes_is_not_asked_for_more() -> None:
    """No first token comes for many windows, and one of two streams is written."""
    controller = ConcurrencyController()
    controller.began(0.1, 1)
    for _ in range(60):
        controller.window(30.0, [], controller.limit, 1.0)
    assert controller.limit == START
    for _ in range(60):
        controller.window(30.0, [], controller.limit)
    assert controller.limit >= START, "the control: without the number of written streams it is tried"


def test_before_the_first_answer_nothing_is_known() -> None:
    """A model that is loaded first."""
    controller = ConcurrencyController()
    for _ in range(30):
        controller.window(0.0, [], controller.limit, 0.0)
    assert controller.limit == START
    assert [controller.began(30.0, n) for n in (1, 2)] == [False, True], "and it is doubled as ever"


def test_refusals_of_one_moment_count_once() -> None:
    controller = ConcurrencyController(start=64)
    for _ in range(20):
        controller.refused(40)
    assert controller.limit == 40
    controller.window(1.0, [], 40)
    controller.refused(39)
    assert controller.limit == 30, "three quarters: who is refused for his rate has to give way too"


def test_a_limit_that_is_not_used_up_is_left_alone() -> None:
    controller = ConcurrencyController()
    list(windows(controller, 50, knee=1000, busy=10))
    assert controller.limit <= 16, "with ten streams to fill, no more than the next step is ever allowed"


def test_a_queue_that_forms_without_a_change_of_ours_makes_it_try_less() -> None:
    """Somebody else has come to the server: what we send waits longer, and fewer streams bring as much."""
    controller = ConcurrencyController()
    list(windows(controller, 100, knee=64))
    before = controller.limit
    list(windows(controller, 200, knee=16))
    assert controller.limit < before / 2


def test_a_server_that_is_slower_for_good_is_not_blamed_for_ever() -> None:
    controller = ConcurrencyController(start=32)
    for _ in range(50):
        controller.window(30.0 * controller.limit, [0.1], controller.limit)
    for _ in range(600):
        controller.window(30.0 * controller.limit, [0.5], controller.limit)
    assert controller.limit == MOST
