"""What an evaluation shows while its endpoint is away, and what stays of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.registry import set_default
from qwq_nb.errors import EndpointRefused
from qwq_nb.evaluation.command_line import command_line
from qwq_nb.evaluation.evaluate import evaluate, resume_run
from qwq_nb.evaluation.request import build_request
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from tests.support.demo_server import completed_counts, own_endpoint
from tests.support.math_problems import MATH
from tests.support.waiting import wait_until

VARIABLE = "QWQ_TEST_KEY"


def in_background(server: DemoEndpoint, **options: Any) -> Run:
    endpoint = own_endpoint(server, **{k: options.pop(k) for k in ("key_env", "patience") if k in options})
    return evaluate("math_500", endpoint=endpoint, data=MATH, background=True, show=False, **options)


def told(run: Run) -> str:
    return " ".join(run.record([]).notes)


def test_an_outage_pauses_the_run_says_so_and_is_remembered(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,after=12"])
    run = in_background(server, concurrency=4)
    wait_until(lambda: run.state == "paused")
    record = run.record([])
    assert "Endpoint 'own' does not answer since" in record.progress.waiting
    assert record.progress.waiting in record.notes
    assert record.progress.errors == 0
    server.set_faults([])
    run.wait(60)
    assert run.state == "complete"
    assert run.record([]).progress.waiting == ""
    assert "does not answer since" not in told(run)
    assert "did not answer from" in told(run)
    assert "did not answer from" in told(load_run(run.path))
    assert all(n == 1 for key, n in completed_counts(server).items() if not key.startswith("sha256"))


def test_an_expired_key_pauses_the_run_until_resume(server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "the-first-key-0123")
    server.set_faults(["status,code=401,after=12"])
    run = in_background(server, concurrency=4, key_env=VARIABLE)
    wait_until(lambda: run.state == "paused")
    assert f"os.environ['{VARIABLE}'] = getpass.getpass()" in told(run)
    run.resume()
    wait_until(lambda: run.state == "running")  # the press of the button is seen to be heard
    wait_until(lambda: run.state == "paused")  # and the server refuses again
    server.set_faults([])
    run.resume()
    run.wait(60)
    assert run.state == "complete"
    assert {r.outcome for r in run.results()}.isdisjoint({"error", "pending"})


def test_a_run_that_was_paused_stays_paused_when_the_endpoint_is_back(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,after=12"])
    run = in_background(server, concurrency=4)
    wait_until(lambda: run.state == "paused")
    run.pause()
    server.set_faults([])
    wait_until(lambda: run.record([]).progress.waiting == "")
    still: str = run.state
    assert still == "paused"
    run.resume()
    run.wait(60)
    assert run.state == "complete"


def test_when_patience_ends_the_run_has_failed_and_goes_on_later(server: DemoEndpoint) -> None:
    server.set_faults(["status,code=503,after=12"])
    with pytest.raises(EndpointRefused, match="--patience"):
        evaluate("math_500", endpoint=own_endpoint(server, patience=0.3), data=MATH, show=False, concurrency=4)
    server.set_faults([])
    server.reset()
    run = evaluate("math_500", endpoint=own_endpoint(server, patience=0.3), data=MATH, show=False, concurrency=4)
    assert run.state == "complete"
    assert server.log()["requests"] < 40


# -- several endpoints, and how many streams -------------------------------------------------------------------------


def test_endpoints_share_a_run_by_their_names(demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path) -> None:
    first, second = demo_endpoint(models=["M"]), demo_endpoint(models=["M-awq"])
    set_default(own_endpoint(first, name="a"))
    set_default(own_endpoint(second, name="b"))
    run = evaluate("math_500", endpoint="a,b", data=MATH, show=False, concurrency=4, out=tmp_path)
    assert run.state == "complete"
    assert {r.completion.endpoint for r in run.results() if r.completion} == {"a", "b"}
    assert "--endpoint a,b" in run.command
    assert "Answered by 2 endpoints: a (http" in told(run)
    assert "name their models differently (M, M-awq)" in told(run)
    # The run is that of its first endpoint: with fewer helpers it is the same one.
    alone = evaluate("math_500", endpoint="a", data=MATH, show=False, out=tmp_path)
    assert alone.path == run.path
    assert second.log()["requests"] + first.log()["requests"] == 40


def test_resuming_asks_all_endpoints_of_the_run(
    demo_endpoint: Callable[..., DemoEndpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "the-second-key-4567")
    first, second = demo_endpoint(), demo_endpoint(require_key_env=VARIABLE)
    for server in (first, second):
        server.configure(tokens_per_second=300)
    pair = [own_endpoint(first, name="a"), own_endpoint(second, name="b", key_env=VARIABLE)]
    run = evaluate("math_500", endpoint=pair, data=MATH, concurrency=4, background=True, show=False)
    wait_until(lambda: run.record([]).progress.done >= 2)
    run.stop()
    run.wait(10)
    # As another kernel finds it: nothing but its directory.
    for server in (first, second):
        server.configure(tokens_per_second=2000)
        server.reset()
    again = resume_run(load_run(run.path), show=False)
    assert again.state == "complete"
    assert first.log()["requests"] > 0 < second.log()["requests"]
    assert resume_run(again, endpoint=pair[0], show=False).state == "complete"


def test_auto_concurrency_is_what_a_run_was_asked_for_and_shows_what_it_came_to(server: DemoEndpoint) -> None:
    run = evaluate("math_500", endpoint=own_endpoint(server), data=MATH, show=False, concurrency="auto", limit=8)
    assert "--concurrency" not in run.command, "it is the default"
    assert run.record([]).concurrency >= 1
    assert load_run(run.path).manifest.request.concurrency == "auto"
    assert resume_run(run, show=False).state == "complete"


def test_patience_without_end_is_written_as_off(server: DemoEndpoint) -> None:
    request = build_request(["math_500"], endpoint=own_endpoint(server), patience=None)
    assert request.endpoint.patience is None
    assert "--patience off" in command_line(request, out=None, named=None, options={"patience": None})
