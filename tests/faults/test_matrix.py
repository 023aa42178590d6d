"""Every fault the demo server can show, in a run: alone and passing, alone and lasting, and all together.

Whatever happens, each sample has one outcome, what was graded is what the server meant to say, and nothing is asked
again once its answer is there. The last test prints the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from qwq_nb.demo.faults import KINDS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import EndpointRefused
from qwq_nb.store.folder import Folder
from tests.support.demo_server import request_counts
from tests.support.runner import Running, Start, grade_unread

N = 12
SILENCE = 0.25
"""The read time-out, in seconds, for faults that are silences."""

# A failure that another attempt may heal: the words by which a lasting one is reported.
PASSING = {
    "status,code=408": "HTTP 408",
    "status,code=409": "HTTP 409",
    "status,code=425": "HTTP 425",
    "status,code=429": "HTTP 429",
    "status,code=429,retry_after=0.05": "HTTP 429",
    "status,code=500": "HTTP 500",
    "status,code=502": "The upstream server does not answer",
    "status,code=503": "HTTP 503",
    "html_200": "a web page instead of JSON",
    "reset": "the connection ended before the answer began",
    "mid_close": "the connection ended in the middle of the answer",
    "mid_reset": "the connection ended in the middle of the answer",
    "no_finish": "without a finish reason",
    "finish_word,word=network_error": "gave up in the middle: finish reason 'network_error'",
    "finish_word,word=insufficient_system_resource": "gave up in the middle",
    "finish_word,word=abort": "gave up in the middle",
    "finish_word,word=null": "without a finish reason",
    "error_event": "The engine stopped",
    "key_chunk": "The engine refused",
    "garbage_chunk": "no chat completion",
    "hang": "nothing came for longer than --read-timeout",
    "mid_hang": "nothing came for longer than --read-timeout",
    "drip,seconds=0.01": "bytes came, but no text",
    "keep_alive,seconds=0.05": "the stream stalled",
    "queued,seconds=0.05": "bytes came, but no text",
}
# A wait of seconds: once will do.
DATED = "status,code=429,retry_after=date"
# Odd, and yet a whole answer.
HARMLESS = [
    "no_done",
    "json_instead_of_sse",
    "sse_as_json",
    "one_line_end",
    "heartbeats",
    "crlf_comments",
    "big_chunk",
    "split_utf8",
    "invalid_utf8",
    "null_content",
    "null_delta",
    "duplicate_finish",
    "finish_null",
    "no_usage",
    "usage_beside",
    "trickle,seconds=0.001",
    "key_answer",
]
# That sample's own, at once.
REJECTED = {
    "status,code=400": "HTTP 400",
    "context_length": "do not fit the model's context",
    "bad_param": "Unsupported parameter",
    "finish_word,word=content_filter": "withheld the answer because of its content: finish reason 'content_filter'",
    "finish_word,word=SAFETY": "finish reason 'SAFETY'",
    "content_filter": "content filter refuses this prompt (HTTP 400)",
    "moderation": "content filter refuses this prompt (HTTP 403)",
    "status,code=401": "refuses this request alone",
    "status,code=403": "refuses this request alone",
}
# What every request would meet.
ENDING = ["status,code=404", "redirect"]
CHANGES_TEXT = ("big_chunk", "invalid_utf8", "key_answer", "empty")

table: list[tuple[str, str, int, int]] = []


def silent(spec: str) -> bool:
    return spec.startswith(("hang", "mid_hang", "drip", "keep_alive", "queued"))


def test_no_fault_is_left_out() -> None:
    tested = [*PASSING, *HARMLESS, *REJECTED, *ENDING, "empty", "key_echo"]
    assert {spec.split(",")[0] for spec in tested} == set(KINDS)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first piece is waited for half as long: what is said of it is the same."""
    monkeypatch.setattr("qwq_nb.endpoint.stall.FIRST_PIECE", 2)


@pytest.fixture(scope="module")
def known() -> dict[str, tuple[str, str]]:
    return {}


@pytest.fixture
def meant(known: dict[str, tuple[str, str]], runner: Start, server: DemoEndpoint) -> dict[str, tuple[str, str]]:
    """What the server means to say to each problem: what it says where nothing goes wrong."""
    if not known:
        running = runner(40, grade=grade_unread, concurrency=8)
        running.directory.folder = Folder(running.directory.path.with_name("meant"))
        running.wait()
        server.reset()
        known.update({item.sample.source_id: (c.reasoning, c.answer) for item, c in running.graded})
    return known


def start(runner: Start, spec: str, **options: Any) -> Running:
    """Whatever is handed to the grader counts as correct: what matters here is what is handed to it."""
    options = {"concurrency": N, "grade": grade_unread, **options}  # all at once: what waits, waits together
    return runner(N, read_timeout=SILENCE if silent(spec) else 5.0, **options)


def check(running: Running, server: DemoEndpoint, fault: str, meant: dict[str, tuple[str, str]] | None) -> None:
    """What holds after every run; adds a row to the table."""
    results = running.runner.results.values()
    outcomes = Counter(r.outcome for r in results)
    graded = Counter(item.key for item, _ in running.graded)
    assert set(graded.values()) <= {1}, "nothing is graded twice"
    assert len(graded) + outcomes["error"] == len(results) - outcomes["pending"]
    for item, completion in running.graded:
        assert completion.finish_reason in ("stop", "length")
        if meant is not None:
            assert (completion.reasoning, completion.answer) == meant[item.sample.source_id]
    requests = request_counts(server)
    # Sent again at once: nothing had come of an answer on a kept connection, and it is no attempt of the sample's.
    twice = -sum(pooled.connection.resent for pooled in running.pool.endpoints)
    for r in results:
        attempts = r.completion.attempts if r.completion else 0
        twice += requests.get(r.sample.source_id, 0) - attempts
        assert r.outcome == "pending" or len(r.completion.retried if r.completion else []) == attempts - 1
    lost = len(results) - len(running.rows("predictions")) - outcomes["error"]
    table.append((fault, ", ".join(f"{n} {o}" for o, n in outcomes.items()), lost, twice))
    assert (lost, twice) == (outcomes["pending"], 0)


@pytest.mark.parametrize("fault", [*PASSING, DATED, *HARMLESS])
def test_what_passes_costs_no_sample(
    runner: Start, server: DemoEndpoint, meant: dict[str, tuple[str, str]], fault: str
) -> None:
    server.set_faults([f"{fault},p=0.5,attempts=1"])
    running = start(runner, fault)
    running.wait()
    struck = sum(r.completion.attempts > 1 for r in running.runner.results.values() if r.completion)
    assert (struck > 0) is (fault not in HARMLESS)
    check(running, server, f"{fault}, passing", None if fault in CHANGES_TEXT else meant)
    assert set(running.outcomes().values()) == {"correct"}


@pytest.mark.parametrize(("fault", "said"), [*PASSING.items(), *REJECTED.items()])
def test_what_lasts_is_an_error_with_its_cause_and_the_rest_is_whole(
    runner: Start, server: DemoEndpoint, meant: dict[str, tuple[str, str]], fault: str, said: str
) -> None:
    server.set_faults([f"{fault},p=0.3,after=2"])
    running = start(runner, fault)
    running.wait()
    errors = [r for r in running.runner.results.values() if r.outcome == "error"]
    assert errors
    assert len(errors) < N
    for r in errors:
        assert said in r.error
        assert r.completion is not None
        # One that is told to come later waits as long as others are served: that costs it no retry.
        least = 1 if fault in REJECTED else 3
        assert r.completion.attempts >= least if "429" in fault else r.completion.attempts == least
    check(running, server, f"{fault}, lasting", meant)


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_is_odd_and_lasts_is_read_as_it_is(
    runner: Start, server: DemoEndpoint, meant: dict[str, tuple[str, str]], fault: str
) -> None:
    server.set_faults([fault])
    running = start(runner, fault)
    running.wait()
    check(running, server, f"{fault}, always", None if fault in CHANGES_TEXT else meant)
    assert set(running.outcomes().values()) == {"correct"}


def test_an_empty_answer_is_asked_again_twice_and_then_counts(runner: Start, server: DemoEndpoint) -> None:
    """Here the verdicts are the worker's own."""
    server.set_faults(["empty,p=0.3"])
    running = runner(N, concurrency=N)
    running.wait()
    check(running, server, "empty, lasting", None)
    empty = [r for r in running.runner.results.values() if r.completion and not r.completion.reasoning]
    assert {(r.outcome, r.completion.attempts) for r in empty if r.completion} == {("no_answer", 3)}


@pytest.mark.parametrize("fault", [*ENDING, "key_echo"])
def test_what_every_request_would_meet_ends_the_run_and_makes_no_errors(
    runner: Start, server: DemoEndpoint, meant: dict[str, tuple[str, str]], fault: str
) -> None:
    # An echo of the key comes with a 401: from the first request on, since later it would be waited for.
    server.set_faults([fault if fault == "key_echo" else f"{fault},after=4"])
    running = start(runner, fault, concurrency=1)
    with pytest.raises(EndpointRefused):
        running.wait()
    results = running.runner.results.values()
    assert {r.outcome for r in results} <= {"correct", "pending"}
    table.append((f"{fault}, lasting", "the run ends; the rest is pending", 0, 0))
    server.set_faults([])
    again = start(runner, fault)
    again.wait()
    assert set(again.outcomes().values()) == {"correct"}
    assert {k: n for k, n in request_counts(server).items() if n > 2} == {}


def test_all_together_at_thirty_in_a_hundred(
    runner: Start, server: DemoEndpoint, meant: dict[str, tuple[str, str]]
) -> None:
    """Each sample meets at most one, three in ten meet one; the verdicts are the worker's own."""
    harmless = [f for f in HARMLESS if f not in CHANGES_TEXT]
    passing = [f"{f},attempts=1" for f in PASSING] + harmless
    lasting = ["mid_close", "status,code=500", "garbage_chunk", "context_length", "status,code=403"]
    every = [*passing, *lasting]
    # The first that strikes is shown: each draws from what those before it have left.
    share = 1 - 0.7 ** (1 / len(every))
    server.set_faults([f"{f},p={share:.4f},after=2" for f in every])
    running = runner(40, concurrency=8, read_timeout=SILENCE)
    running.wait()
    check(running, server, "all, at 30 %", meant)
    errors = [r for r in running.runner.results.values() if r.outcome == "error"]
    assert len(errors) < 12
    assert sum(len(r.completion.retried) for r in running.runner.results.values() if r.completion) > 0

    server.set_faults([])
    clean = runner(40, concurrency=8)
    clean.directory.folder = Folder(clean.directory.path.with_name("clean"))
    clean.wait()
    expected = clean.outcomes()
    assert {k: o for k, o in running.outcomes().items() if o != "error"} == {
        k: o for k, o in expected.items() if running.outcomes()[k] != "error"
    }


def test_the_table(tell: Callable[[str], None]) -> None:
    width = max(len(row[0]) for row in table) if table else 0
    lines = [f"{'fault':{width}}  {'outcomes':34}  lost  asked twice"]
    lines += [f"{fault:{width}}  {outcomes:34}  {lost:4}  {twice:11}" for fault, outcomes, lost, twice in table]
    tell("\n".join(lines))
    assert all((lost, twice) == (0, 0) for _, _, lost, twice in table)
