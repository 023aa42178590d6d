"""The list of verdicts to check in a real JupyterLab, as a saved notebook has it: no kernel takes rulings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwq_nb.analysis.compare.api import compare
from qwq_nb.analysis.compare.view_record import COMPARE_MIME
from qwq_nb.core.records import SampleResult
from qwq_nb.run.check_view import CHECK_MIME
from tests.browser.lab import wait_until_still
from tests.browser.renderer import focus, needs_extension, outside, save
from tests.support.hostile_texts import CORPUS
from tests.support.made_runs import made_run, result

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

VIEW = ".qwq-CheckView"
LINE = f"{VIEW} .qwq-line"
OPEN = "(view) => document.querySelectorAll(`${view} details`).forEach((fold) => { fold.open = true; })"


def test_each_verdict_stands_at_the_place_in_question(lab: Lab) -> None:
    long = "Let me check that again. " * 60
    results = [
        result(0, "w", flags=["check_by_hand"], answer=rf"{long} It is \boxed{{3<\lambda\le 4}}. {long}"),
        result(1, "w", flags=["present_not_extracted"], answer=f"{long} All told the value 1 is what it comes to."),
        result(2, "n", answer=""),
        result(3),
    ]
    save(lab, "check.ipynb", made_run(results).check()._repr_mimebundle_())
    with lab.page("check.ipynb", width=900, height=700) as page:
        page.wait_for_selector(LINE)
        view = page.locator(VIEW)
        assert (
            view.locator(".qwq-check-title").inner_text() == "one: 3 verdicts of 4 to check by hand, 3 without a ruling"
        )
        wait_until_still(page)
        box = page.evaluate(
            """() => {
                const [place, box] = ['.qwq-check-excerpts mark', '.qwq-check-excerpts'].map(
                    (each) => document.querySelector(each).getBoundingClientRect());
                return place.top >= box.top && place.bottom <= box.bottom;
            }"""
        )
        assert box, "the place in question is in sight"
        view.get_by_role("button", name="reasoned, but nothing extracted 1").click()
        assert page.locator(f"{LINE} .qwq-line-id").all_inner_texts() == ["2"]
        assert view.locator(".qwq-detail .qwq-id").inner_text() == "math_500/2"
        view.get_by_role("button", name="reasoned, but nothing extracted 1").click()
        page.focus(f"{VIEW} .qwq-list")
        page.keyboard.press("End")  # of Level 2
        assert "gold value" in view.locator(".qwq-check-why").inner_text()
        page.keyboard.press("y")
        assert focus(page).startswith("qwq-list")
        assert view.locator(".qwq-rule-mark:visible").count() == 0, "no kernel takes rulings"
        assert view.locator(".qwq-ruling-buttons:visible").count() == 0
        assert outside(lab, page) == []


def test_hostile_texts_do_nothing_in_comparisons_and_lists_to_check(lab: Lab) -> None:
    def hostile(number: int, text: str, outcome: str) -> SampleResult:
        texts: dict[str, Any] = {
            "reasoning": text,
            "answer": f"{text} \\boxed{{{text[:200]}}}",
            "question": text,
            "gold": text[:500],
        }
        return result(number, outcome, flags=["check_by_hand"], id=f"x/{number}{text[:100]}", **texts)

    texts = [text[:5_000] for text in CORPUS]
    one, two = (
        made_run(
            [hostile(i, text, word) for i, text in enumerate(texts)],
            texts[at][:100].replace("/", ""),
            model=texts[at],
        )
        for at, word in ((0, "c"), (2, "w"))
    )
    compared, checked = compare(one, two)._repr_mimebundle_(), two.check()._repr_mimebundle_()
    save(lab, "hostile-check.ipynb", {COMPARE_MIME: compared[COMPARE_MIME]}, {CHECK_MIME: checked[CHECK_MIME]})
    with lab.page("hostile-check.ipynb") as page:
        for view, line in ((".qwq-CompareView", ".qwq-pair"), (VIEW, ".qwq-line")):
            page.wait_for_selector(f"{view} {line}")
            page.focus(f"{view} .qwq-list")
            for _ in texts:
                page.evaluate(OPEN, view)
                page.keyboard.press("j")
        wait_until_still(page)
        assert page.evaluate("window.__xss") is None
        assert page.dialogs == []
        assert outside(lab, page) == []
        for name in ("script", "iframe", "object", "embed", "form", "img", "link", "meta", "svg"):
            found = page.locator(
                f":is(.qwq-CompareView, {VIEW}) :is(.qwq-detail, .qwq-list, .qwq-check-excerpts) {name}"
            )
            assert found.locator("xpath=self::*[not(ancestor::mjx-container)]").count() == 0, name
