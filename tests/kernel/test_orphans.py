"""A kernel that goes while a run is in the background takes its processes with it, and its successor goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from qwq_nb import load_run
from qwq_nb.records import MIME_TYPE

LINE = "run = %qwq_eval math_500 --demo"


def family(kernel: Any, options: str) -> list[psutil.Process]:
    """Worker, grader and demo endpoint of a kernel whose run is under way."""
    assert kernel.run("%load_ext qwq_nb").status == "ok"
    cell = kernel.run(f"{LINE} --concurrency 4 --background {options}")
    cell.until(lambda: graded_here(cell) >= 1)
    found = psutil.Process(kernel.pid).children(recursive=True)
    named = [" ".join(process.cmdline()) for process in found]
    assert [sum(name in line for line in named) for name in ("qwq_nb.bench.worker", "qwq_nb.demo")] == [2, 1], named
    return found


def graded_here(cell: Any) -> int:
    """Samples that this call of the line has finished."""
    records = [m["content"]["data"].get(MIME_TYPE) for m in cell.displays]
    found = [record["progress"] for record in records if record]
    return max((int(progress["done"]) - int(progress.get("reused", 0)) for progress in found), default=0)


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert [process.cmdline() for process in alive] == []


def test_a_restart_and_a_kill_leave_no_process_and_the_run_goes_on(start_kernel: Callable[..., Any]) -> None:
    kernel = start_kernel()
    before = family(kernel, "--fresh")
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert_gone(before)
    again = family(kernel, "")
    kernel.kill()
    assert_gone(again)
    (folder,) = kernel.folder.glob("qwq_runs/math_500-*")
    run = load_run(folder)
    assert run.state == "stopped"
    assert 2 <= sum(r.outcome != "pending" for r in run.results()) < 40


@pytest.mark.long
def test_a_shutdown_leaves_no_process(start_kernel: Callable[..., Any]) -> None:
    kernel = start_kernel()
    processes = family(kernel, "--fresh")
    kernel.manager.shutdown_kernel()
    assert_gone(processes)
