"""Runs that the workers of an executor ask in shards: equal to one kernel's, whatever is killed in their midst."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.analysis.sweep.api import sweep
from qwq_nb.bench.shared import shared_worker
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import EndpointRefused, OptionError, QwqError, UserError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.evaluation.sharded import worker as shard_worker
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.store.shards import shards_folder
from tests.support.clusters import dask_processes, environment, ipyparallel_engines
from tests.support.demo_server import completed_counts, own_endpoint
from tests.support.paths import ROOT
from tests.support.run_counts import outcomes, row_count, row_files
from tests.support.waiting import wait_until

posix = pytest.mark.skipif(os.name != "posix", reason="signals")
# Theirs, at the end of a cluster that was killed.
quiet = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

STREAMS = 4
FAULTS = ["status,p=0.15,code=503,attempts=2", "mid_close,p=0.15,attempts=2"]


def line(server: DemoEndpoint, **changes: Any) -> dict[str, Any]:
    """A line whose answers are the same each time: the seed chooses the transcript's variant."""
    endpoint = own_endpoint(server, request_seed=0, max_retries=6)
    return {"endpoint": endpoint, "data": str(PROBLEMS["math_500"]), "show": False, "repeats": 2, **changes}


def given_out(server: DemoEndpoint) -> int:
    """Answers that went out whole."""
    return sum(completed_counts(server).values())


@contextlib.contextmanager
def spawned(workers: int) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def worker_pid(run: Run, number: int = 0) -> int:
    (shard,) = [shard for shard in run.progress().shards if shard.number == number]
    return int(shard.worker.rsplit(":", 1)[1])


def alone(server: DemoEndpoint, **changes: Any) -> Run:
    """The same by one kernel, in a folder of its own."""
    server.set_faults([])
    server.configure(tokens_per_second=0)
    return evaluate("math_500", out="alone", **line(server, **changes))


# -- what comes of it ----------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("shards", [2, 4])
def test_shards_come_to_what_one_kernel_comes_to(demo_endpoint: Any, shards: int) -> None:
    """At 30 % faults, 4 shards on 2 workers: every answer is asked for once."""
    server = demo_endpoint(faults=FAULTS)
    with spawned(2) as pool:
        run = evaluate("math_500", executor=pool, shards=shards, **line(server))
    assert (run.state, len(run.results())) == ("complete", 80)
    assert given_out(server) == 80
    assert server.log()["requests"] > 80, "there were faults"
    assert (row_count(run, "predictions"), row_count(run, "reviews")) == (80, 80)
    assert list(run.path.glob("reports/*/*.json"))
    assert any(note.startswith(f"Asked in {shards} shards by ") for note in run.manifest.notes)
    assert not run.progress().shards, "over: nobody has any"
    again = evaluate("math_500", **line(server))
    assert (again.path, given_out(server)) == (run.path, 80), "the line without an executor finds it"
    assert outcomes(load_run(run.path)) == outcomes(run) == outcomes(alone(server))


@pytest.fixture
def one_bench_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of this process, which is there already, for threads that ask shards."""
    monkeypatch.setattr(shard_worker, "bench_worker", shared_worker)


@pytest.mark.usefixtures("one_bench_worker")
def test_what_shards_have_that_their_kernel_did_not_collect_is_not_asked_again(demo_endpoint: Any) -> None:
    """As after a `kill -9` of the kernel: of some answers the shards alone have a row, of one no verdict."""
    server = demo_endpoint()
    options = line(server, limit=5)
    with ThreadPoolExecutor(2) as pool:
        run = evaluate("math_500", executor=pool, shards=2, **options)
    assert (run.state, given_out(server), len(answered(run))) == ("complete", 10, 10)
    before, keys = outcomes(run), answered(run)
    for kind in ("predictions", "reviews"):
        for file in row_files(run, kind):
            file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    (reviews, *_) = [f for f in shards_folder(run.path).glob("*/reviews/**/*.jsonl") if f.stat().st_size]
    reviews.write_bytes(b"".join(reviews.read_bytes().splitlines(keepends=True)[:-1]))
    manifest = run.directory.manifest()
    run.directory.save_manifest(msgspec.structs.replace(manifest, state="running"))
    again = evaluate("math_500", **options)
    assert (again.path, again.state, given_out(server)) == (run.path, "complete", 10)
    assert sorted(answered(again)) == sorted(keys)
    assert outcomes(load_run(run.path)) == outcomes(again) == before
    assert (row_count(again, "predictions"), row_count(again, "reviews")) == (10, 10)


@pytest.mark.usefixtures("one_bench_worker")
def test_each_setting_of_a_sweep_is_asked_in_shards(demo_endpoint: Any) -> None:
    server = demo_endpoint()
    with ThreadPoolExecutor(2) as pool:
        made = sweep("math_500", grid={"temperature": [0.2, 0.6]}, executor=pool, shards=2, **line(server, limit=3))
    assert [(row.state, row.n) for row in made.rows()] == [("complete", 6)] * 2
    assert given_out(server) == 12
    for run in made.runs:
        assert any(note.startswith("Asked in 2 shards by ") for note in run.manifest.notes)


@quiet
@pytest.mark.long
def test_a_local_cluster_of_dask(demo_endpoint: Any, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    server = demo_endpoint(faults=FAULTS)
    quietly: dict[str, Any] = {"dashboard_address": "127.0.0.1:0", "local_directory": tmp_path}
    with (
        distributed.LocalCluster(2, threads_per_worker=1, **quietly) as cluster,
        distributed.Client(cluster) as client,
    ):
        run = evaluate("math_500", executor=client, shards=2, **line(server))
    assert (run.state, given_out(server), row_count(run, "reviews")) == ("complete", 80, 80)
    assert len(workers_of(run)) == 2
    assert outcomes(run) == outcomes(alone(server))


@posix
@pytest.mark.long
def test_jobs_of_submitit(demo_endpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submitit = pytest.importorskip("submitit")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    server = demo_endpoint()
    executor = submitit.LocalExecutor(folder=tmp_path)
    executor.update_parameters(timeout_min=5)
    run = evaluate("math_500", executor=executor, shards=2, **line(server, limit=10))
    assert (run.state, given_out(server), len(answered(run))) == ("complete", 20, 20)
    assert len(workers_of(run)) == 2


def workers_of(run: Run) -> list[str]:
    (note,) = [note for note in run.manifest.notes if note.startswith("Asked in ")]
    return re.findall(r"\S+:\d+ (?=\()", note)


@pytest.mark.long
def test_what_is_there_already_is_not_asked_by_any_shard(demo_endpoint: Any) -> None:
    server = demo_endpoint()
    evaluate("math_500", **line(server, limit=5))
    with spawned(2) as pool:
        run = evaluate("math_500", executor=pool, shards=2, **line(server, limit=15))
        assert (run.state, given_out(server)) == ("complete", 30)
        assert run.manifest.taken_over[0].answers == 10


# -- killed in the midst -------------------------------------------------------------------------------------------


@quiet
@posix
@pytest.mark.long
def test_a_dask_worker_that_is_killed_is_replaced(demo_endpoint: Any, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    server = demo_endpoint(tokens_per_second=400)
    with dask_processes(tmp_path) as cluster, distributed.Client(cluster.address) as client:
        client.wait_for_workers(2, timeout=60)
        options = line(server, concurrency=STREAMS)
        run = evaluate("math_500", executor=client, shards=2, background=True, **options)
        wait_until(lambda: run.progress().done >= 10, 120)
        os.kill(worker_pid(run), signal.SIGKILL)
        wait_until(lambda: any(shard.moved for shard in run.progress().shards), 120)
        run.wait(240)
    assert (run.state, len(run.results())) == ("complete", 80)
    assert any("Shard 0 went on on " in note for note in run.manifest.notes)
    assert 80 <= given_out(server) <= 80 + STREAMS, "only what was in flight is asked again"
    assert row_count(run, "predictions") == 80
    assert outcomes(run) == outcomes(alone(server))


@quiet
@posix
@pytest.mark.long
def test_a_dask_scheduler_that_is_killed_ends_the_run_and_nothing_is_lost(demo_endpoint: Any, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    server = demo_endpoint(tokens_per_second=400)
    options = line(server, concurrency=STREAMS)
    with dask_processes(tmp_path) as cluster:
        client = distributed.Client(cluster.address, timeout=5)
        client.wait_for_workers(2, timeout=60)
        run = evaluate("math_500", executor=client, shards=2, background=True, **options)
        wait_until(lambda: run.progress().done >= 10, 120)
        cluster.scheduler.kill()
        with pytest.raises(QwqError, match="run the same line again"):
            run.wait(120)
        client.close(timeout=2)
    assert run.state == "failed"
    assert run.progress().done >= 10
    server.configure(tokens_per_second=0)
    again = evaluate("math_500", **options)
    assert (again.path, again.state) == (run.path, "complete")
    assert 80 <= given_out(server) <= 80 + 2 * STREAMS
    assert outcomes(again) == outcomes(alone(server))


@quiet
@posix
@pytest.mark.long
def test_shards_outlive_their_kernel(demo_endpoint: Any, tmp_path: Path) -> None:
    """kill -9 of the kernel: its workers go on, and the same line in another kernel takes up what they have."""
    distributed = pytest.importorskip("distributed")
    server = demo_endpoint(tokens_per_second=400)
    endpoint = own_endpoint(server, request_seed=0)
    script = textwrap.dedent(f"""
        from distributed import Client
        from qwq_nb import Endpoint, evaluate
        with Client("ADDRESS") as client:
            endpoint = Endpoint({server.url!r}, {server.model!r}, name="own", max_tokens=2000, request_seed=0)
            evaluate("math_500", endpoint=endpoint, data={str(PROBLEMS["math_500"])!r}, repeats=2, show=False,
                     concurrency={STREAMS}, executor=client, shards=2)
    """)
    with dask_processes(tmp_path) as cluster:
        kernel = subprocess.Popen([sys.executable, "-c", script.replace("ADDRESS", cluster.address)], env=environment())
        wait_until(lambda: given_out(server) >= 10, 120)
        kernel.kill()
        kernel.wait()
        before = given_out(server)
        with distributed.Client(cluster.address) as client:
            options = line(server, concurrency=STREAMS, endpoint=endpoint)
            run = evaluate("math_500", executor=client, shards=2, **options)
    assert (run.state, len(run.results())) == ("complete", 80)
    assert before < 80
    assert 80 <= given_out(server) <= 80 + 2 * STREAMS
    assert outcomes(run) == outcomes(alone(server))


@quiet
@posix
@pytest.mark.long
def test_an_ipyparallel_engine_that_is_killed(demo_endpoint: Any, tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("ipyparallel")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    server = demo_endpoint(tokens_per_second=400)
    with ipyparallel_engines(tmp_path) as client:
        options = line(server, concurrency=STREAMS)
        run = evaluate("math_500", executor=client.executor(), shards=2, background=True, **options)
        wait_until(lambda: run.progress().done >= 10, 120)
        os.kill(worker_pid(run), signal.SIGKILL)
        run.wait(240)
    assert (run.state, len(run.results())) == ("complete", 80)
    assert 80 <= given_out(server) <= 80 + STREAMS
    assert outcomes(run) == outcomes(alone(server))


@posix
@pytest.mark.long
def test_a_pool_that_is_broken_is_told_and_the_line_goes_on_with_another(demo_endpoint: Any) -> None:
    """A ProcessPoolExecutor takes no more work once one of its processes was killed."""
    server = demo_endpoint(tokens_per_second=400)
    options = line(server, concurrency=STREAMS)
    with spawned(2) as pool:
        run = evaluate("math_500", executor=pool, shards=2, background=True, **options)
        wait_until(lambda: run.progress().done >= 10, 120)
        os.kill(worker_pid(run), signal.SIGKILL)
        with pytest.raises(QwqError, match="takes no more work"):
            run.wait(120)
    server.configure(tokens_per_second=0)
    with spawned(2) as pool:
        again = evaluate("math_500", executor=pool, shards=2, **options)
    assert (again.path, again.state) == (run.path, "complete")
    assert 80 <= given_out(server) <= 80 + 2 * STREAMS


# -- control -------------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_stop_stops_all_shards_and_a_pause_pauses_them(demo_endpoint: Any) -> None:
    server = demo_endpoint(tokens_per_second=100)
    with spawned(2) as pool:
        options = line(server, concurrency=2)
        run = evaluate("math_500", executor=pool, shards=4, background=True, **options)
        wait_until(lambda: run.progress().in_flight >= 4, 120)
        wait_until(lambda: len(run.record().in_flight) >= 4, 20)
        run.stop()
        began = time.monotonic()
        run.wait(5)
        assert run.state == "stopped"
        wait_until(lambda: server.log()["active"] == 0, 10)
        assert time.monotonic() - began < 10
        assert len(answered(run)) == given_out(server), "what was finished before is collected"
        asked, done = server.log()["requests"], len(answered(run))
        server.configure(tokens_per_second=0)
        again = evaluate("math_500", executor=pool, shards=4, background=True, **options)
        again.pause()
        wait_until(lambda: sum(shard.state == "paused" for shard in again.progress().shards) == 2, 120)
        time.sleep(2)
        assert again.progress().in_flight == 0
        assert server.log()["requests"] == asked, "paused before the first request"
        again.resume()
        again.wait(120)
    assert again.state == "complete"
    assert given_out(server) == 80, f"what was streaming when it was stopped had not gone out whole; {done} had"


def answered(run: Run) -> list[tuple[str, int]]:
    return [(r.sample.id, r.repeat) for r in run.results() if r.outcome not in ("pending", "error")]


# -- what cannot work ----------------------------------------------------------------------------------------------


def test_what_is_no_executor_is_told(demo_endpoint: Any) -> None:
    server = demo_endpoint()
    calls: list[tuple[dict[str, Any], str]] = [
        ({"executor": 3, "shards": 2}, "has a method submit"),
        ({"shards": 2}, "give executor too"),
        ({"executor": ThreadPoolExecutor(1), "shards": 0}, "whole number from 1"),
        ({"executor": ThreadPoolExecutor(1), "shards": 2, "until": 5.0}, "until does not go with executor"),
        ({"executor": ThreadPoolExecutor(1), "shards": 2, "shard": (0, 2)}, "shard does not go with executor"),
    ]
    for options, said in calls:
        with pytest.raises(OptionError, match=said):
            evaluate("math_500", **line(server, **{"repeats": 1, **options}))


class Elsewhere:
    """An executor whose workers are somewhere else: `before` is done there first."""

    def __init__(self, before: Callable[[], object]) -> None:
        self.pool, self.before = ThreadPoolExecutor(1), before

    def submit(self, function: Callable[[bytes], bytes], argument: bytes) -> Any:
        self.before()
        return self.pool.submit(function, argument)


@pytest.mark.long
def test_what_a_worker_lacks_is_told(demo_endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = demo_endpoint()
    monkeypatch.setenv("QWQ_TEST_KEY", "a-secret-value")
    options = line(server, endpoint=own_endpoint(server, key_env="QWQ_TEST_KEY"), limit=3)
    keyless = Elsewhere(lambda: monkeypatch.delenv("QWQ_TEST_KEY"))
    with pytest.raises(UserError, match=r"Shard 0: .*QWQ_TEST_KEY"):
        evaluate("math_500", executor=keyless, shards=1, **options)
    for file in Path("qwq_runs").rglob("*"):
        assert not file.is_file() or b"a-secret-value" not in file.read_bytes()
    monkeypatch.setenv("QWQ_TEST_KEY", "a-secret-value")
    unshared = Elsewhere(next(Path("qwq_runs").glob("*.shards/loaded.json")).unlink)
    with pytest.raises(UserError, match="does not see"):
        evaluate("math_500", executor=unshared, shards=1, **options)
    refusing = demo_endpoint(faults=["status,code=401"])
    with ThreadPoolExecutor(1) as pool, pytest.raises(EndpointRefused, match="Shard 0: "):
        evaluate("math_500", executor=pool, shards=1, **line(refusing, limit=3))
