"""Rulings by the buttons and keys of the view in a real JupyterLab: they reach the kernel, and the saved notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qwq_nb.analysis.compare.view_record import COMPARE_MIME
from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.run.check_view import CHECK_MIME
from tests.browser.lab import run_cell, wait_until_still, write_notebook
from tests.browser.test_controls import reopened, save
from tests.support.saved_runs import saved_run

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = pytest.mark.long

ASK = """%load_ext qwq_nb
run = evaluate("my_prompts", data=["Say hello.", "Say goodbye."], demo=True)"""
DONE = "() => document.querySelector('.qwq-RunView')?.textContent.includes('2 of 2')"
SAVED = "() => document.querySelector('.qwq-ruling-status')?.textContent.startsWith('Ruled')"


def test_buttons_and_keys_rule_and_a_saved_notebook_has_none(lab: Lab) -> None:
    file = write_notebook(lab, "rulings.ipynb", f"from qwq_nb import evaluate\n{ASK}", "print([*run.rulings().ruling])")
    with lab.page("rulings.ipynb") as page:
        view = run_cell(page, 0).locator(".qwq-RunView")
        page.wait_for_function(DONE, timeout=60_000)
        wait_until_still(page)
        view.locator(".qwq-list").focus()
        view.locator(".qwq-ruling-buttons").wait_for()
        # The note first, then the key.
        page.keyboard.press("m")
        page.keyboard.type("polite")
        page.keyboard.press("Escape")
        page.keyboard.press("y")
        page.wait_for_function(SAVED)
        page.keyboard.press("j")
        view.get_by_role("button", name="Not right").click()
        page.wait_for_function("() => document.querySelectorAll('[data-outcome=wrong].qwq-line').length === 1")
        said = run_cell(page, 1).locator(".jp-OutputArea-output")
        assert said.inner_text().strip() == "['correct', 'not correct']"
        wait_until_still(page)
        record = next(o["data"][MIME_TYPE] for o in save(page, file) if MIME_TYPE in o["data"])
    ruled = {row["outcome"]: row["ruling"].get("note", "") for row in record["samples"]}
    assert ruled == {"correct": "polite", "wrong": ""}
    text = reopened(lab, file)
    assert "Not right" not in text
    assert "polite" in json.dumps(record)


RULED = "() => document.querySelector('{view} .qwq-ruling-status')?.textContent.startsWith('{said}')"

SAID = "[...document.querySelectorAll('.qwq-ruling-status')].some((node) => node.textContent.startsWith('{said}'))"


def test_rulings_in_a_list_to_check_a_comparison_and_a_run_are_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buttons and keys of each view rule; undo works after the reader has been elsewhere; all outputs are saved so."""
    monkeypatch.chdir(lab.root)
    for name, outcomes in (("one", "cwcw"), ("two", "wwcc")):
        if not (lab.root / "qwq_runs" / name).exists():
            saved_run(lab.root / "qwq_runs", name, outcomes, texts={"flags": ["check_by_hand"]})
    file = write_notebook(
        lab,
        "ruled.ipynb",
        "%load_ext qwq_nb\n%qwq_check two",
        "from qwq_nb import load_run\nrun = load_run('qwq_runs/two')\nrun",
        "%qwq_compare one two",
        "print([*zip(run.rulings().id, run.rulings().ruling, run.rulings().note)])",
    )
    with lab.page("ruled.ipynb", width=1600, height=1000) as page:
        check = run_cell(page, 0).locator(".qwq-CheckView")
        check.locator(".qwq-ruling-buttons").wait_for(timeout=60_000)
        run = run_cell(page, 1).locator(".qwq-RunView:not(.qwq-CheckView, .qwq-CompareView)")
        run.locator(".qwq-ruling-buttons").wait_for(timeout=60_000)
        compared = run_cell(page, 2).locator(".qwq-CompareView")
        compared.locator(".qwq-ruling-buttons").first.wait_for(timeout=60_000)
        # By a key in the list to check, with a note before it.
        check.locator(".qwq-list").focus()
        for key in ("m", "misread", "Escape", "y"):
            page.keyboard.type(key) if key == "misread" else page.keyboard.press(key)
        page.wait_for_function(RULED.format(view=".qwq-CheckView", said="Ruled right, with the note"))
        assert "1 without a ruling" in check.locator(".qwq-check-title").inner_text()
        # The comparison and the run show it too, without a line typed.
        page.wait_for_function("document.querySelector('.qwq-CompareView .qwq-list').textContent.includes('misread')")
        run.locator(".qwq-line", has_text="misread").wait_for()
        # By the marks in a line of the run's list; then undone by a key after going elsewhere and back.
        line = run.locator(".qwq-line:has(.qwq-line-id:text-is('3'))")
        line.hover()
        line.locator(".qwq-rule-mark >> nth=1").click()
        page.wait_for_function(SAID.format(said="Ruled not right"))
        run.locator(".qwq-list").focus()
        page.keyboard.press("k")
        page.keyboard.press("j")
        page.keyboard.press("u")
        page.wait_for_function(SAID.format(said="Undone"))
        # By a button on the second side of a pair.
        pair = compared.locator(".qwq-pair").last
        pair.click()
        compared.locator(".qwq-beside >> nth=1").get_by_role("button", name="Not right").click()
        page.wait_for_function(RULED.format(view=".qwq-CompareView .qwq-beside:last-child", said="Ruled not right"))
        said = run_cell(page, 3).locator(".jp-OutputArea-output").inner_text()
        assert said.count("'correct'") == 1
        assert said.count("'not correct'") == 1
        assert "misread" in said
        wait_until_still(page)
        page.wait_for_timeout(1_500)  # the last drawing of three outputs
        outputs = save(page, file)
    records = [
        next(o["data"][CHECK_MIME]["record"] for o in outputs if CHECK_MIME in o["data"]),
        next(o["data"][MIME_TYPE] for o in outputs if MIME_TYPE in o["data"]),
        next(o["data"][COMPARE_MIME]["runs"][1]["record"] for o in outputs if COMPARE_MIME in o["data"]),
    ]
    ruled = [[row["ruling"]["correct"] for row in record["samples"] if row.get("ruling")] for record in records]
    assert ruled == [[True], [True, False], [True, False]]
