"""The runner against the demo server and the real benchmark worker: who waits for whom, and what is kept."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time

import pytest

from qwq_nb.core.records import Completion, Item, Verdict
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import EndpointRefused, QwqError
from qwq_nb.store.partial_streams import STREAMS, read_streams
from qwq_nb.store.resume import load_progress, read_journal
from qwq_nb.store.run_dir import RunDirectory
from tests.support.demo_server import request_counts
from tests.support.runner import MATCH, SLOW, Start, settle_loop
from tests.support.waiting import wait_until

# -- concurrency ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 5])
def test_as_many_streams_at_once_as_asked_for_and_no_more(
    runner: Start, server: DemoEndpoint, concurrency: int
) -> None:
    server.set_faults(["hang"])
    running = runner(12, concurrency=concurrency).start()
    wait_until(lambda: server.log()["active"] == concurrency)
    settle_loop()
    assert (server.log()["requests"], server.log()["concurrent_peak"]) == (concurrency, concurrency)
    assert running.runner.progress().in_flight == concurrency


def test_repeats_are_asked_one_after_the_other_with_seeds_of_their_own(runner: Start, server: DemoEndpoint) -> None:
    running = runner(40, repeats=2, of="demo/algebra/5.json")
    running.wait()
    assert {k[1]: r.outcome for k, r in running.runner.results.items()} == {0: "wrong", 1: "correct"}
    assert sorted(entry["body"]["seed"] for entry in server.log()["last"]) == [0, 1]


@pytest.mark.parametrize("fault", ["hang", "mid_hang", "trickle,seconds=0.5"])
def test_a_slow_sample_does_not_hold_up_the_others(runner: Start, server: DemoEndpoint, fault: str) -> None:
    server.set_faults([f"{fault},{MATCH}"])
    running = runner(20, concurrency=3).start()
    wait_until(lambda: running.done() == 19)
    assert [view.id for view in running.runner.in_flight()] == [
        k[0] for k, r in running.runner.results.items() if r.sample.source_id == SLOW["unique_id"]
    ]
    assert running.outcomes()[SLOW["unique_id"]] == "pending"
    assert server.log()["active"] == 1


def test_a_slow_grader_does_not_hold_up_the_streams(runner: Start, server: DemoEndpoint) -> None:
    release = asyncio.Event()

    async def slow(item: Item, completion: Completion) -> Verdict:
        await release.wait()
        return Verdict(correct=True, extracted=item.sample.gold, sample_score={})

    running = runner(12, concurrency=2, grade=slow).start()
    wait_until(lambda: len(running.rows("predictions")) == 12)
    wait_until(lambda: running.runner.progress().grading == 12)
    assert running.done() == 0
    running.tell(release.set)
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}


# -- what is seen --------------------------------------------------------------------------------------------------


def test_progress_counts_rates_and_an_estimate(runner: Start, server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=800)
    running = runner(12, concurrency=3).start()
    first = running.runner.progress()
    assert (first.total, first.done, first.eta_s) == (12, 0, None)
    wait_until(lambda: running.done() >= 2)
    middle = running.runner.progress(lambda: time.perf_counter() + 0.3)  # a rate wants two looks
    assert 1 <= middle.in_flight <= 3
    assert middle.tokens > 100
    assert middle.tokens_per_s > 0
    assert middle.eta_s is not None
    assert middle.eta_s > 0
    tails = [view.reasoning_tail for view in running.runner.in_flight() if view.phase == "reasoning"]
    assert all(0 < len(tail) <= 1500 for tail in tails)
    running.wait()
    last = running.runner.progress()
    assert (last.done, last.in_flight, last.grading, last.eta_s, last.errors) == (12, 0, 0, None, 0)
    counted = sum(r.completion.completion_tokens for r in running.runner.results.values() if r.completion)
    assert last.tokens == counted


# -- pause and stop ------------------------------------------------------------------------------------------------


def test_pause_asks_nothing_new_and_lets_streams_end(runner: Start, server: DemoEndpoint) -> None:
    server.configure(ttft=0.1)
    running = runner(12, concurrency=3).start()
    wait_until(lambda: running.runner.progress().in_flight == 3)
    running.tell(running.runner.pause)
    wait_until(lambda: not running.runner.in_flight_items)
    requests = server.log()["requests"]
    assert requests < 12
    assert running.runner.paused
    settle_loop()
    assert not running.runner.in_flight_items
    assert server.log()["requests"] == requests
    running.tell(running.runner.resume)
    running.wait()
    assert server.log()["requests"] == 12


def test_a_paused_run_with_nothing_left_to_ask_comes_to_its_end(runner: Start, server: DemoEndpoint) -> None:
    server.configure(ttft=0.2)
    running = runner(4, concurrency=4).start()
    wait_until(lambda: running.runner.progress().in_flight == 4)
    running.tell(running.runner.pause)
    assert "pending" not in {r.outcome for r in running.wait().results.values()}


def test_stop_keeps_what_was_streaming_in_the_journal(runner: Start, server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=60)
    running = runner(12, concurrency=4).start()
    wait_until(lambda: len([v for v in running.runner.in_flight() if v.tokens > 10]) == 4)
    streaming = {view.id for view in running.runner.in_flight()}
    running.tell(running.runner.stop)
    running.wait()
    journal = read_journal(running.directory)
    assert {sample for sample, _ in journal} == streaming
    for kind, cause, completion in journal.values():
        assert (kind, cause, completion.finish_reason) == ("partial", "interrupted", "interrupted")
        assert len(completion.reasoning) > 20
    partial = [r for r in running.runner.results.values() if r.flags == ["partial"]]
    assert {r.sample.id for r in partial} == streaming
    assert {r.outcome for r in partial} == {"pending"}
    assert server.log()["requests"] == 4
    wait_until(lambda: server.log()["active"] == 0)


@pytest.mark.long
def test_a_kernel_that_is_killed_leaves_the_partial_texts_too(
    runner: Start, server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory is copied in mid-run: that is what a kill -9 leaves."""
    monkeypatch.setattr("qwq_nb.evaluation.stream_log.LOOK_EVERY_S", 0.05)
    server.configure(tokens_per_second=60)
    running = runner(12, concurrency=4).start()
    wait_until(lambda: len([v for v in running.runner.in_flight() if v.tokens > 30]) == 4)
    saved = running.directory
    wait_until(lambda: [len(c.reasoning) > 60 for c in read_streams(saved.rows(STREAMS)).values()] == [True] * 4)
    left = RunDirectory(running.directory.path.with_name("left"))
    shutil.copytree(running.directory.path, left.path)
    before = {key: (kind, completion) for key, (kind, _, completion) in read_journal(left).items()}
    running.tell(running.runner.stop)
    running.wait()
    assert not (running.directory.path / STREAMS).exists()
    whole = read_journal(running.directory)
    assert len(before) == 4
    assert before.keys() == whole.keys()
    for key, (kind, completion) in before.items():
        assert (kind, completion.finish_reason) == ("partial", "interrupted")
        assert len(completion.reasoning) > 60
        assert whole[key][2].reasoning.startswith(completion.reasoning)
        assert completion.reasoning_tokens > 10
    # Whoever goes on with it has them in the journal.
    load_progress(left, running.plan.items, running.plan.repeats, running.endpoint.model)
    left.close()
    assert not (left.path / STREAMS).exists()
    assert {k: c.reasoning for k, (_, _, c) in read_journal(left).items()} == {
        k: c.reasoning for k, (_, c) in before.items()
    }


def test_what_is_written_down_of_streams_stays_small(
    runner: Start, server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwq_nb.evaluation.stream_log.LOOK_EVERY_S", 0.01)
    monkeypatch.setattr("qwq_nb.evaluation.stream_log.MOST_BYTES", 4000)
    server.configure(tokens_per_second=400)
    running = runner(12, concurrency=4).start()
    sizes = []
    while running.future and not running.future.done():
        file = running.directory.path / STREAMS
        with contextlib.suppress(FileNotFoundError):
            sizes.append(file.stat().st_size)
            assert all(c.attempts == 1 for c in read_streams(running.directory.rows(STREAMS)).values())
        time.sleep(0.01)
    running.wait()
    assert 0 < max(sizes) < 40_000
    assert not (running.directory.path / STREAMS).exists()


def test_stop_while_waiting_for_a_retry(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,retry_after=60"])
    running = runner(4, concurrency=4).start()
    wait_until(lambda: [view.phase for view in running.runner.in_flight()] == ["retry"] * 4)
    assert running.runner.progress().retries == 0
    running.tell(running.runner.stop)
    running.wait()
    assert set(running.outcomes().values()) == {"pending"}


def test_stop_before_the_start_asks_nothing(runner: Start, server: DemoEndpoint) -> None:
    running = runner(4)
    running.tell(running.runner.stop)
    running.wait()
    assert server.log()["requests"] == 0


# -- failures ------------------------------------------------------------------------------------------------------


def test_what_fails_once_is_asked_again_and_counted(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,attempts=1"])
    running = runner(6)
    running.wait()
    assert running.runner.progress().retries == 6
    assert running.runner.progress().errors == 0
    assert set(request_counts(server).values()) == {2}
    for result in running.runner.results.values():
        assert result.completion is not None
        assert result.completion.attempts == 2
        assert "503" in result.completion.retried[0]


def test_what_fails_to_the_end_is_an_error_and_never_wrong(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults([f"mid_close,{MATCH}"])
    running = runner(6, max_retries=2)
    running.wait()
    result = next(r for r in running.runner.results.values() if r.sample.source_id == SLOW["unique_id"])
    assert (result.outcome, result.flags) == ("error", ["partial"])
    assert result.completion is not None
    assert result.completion.attempts == 3
    assert result.completion.reasoning
    kind, cause, kept = read_journal(running.directory)[result.sample.id, 0]
    assert (kind, cause, kept.reasoning) == ("error", result.error, result.completion.reasoning)
    assert sorted(running.outcomes().values()).count("error") == 1
    assert len(running.rows("predictions")) == len(running.rows("reviews")) == 5


@pytest.mark.parametrize("code", [401, 403, 404])
def test_what_every_request_would_meet_ends_the_run_at_once(runner: Start, server: DemoEndpoint, code: int) -> None:
    server.set_faults([f"status,code={code}"])
    running = runner(40, concurrency=4)
    with pytest.raises(EndpointRefused, match=str(code)):
        running.wait()
    assert server.log()["requests"] <= 4
    assert set(running.outcomes().values()) == {"pending"}
    assert read_journal(running.directory) == {}


def test_a_first_request_that_is_refused_ends_the_run(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["bad_param,param=top_k"])
    running = runner(40, concurrency=4)
    with pytest.raises(EndpointRefused, match=r"'top_k' is not supported.*the first request of the run"):
        running.wait()
    assert server.log()["requests"] <= 4


def test_a_prompt_that_is_too_long_is_that_sample_s_error_alone(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults([f"context_length,{MATCH}"])
    running = runner(6, concurrency=1)
    running.wait()
    assert running.outcomes()[SLOW["unique_id"]] == "error"
    assert sorted(running.outcomes().values()).count("error") == 1
    assert set(request_counts(server).values()) == {1}, "a refusal of the prompt is not asked again"


def test_a_directory_that_cannot_be_written_ends_the_run(runner: Start, server: DemoEndpoint) -> None:
    running = runner(12, concurrency=2)
    running.directory.path.mkdir()
    (running.directory.path / "predictions").touch()  # a file where a folder belongs
    with pytest.raises(QwqError, match=r"cannot be written to .*run: .*What was finished is kept"):
        running.wait()
    assert server.log()["requests"] <= 4


def test_a_fault_in_the_grading_code_ends_the_run_and_costs_no_answer(runner: Start, server: DemoEndpoint) -> None:
    async def broken(item: Item, completion: Completion) -> Verdict:
        raise ZeroDivisionError("a bug")

    first = runner(4, concurrency=4, grade=broken)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        first.wait()
    kept = len(first.rows("predictions"))
    assert kept >= 1
    second = runner(4, concurrency=4)
    assert second.runner.progress().done == 0
    second.wait()
    assert set(second.outcomes().values()) == {"correct"}
    assert len(second.rows("predictions")) == len(second.rows("reviews")) == 4
    assert server.log()["requests"] <= 8 - kept
