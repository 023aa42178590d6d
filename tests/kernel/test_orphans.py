"""A kernel that goes while a run is in the background takes its processes with it, and its successor goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from qwq_nb.records import MIME_TYPE

LINE = "run = %qwq_eval math_500 --demo"


def family(kernel: Any) -> list[psutil.Process]:
    """Worker, grader and demo endpoint of a kernel whose run is under way."""
    assert kernel.run("%load_ext qwq_nb").status == "ok"
    cell = kernel.run(f"{LINE} --concurrency 4 --fresh --background")
    cell.until(lambda: done_of(cell) >= 1)
    found = psutil.Process(kernel.pid).children(recursive=True)
    named = [" ".join(process.cmdline()) for process in found]
    assert [sum(name in line for line in named) for name in ("qwq_nb.bench.worker", "qwq_nb.demo")] == [2, 1], named
    return found


def done_of(cell: Any) -> int:
    records = [m["content"]["data"].get(MIME_TYPE) for m in cell.displays]
    return max((int(record["progress"]["done"]) for record in records if record), default=0)


def leave(kernel: Any, how: str) -> None:
    if how == "restart":
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=60)
    elif how == "kill -9":
        kernel.kill()
    else:
        kernel.manager.shutdown_kernel()


@pytest.mark.parametrize("how", ["restart", "kill -9", "shutdown"])
def test_no_process_is_left_and_the_run_goes_on(start_kernel: Callable[..., Any], how: str) -> None:
    kernel = start_kernel()
    processes = family(kernel)
    leave(kernel, how)
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert [process.cmdline() for process in alive] == []
    if how == "restart":
        kernel.run("%load_ext qwq_nb")
        assert kernel.run(LINE).status == "ok"
        assert kernel.run("print(run.state, (run.samples().outcome == 'pending').sum())").text == "complete 0\n"
