"""A limit of time for a block, which restarts with progress, and is not mistaken for a cancellation from outside."""

from __future__ import annotations

import asyncio
import time

import pytest

from qwq_nb.endpoint.time_limit import TimeLimit, TimeUp

LONG = 20.0


async def hang(seconds: float = LONG) -> None:
    await asyncio.sleep(seconds)


def test_a_block_that_takes_too_long() -> None:
    async def work() -> None:
        async with TimeLimit(0.01, "it took too long"):
            await hang()

    with pytest.raises(TimeUp, match="it took too long"):
        asyncio.run(work())


def test_a_block_that_ends_in_time_and_the_task_goes_on() -> None:
    async def work() -> str:
        async with TimeLimit(0.05, "no"):
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        return "done"

    assert asyncio.run(work()) == "done"


def test_after_a_time_out_the_task_goes_on() -> None:
    async def work() -> str:
        for _ in range(2):
            with pytest.raises(TimeUp):
                async with TimeLimit(0.01, "no"):
                    await hang()
        await asyncio.sleep(0.02)
        return "done"

    assert asyncio.run(work()) == "done"


def test_a_block_with_progress_may_take_its_time_and_one_without_may_not() -> None:
    done = 0

    async def work() -> None:
        nonlocal done
        async with TimeLimit(0.05, "nothing more came", progress=lambda: done):
            for _ in range(20):
                await asyncio.sleep(0.02)
                done += 1
            await hang()

    with pytest.raises(TimeUp, match="nothing more came"):
        asyncio.run(work())
    assert done == 20


def test_a_process_that_was_suspended_serves_what_waited_first() -> None:
    """The timer is served first, and nothing has come by then; the data are there at the next look."""
    done = 0

    async def work() -> None:
        nonlocal done
        async with TimeLimit(0.1, "no", progress=lambda: done):
            await asyncio.sleep(0.11)  # a look has been
            time.sleep(0.3)  # the process stands still
            await asyncio.sleep(0.02)  # the next look
            done += 1
            await asyncio.sleep(0.15)

    asyncio.run(work())
    assert done == 1


def test_a_cancellation_from_outside_stays_one() -> None:
    async def work() -> None:
        async with TimeLimit(LONG, "no"):
            await hang()

    async def outside() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(outside())


def test_one_within_another() -> None:
    async def work(inner: float, outer: float) -> str:
        try:
            async with TimeLimit(outer, "outer"):
                try:
                    async with TimeLimit(inner, "inner"):
                        await hang()
                except TimeUp as exc:
                    return str(exc)
        except TimeUp as exc:
            return str(exc)
        return ""

    assert asyncio.run(work(0.01, LONG)) == "inner"
    assert asyncio.run(work(LONG, 0.01)) == "outer"
    assert asyncio.run(work(0.01, 0.01)) in ("inner", "outer")
