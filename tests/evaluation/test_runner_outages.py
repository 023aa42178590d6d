"""An endpoint that dies, or refuses the key, in the middle of a run: the run waits, and no sample pays for it."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.circuit_breaker import LONGEST_WAIT
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import EndpointRefused
from tests.support.clock import InstantClock
from tests.support.demo_server import completed_counts, own_endpoint, request_counts
from tests.support.processes import free_port
from tests.support.runner import MATCH, SLOW, Start, grade_unread
from tests.support.waiting import wait_until

KEY_ENV = "QWQ_TEST_KEY"


def outlast(clock: InstantClock, pings: int = 10) -> None:
    """Wait for that many more pauses between two pings, or between two looks at the key."""
    before = len(clock.waits)
    wait_until(lambda: len(clock.waits) >= before + pings)


class Mortal:
    """A demo server that can be killed, and started again where it was."""

    def __init__(self) -> None:
        self._port = free_port()
        self.server: DemoEndpoint | None = None

    def start(self) -> DemoEndpoint:
        self.server = DemoEndpoint(args=[f"--port={self._port}"])
        return self.server

    def kill(self) -> None:
        assert self.server is not None
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.close()


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    made = Mortal()
    yield made
    if made.server is not None:
        made.server.close()


# -- it dies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_retries", [0, 2])
def test_a_server_that_is_killed_and_comes_back_costs_time_and_nothing_else(
    runner: Start, mortal: Mortal, max_retries: int
) -> None:
    first = mortal.start()
    first.configure(tokens_per_second=400)
    endpoint, clock = own_endpoint(first, request_seed=0, max_retries=max_retries, backoff=0.02), InstantClock()
    running = runner(16, endpoints=[endpoint], grade=grade_unread, concurrency=4, clock=clock).start()
    wait_until(lambda: running.done() >= 4 and running.progress().in_flight == 4)
    answered = set(completed_counts(first))
    mortal.kill()

    # A ping that goes out on a connection of before may find it reset; the next one is refused.
    wait_until(lambda: "connection refused" in running.progress().waiting)
    said = running.progress().waiting
    assert "Endpoint 'own' does not answer since" in said
    assert "the run goes on by itself" in said
    outlast(clock)
    assert running.progress().errors == 0
    before = {r.sample.id for r in running.runner.results.values() if r.outcome != "pending"}

    second = mortal.start()
    running.wait()
    assert running.progress().waiting == ""
    assert set(running.outcomes().values()) == {"correct"}
    assert len(running.rows("predictions")) == 16
    asked_again = {
        key for key in request_counts(second) if not key.startswith("sha256")
    }  # a ping is no sample's prompt
    assert len(asked_again) == 16 - len(before)
    assert len(answered & asked_again) <= 4, "only what had not arrived when the server died is asked again"
    assert "did not answer from" in running.pool.notes[0]


@pytest.mark.parametrize("fault", ["status,code=503", "status,code=502", "reset"])
def test_a_gateway_without_its_server_is_an_outage_too(runner: Start, server: DemoEndpoint, fault: str) -> None:
    clock = InstantClock()
    running = runner(24, grade=grade_unread, concurrency=3, max_retries=1, clock=clock)
    server.set_faults([f"{fault},after=8"])
    running.start()
    wait_until(lambda: bool(running.progress().waiting))
    wait_until(lambda: running.progress().grading == 0)
    outlast(clock)
    assert running.progress().errors == 0
    assert running.done() == 8
    server.set_faults([])
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}


def test_while_it_is_away_there_is_one_ping_at_a_time_and_the_wait_doubles(runner: Start, server: DemoEndpoint) -> None:
    clock = InstantClock()
    running = runner(40, grade=grade_unread, concurrency=16, backoff=0.05, clock=clock)
    server.set_faults(["status,code=503,after=8"])
    running.start()
    wait_until(lambda: bool(running.progress().waiting))
    wait_until(lambda: server.log()["active"] <= 1)  # what was asked before it went has failed
    before = server.log()["requests"]
    outlast(clock, pings=20)
    assert server.log()["requests"] - before >= 10
    assert running.progress().in_flight == 16, "the others wait"
    pauses = clock.waits[-12:]
    assert pauses == sorted(pauses), "more than one at a time would mix"
    assert pauses[-1] == pytest.approx(LONGEST_WAIT * 0.05)


def test_patience_ends_and_nothing_is_lost(runner: Start, mortal: Mortal) -> None:
    first = mortal.start()
    first.configure(tokens_per_second=400)
    endpoint = own_endpoint(first, request_seed=0, backoff=0.02, patience=60.0)
    running = runner(16, endpoints=[endpoint], grade=grade_unread, concurrency=4, clock=InstantClock()).start()
    wait_until(lambda: running.done() >= 2)
    mortal.kill()
    with pytest.raises(EndpointRefused, match=r"has not answered for \d+ s \(--patience\).*run the same line again"):
        running.wait()
    assert "error" not in running.outcomes().values()

    second = mortal.start()
    again = runner(16, endpoints=[endpoint], grade=grade_unread, concurrency=4)
    again.wait()
    assert set(again.outcomes().values()) == {"correct"}
    assert len(request_counts(second)) < 16


def test_an_endpoint_that_never_answered_is_not_waited_for_with_patience(runner: Start) -> None:
    """Rather a slip in the URL than an outage: the run ends after as many pings as a sample has retries."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        running = runner(8, endpoints=[Endpoint(url, "m", max_retries=2, backoff=0.01)], grade=grade_unread)
        with pytest.raises(EndpointRefused, match=r"never answered, \d times: connection refused"):
            running.wait()
    assert set(running.outcomes().values()) == {"pending"}


# -- it is one sample's fault ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("fault", ["status,code=503", "reset", "mid_close", "status,code=403"])
def test_a_prompt_that_always_fails_is_an_error_and_the_others_are_not(
    runner: Start, server: DemoEndpoint, fault: str, concurrency: int
) -> None:
    running = runner(8, grade=grade_unread, concurrency=concurrency, max_retries=2)
    server.set_faults([f"{fault},{MATCH}"])
    running.wait()
    outcomes = running.outcomes()
    assert outcomes.pop(str(SLOW["unique_id"])) == "error"
    assert set(outcomes.values()) == {"correct"}
    assert running.pool.notes == [], "it was never an outage"


def test_too_many_at_once_is_no_error_as_long_as_others_are_served(runner: Start, server: DemoEndpoint) -> None:
    """A server that takes 2 streams, asked for 8: the others wait, although each has only one retry."""
    server.configure(most_streams=2, tokens_per_second=2000)
    running = runner(20, grade=grade_unread, concurrency=8, max_retries=1, clock=InstantClock())
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}


# -- a quota ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("fault", ["status,code=429", "status,code=429,retry_after=1"])
def test_a_quota_that_is_used_up_pauses_the_run_and_costs_no_sample(
    runner: Start, server: DemoEndpoint, fault: str, concurrency: int
) -> None:
    clock = InstantClock()
    running = runner(24, grade=grade_unread, concurrency=concurrency, max_retries=1, clock=clock)
    server.set_faults([f"{fault},after=10"])
    running.start()
    wait_until(lambda: bool(running.progress().waiting))
    assert "serves no requests since" in running.progress().waiting
    assert "its quota is used up" in running.progress().waiting
    assert "the run goes on by itself" in running.progress().waiting
    wait_until(lambda: server.log()["active"] <= 1)
    waits, requests = len(clock.waits), server.log()["requests"]
    outlast(clock, pings=20)
    more = server.log()["requests"] - requests
    assert more <= len(clock.waits) - waits + 1, "one ping a pause"
    assert running.progress().errors == 0
    server.set_faults([])
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}
    assert len(running.pool.notes) == 1
    assert "served no requests from" in running.pool.notes[0]


def test_a_quota_that_is_used_up_from_the_start_is_waited_for(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["status,code=429"])
    running = runner(8, grade=grade_unread, concurrency=4, max_retries=1, clock=InstantClock()).start()
    wait_until(lambda: "its quota is used up" in running.progress().waiting)
    server.set_faults([])
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}


def test_a_quota_ends_the_run_when_patience_does(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["status,code=429,after=4"])
    running = runner(8, grade=grade_unread, concurrency=4, patience=60.0, clock=InstantClock())
    with pytest.raises(EndpointRefused, match=r"\(--patience\): HTTP 429.*run the same line again"):
        running.wait()
    assert "error" not in running.outcomes().values()


# -- the key ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the key of the test's endpoint."""

    def change(value: str) -> None:
        monkeypatch.setenv(KEY_ENV, value)

    change("the-first-key-0123")
    return change


@pytest.mark.parametrize("code", [401, 403])
def test_a_key_that_expires_pauses_the_run_until_there_is_another(
    runner: Start, server: DemoEndpoint, key: Callable[[str], None], code: int
) -> None:
    clock = InstantClock()
    running = runner(24, grade=grade_unread, concurrency=4, key_env=KEY_ENV, clock=clock)
    server.set_faults([f"status,code={code},after=8"])
    running.start()
    wait_until(lambda: bool(running.progress().waiting))
    said = running.progress().waiting
    assert f"refuses the key since {time.strftime('%H:')}" in said
    assert f"os.environ['{KEY_ENV}'] = getpass.getpass()" in said
    assert "run.resume()" in said
    server.set_faults([])
    requests = server.log()["requests"]
    outlast(clock)
    assert server.log()["requests"] == requests, "the old key is not sent again"
    key("the-second-key-4567")
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}


def test_resuming_tries_the_key_again(runner: Start, server: DemoEndpoint, key: Callable[[str], None]) -> None:
    running = runner(24, grade=grade_unread, concurrency=4, key_env=KEY_ENV)
    server.set_faults(["status,code=401,after=8"])
    running.start()
    wait_until(lambda: bool(running.progress().waiting))
    running.tell(running.runner.resume)
    wait_until(lambda: running.progress().in_flight > 0)
    assert running.done() < 24
    server.set_faults([])
    running.tell(running.runner.resume)
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}


def test_without_a_new_key_the_run_ends_when_patience_does(
    runner: Start, server: DemoEndpoint, key: Callable[[str], None]
) -> None:
    running = runner(24, grade=grade_unread, key_env=KEY_ENV, patience=1.0, clock=InstantClock())
    server.set_faults(["status,code=401,after=8"])
    with pytest.raises(EndpointRefused, match=r"refused the key \(HTTP 401\).*run the same line again"):
        running.wait()
    assert "error" not in running.outcomes().values()


def test_a_key_that_is_taken_away_is_waited_for(
    runner: Start, server: DemoEndpoint, key: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.configure(tokens_per_second=1000)
    running = runner(24, grade=grade_unread, concurrency=2, key_env=KEY_ENV, clock=InstantClock()).start()
    wait_until(lambda: running.done() >= 2)
    monkeypatch.delenv(KEY_ENV)
    wait_until(lambda: bool(running.progress().waiting))
    server.configure(tokens_per_second=0)
    key("the-first-key-0123")
    running.wait()
    assert set(running.outcomes().values()) == {"correct"}


# -- the first request -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["status,code=401", "status,code=404", "redirect"])
def test_a_bad_key_or_model_is_met_by_one_request(runner: Start, server: DemoEndpoint, fault: str) -> None:
    server.set_faults([fault])
    running = runner(40, grade=grade_unread, concurrency=16)
    with pytest.raises(EndpointRefused):
        running.wait()
    assert server.log()["requests"] == 1


def test_the_others_follow_as_soon_as_the_first_one_s_headers_are_there(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["mid_hang"])
    runner(40, grade=grade_unread, concurrency=16).start()
    wait_until(lambda: server.log()["active"] == 16, seconds=1.5)


def test_headers_that_take_long_do_not_hold_up_the_others(runner: Start, server: DemoEndpoint) -> None:
    server.set_faults(["hang"])
    runner(40, grade=grade_unread, concurrency=16).start()
    wait_until(lambda: server.log()["active"] == 16)
