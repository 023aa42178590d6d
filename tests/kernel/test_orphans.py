"""A kernel that goes while a run is in the background takes its processes with it, and its run can be gone on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.run.open import load_run
from qwq_nb.store.run_dir import RunDirectory, find_run_dirs

LINE = "run = %qwq_eval math_500 --demo"


def family(kernel: Any) -> list[psutil.Process]:
    """Worker, grader and demo endpoint of a kernel whose run is under way."""
    assert kernel.run("%load_ext qwq_nb").status == "ok"
    cell = kernel.run(f"{LINE} --concurrency 4 --background --fresh")
    cell.until(lambda: done_of(cell) >= 1)
    found = psutil.Process(kernel.pid).children(recursive=True)
    named = [" ".join(process.cmdline()) for process in found]
    assert [sum(name in line for line in named) for name in ("qwq_nb.bench.worker", "qwq_nb.demo")] == [2, 1], named
    return found


def done_of(cell: Any) -> int:
    records = [m["content"]["data"].get(MIME_TYPE) for m in cell.displays]
    return max((int(record["progress"]["done"]) for record in records if record), default=0)


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert [process.cmdline() for process in alive] == []


@pytest.mark.long
def test_a_restart_leaves_no_process(start_kernel: Callable[..., Any]) -> None:
    kernel = start_kernel()
    processes = family(kernel)
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert_gone(processes)
    check_stopped(kernel, "stopped")


@pytest.mark.long
@pytest.mark.parametrize("how", ["kill -9", "shutdown"])
def test_a_kill_or_a_shutdown_leaves_no_process(start_kernel: Callable[..., Any], how: str) -> None:
    kernel = start_kernel()
    processes = family(kernel)
    if how == "shutdown":
        kernel.manager.shutdown_kernel()
    else:
        kernel.kill()
    assert_gone(processes)
    check_stopped(kernel, "running" if how == "kill -9" else "stopped")


def check_stopped(kernel: Any, written: str) -> None:
    """The run is there, for the next kernel to go on with; `written`: the state that stands on the disk."""
    newest = find_run_dirs(kernel.folder / "qwq_runs")[0]
    assert RunDirectory(newest).manifest().state == written
    run = load_run(newest)
    assert run.state == "stopped"
    assert 1 <= sum(r.outcome != "pending" for r in run.results()) < 40
