"""■ at any phase of a run: under a second, a directory that is whole, and one line that goes on from there."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.demo.process import DemoEndpoint
from tests.support.demo_server import completed_counts, request_counts
from tests.support.math_problems import MATH, math_records, write_jsonl
from tests.support.waiting import wait_until

HOSTILE = r"\boxed{9^{9^{9^9}}}"
"""An answer that keeps the grader busy until its deadline."""
LARGE = 480
"""Samples of the run whose last drawing takes long enough to be interrupted."""


def progress_of(cell: Any) -> dict[str, Any]:
    record = cell.displays[-1]["content"]["data"].get(MIME_TYPE, {}) if cell.displays else {}
    return {"done": 0, "grading": 0, "in_flight": 0, **record.get("progress", {})}


def state_of(cell: Any) -> str:
    return str(cell.displays[-1]["content"]["data"].get(MIME_TYPE, {}).get("state", "")) if cell.displays else ""


def html_text(cell: Any) -> str:
    return html.unescape(re.sub(r"</?\w[^>]*>", "", cell.displays[-1]["content"]["data"]["text/html"]))


def check_interrupted(cell: Any, line: str) -> None:
    """What holds after ■, whatever the run was at. One press is enough."""
    assert cell.idle_after_interrupt < 1.0
    assert cell.status == "error", "Run All goes no further"
    assert cell.of("error") == [], "it is none to the reader"
    command = line.partition("stopped; to go on: ")[2]
    if command:
        cell.until(lambda: command in html_text(cell))
        assert cell.text == "", "the run's view has the line"
    else:
        assert line in cell.text
    assert cell.text.count("\n") <= 2, "one message, no traceback"


def workers(kernel: Any) -> list[psutil.Process]:
    """The benchmark workers of the kernel: one, or none yet."""
    children = psutil.Process(kernel.pid).children()
    return [process for process in children if "qwq_nb.bench.worker" in process.cmdline()]


def cpu_of_children(worker: psutil.Process) -> float:
    """What the worker's graders have computed so far, in seconds."""
    return sum(grader.cpu_times().user for grader in worker.children())


def run_folder(kernel: Any, variable: str = "_qwq_run") -> Path:
    return Path(kernel.folder, kernel.run(f"print({variable}.path)").text.strip())


def complete_records(kernel: Any) -> set[Path]:
    """The records of runs that are done. One that goes on writes its record now and then, too."""
    records = kernel.folder.glob("qwq_runs/*/qwq_record.json")
    return {file for file in records if json.loads(file.read_bytes())["state"] == "complete"}


def check_whole(folder: Path) -> None:
    """Every file of the run can be read to its last byte."""
    for file in folder.rglob("*.jsonl"):
        content = file.read_text()
        assert content.endswith("\n")
        assert all(isinstance(json.loads(row), dict) for row in content.splitlines())
    for file in folder.rglob("*.json"):
        json.loads(file.read_text())
    assert list(folder.rglob("*.tmp")) == []


# -- the phases ----------------------------------------------------------------------------------------------------
# Each returns the seconds that the interrupt took. They are functions of a kernel, so that another one can be tried.


def while_loading(kernel: Any, server: DemoEndpoint) -> float:
    """The benchmark worker is only just starting, and no prompt is cached yet."""
    kernel.use(server)
    line = f"%qwq_eval math_500 --limit 5 --data {MATH}"
    cell = kernel.begin(f"run = {line}")
    cell.until(lambda: cell.displays)
    wait_until(lambda: workers(kernel))
    cell.interrupt()
    check_interrupted(cell, f"stopped; to go on: {line}")
    assert server.log()["requests"] == 0
    assert "stopped" in kernel.run("print(_qwq_run.state)").text
    again = kernel.run(f"run = {line}")
    assert (again.status, state_of(again), server.log()["requests"]) == ("ok", "complete", 5)
    return float(cell.idle_after_interrupt)


def while_streaming(kernel: Any, server: DemoEndpoint) -> float:
    kernel.use(server)
    server.reset()
    server.configure(tokens_per_second=300)
    line = f"%qwq_eval math_500 --concurrency 8 --data {MATH}"
    cell = kernel.begin(f"run = {line} --fresh")
    cell.until(lambda: progress_of(cell)["done"] >= 3)
    cell.interrupt()
    check_interrupted(cell, f"stopped; to go on: {line}")
    cell.until(lambda: not cell.displays[-1]["content"]["data"][MIME_TYPE]["partial"])
    assert html_text(cell).count(f"resume with {line}") == 1
    assert "To go on" not in html_text(cell), "the line that resumes it is offered once"
    assert (state_of(cell), progress_of(cell)["done"] >= 3) == ("stopped", True)
    folder = run_folder(kernel)
    check_whole(folder)
    journal = [json.loads(row) for row in (folder / "qwq_journal.jsonl").read_text().splitlines()]
    assert {row["kind"] for row in journal} == {"partial"}
    partial = kernel.run("print(sum(len(_qwq_run.sample(s).reasoning) > 0 for s in _qwq_run.samples().id))")
    assert int(partial.text) >= len(journal), "partial traces are shown"
    # Not what the server has finished: the end of an answer may still have been on its way.
    kept = sum(len(file.read_bytes().splitlines()) for file in (folder / "predictions").rglob("*.jsonl"))
    before = server.log()["requests"]
    server.configure(tokens_per_second=0)
    again = kernel.run(f"run = {line}")
    assert (again.status, state_of(again)) == ("ok", "complete")
    assert server.log()["requests"] - before == 40 - kept, "what was finished is not asked again"
    return float(cell.idle_after_interrupt)


def while_grading(kernel: Any, folder: Path) -> float:
    """All is answered; the grader has an answer that takes as long as it is given."""
    rows = math_records(4)
    replies = [HOSTILE, *(rf"\boxed{{{row['answer']}}}" for row in rows[1:])]
    book = [{**row, "reasoning": "Hmm.", "answer": reply} for row, reply in zip(rows, replies, strict=True)]
    data = write_jsonl(folder / "hostile.jsonl", rows)
    with DemoEndpoint(transcripts=[write_jsonl(folder / "replies.jsonl", book)]) as server:
        kernel.use(server)
        line = f"%qwq_eval math_500 --concurrency 1 --data {data}"
        cell = kernel.begin(f"run = {line} --grade-deadline 300 --fresh")
        cell.until(lambda: len(completed_counts(server)) == 4 and progress_of(cell)["in_flight"] == 0)
        cell.until(lambda: progress_of(cell)["grading"] >= 1)
        (worker,) = workers(kernel)
        before = cpu_of_children(worker)
        wait_until(lambda: cpu_of_children(worker) > before + 0.1)
        cell.interrupt()
        check_interrupted(cell, "stopped; to go on: %qwq_eval math_500 --concurrency 1")
        check_whole(run_folder(kernel))
        again = kernel.run(f"run = {line} --grade-deadline 1")
        assert (again.status, state_of(again)) == ("ok", "complete")
        assert set(request_counts(server).values()) == {1}, "an answer that is there is only graded"
        outcomes = kernel.run("print(sorted(run.samples().outcome))").text
        assert outcomes == "['correct', 'correct', 'correct', 'not_gradable']\n"
    return float(cell.idle_after_interrupt)


def while_drawing(kernel: Any, folder: Path) -> float:
    """All is done and on disk; the report of a large run is being made."""
    rows = [{**row, "unique_id": f"large/{n}.json"} for n in range(LARGE // 40) for row in math_records(40)]
    for number, row in enumerate(rows):
        row["problem"] = f"Problem {number} of many. {row['problem']}"
    thought = "Okay, so $x^2 + 1 \\geq 0$ holds. Wait, let me check that again with $x = -1$. " * 60
    book = [{**row, "reasoning": thought, "answer": rf"\boxed{{{row['answer']}}}"} for row in rows]
    data = write_jsonl(folder / "large.jsonl", rows)
    with DemoEndpoint(transcripts=[write_jsonl(folder / "book.jsonl", book)], chunks=10) as server:
        kernel.use(server)
        line = f"%qwq_eval math_500 --data {data}"
        before = complete_records(kernel)
        cell = kernel.begin(f"run = {line} --fresh")
        wait_until(lambda: complete_records(kernel) > before, 120)
        cell.interrupt()
        check_interrupted(cell, f"is complete; to draw it again: {line}")
        cell.until(lambda: not cell.displays[-1]["content"]["data"][MIME_TYPE]["partial"])
        assert (state_of(cell), progress_of(cell)["done"]) == ("complete", LARGE)
        check_whole(run_folder(kernel))
        again = kernel.run(f"run = {line}")
        assert (again.status, state_of(again), server.log()["requests"]) == ("ok", "complete", LARGE)
    return float(cell.idle_after_interrupt)


# -- the kernel that is installed ----------------------------------------------------------------------------------


@pytest.mark.long
def test_an_interrupt_while_loading(kernel: Any, server: DemoEndpoint) -> None:
    while_loading(kernel, server)


def test_an_interrupt_while_streaming(kernel: Any, server: DemoEndpoint) -> None:
    while_streaming(kernel, server)


def test_an_interrupt_while_grading(kernel: Any, tmp_path: Path) -> None:
    while_grading(kernel, tmp_path)


@pytest.mark.long
def test_an_interrupt_while_drawing(kernel: Any, tmp_path: Path) -> None:
    while_drawing(kernel, tmp_path)


# -- others --------------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("version", ["6.30.1", "7.4.0"])
def test_every_phase_on_other_kernels(
    start_kernel: Callable[..., Any],
    server: DemoEndpoint,
    tmp_path: Path,
    tell: Callable[[str], None],
    version: str,
) -> None:
    """The package of another version comes first on the path; everything else is what is installed."""
    place = tmp_path / "ipykernel"
    command = ["-m", "pip", "install", "-q", "--no-deps", "--target", str(place), f"ipykernel=={version}"]
    made = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=300)
    if made.returncode:
        pytest.skip(f"needs ipykernel {version}: {made.stderr.strip()[-300:]}")
    kernel = start_kernel(PYTHONPATH=str(place), QWQ_NB_CACHE=str(tmp_path / "prompts"))
    assert kernel.run("import ipykernel; print(ipykernel.__version__)").text.strip() == version
    assert kernel.run(f"%load_ext qwq_nb\n%cd {tmp_path}").status == "ok"
    kernel.folder = tmp_path  # no run of an earlier test is found there
    seconds = {"loading": while_loading(kernel, server), "streaming": while_streaming(kernel, server)}
    (tmp_path / "files").mkdir()
    seconds["grading"] = while_grading(kernel, tmp_path / "files")
    seconds["drawing"] = while_drawing(kernel, tmp_path / "files")
    tell(f"ipykernel {version}: " + ", ".join(f"{phase} {s * 1000:.0f} ms" for phase, s in seconds.items()))
