"""A comparison in a real JupyterLab: conclusion first, then levels, then pairs of answers side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwq_nb.analysis.compare.api import compare
from qwq_nb.run.open import load_run
from tests.browser.lab import wait_until_still
from tests.browser.renderer import focus, needs_extension, outside, save
from tests.support.saved_runs import saved_run

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

VIEW = ".qwq-CompareView"
PAIR = f"{VIEW} .qwq-pair"
SIDE = f"{VIEW} .qwq-beside"
LONG = "Let me look at that once more, with care, and from the beginning. " * 700
ORDER = """() => [...document.querySelectorAll(
    '.qwq-CompareView :is(.qwq-compare-warning, .qwq-headline, .qwq-compare-table, .qwq-browser)')]
    .map((node) => [...node.classList].find((name) => name !== 'qwq-table'))"""


def compared(lab: Lab, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> dict[str, Any]:
    """Two runs on disk, whose texts are too long for an output, and their comparison as a cell shows it."""
    monkeypatch.chdir(lab.root)
    for name, outcomes, word in (("one", "ccccwwc", "needle"), ("two", "cwcwcwc", "haystack")):
        if not (lab.root / "qwq_runs" / name).exists():
            texts = {"reasoning": f"{LONG} Here is the {word}. {LONG}"}
            saved_run(lab.root / "qwq_runs", name, outcomes, texts=texts, **changes)
    return compare(load_run("qwq_runs/one"), load_run("qwq_runs/two"))._repr_mimebundle_()


def test_the_conclusion_comes_first_and_each_flip_opens_both_answers(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    save(lab, "compare.ipynb", compared(lab, monkeypatch))
    with lab.page("compare.ipynb") as page:
        page.wait_for_selector(PAIR)
        assert page.evaluate(ORDER) == ["qwq-headline", "qwq-compare-table", "qwq-browser"]
        view = page.locator(VIEW)
        assert (
            view.locator(".qwq-headline").inner_text().startswith("model-two − model-one: −14.3 points (95 % interval")
        )
        assert view.locator(".qwq-forest-dot").count() == 3
        # Flips alone, until another chip is chosen.
        assert page.locator(PAIR).count() == 3
        view.get_by_role("button", name="model-two right, model-one not: 1").click()
        assert page.locator(f"{PAIR} .qwq-pair-id").all_inner_texts() == ["4"]
        view.get_by_role("button", name="neither right: 1").click()
        assert page.locator(PAIR).count() == 2
        view.get_by_role("button", name="Clear filters").click()
        view.get_by_role("button", name="Level 2").click()
        assert page.locator(f"{PAIR} .qwq-pair-id").all_inner_texts() == ["1", "3"]
        # Both sides have their whole texts from their own folders, and open together.
        page.locator(f"{SIDE} >> nth=0").get_by_text("Reasoning · ").click()
        page.wait_for_function(
            "() => [...document.querySelectorAll('.qwq-beside')].map((side) => side.textContent)"
            ".every((text, at) => text.includes(['needle', 'haystack'][at]))"
        )
        assert page.locator(f"{SIDE} .qwq-fold[open] > summary:text-matches('^Reasoning')").count() == 2
        # One search marks both sides, and n goes on to the next match.
        view.get_by_role("searchbox").fill("Here is the")
        page.wait_for_function("document.querySelector('.qwq-hits-said')?.textContent === '1 of 2'")
        page.keyboard.press("Enter")
        assert focus(page) == "qwq-list"
        page.keyboard.press("n")
        page.wait_for_function("document.querySelector('.qwq-hits-said')?.textContent === '2 of 2'")
        assert page.locator(f"{SIDE} .qwq-mod-hit").count() >= 2
        assert page.locator(f"{VIEW} .qwq-ruling-buttons:visible").count() == 0, "no kernel takes rulings"
        wait_until_still(page)
        assert outside(lab, page) == []


def test_a_table_that_is_cut_says_so_at_its_edge(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    save(lab, "cut.ipynb", compared(lab, monkeypatch))
    with lab.page("cut.ipynb", width=1280) as page:
        page.wait_for_selector(PAIR)
        said = []
        for width in (1280, 700, 1900):
            page.set_viewport_size({"width": width, "height": 900})
            wait_until_still(page)
            more = page.locator(f"{VIEW} .qwq-cut").get_attribute("data-more") or ""
            table = page.locator(f"{VIEW} .qwq-compare-table")
            edge = table.bounding_box()["x"] + table.bounding_box()["width"]
            last = table.locator("thead th").last.bounding_box()
            assert ("right" in more) == (last["x"] + last["width"] > edge + 1), width
            said.append(more)
        assert said == ["right", "right", ""]
        page.set_viewport_size({"width": 700, "height": 900})
        page.wait_for_function(f"document.querySelector('{VIEW} .qwq-cut').dataset.more === 'right'")
        shade = "(node) => getComputedStyle(node, '::after').display"
        assert page.locator(f"{VIEW} .qwq-cut").evaluate(shade) == "block"
        # At its end there is no shade.
        table.evaluate("(node) => { node.scrollLeft = 10_000; }")
        page.wait_for_function(f"document.querySelector('{VIEW} .qwq-cut').dataset.more === undefined")


def test_what_bars_a_conclusion_stands_before_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    made = compared(lab, monkeypatch)
    two = lab.root / "qwq_runs" / "two" / "qwq_run.json"
    text = two.read_text(encoding="utf-8")
    two.write_text(text.replace("0123456789abcdef", "fedcba9876543210"), encoding="utf-8")
    made = compare(load_run("qwq_runs/one"), load_run("qwq_runs/two"))._repr_mimebundle_()
    save(lab, "barred.ipynb", made)
    with lab.page("barred.ipynb", width=900, height=700, dark=True) as page:
        page.wait_for_selector(PAIR)
        assert page.evaluate(ORDER)[:2] == ["qwq-compare-warning", "qwq-headline"]
        assert page.locator(f"{VIEW} .qwq-headline").inner_text() == "Not comparable: the data is not the same"
        assert page.locator(f"{VIEW} .qwq-forest.qwq-mod-barred").count() == 3
