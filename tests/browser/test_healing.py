"""Outputs that were saved while their run went on, in a real JupyterLab: the run's folder says what became of them."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec
import nbformat
import pytest

from qwq_nb.core.run_record import MIME_TYPE, Progress, RunRecord
from qwq_nb.demo import PROBLEMS
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.run.bundle import bundle
from qwq_nb.run.saved_output import if_interrupted
from tests.browser.lab import run_cell, wait_until_still, write_notebook
from tests.browser.renderer import VIEW, needs_extension, outside
from tests.browser.test_controls import save
from tests.support.run_records import flight, record, view

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.lab import Lab

pytestmark = needs_extension

HOSTILE = (
    "<h3>complete</h3><script>window.__xss=1</script><img src=x onerror='window.__xss=2'>"
    "<img src='https://evil.invalid/a.png'><a href='javascript:window.__xss=3'>x</a>"
    "<p style='background:url(https://evil.invalid/b.png)' id='main' class='jp-Dialog'>y</p>"
    "<iframe src='https://evil.invalid/'></iframe><form action='https://evil.invalid/'><button>z</button></form>"
)

STATE = f"{VIEW} .qwq-state"
STATES = "(words) => [...document.querySelectorAll('.qwq-state')].map((s) => s.textContent).join() === words.join()"
STRIP = ".qwq-ended:not([hidden])"


def stood(done: int, state: str = "running", **changes: Any) -> RunRecord:
    """A run of 50 problems when so many of them were done."""
    going = state == "running"
    flights = [flight(900 + i, reasoning_tail="Let me see. ") for i in range(2)] if going else []
    progress = Progress(total=50, done=done, in_flight=len(flights), tokens_per_s=90.0, eta_s=200.0 if going else None)
    fields = {"state": state, "progress": progress, "in_flight": flights, **changes}
    return record([view(i) for i in range(done)], **fields)


def write(folder: Path, made: RunRecord, *, seconds_ago: float = 0, output: RunRecord | None = None) -> None:
    """Write what a run's folder holds of it for viewers."""
    folder.mkdir(parents=True, exist_ok=True)
    updated = datetime.fromtimestamp(datetime.now().timestamp() - seconds_ago, timezone.utc).isoformat()
    manifest = {
        "run_id": made.run_id,
        "name": made.name,
        "state": made.state,
        "done": made.progress.done,
        "total": made.progress.total,
        "updated": updated,
        "request": {"benchmarks": made.benchmarks, "endpoints": [{"model": made.model}]},
    }
    for name, content in {
        "qwq_record.json": msgspec.json.encode(made),
        "qwq_output.json": json.dumps(bundle(output or if_interrupted(made), live=False)).encode(),
        "qwq_run.json": json.dumps(manifest).encode(),
    }.items():
        part = folder / f"{name}.part"
        part.write_bytes(content)
        part.rename(folder / name)


class Going:
    """Write a run's folder every half second as its kernel would, until the block ends."""

    def __init__(self, folder: Path, made: RunRecord) -> None:
        self.made = made
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go)

    def __enter__(self) -> Going:
        write(self._folder, self.made)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _go(self) -> None:
        while not self._over.wait(0.5):
            write(self._folder, self.made)


@pytest.fixture
def quick(lab: Lab) -> Iterator[None]:
    """What follows the disk looks at it every second, in a window that is loaded anew."""
    stored = lab.settings / "qwq-nb" / "plugin.jupyterlab-settings"
    before = stored.read_text(encoding="utf-8") if stored.exists() else "{}"
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_text('{"refreshSeconds": 1}', encoding="utf-8")
    yield
    stored.write_text(before, encoding="utf-8")


def test_an_output_saved_in_mid_run_is_true_again(lab: Lab, quick: None) -> None:
    """A run that ended, one that was killed, one that goes on, one whose folder is not here, and a stranger's."""
    runs = lab.root / "qwq_runs"
    datas = []
    for name in ("ended", "killed", "going", "gone", "other", "hostile"):
        made = stood(3, run_id=name, name=name, run_dir=f"qwq_runs/{name}", partial=True)
        datas.append(bundle(made, live=True))
    cells = [
        nbformat.v4.new_code_cell(
            f"{name} = %qwq_eval math_500",
            outputs=[nbformat.v4.new_output("display_data", data=data)],
        )
        for name, data in zip("abcdef", datas, strict=True)
    ]
    file = lab.root / "healing.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
    lab.trust(file.name)
    complete = stood(50, "complete", run_id="ended", name="ended")
    write(runs / "ended", complete, seconds_ago=60, output=complete)
    killed = stood(13, run_id="killed", name="killed")
    write(runs / "killed", killed, seconds_ago=3600)
    # Its id is another run's; what it wants to have put into the notebook is a script.
    evil = stood(50, "complete", run_id="evil", name="evil")
    write(runs / "other", evil, output=evil)
    (runs / "other" / "qwq_output.json").write_text(
        json.dumps({MIME_TYPE: {}, "text/html": "<img src=x onerror='window.__xss=1'>", "text/plain": "!"})
    )
    # Here the id is right.
    complete = stood(50, "complete", run_id="hostile", name="hostile")
    write(runs / "hostile", complete, output=complete)
    output = runs / "hostile" / "qwq_output.json"
    output.write_text(json.dumps(json.loads(output.read_text()) | {"text/html": HOSTILE, "text/plain": "a\u202e\x1b["}))
    going = stood(20, run_id="going", name="going")
    with Going(runs / "going", going) as writer, lab.page(file.name, fresh=True, height=1000) as page:
        page.wait_for_function(
            STATES, arg=["complete", "interrupted", "running", "not known", "not known", "complete"], timeout=20_000
        )
        views = page.locator(VIEW)
        assert "50 of 50 done" in views.nth(0).inner_text()
        assert views.nth(0).locator(STRIP).count() == 0
        strip = views.nth(1).locator(STRIP)
        assert "Interrupted, 13 of 50" in strip.inner_text()
        assert strip.locator("code").inner_text() == "b = %qwq_resume killed"
        assert views.nth(1).locator(".qwq-list [data-outcome=running]").count() == 0
        assert "left" not in views.nth(1).locator(".qwq-progress").inner_text()
        page.wait_for_function("() => document.querySelectorAll('.qwq-progress')[2].textContent.includes('20 of 50')")
        writer.made = msgspec.structs.replace(going, progress=msgspec.structs.replace(going.progress, done=21))
        page.wait_for_function("() => document.querySelectorAll('.qwq-progress')[2].textContent.includes('21 of 50')")
        said = views.nth(3).locator(STRIP).inner_text()
        assert said.startswith("Saved while running on 2 Jan 2026, 03:14 UTC; not known what became of it")
        assert "qwq_runs/gone cannot be read" in said
        assert "it holds another run" in views.nth(4).locator(STRIP).inner_text()
        writer.made = stood(50, "complete", run_id="going", name="going")
        page.wait_for_function(
            STATES, arg=["complete", "interrupted", "complete", "not known", "not known", "complete"]
        )
        wait_until_still(page)
        # The file is right for readers without the extension, too.
        after = save(page, file)
        assert outside(lab, page) == []
        assert page.evaluate("window.__xss") is None
    records = [output["data"][MIME_TYPE] for output in after]
    assert [each["state"] for each in records] == ["complete", "stopped", "complete", "running", "running", "complete"]
    assert [len(each["samples"]) for each in records[:3]] == [50, 13, 50]
    assert [each["run_dir"] for each in records[:2]] == ["qwq_runs/ended", "qwq_runs/killed"]
    html, plain = ("".join(after[5]["data"][kind]) for kind in ("text/html", "text/plain"))
    assert "<h3>complete</h3>" in html
    for word in ("script", "onerror", "evil.invalid", "style", "id=", "class", "iframe", "form", "button"):
        assert word not in html
    assert ("\u202e" in plain, "\x1b" in plain) == (False, False)
    htmls = ["".join(output["data"]["text/html"]) for output in after]
    assert ("complete" in htmls[0], "interrupted" in htmls[1], "onerror" in htmls[4]) == (True, True, False)
    # With no folder in reach it still says when that was.
    assert "running on 2026-01-02 at 03:14 UTC" in htmls[3]


KERNEL_PID = """async () => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const asked = kernel.requestExecute({code: 'import os', user_expressions: {pid: 'os.getpid()'}});
    return Number((await asked.done).content.user_expressions.pid.data['text/plain']);
}"""


@pytest.mark.long
def test_a_killed_kernel_then_resume_and_a_closed_browser(lab: Lab) -> None:
    """The kernel is killed: the output says so, and Resume goes on; the browser is closed, and sees the end."""
    with DemoEndpoint() as server:
        server.configure(tokens_per_second=150)
        endpoint = f"%qwq_endpoint {server.url} --model {server.model}"
        line = f"mine = %qwq_eval math_500 --data {PROBLEMS['math_500']} --limit 20 --concurrency 3 --background"
        file = write_notebook(lab, "killed.ipynb", f"%load_ext qwq_nb\n{endpoint}", line)
        with lab.page(file.name, fresh=True) as page:
            run_cell(page, 0)
            run_cell(page, 1)
            page.wait_for_function(
                "() => /[6-9] of 20 done/.test(document.querySelector('.qwq-progress')?.textContent)", timeout=120_000
            )
            # Saved in mid-run, it holds all that is finished, and those in flight.
            data = next(output["data"] for output in save(page, file) if MIME_TYPE in output["data"])
            ended = [row for row in data[MIME_TYPE]["samples"] if row["outcome"] != "pending"]
            assert len(ended) >= data[MIME_TYPE]["progress"]["done"] >= 6
            os.kill(page.evaluate(KERNEL_PID), signal.SIGKILL)
            page.wait_for_selector(STRIP, timeout=60_000)
            assert page.locator(STATE).inner_text() == "interrupted"
            assert page.locator(".qwq-controls:visible").count() == 0
        with lab.page(file.name, fresh=True) as page:
            page.wait_for_function(STATES, arg=["interrupted"], timeout=30_000)
            page.wait_for_function(
                "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
                timeout=60_000,
            )
            server.configure(tokens_per_second=20)
            page.get_by_role("button", name="Resume").click()
            page.locator(".jp-CodeCell").nth(2).locator(VIEW).wait_for(timeout=60_000)
            source = page.locator(".jp-CodeCell").nth(2).locator(".cm-content").inner_text()
            assert source.splitlines()[:2] == ["%load_ext qwq_nb", endpoint]
            assert source.splitlines()[2].startswith("mine = %qwq_resume math_500-")
            page.wait_for_selector(STRIP, state="detached", timeout=30_000)
            assert set(page.locator(STATE).all_inner_texts()) == {"running"}
            save(page, file)
        server.configure(tokens_per_second=0)
        with lab.page(file.name, fresh=True) as page:
            page.wait_for_function(STATES, arg=["complete", "complete"], timeout=120_000)
            assert all("20 of 20 done" in text for text in page.locator(".qwq-progress").all_inner_texts())
            wait_until_still(page)
            finished = [output["data"] for output in save(page, file) if MIME_TYPE in output["data"]]
    assert [data[MIME_TYPE]["state"] for data in finished] == ["complete", "complete"]
    assert all("complete" in "".join(data["text/html"]) for data in finished)
