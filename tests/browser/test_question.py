"""One question in a real JupyterLab: `%%qwq` while it thinks, when it is done, and when it is stopped by ■."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwq_nb.demo.process import DemoEndpoint
from tests.browser.lab import run_cell, write_notebook

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from qwq_nb.demo.process import DemoEndpoint
from tests.browser.lab import Lab

QUESTION = "%%qwq --demo\nIf $f(x)=3x^2-5x+4$, what is the value of $f(-2)$?"


def test_the_reasoning_is_folded_when_it_is_done(lab: Lab) -> None:
    file = write_notebook(lab, "question.ipynb", "%load_ext qwq_nb", QUESTION)
    with lab.page(file.name) as page:
        run_cell(page, 0)
        cell = run_cell(page, 1)
        cell.locator("details[open] > summary", has_text="Thinking for").wait_for(timeout=60_000)
        done = cell.locator("details:not([open]) > summary", has_text="236 tokens")
        done.wait_for(timeout=60_000)
        assert done.inner_text().startswith("Thought for ")
        cell.locator("mjx-container:visible").first.wait_for()
        done.click()
        cell.locator("details[open] mjx-container:visible").first.wait_for()


def test_a_stop_is_no_error(lab: Lab) -> None:
    with DemoEndpoint() as server:
        server.configure(tokens_per_second=20)
        url = f"%qwq_endpoint {server.url} --model {server.model}"
        question = QUESTION.replace(" --demo", "")
        file = write_notebook(lab, "stopped-question.ipynb", f"%load_ext qwq_nb\n{url}", question)
        with lab.page(file.name) as page:
            run_cell(page, 0)
            cell = run_cell(page, 1)
            cell.locator("summary", has_text="Thinking for 2 s").wait_for(timeout=60_000)
            page.keyboard.press("Escape")
            page.keyboard.press("i")
            page.keyboard.press("i")
            cell.get_by_text("Stopped after").wait_for(timeout=15_000)
            cell.locator("details:not([open]) > summary", has_text="Thought for").wait_for()
            assert cell.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0, "no red box"
