"""The table of a run in a real JupyterLab: nothing is cut without a sign, and a reader chooses its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwq_nb.core.run_record import RunRecord
from tests.browser.lab import wait_until_still
from tests.browser.renderer import LINE, VIEW, needs_extension, save, saved
from tests.support.run_records import record, row, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

TABLE = f"{VIEW} .qwq-table"
HEADS = f"{TABLE} thead th"
NOTE = f"{VIEW} .qwq-table-note"
CUT = f"{VIEW} .qwq-cut"


def run(**changes: Any) -> RunRecord:
    rows = [row(f"Level {level}", no_answer=1, accuracy=0.7 + level / 20) for level in range(1, 6)] + [row(**changes)]
    reference = {"benchmark": "math_500", "subset": "all", "model": "QwQ-32B", "score": 1.0, "source": "a document"}
    return record([view(i) for i in range(20)], table=rows, references=[reference])


def heads(page: Any) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(HEADS).all_inner_texts()]


@pytest.mark.parametrize("width", [1280, 900, 700])
def test_nothing_is_cut_without_a_sign(lab: Lab, width: int) -> None:
    """With the sidebar open: what has no room is named, and where the table is cut all the same its edge says so."""
    save(lab, f"table-{width}.ipynb", saved(run()))
    with lab.page(f"table-{width}.ipynb", width=width) as page:
        page.wait_for_selector(LINE)
        wait_until_still(page)
        seen = page.evaluate(f"""() => {{
            const {{left, right}} = document.querySelector('{TABLE}').getBoundingClientRect();
            return [...document.querySelectorAll('{HEADS}')].filter((th) => {{
                const box = th.getBoundingClientRect();
                return box.left >= left - 1 && box.right <= right + 1;
            }}).map((th) => th.getAttribute('aria-label') ?? th.textContent);
        }}""")
        cut = "right" in (page.locator(CUT).get_attribute("data-more") or "")
        assert cut == (len(seen) < page.locator(HEADS).count())
        assert "49.0–94.3 %" in page.locator(TABLE).inner_text()
        assert {"subset", "accuracy", "n", "correct", "wrong", "truncated"} <= set(seen) or width == 700
        assert "0 not gradable, 0 errors" in page.locator(NOTE).inner_text()
        if width == 1280:
            assert "no room" not in page.locator(NOTE).inner_text()
        else:
            assert "no room for no answer" in page.locator(NOTE).inner_text()
        # Published scores are marks within the axis, at 100 % too; the number is in words for who sees none.
        outside = page.evaluate(f"""() => [...document.querySelectorAll('{TABLE} .qwq-published, {TABLE} .qwq-dot')]
            .filter((mark) => mark.checkVisibility()).filter((mark) => {{
                const [inner, cell] = [mark, mark.closest('td')].map((each) => each.getBoundingClientRect());
                return inner.right > cell.right || inner.left < cell.left;
            }}).length""")
        assert outside == 0
        assert "published 100.0 % (QwQ-32B: a document)" in page.locator(TABLE).text_content()
        name, last = (page.locator(f"{TABLE} .qwq-mod-all > *").nth(i).bounding_box() for i in (0, 1))
        assert (name["y"], name["height"]) == pytest.approx((last["y"], last["height"]), abs=0.5)


@pytest.mark.long
def test_columns_are_chosen_by_keyboard_and_remembered(lab: Lab) -> None:
    save(lab, "columns.ipynb", saved(run()))
    with lab.page("columns.ipynb", width=1600, fresh=True) as page:
        page.wait_for_selector(LINE)
        wait_until_still(page)
        before = heads(page)
        assert "tokens" not in before
        page.get_by_role("button", name="Tokens").focus()
        page.keyboard.press("Enter")
        assert heads(page) == [*before, "tokens"]
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        panel = page.get_by_role("group", name="Columns of the table")
        errors = panel.get_by_label("errors (0)")
        errors.focus()
        page.keyboard.press("Space")
        assert "errors" in heads(page)
        assert "errors" not in page.locator(NOTE).inner_text()
        page.keyboard.press("Escape")
        assert panel.is_hidden()
        assert page.evaluate("document.activeElement.textContent") == "Columns"
        again = page.context.new_page()
        again.set_viewport_size({"width": 1600, "height": 900})
        again.goto(page.url)
        again.wait_for_selector(LINE, timeout=40_000)
        wait_until_still(again)
        assert {"tokens", "errors"} <= set(heads(again))
        again.close()
        page.get_by_role("button", name="Columns", exact=True).click()
        page.get_by_role("button", name="Defaults").click()
        assert heads(page) == before
        assert page.evaluate("localStorage.getItem('qwq-nb:columns')") == "{}"


def test_a_table_that_scrolls_shows_it_until_its_end(lab: Lab) -> None:
    save(lab, "scrolls.ipynb", saved(run(tests_passed=3, tests_total=4, errors=1, not_gradable=1)))
    with lab.page("scrolls.ipynb", width=900) as page:
        page.wait_for_selector(LINE)
        page.get_by_role("button", name="Speed").click()
        page.get_by_role("button", name="Tokens").click()
        wait_until_still(page)
        assert page.locator(CUT).get_attribute("data-more") == "right"
        page.locator(TABLE).evaluate("(node) => { node.scrollLeft = 10_000; }")
        page.wait_for_function(f"document.querySelector('{CUT}').dataset.more === undefined")
        name = page.locator(f"{TABLE} .qwq-mod-all .qwq-mod-name").bounding_box()
        frame = page.locator(TABLE).bounding_box()
        assert name["x"] == pytest.approx(frame["x"], abs=1)  # it stays while the rest scrolls
        page.get_by_role("button", name="Columns", exact=True).click()
        page.get_by_role("button", name="Defaults").click()
