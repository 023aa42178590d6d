"""Evaluations that end before their time, or are coroutines."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.cache import store
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.bench.shared import shared_worker
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import EndpointRefused, OptionError, QwqError, RunLocked
from qwq_nb.evaluation.control import Control
from qwq_nb.evaluation.evaluate import aevaluate, evaluate
from qwq_nb.evaluation.request import build_request
from qwq_nb.evaluation.session import Session
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.store.manifest import MANIFEST
from tests.support.run_counts import FIRST_VARIANTS, outcomes, subset_counts
from tests.support.waiting import wait_until

# -- ends before its time ------------------------------------------------------------------------------------------


def test_a_refused_run_is_failed_and_goes_on_later(server: DemoEndpoint) -> None:
    evaluate("aime24", demo=True, limit=2)
    server.set_faults(["status,code=401"])
    with pytest.raises(EndpointRefused, match="401"):
        evaluate("aime24", demo=True)
    runs = {load_run(path.parent).state for path in Path("qwq_runs").glob(f"*/{MANIFEST}")}
    assert runs == {"complete", "failed"}
    server.set_faults([])
    run = evaluate("aime24", demo=True)
    assert (run.state, subset_counts(run)) == (
        "complete",
        {k: v for k, v in FIRST_VARIANTS.items() if k[0] == "aime24"},
    )


def test_a_run_in_the_background_can_be_stopped_and_gone_on_with(server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=300)
    try:
        run = evaluate("math_500", demo=True, concurrency=4, background=True)
        with pytest.raises(TimeoutError):
            run.wait(0.1)
        wait_until(lambda: run.record().progress.done >= 2)
        run.stop()
        run.wait(10)
    finally:
        server.configure(tokens_per_second=0)
    assert run.state == "stopped"
    assert load_run(run.path).state == "stopped"
    assert any("To go on: %qwq_eval math_500 --concurrency 4 --demo" in note for note in run.record().notes)
    done = {key for key, outcome in outcomes(run).items() if outcome != "pending"}
    server.reset()
    assert subset_counts(evaluate("math_500", demo=True)) == {
        k: v for k, v in FIRST_VARIANTS.items() if k[0] == "math_500"
    }
    assert server.log()["requests"] == 40 - len(done)


def test_a_list_of_runs_knows_how_far_one_under_way_is(server: DemoEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwq_nb.evaluation.viewer_files.SAVE_EVERY_S", 0.02)
    monkeypatch.setattr("qwq_nb.evaluation.viewer_files.RECORD_EVERY_S", 0.02)
    server.configure(tokens_per_second=600)
    try:
        run = evaluate("math_500", demo=True, concurrency=4, background=True)
        wait_until(lambda: any(row[2] not in ("0/0", "0/40") for row in list_runs().rows()))
        (row,) = list_runs().rows()
        assert (row[1], row[3].startswith("math_500 ")) == ("running", True)
        assert 0 < int(row[2].split("/")[0]) < 40
        # What viewers without a kernel draw is there too.
        record = json.loads((run.path / "qwq_record.json").read_text())
        assert (record["state"], record["progress"]["total"]) == ("running", 40)
    finally:
        run.stop()
        run.wait(10)
        server.configure(tokens_per_second=0)


def test_a_run_can_be_stopped_while_its_report_is_written(server: DemoEndpoint) -> None:
    """All is answered and graded; what is left waits for a benchmark worker that is only starting."""
    run = evaluate("aime24", demo=True, limit=2)
    manifest = json.loads((run.path / MANIFEST).read_text())
    (run.path / MANIFEST).write_text(json.dumps({**manifest, "state": "running"}))
    request = build_request(["aime24"], demo=True, limit=2)
    # Its prompts are cached, so that the worker is wanted for nothing but the report.
    store(
        shared_event_loop().call(
            shared_worker().load(LoadRequest(benchmark="aime24", data=request.source.data)), timeout=60
        )
    )
    worker = BenchWorker()
    session = Session(request, run.path, manifest["key"], worker, command="")
    control = Control(session, shared_event_loop())
    try:
        wait_until(lambda: session.state.progress().done >= 2)
        assert not control.done
        control.stop()
        control.wait(10)
        assert session.state.manifest.state == load_run(run.path).state == "stopped"
    finally:
        shared_event_loop().call(worker.close(), timeout=10)
    assert evaluate("aime24", demo=True, limit=2).state == "complete"
    assert server.log()["requests"] == 2


def test_one_run_is_not_written_by_two_at_once(server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=100)
    try:
        run = evaluate("aime24", demo=True, background=True)
        wait_until(lambda: server.log()["active"])
        with pytest.raises(RunLocked, match="this kernel itself"):
            evaluate("aime24", demo=True)
        assert load_run(run.path).state == "running"
        run.stop()
        # At once: what is still being wound up is waited for.
        server.configure(tokens_per_second=0)
        assert evaluate("aime24", demo=True).state == "complete"
    finally:
        server.configure(tokens_per_second=0)


def test_questions_that_changed_under_a_run_are_not_mixed(server: DemoEndpoint) -> None:
    run = evaluate("aime24", demo=True, limit=2)
    manifest = json.loads((run.path / MANIFEST).read_text())
    (run.path / MANIFEST).write_text(json.dumps({**manifest, "plan_hash": "another"}))
    with pytest.raises(OptionError, match=r"begun with other questions.*--fresh"):
        evaluate("aime24", demo=True, limit=2)


def test_a_folder_that_cannot_be_made_is_said_in_words(server: DemoEndpoint) -> None:
    Path("taken").touch()
    with pytest.raises(QwqError, match="cannot be written to taken"):
        evaluate("aime24", demo=True, limit=2, out="taken")


# -- coroutines ----------------------------------------------------------------------------------------------------


def test_aevaluate_leaves_the_callers_loop_free(server: DemoEndpoint) -> None:
    async def main() -> tuple[Any, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        ticking = asyncio.create_task(tick())
        run = await aevaluate("aime24", demo=True)
        ticking.cancel()
        return run, ticks

    server.configure(ttft=0.2)
    try:
        run, ticks = asyncio.run(main())
    finally:
        server.configure(ttft=0)
    assert subset_counts(run)["aime24", "all"] == FIRST_VARIANTS["aime24", "all"]
    assert ticks > 10


def test_cancelling_aevaluate_stops_the_run(server: DemoEndpoint) -> None:
    async def main() -> None:
        task = asyncio.create_task(aevaluate("aime24", demo=True))
        while not server.log()["active"]:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while server.log()["active"]:
            await asyncio.sleep(0.02)

    server.configure(tokens_per_second=20)
    try:
        asyncio.run(asyncio.wait_for(main(), 20))
    finally:
        server.configure(tokens_per_second=0)
    assert server.log()["requests"] <= 10
