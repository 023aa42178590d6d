"""Whole runs that something is killed under, that a power cut cuts short, or that the disk has no room for.

Each ends as an undisturbed one: the same table, nothing lost, nothing asked twice.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from qwq_nb.bench.shared import shared_worker
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import QwqError, RunLocked
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.open import load_run
from qwq_nb.run.run import Run
from qwq_nb.store.jsonl import read_rows
from tests.support.demo_server import own_endpoint, request_counts
from tests.support.math_problems import math_records, write_jsonl
from tests.support.run_counts import FIRST_VARIANTS, outcomes, row_count, row_files, subset_counts
from tests.support.run_folders import held_by_another, small_disk
from tests.support.runner import Running, Start
from tests.support.waiting import wait_until

TABLE = {key: value for key, value in FIRST_VARIANTS.items() if key[0] == "math_500"}

posix = pytest.mark.skipif(os.name != "posix", reason="signals")


def in_background(**options: Any) -> Run:
    return evaluate("math_500", demo=True, background=True, show=False, **options)


def done(run: Run) -> int:
    return run.record([]).progress.done


def kill_worker() -> None:
    os.kill(shared_worker().pid or 0, signal.SIGKILL)


def kill_grader() -> None:
    (grader,) = psutil.Process(shared_worker().pid).children()
    grader.kill()


@posix
@pytest.mark.parametrize("kill", [kill_worker, pytest.param(kill_grader, marks=pytest.mark.long)])
def test_a_worker_or_a_grader_that_is_killed_in_mid_run(server: DemoEndpoint, kill: Any) -> None:
    server.configure(tokens_per_second=400)
    run = in_background(concurrency=8)
    wait_until(lambda: done(run) >= 5, 60)
    kill()
    run.wait(90)
    assert (run.state, subset_counts(run)) == ("complete", TABLE)
    assert set(request_counts(server).values()) == {1}
    assert row_count(run, "predictions") == row_count(run, "reviews") == 40


# -- a power cut ---------------------------------------------------------------------------------------------------


def ends(content: bytes) -> list[int]:
    """Where the rows of a file end, their line ends included."""
    return [at + 1 for at, byte in enumerate(content) if byte == ord("\n")]


@pytest.fixture
def brief(demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path) -> DemoEndpoint:
    """A server of few words: there are fewer places to cut at."""
    said = [{**row, "reasoning": "√2?", "answer": rf"\boxed{{{row['answer']}}}"} for row in math_records()]
    return demo_endpoint(transcripts=[write_jsonl(tmp_path / "brief.jsonl", said)])


@pytest.fixture
def resumed(runner: Start, brief: DemoEndpoint) -> Callable[[], Running]:
    """Four samples, asked one after the other, to the end; whatever is there is taken over."""

    def go() -> Running:
        running = runner(4, concurrency=1, endpoints=[own_endpoint(brief)])
        running.wait()
        return running

    return go


def cuts(content: bytes, kind: str) -> Iterator[int]:
    """Lengths to which a file is cut: `all`, or those around the ends of its last two rows."""
    third, second, last = [0, *ends(content)][-3:]
    if kind == "all":
        yield from range(third, last + 1)
    else:
        middle = (third + second) // 2, (second + last) // 2
        yield from sorted({third, third + 1, *middle, second - 1, second, second + 1, last - 2, last - 1, last})


def cut_and_resume(resumed: Callable[[], Running], server: DemoEndpoint, kind: str, which: str) -> int:
    """Cut a file of the run at each place and resume it; what is complete is neither lost nor asked again."""
    whole = resumed()
    saved = whole.directory.path.with_name("saved")
    shutil.copytree(whole.directory.path, saved)
    file = whole.directory.rows_file(kind, whole.endpoint.model, *whole.plan.subsets[0])
    content = file.read_bytes()
    ids = [row["qwq"]["id"] for row in read_rows(file)]
    source = {item.sample.id: item.sample.source_id for item in whole.plan.items}
    expected, tried = whole.outcomes(), 0
    for cut in cuts(content, which):
        shutil.rmtree(whole.directory.path)
        shutil.copytree(saved, whole.directory.path)
        file.write_bytes(content[:cut])
        # A row is complete with its last brace: the line end after it may be what the cut took.
        lost = ids[sum(end - 1 <= cut for end in ends(content)) :]
        server.reset()
        again = resumed()
        assert again.outcomes() == expected, f"cut at byte {cut}"
        assert request_counts(server) == ({source[i]: 1 for i in lost} if kind == "predictions" else {}), (
            f"cut at byte {cut}"
        )
        assert [row["qwq"]["id"] for row in again.rows(kind)] == ids, f"cut at byte {cut}"
        assert file.read_bytes().endswith(b"}\n")
        tried += 1
    return tried


@pytest.mark.parametrize("kind", ["predictions", "reviews"])
def test_cut_around_the_ends_of_its_last_two_rows_a_run_resumes_as_if_nothing_was(
    resumed: Callable[[], Running], brief: DemoEndpoint, kind: str
) -> None:
    assert cut_and_resume(resumed, brief, kind, "ends") > 8


@pytest.mark.long
@pytest.mark.parametrize("kind", ["predictions", "reviews"])
def test_cut_at_every_byte_of_its_last_two_rows_a_run_resumes_as_if_nothing_was(
    resumed: Callable[[], Running], brief: DemoEndpoint, kind: str, tell: Callable[[str], None]
) -> None:
    tried = cut_and_resume(resumed, brief, kind, "all")
    tell(f"{kind}: {tried:,} cuts, 0 answers lost, 0 asked twice, the same outcomes after each")
    assert tried > 1000


# -- a full disk ---------------------------------------------------------------------------------------------------


def test_a_disk_that_fills_up_ends_the_run_in_words_and_it_goes_on_when_there_is_space(
    server: DemoEndpoint, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", kilobytes=1500) as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 1_250_000)
        server.configure(ttft=0.05)
        with pytest.raises(QwqError, match=r"cannot be written to .*No space left.*make space and run the same line"):
            evaluate("math_500", demo=True, out=disk, concurrency=4, show=False)
        server.configure(ttft=0)
        (path,) = disk.glob("math_500-*")
        kept = load_run(path)
        finished = {key for key, outcome in outcomes(kept).items() if outcome != "pending"}
        assert 0 < len(finished) < 40
        assert all(list(read_rows(file)) for file in row_files(kept, "predictions"))
        ballast.unlink()
        server.reset()
        run = evaluate("math_500", demo=True, out=disk, show=False)
        assert (run.path, run.state, subset_counts(run)) == (path, "complete", TABLE)
        assert row_count(run, "predictions") == row_count(run, "reviews") == 40
        assert server.log()["requests"] <= 40 - len(finished)


# -- two at once ---------------------------------------------------------------------------------------------------


def test_who_comes_second_is_told_who_writes_the_run(server: DemoEndpoint) -> None:
    run = evaluate("math_500", demo=True, limit=5, show=False)
    with held_by_another(run.path) as holder:
        with pytest.raises(RunLocked, match=rf"is being written by process {holder.pid} on \S+, since .*--fresh"):
            evaluate("math_500", demo=True, limit=5, show=False)
        assert load_run(run.path).accuracies() == run.accuracies(), "it can be read meanwhile"
    assert evaluate("math_500", demo=True, limit=5, show=False).state == "complete"
