"""Buttons and form in a real JupyterLab, worked by mouse and keyboard; and what a saved notebook keeps of them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from qwq_nb.core.run_record import MIME_TYPE
from tests.browser.lab import run_cell, wait_until_still, write_notebook

if TYPE_CHECKING:
    from tests.browser.lab import Lab

WIDGET = "application/vnd.jupyter.widget-view+json"
STOP = ".qwq-controls:visible button[title^='End the run now']"
CUT = """() => {
    const ink = document.createElement('canvas').getContext('2d');
    const isCut = field => {
        const style = getComputedStyle(field);
        ink.font = style.font;
        const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        return ink.measureText(field.placeholder).width > room;
    };
    const fields = [...document.querySelectorAll('.jp-OutputArea input[placeholder]')];
    if (fields.length < 8) throw new Error(`only ${fields.length} fields`);
    return fields.filter(field => field.clientWidth > 0).filter(isCut).map(field => field.placeholder);
}"""
ANEW = """async (path) => {
    const {shell, commands} = window.jupyterapp;
    for (const widget of [...shell.widgets('main')]) widget.dispose();
    await commands.execute('docmanager:open', {path, factory: 'Notebook'});
}"""
STATE = "(word) => document.querySelector('.qwq-state')?.textContent === word"


def outputs(file: Path) -> list[dict[str, Any]]:
    notebook = json.loads(file.read_text(encoding="utf-8"))
    return [output for cell in notebook["cells"] for output in cell["outputs"] if "data" in output]


def save(page: Any, file: Path) -> list[dict[str, Any]]:
    """Save by the keyboard; gives the saved outputs."""
    before = file.stat().st_mtime_ns
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    deadline = time.monotonic() + 20
    # Lab writes in place: for a moment the file is new and not whole.
    while file.stat().st_mtime_ns == before or not is_whole(file):
        assert time.monotonic() < deadline, "the notebook was not saved"
        page.wait_for_timeout(100)
    return outputs(file)


def is_whole(file: Path) -> bool:
    """Whether the file holds a JSON text to its end."""
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def reopened(lab: Lab, file: Path) -> str:
    """What a reader sees who opens the saved notebook, trusted, with no kernel."""
    notebook = nbformat.read(file, as_version=4)
    notebook.metadata.clear()
    name = f"reopened-{file.name}"
    nbformat.write(notebook, lab.root / name)
    lab.trust(name)
    with lab.page(name) as page:
        page.locator(".jp-OutputArea-output table").locator("visible=true").first.wait_for()
        wait_until_still(page)
        return str(page.locator(".jp-NotebookPanel").inner_text())


@pytest.mark.long
def test_stop_by_mouse_while_a_later_cell_runs(lab: Lab) -> None:
    line = "run = %qwq_eval math_500 --demo --concurrency 2 --background"
    file = write_notebook(lab, "controls.ipynb", "%load_ext qwq_nb", line, "import time; time.sleep(20)")
    with lab.page(file.name) as page:
        run_cell(page, 0)
        cell = run_cell(page, 1)
        page.wait_for_selector(f"{STOP}:not([disabled])", timeout=60_000)
        page.get_by_role("button", name="Pause", disabled=False).click(timeout=90_000)
        page.wait_for_function(STATE, arg="paused")
        # How long a pause lasts is not known.
        assert "left" not in cell.locator(".qwq-progress").inner_text()
        page.get_by_role("button", name="Resume", disabled=False).click()
        page.wait_for_function(STATE, arg="running")
        assert cell.get_by_role("button", name="Stop").count() == 1, "the widgets are for other front ends"
        later = run_cell(page, 2)
        later.get_by_text("[*]").wait_for()
        page.locator(STOP).click()
        page.wait_for_selector(STOP, state="detached", timeout=10_000)
        assert later.get_by_text("[*]").count() == 1, "stopped while the later cell ran"
        page.wait_for_function(STATE, arg="stopped")
        assert "run = %qwq_resume math_500-" in cell.locator(".qwq-ended").inner_text()
        assert cell.locator(".jp-OutputArea-child").count() == 1, "an output without the controls"
        saved = save(page, file)
    assert [WIDGET in output["data"] for output in saved] == [False, False]
    assert [MIME_TYPE in output["data"] for output in saved] == [False, True]
    seen = reopened(lab, file)
    assert "widget" not in seen.lower()
    assert "stopped" in seen


def test_the_form_writes_a_line_and_runs_it(lab: Lab) -> None:
    file = write_notebook(lab, "panel.ipynb", "%load_ext qwq_nb\n%qwq_panel math_500 --demo", "6 * 7")
    with lab.page(file.name) as page:
        cell = run_cell(page, 0)
        in_form = cell.locator(".widget-html pre")
        in_form.get_by_text("%qwq_eval math_500 --background --demo").wait_for(timeout=60_000)
        page.get_by_label("Limit").fill("10")
        page.get_by_label("Levels").fill("1-2")
        page.get_by_label("Temperature").fill("warm")
        cell.get_by_text("--temperature takes a number, not 'warm'.").wait_for()
        assert page.get_by_role("button", name="Run", exact=True).is_disabled()
        page.get_by_label("Temperature").fill("0.7")
        line = "%qwq_eval math_500 --levels 1-2 --limit 10 --background --demo --temperature 0.7"
        in_form.get_by_text(line).wait_for()
        run_cell(page, 1).get_by_text("42").wait_for()
        page.get_by_role("button", name="Run", exact=True).click()
        cell.locator("table:visible").first.wait_for(timeout=60_000)
        page.wait_for_selector(STOP, state="detached", timeout=60_000)
        page.wait_for_function(STATE, arg="complete", timeout=90_000)
        assert page.get_by_label("Limit").input_value() == "10", "the form stands, as it was"
        assert page.get_by_role("button", name="Run", exact=True).is_enabled()
        written = cell.locator(".qwq-written:visible")
        form, run = cell.locator(".widget-vbox").first, cell.locator(".qwq-header").first
        places = [place.bounding_box()["y"] for place in (form, written, run)]
        assert places == sorted(places), "the line and its run stand below the form"
        written.get_by_role("button", name="Insert as a cell").click()
        page.locator(".jp-Cell").nth(1).locator(".cm-content", has_text=line).wait_for()
        assert page.locator(".jp-Cell .jp-InputPrompt").nth(1).inner_text().strip() == "[ ]:", "not run"
        saved = save(page, file)
    form, above, controls, drawn, _ = saved
    assert WIDGET not in form["data"]
    assert "".join(above["data"]["text/plain"]) == line
    assert controls["data"] == {}
    assert drawn["data"][MIME_TYPE]["sampling"]["temperature"] == 0.7
    seen = reopened(lab, file)
    assert "widget" not in seen.lower()
    assert seen.count(line) == 2, "above its run, and in the cell that was inserted"


def test_a_form_that_is_saved_open_is_its_line_until_its_kernel_is_there(lab: Lab) -> None:
    file = write_notebook(lab, "open.ipynb", "%load_ext qwq_nb\n%qwq_panel math_500 --demo --limit 5")
    line = "%qwq_eval math_500 --limit 5 --background --demo"
    with lab.page(file.name) as page:
        cell = run_cell(page, 0)
        page.get_by_label("Limit").wait_for(timeout=60_000)
        assert not cell.locator(".qwq-written").is_visible(), "once only: in the form"
        assert page.evaluate(CUT) == [], "what an empty field means is not cut off"
        (form,) = save(page, file)
        assert WIDGET in form["data"], "for front ends without the extension"
        page.evaluate(ANEW, f"{lab.folder}/{file.name}".lstrip("/"))
        page.get_by_label("Limit").wait_for(timeout=60_000)
        assert page.get_by_label("Limit").input_value() == "5", "the kernel still has it"
        page.get_by_role("button", name="Close", exact=True).click()
        page.get_by_label("Limit").wait_for(state="detached")
        page.locator(".qwq-written:visible", has_text=line).wait_for()
    notebook = nbformat.read(file, as_version=4)
    notebook.metadata.clear()
    table = nbformat.v4.new_output("display_data", data={"text/html": "<table><tr><td>1</td></tr></table>"})
    notebook.cells.append(nbformat.v4.new_code_cell("y", outputs=[table]))
    nbformat.write(notebook, lab.root / file.name)
    seen = reopened(lab, file)
    assert "widget" not in seen.lower()
    assert line in seen


def test_the_detector_detects(lab: Lab) -> None:
    """A widget that was left behind is seen as such: without this, `reopened` could miss it."""
    data = {WIDGET: {"version_major": 2, "version_minor": 0, "model_id": "0" * 32}, "text/plain": "gone"}
    cell = nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", data=data)])
    table = nbformat.v4.new_output("display_data", data={"text/html": "<table><tr><td>1</td></tr></table>"})
    nbformat.write(
        nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_code_cell("y", outputs=[table])]), lab.root / "left.ipynb"
    )
    # "Loading widget...", for ever; where there is a kernel, "Error displaying widget: model not found".
    assert "widget" in reopened(lab, lab.root / "left.ipynb").lower()
