"""The JupyterLab renderer while a run goes on: updates from a kernel."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from qwq_nb.core.run_record import Progress, RunRecord, SampleView
from qwq_nb.run.bundle import bundle
from tests.browser.lab import wait_until_still
from tests.browser.renderer import DETAIL, LIST, REASONING, SEARCH, VIEW, focus, needs_extension
from tests.support.run_records import flight, record, view

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension


@pytest.fixture
def updates(lab: Lab) -> Iterator[Any]:
    """A notebook whose cell draws one record after the other, each when it is told to."""
    page_context: list[Any] = []

    def begin(name: str, *records: RunRecord) -> tuple[Any, Any]:
        datas = [bundle(each, live=each.partial) for each in records]
        (lab.root / f"{name}.json").write_text(json.dumps(datas), encoding="utf-8")
        code = (
            "import json, pathlib, time\n"
            "from IPython.display import display\n"
            f"datas = json.loads(pathlib.Path('{name}.json').read_text())\n"
            "handle = display(datas[0], raw=True, display_id=True)\n"
            "for number, data in enumerate(datas[1:], 1):\n"
            f"    while not pathlib.Path(f'{name}-{{number}}').exists():\n"
            "        time.sleep(0.05)\n"
            "    handle.update(data, raw=True)\n"
        )
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, lab.root / f"{name}.ipynb")
        context = lab.page(f"{name}.ipynb")
        page = context.__enter__()
        page_context.append(context)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
        for _ in range(5):  # a kernel that is just starting may miss the first call
            page.locator(".jp-Cell .cm-content").first.click()
            page.keyboard.press("Control+Enter")
            with contextlib.suppress(playwright.TimeoutError):
                page.wait_for_selector(VIEW, timeout=8_000)
                break
        return page, lambda number: (lab.root / f"{name}-{number}").write_text("")

    yield begin
    for context in page_context:
        context.__exit__(None, None, None)


def test_updates_leave_the_reader_in_peace(updates: Any) -> None:
    """Scroll, focus, open folds and half-typed text stay through an update; a stream grows; its end is shown."""
    long = "\n\n".join(f"Thought number {i}, which is long enough to fill a line or two of it." for i in range(200))
    samples = [view(i, text=long) for i in range(80)]

    def live(samples: list[SampleView], *tails: tuple[str, int], done: int = 80) -> RunRecord:
        flights = [flight(900 + i, reasoning_tail=tail, reasoning_at=at) for i, (tail, at) in enumerate(tails)]
        progress = Progress(total=200, done=done, in_flight=len(flights), tokens_per_s=100.0, eta_s=60.0)
        return record(samples, state="running", partial=True, in_flight=flights, progress=progress)

    page, go = updates(
        "updates",
        live(samples[:20], ("Let me begin.", 0)),
        live(samples[20:60], (" Wait, no.", 13), done=81),
        live(samples[60:], (" The end", 100), done=82),
        live([view(900, id="math_500/level-1/900", subset="Level 1", text="It is done.")], done=83),
    )
    # The running one is shown at first, and its reasoning grows while it is watched.
    page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('Let me begin.')")
    go(1)
    page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('Wait, no.')")
    assert "81 of 200 done" in page.locator(f"{VIEW} .qwq-progress").first.inner_text()
    # Now another sample is read, deep in its reasoning, with a search half typed.
    page.get_by_role("option").filter(has_text="level-4/3").first.click()
    page.locator(f"{REASONING} > summary").click()
    page.wait_for_selector(f"{REASONING} .qwq-block")
    page.evaluate("document.querySelector('.qwq-panes').scrollIntoView({block: 'end'})")
    page.evaluate("document.querySelector('.qwq-detail').scrollTop = 1500")
    page.evaluate("document.querySelector('.qwq-list').scrollTop = 396")
    wait_until_still(page)
    page.focus(SEARCH)
    page.evaluate("window.before = ['.qwq-RunView', '.qwq-detail details'].map((s) => document.querySelector(s))")
    at_top = """([pane, below]) => {
        const box = document.querySelector(pane).getBoundingClientRect();
        const found = document.elementFromPoint(box.x + 60, box.y + below);
        const item = found.closest('.qwq-line, .qwq-block, .qwq-thought');
        return [item.textContent.slice(0, 200), Math.round(item.getBoundingClientRect().y - box.y)];
    }"""
    places = [[LIST, 60], [DETAIL, 120]]
    reading = [page.evaluate(at_top, place) for place in places]
    # Half typed: what is searched for would lead to its first match, a moment later.
    page.locator(SEARCH).evaluate("(box) => { box.value = 'Thou'; }")
    go(2)
    page.wait_for_function("document.querySelector('.qwq-progress').innerText.includes('82 of 200')")
    assert page.input_value(SEARCH) == "Thou"
    assert "qwq-search" in focus(page)
    assert page.evaluate("window.before[0].isConnected && window.before[1].isConnected")
    assert page.locator(REASONING).evaluate("(fold) => fold.open")
    assert [page.evaluate(at_top, place) for place in places] == reading
    # The stream whose middle was not seen says so.
    page.fill(SEARCH, "")
    page.keyboard.press("Escape")
    page.locator(f"{VIEW} .qwq-stream").first.click()
    page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('77 characters not seen')")
    go(3)
    page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('It is done.')")
    assert "running" not in page.locator(f"{DETAIL} .qwq-outcome").inner_text()


def test_the_sample_that_is_watched_stays_until_its_verdict(updates: Any) -> None:
    """Its stream ends before it is graded: it is not taken away meanwhile; then its verdict and line are in sight."""
    done = [view(i) for i in range(60)]

    def live(samples: list[SampleView], *streams: int, graded: int = 0) -> RunRecord:
        flights = [flight(i, tokens=400 + i, reasoning_tail=f"Stream {i} goes on.") for i in streams]
        progress = Progress(total=200, done=60, in_flight=len(flights), grading=graded, tokens_per_s=100.0)
        return record(samples, state="running", partial=True, in_flight=flights, progress=progress)

    def row(i: int, outcome: str) -> SampleView:
        fields = {"id": f"math_500/level-1/{i}", "subset": "Level 1", "outcome": outcome}
        return view(i, **(fields if outcome != "pending" else fields | {"reasoning": None, "answer": None, "why": ""}))

    page, go = updates(
        "watched",
        live([*done, row(900, "pending"), row(901, "pending")], 900, 901, 902),
        live([], 900, 902, graded=1),
        live([row(901, "correct")], 900, 902),
    )
    page.wait_for_selector(".qwq-stream")
    assert page.locator(".qwq-streams-head").inner_text() == "3 in flight: 3 reasoning"
    assert page.locator(".qwq-list [data-outcome=running]").count() == 0, "the list is for results"
    page.locator(".qwq-stream").first.click()
    page.keyboard.press("ArrowDown")
    chosen = page.locator(".qwq-stream[aria-selected=true]")
    assert chosen.locator(".qwq-stream-id").inner_text() == "level-1/901"
    # What is asked stands above what is being thought.
    text = page.locator(DETAIL).inner_text()
    assert 0 <= text.index("What is") < text.index("Stream 901 goes on.")
    go(1)
    page.wait_for_function("document.querySelector('.qwq-streams-head').textContent.includes('being graded')")
    assert page.locator(".qwq-streams-head").inner_text() == "2 in flight: 2 reasoning, 1 being graded"
    said = [chosen.locator(f".qwq-stream-{part}").inner_text() for part in ("id", "said")]
    assert said == ["level-1/901", "being graded"]
    assert "Stream 901 goes on." in page.locator(DETAIL).inner_text()
    go(2)
    selected = page.locator(f"{LIST} [aria-selected=true]")
    selected.wait_for()
    assert "level-1/901" in selected.inner_text()
    assert "correct" in page.locator(f"{DETAIL} .qwq-detail-head").inner_text()
    assert page.locator(".qwq-stream").count() == 2
    wait_until_still(page)
    inside = """(list) => {
        const [line, box] = [list.querySelector('[aria-selected=true]'), list].map((n) => n.getBoundingClientRect());
        return line.top >= box.top - 1 && line.bottom <= box.bottom + 1;
    }"""
    assert page.locator(LIST).evaluate(inside), "sixty lines; its own is in sight"
