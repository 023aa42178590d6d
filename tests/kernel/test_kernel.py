"""A real kernel, as a notebook drives it: what is drawn, and what kill -9 leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.run.open import load_run
from qwq_nb.store.partial_streams import STREAMS
from qwq_nb.view.budget import LIVE_BYTES, saved_size
from tests.support.demo_server import request_counts
from tests.support.math_problems import MATH

SHARED = "--max-tokens 2000 --request-seed 0 --backoff 0.05"


def state_of(message: dict[str, Any]) -> str:
    return str(message["content"]["data"].get(MIME_TYPE, {}).get("state", ""))


def done_of(message: dict[str, Any]) -> int:
    return int(message["content"]["data"].get(MIME_TYPE, {}).get("progress", {}).get("done", 0))


# -- what is drawn -------------------------------------------------------------------------------------------------


def test_one_display_is_updated_in_place(kernel: Any, server: DemoEndpoint) -> None:
    kernel.use(server)
    server.configure(tokens_per_second=600)
    cell = kernel.run(f"%qwq_eval math_500 --concurrency 16 --data {MATH} --fresh")
    assert cell.status == "ok"
    kinds = [m["msg_type"] for m in cell.displays]
    assert kinds == ["display_data"] + ["update_display_data"] * (len(kinds) - 1)
    assert len({m["content"]["transient"]["display_id"] for m in cell.displays}) == 1
    assert cell.of("execute_result", "stream", "error") == [], "the run is the cell's value, and is not drawn again"
    *live, last = cell.displays
    assert len(live) > 4
    for message in live:
        assert saved_size(message["content"]["data"]) <= LIVE_BYTES
        assert message["content"]["data"][MIME_TYPE]["partial"]
    drawn = [date_of(message) for message in live]
    for first, fifth in zip(drawn, drawn[4:], strict=False):
        assert (fifth - first).total_seconds() >= 0.99, "at most four updates a second"
    assert set(last["content"]["data"]) == {MIME_TYPE, "text/html", "text/plain"}
    record = last["content"]["data"][MIME_TYPE]
    assert (record["state"], record["partial"], len(record["samples"])) == ("complete", False, 40)
    assert (record["progress"]["done"], record["in_flight"]) == (40, [])
    assert "DEMO" not in cell.plain
    # Every row that changed is in this update or in the next one: a viewer that only adds up misses none.
    seen = {row["id"] for message in live for row in message["content"]["data"][MIME_TYPE]["samples"]}
    assert seen <= {row["id"] for row in record["samples"]}
    assert len(seen) >= max(done_of(message) for message in live[:-1]) > 0


def date_of(message: dict[str, Any]) -> datetime:
    date = message["header"]["date"]
    return date if isinstance(date, datetime) else datetime.fromisoformat(str(date))


def test_a_run_in_the_background(kernel: Any, server: DemoEndpoint) -> None:
    kernel.use(server)
    server.configure(tokens_per_second=600)
    cell = kernel.run(f"run = %qwq_eval math_500 --concurrency 16 --data {MATH} --fresh --background")
    assert cell.status == "ok"
    assert state_of(cell.displays[-1]) in ("starting", "running")
    later = kernel.run("print(6 * 7, run.state)")
    assert later.text in ("42 starting\n", "42 running\n")
    kernel.run("run.pause()")
    cell.until(lambda: state_of(cell.displays[-1]) == "paused")
    kernel.run("run.resume()")
    cell.until(lambda: state_of(cell.displays[-1]) == "complete")
    assert done_of(cell.displays[-1]) == 40
    reports = [m for m in cell.of("display_data") if MIME_TYPE in m["content"]["data"]]  # beside the buttons
    assert len(reports) == 1, "drawn once, then updated in place"
    assert later.displays == [], "its output stays with the cell that began it"
    assert kernel.run("run.wait().state").text == "'complete'"


def test_a_run_in_the_background_that_fails_says_so_in_its_output(kernel: Any, server: DemoEndpoint) -> None:
    kernel.use(server)
    server.set_faults(["status,code=404"])
    cell = kernel.run(f"run = %qwq_eval math_500 --data {MATH} --fresh --background")
    cell.until(lambda: state_of(cell.displays[-1]) == "failed")
    assert "Ended before its time" in cell.plain
    assert "404" in cell.plain
    assert kernel.run("run.wait()").status == "error"


def test_without_a_live_front_end_there_is_one_display_and_it_is_the_same_every_time(
    kernel: Any, server: DemoEndpoint, tmp_path: Path
) -> None:
    kernel.run("import os; os.environ['QWQ_NB_LIVE'] = '0'")
    try:
        cells = [kernel.run(f"%qwq_eval math_500 aime24 --demo --limit 10 --out {tmp_path / n}") for n in "ab"]
    finally:
        kernel.run("del os.environ['QWQ_NB_LIVE']")
    for cell in cells:
        assert [m["msg_type"] for m in cell.of("display_data", "update_display_data", "execute_result", "stream")] == [
            "display_data"
        ]
        assert set(cell.displays[0]["content"]["data"]) == {MIME_TYPE, "text/html", "text/plain"}
    assert cells[0].plain == cells[1].plain
    assert "DEMO" in cells[0].plain
    assert "Level 1" in cells[0].plain


def test_a_question_is_streamed_into_one_display(kernel: Any, server: DemoEndpoint) -> None:
    kernel.use(server)
    server.configure(tokens_per_second=150)
    problem = json.loads(MATH.read_text().splitlines()[0])["problem"]
    cell = kernel.run(f"%%qwq\n{problem}")
    assert cell.status == "ok"
    kinds = [m["msg_type"] for m in cell.displays]
    assert kinds == ["display_data"] + ["update_display_data"] * (len(kinds) - 1)
    assert len(kinds) > 2
    assert "82" in cell.plain


def test_an_interrupted_question(kernel: Any, server: DemoEndpoint) -> None:
    kernel.use(server)
    server.configure(tokens_per_second=20)
    problem = json.loads(MATH.read_text().splitlines()[0])["problem"]
    cell = kernel.begin(f"%%qwq\n{problem}")
    cell.until(lambda: len(cell.displays) > 2)
    cell.interrupt()
    assert cell.idle_after_interrupt < 1.0
    assert cell.status == "error"
    assert kernel.run("1").status == "ok"


@pytest.mark.parametrize(
    "line", ["%qwq_eval math_50 --demo", "%qwq_eval math_500 --demo --levels 9", "%qwq_show nothing", "%%qwq\n "]
)
def test_a_failing_magic_makes_the_cell_fail(kernel: Any, line: str) -> None:
    cell = kernel.run(line)
    assert cell.status == "error"
    assert "UsageError" in cell.text
    assert "Traceback" not in cell.text


# -- keys ----------------------------------------------------------------------------------------------------------


def test_a_key_is_printed_stored_and_shown_nowhere(
    kernel: Any, canary: str, tmp_path: Path, demo_endpoint: Callable[..., DemoEndpoint]
) -> None:
    server = demo_endpoint(require_key_env="CANARY_KEY", env={"CANARY_KEY": canary})
    out = tmp_path / "runs"
    cells = [
        kernel.run("%xmode Verbose"),
        kernel.run(f"%qwq_endpoint {server.url} --model {server.model} --name locked --key-env CANARY_KEY {SHARED}"),
        kernel.run(f"run = %qwq_eval math_500 --data {MATH} --limit 5 --out {out}"),
        kernel.run("from qwq_nb import *; from qwq_nb.endpoint.registry import get_endpoint"),
        kernel.run("run, run.table(), run.samples(), run.sample(run.samples().id[0]), run.record(), run.manifest"),
        kernel.run("get_endpoint(), str(run.report()), list_runs(), resume_run(run)"),
        kernel.run("%qwq_endpoint"),
    ]
    assert {cell.status for cell in cells} == {"ok"}
    assert server.log()["last"][-1]["authorization"] == "present", "the key was used"
    for fault in ("key_echo", "mid_reset", "html_200", "status,code=403", "garbage_chunk"):
        server.set_faults([fault])
        failing = [
            kernel.run(f"%qwq_eval math_500 --data {MATH} --limit 5 --max-retries 0 --out {out} --fresh"),
            kernel.run(
                f"evaluate('math_500', data={str(MATH)!r}, limit=5, max_retries=0, out={str(out)!r}, fresh=True)"
            ),
            kernel.run("ask('Hello?', max_retries=0)"),
            kernel.run(
                f"await aevaluate('math_500', data={str(MATH)!r}, limit=5, out={str(out)!r}, fresh=True, max_retries=0)"
            ),
        ]
        assert failing[2].status == "error"
        cells += failing
    assert any("[key removed]" in cell.text for cell in cells)
    kernel.run("%xmode Context")
    for cell in cells:
        assert canary not in json.dumps([cell.messages, cell.reply], default=str), cell.code
    stored = [path for path in out.rglob("*") if path.is_file()]
    assert len(stored) > 10
    assert [path for path in stored if canary.encode() in path.read_bytes()] == []


# -- kill -9 -------------------------------------------------------------------------------------------------------


def test_kill_9_in_mid_run_and_the_same_line_again(start_kernel: Callable[..., Any], server: DemoEndpoint) -> None:
    server.configure(tokens_per_second=400)
    first = start_kernel()
    line = f"run = %qwq_eval math_500 --concurrency 6 --data {MATH} --seed 9"
    first.run("%load_ext qwq_nb")
    first.use(server)
    cell = first.begin(line)
    predictions = list_of_rows(first.folder)
    cell.until(lambda: len(predictions()) >= 8)
    server.configure(tokens_per_second=40)  # what comes next is under way for longer than it takes to be written down
    cell.until(lambda: list(first.folder.glob(f"qwq_runs/*/{STREAMS}")))
    family = psutil.Process(first.pid).children(recursive=True)
    assert any("qwq_nb.bench.worker" in " ".join(process.cmdline()) for process in family)
    first.kill()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert [process.cmdline() for process in alive] == []

    kept = set(predictions())
    (folder,) = {path.parent for path in first.folder.glob(f"qwq_runs/*/{STREAMS}")}
    partial = [r for r in load_run(folder).results() if r.flags == ["partial"]]
    assert 0 < len(partial) <= 6
    assert all(r.completion and len(r.completion.reasoning) > 20 for r in partial)
    assert 8 <= len(kept) < 40
    server.configure(tokens_per_second=0)
    second = start_kernel()
    second.run("%load_ext qwq_nb")
    second.use(server)
    before = request_counts(server)
    done = second.run(line)
    assert (done.status, state_of(done.displays[-1])) == ("ok", "complete")
    again = {key for key, count in request_counts(server).items() if count > before.get(key, 0)}
    assert again.isdisjoint(kept), "a finished sample was asked twice"
    assert again | kept == set(request_counts(server))
    assert len(request_counts(server)) == 40
    assert all(request_counts(server)[key] == 1 for key in kept)
    assert sorted(predictions()) == sorted(request_counts(server)), "each has one row"


def list_of_rows(folder: Path) -> Callable[[], list[str]]:
    """The problems (by the data set's own ids) whose predictions are on disk, in runs that begin from now on."""
    before = set(folder.glob("qwq_runs/*"))

    def rows() -> list[str]:
        found = []
        for file in folder.glob("qwq_runs/*/predictions/*/*.jsonl"):
            run = file.parents[2]
            if run not in before:
                samples = map(json.loads, (run / "qwq_samples.jsonl").read_text().splitlines())
                ids = {sample["id"]: sample["source_id"] for sample in samples}
                found += [ids[json.loads(line)["qwq"]["id"]] for line in file.read_text().split("\n")[:-1]]
        return found

    return rows
