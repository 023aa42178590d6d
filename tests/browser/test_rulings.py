"""Rulings by the buttons and keys of the view in a real JupyterLab: they reach the kernel, and the saved notebook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qwq_nb.core.run_record import MIME_TYPE
from tests.browser.lab import run_cell, wait_until_still, write_notebook
from tests.browser.test_controls import reopened, save

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
