"""The list of a run with repeats in a real JupyterLab: a line a problem, a mark an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.lab import wait_until_still
from tests.browser.renderer import DETAIL, LINE, LIST, VIEW, needs_extension, save, saved
from tests.support.made_runs import made_run, results_of
from tests.support.run_records import record, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

ANSWERS = ["cccc", "wcwt", "wwww", "ccwe"]
STATUS = f"{VIEW} .qwq-status"
OUTCOME = f"{DETAIL} .qwq-outcome"


def lines(page: Any) -> list[list[str]]:
    return [line.split("\n") for line in page.locator(LINE).all_inner_texts()]


def chosen(page: Any) -> tuple[str, str]:
    """The answer that is shown, and how."""
    return page.locator(f"{DETAIL} .qwq-repeat").inner_text(), page.locator(OUTCOME).inner_text()


def test_a_line_is_a_problem(lab: Lab) -> None:
    run = made_run(results_of(ANSWERS, source_id="2024-I-8"))
    save(lab, "problems.ipynb", saved(run.record()))
    with lab.page("problems.ipynb") as page:
        page.wait_for_selector(LINE)
        wait_until_still(page)
        assert page.locator(STATUS).inner_text() == "4 problems · 16 answers"
        assert [(line[0], line[1], line[-2]) for line in lines(page)] == [
            ("✗", "2 · 2024-I-8", "0 of 4 correct"),
            ("◐", "1 · 2024-I-8", "1 of 4 correct"),
            ("◐", "3 · 2024-I-8", "2 of 3 correct"),
            ("✓", "0 · 2024-I-8", "4 of 4 correct"),
        ]
        assert page.locator(LINE).nth(1).get_attribute("title") == "1 of 4 correct, 2 wrong, 1 truncated"
        assert "1 ×2 ≠ 1" in lines(page)[1]
        # The line shows a failure; a click on a mark shows that answer, and the keys go from answer to answer.
        page.locator(LINE).nth(1).click(position={"x": 200, "y": 10})
        assert chosen(page) == ("repeat 0", "✗ wrong")
        marks = page.locator(LINE).nth(1).locator(".qwq-dots")
        width = marks.bounding_box()["width"]
        marks.click(position={"x": width * 0.4, "y": 7})
        assert chosen(page) == ("repeat 1", "✓ correct")
        page.locator(LIST).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")  # there is no fifth
        assert chosen(page) == ("repeat 3", "⊣ truncated")
        assert page.locator(f"{LINE}[aria-selected=true]").inner_text().startswith("◐\n1 ·")
        page.keyboard.press("j")
        assert page.locator(f"{DETAIL} .qwq-id").inner_text() == "math_500/3"


def test_a_filter_leaves_problems_whole_and_answers_can_be_lines(lab: Lab) -> None:
    save(lab, "filtered.ipynb", saved(made_run(results_of(ANSWERS)).record()))
    with lab.page("filtered.ipynb") as page:
        page.wait_for_selector(LINE)
        page.get_by_role("button", name="truncated 1").click()
        assert page.locator(STATUS).inner_text() == "1 of 4 problems · 1 of 16 answers"
        assert chosen(page) == ("repeat 3", "⊣ truncated")
        assert page.locator(f"{LINE} .qwq-mod-pale").count() == 2  # wrong, correct
        page.get_by_role("button", name="Clear filters").click()
        page.get_by_role("button", name="By problem").press("Enter")
        assert page.locator(STATUS).inner_text() == "16 samples"
        assert page.locator(LINE).count() == 16
        assert page.locator(f"{LINE} .qwq-dots").count() == 0
        page.get_by_role("button", name="By problem").press("Enter")
        assert page.locator(LINE).count() == 4


def test_many_repeats_have_bars_that_fit(lab: Lab) -> None:
    answers = ["cwt" * 21 + "c"] * 30
    run = made_run(results_of(answers, source_id="2024-I-8"))
    save(lab, "many.ipynb", saved(run.record()))
    with lab.page("many.ipynb", width=900, height=700) as page:
        page.wait_for_selector(LINE)
        wait_until_still(page)
        assert page.locator(STATUS).inner_text() == "30 problems · 1,920 answers"
        wide = page.evaluate(
            f"""() => [...document.querySelectorAll('{LINE}')].filter((line) => {{
                const box = line.getBoundingClientRect();
                return [...line.children].some((part) => part.getBoundingClientRect().right > box.right);
            }}).length"""
        )
        assert wide == 0
        assert page.locator(f"{LINE} .qwq-dots").first.bounding_box()["width"] > 64
        # Three kinds and a frame, however many there are.
        assert page.locator(f"{LINE}[aria-selected=true] .qwq-dots path").count() == 4
        assert page.locator(f"{DETAIL} .qwq-repeats .qwq-chip").count() == 65
        assert "2024-I-8" in page.locator(LINE).first.inner_text()


def test_a_mark_says_nothing_of_its_own(lab: Lab) -> None:
    """Foreign words of a record are no attributes of a picture, and none of them is run."""
    evil = '"><img src=x onerror="window.__xss=1">'
    samples = [view(0, id=f"math_500/{evil}", repeat=i, extracted=evil, gold=evil, source_id=evil) for i in range(3)]
    data = saved(record(samples, repeats=3))
    data = json.loads(json.dumps(data).replace('"outcome": "correct"', '"outcome": "x\\" onload=\\"window.__xss=1"'))
    save(lab, "evil.ipynb", data)
    with lab.page("evil.ipynb") as page:
        page.wait_for_selector(LINE)
        assert page.evaluate("window.__xss") is None
        assert page.locator(f"{LINE} img").count() == 0
