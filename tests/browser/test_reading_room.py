"""Reading a sample in a real JupyterLab: side by side, in a tab, at a link, of a height that stays, and copied."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import qwq_nb
from qwq_nb.core.drawn_parts import Chosen
from qwq_nb.core.run_record import MIME_TYPE, Clip
from tests.browser.lab import run_cell, wait_until_still, write_notebook
from tests.browser.renderer import DETAIL, LINE, LIST, REASONING, SEARCH, VIEW, focus, needs_extension, save, saved
from tests.support.run_records import record, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

TAB = ".qwq-Document"
LONG = "\n\n".join(f"Alternatively, I look at it once more from side {i}, with all care." for i in range(300))

# The boxes around the reasoning that can scroll, from the inside out; the notebook or tab is the last.
SCROLLERS = """(node) => {
    const found = [];
    for (let box = node; box !== null; box = box.parentElement) {
        const {overflowY} = getComputedStyle(box);
        if (['auto', 'scroll'].includes(overflowY) && box.scrollHeight > box.clientHeight + 1) {
            found.push(box.className.split(' ')[0]);
        }
    }
    return found;
}"""
LEFTS = """() => ['.qwq-question', '.qwq-column-answer', '.qwq-column-reasoning'].map((part) => {
    const {left, top, height} = document.querySelector('.qwq-detail ' + part).getBoundingClientRect();
    return {left, top, height};
})"""
HAS_COLUMNS = """(columns) =>
    getComputedStyle(document.querySelector('.qwq-attempts')).getPropertyValue('--qwq-columns') === columns"""
FITS = "(strip) => strip.childElementCount === 300 && strip.scrollWidth <= strip.parentElement.clientWidth"
IN_SIGHT = """() => {
    const list = document.querySelector('.qwq-list').getBoundingClientRect();
    const line = document.querySelector('.qwq-line[aria-selected=true]').getBoundingClientRect();
    return line.top >= list.top && line.bottom <= list.bottom;
}"""


def long_run(**changes: Any) -> dict[str, Any]:
    samples = [view(i, text=LONG, answer=Clip(text=LONG), source_id=f"2024-I-{i}") for i in range(60)]
    return {MIME_TYPE: msgspec.to_builtins(record(samples, run_id="long", **changes))}


def test_side_by_side_where_it_is_wide(lab: Lab) -> None:
    """Three columns, two or none, as the pane is wide; nothing scrolls within what scrolls within the page."""
    save(lab, "wide.ipynb", long_run())
    for width, columns in ((1900, 3), (1500, 2), (1000, 1)):
        with lab.page("wide.ipynb", width=width) as page:
            page.wait_for_selector(LINE)
            page.wait_for_function(HAS_COLUMNS, arg=str(columns))
            wait_until_still(page)
            places = page.evaluate(LEFTS)
            assert len({round(place["left"] / 50) for place in places}) == columns
            assert page.locator(REASONING).evaluate("(fold) => fold.open") is (columns > 1)
            if columns == 1:
                page.locator(f"{REASONING} > summary").click()
            page.wait_for_selector(f"{REASONING} .qwq-block")
            assert len(page.locator(f"{REASONING} .qwq-block").first.evaluate(SCROLLERS)) <= 2
            # Whatever the width, the strip of all thoughts has room.
            assert page.locator(f"{REASONING} .qwq-strip").evaluate(FITS)
            # What the sample is stays in sight, whatever is scrolled.
            page.focus(LIST)
            page.keyboard.press("Enter")
            assert ("qwq-column-reasoning" if columns > 1 else "qwq-detail") in focus(page)
            page.keyboard.press("End")
            page.wait_for_function("document.activeElement.scrollTop > 1000")
            head = page.locator(f"{DETAIL} .qwq-detail-head")
            assert head.inner_text().split("\n")[:4] == ["✗ wrong", "math_500/level-1/35", "2024-I-35", "0.5 ≠ ½"]
            box, pane = head.bounding_box(), page.locator(DETAIL).bounding_box()
            assert abs(box["y"] - pane["y"]) < 2
            page.keyboard.press("Escape")
            assert "qwq-list" in focus(page)


def test_an_answer_that_was_cut_is_read_by_its_reasoning(lab: Lab) -> None:
    cut = view(0, text=LONG, outcome="truncated", answer=None, answer_tokens=0)
    save(lab, "cut.ipynb", saved(record([cut, view(3, text=LONG)])))
    with lab.page("cut.ipynb", width=1000) as page:
        page.get_by_role("option").filter(has_text="level-1/0").click()
        page.wait_for_selector(f"{REASONING}[open] .qwq-block")
        page.get_by_role("option").filter(has_text="level-4/3").click()
        page.wait_for_selector(f"{REASONING}:not([open])")


@pytest.mark.long
def test_the_height_and_the_place_are_kept(lab: Lab) -> None:
    """By mouse and by keys; the sample and the filters too, when the notebook is opened again."""
    save(lab, "kept.ipynb", long_run())
    grip = page_height = None
    with lab.page("kept.ipynb", fresh=True) as page:
        page.wait_for_selector(LINE)
        grip = page.get_by_role("separator", name="Height of the list and the sample")
        page_height = page.locator(f"{VIEW} .qwq-panes").bounding_box()["height"]
        grip.focus()
        page.keyboard.press("ArrowDown")
        assert int(grip.get_attribute("aria-valuenow")) == round(page_height) + 24
        grip.scroll_into_view_if_needed()
        box = grip.bounding_box()
        page.mouse.move(box["x"] + 40, box["y"] + 4)
        page.mouse.down()
        page.mouse.move(box["x"] + 40, box["y"] - 96)
        page.mouse.up()
        height = page.locator(f"{VIEW} .qwq-panes").bounding_box()["height"]
        assert abs(height - (page_height + 24 - 100)) <= 2
        page.get_by_role("button", name="wrong 8").click()
        page.fill(SEARCH, "side 19")
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '8 of 60 samples'")
        page.locator(LINE).nth(4).click()
        chosen = page.locator(f"{DETAIL} .qwq-id").inner_text()
        # The document is closed and opened again, as after a restart.
        page.evaluate("window.jupyterapp.shell.currentWidget.dispose()")
        page.wait_for_selector(VIEW, state="detached")
        path = f"{lab.folder}/kept.ipynb"
        page.evaluate("(path) => void window.jupyterapp.commands.execute('docmanager:open', {path})", path)
        page.wait_for_selector(".jp-Dialog")  # which kernel? None.
        page.keyboard.press("Escape")
        page.wait_for_selector(LINE)
        assert page.locator(f"{DETAIL} .qwq-id").inner_text() == chosen
        assert page.input_value(SEARCH) == "side 19"
        assert page.locator(f"{VIEW} .qwq-status").inner_text() == "8 of 60 samples"
        assert page.locator(f"{VIEW} .qwq-panes").bounding_box()["height"] == height
        page.get_by_role("separator").dblclick()
        assert page.locator(f"{VIEW} .qwq-panes").bounding_box()["height"] == page_height


def test_a_link_opens_the_run_at_the_sample(lab: Lab) -> None:
    """In sight in the list, whatever was filtered before; and before the table."""
    save(lab, "plain.ipynb", long_run())
    save(lab, "linked.ipynb", long_run(chosen=Chosen(id="math_500/level-5/44", repeat=0)))
    with lab.page("plain.ipynb") as page:
        page.wait_for_selector(LINE)
        page.get_by_role("button", name="wrong 8").click()
        page.evaluate("window.jupyterapp.shell.currentWidget.dispose()")
        path = f"{lab.folder}/linked.ipynb"
        page.evaluate("(path) => void window.jupyterapp.commands.execute('docmanager:open', {path})", path)
        page.wait_for_selector(f"{DETAIL} .qwq-id:text('math_500/level-5/44')")
        page.wait_for_function(IN_SIGHT)
        assert page.locator(f"{VIEW} .qwq-status").inner_text() == "60 samples"
        tops = page.evaluate(
            "['.qwq-browser', '.qwq-table'].map((part) => document.querySelector(part).getBoundingClientRect().top)"
        )
        assert tops[0] < tops[1]


@pytest.fixture(scope="module")
def run(lab: Lab) -> qwq_nb.Run:
    return qwq_nb.evaluate("math_500", demo=True, show=False, limit=10, out=lab.root / "qwq_runs")


def test_from_the_cell_to_the_tab_and_back(lab: Lab, run: qwq_nb.Run) -> None:
    """One click opens the tab at the sample; what is copied there is a line that shows it in a cell."""
    write_notebook(lab, "tab.ipynb", "%load_ext qwq_nb", f"%qwq_show {run.name}", "")
    with lab.page("tab.ipynb") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        run_cell(page, 0)
        run_cell(page, 1)
        page.wait_for_selector(LINE)
        page.locator(LINE).nth(4).click()
        chosen = page.locator(f"{DETAIL} .qwq-id").inner_text()
        page.get_by_role("button", name="Open in a tab").click()
        page.wait_for_selector(f"{TAB} .qwq-id:text('{chosen}')")
        in_tab = page.locator(f"{TAB} .qwq-browser").bounding_box()
        assert abs(in_tab["y"] - page.locator(TAB).bounding_box()["y"]) < 30

        def copied(form: str) -> str:
            page.locator(f"{TAB} .qwq-menu > summary").click()
            page.locator(TAB).get_by_role("button", name=form).click()
            page.wait_for_selector(f"{TAB} .qwq-copied:text-is('Copied')")
            return str(page.evaluate("navigator.clipboard.readText()"))

        curl = copied("Copy as curl")
        assert curl.startswith("curl 'http://127.0.0.1:")
        assert "Bearer" not in curl, "the demo takes no key"
        body = json.loads(shlex.split(curl)[-1])
        assert body["messages"] == [{"role": "user", "content": run.sample(chosen).messages[0]["content"]}]
        assert f"#### Reasoning\n\n```text\n{run.sample(chosen).reasoning[:60]}" in copied("Copy as Markdown")
        line = copied("Copy the line that shows it")
        assert line == f"%qwq_show {run.name} --sample {chosen}"
        page.locator(".lm-TabBar-tab:has-text('tab.ipynb')").click()
        page.locator(".jp-CodeCell .cm-content").nth(2).click()
        page.keyboard.insert_text(line)
        cell = run_cell(page, 2)
        cell.locator(f".qwq-id:text('{chosen}')").wait_for()
        cell.locator(".qwq-line[aria-selected=true]").wait_for()
