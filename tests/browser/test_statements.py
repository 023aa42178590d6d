"""Where an answer went wrong, in a real JupyterLab: the answers stated, in a line, on the strip and in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwq_nb.core.drawn_parts import Track
from qwq_nb.core.run_record import MIME_TYPE, SampleView
from tests.browser.renderer import DETAIL, LINE, REASONING, VIEW, needs_extension, outside, save, saved
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import record, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

CHIP = f"{DETAIL} .qwq-statement"
# The mark that the reader was led to, and whether it lies within the box.
CURRENT = """() => {
    const box = document.querySelector('.qwq-detail').getBoundingClientRect();
    const mark = document.querySelector('.qwq-mod-current');
    const place = mark && mark.getBoundingClientRect();
    return mark && [mark.textContent, place.top >= box.top && place.bottom <= box.bottom];
}"""


def stating(index: int, said: list[str], *, right: str, given: str, **changes: object) -> SampleView:
    """A sample whose reasoning states these values, each in a thought of its own, with much text in between."""
    text, places = "", []
    values = list(dict.fromkeys(said))
    openings = ("Wait, let me check that. ", "Alternatively, count them. ", "Hmm, that cannot be right. ", "Wait, so. ")
    for number, value in enumerate(said):
        text += openings[number % 4] + "The two are added, and then they are counted once more. " * 20 + "So it is "
        places.append(f"{len(text)}+{len(value)}:{values.index(value)}")
        text += f"{value}.\n\n"
    track = Track(
        values=values,
        right=[values.index(right)] if right in values else [],
        given=values.index(given) if given in values else None,
        places=" ".join(places),
    )
    return view(index, text=text, gold=right, extracted=given, track=track, **changes)


def test_it_leads_to_where_the_wrong_answer_was_stated_first(lab: Lab) -> None:
    said = ["204", "204", "96", "60", "204", "60"]
    save(lab, "stated.ipynb", saved(record([stating(3, said, right="204", given="60", outcome="wrong")])))
    with lab.page("stated.ipynb") as page:
        page.wait_for_selector(LINE)
        assert page.locator(CHIP).all_inner_texts() == ["◆ 204 ×2", "96", "✗ 60", "◆ 204", "✗ 60"]
        page.locator(f"{CHIP}[data-kind=given]").click()
        page.wait_for_selector(f"{REASONING}[open] mark.qwq-mod-given.qwq-mod-current")
        page.wait_for_function(f"({CURRENT})()?.[1]")
        assert page.evaluate(CURRENT)[0] == "60"
        assert page.locator(f"{REASONING} mark.qwq-mod-given").count() == 1, "at its first statement alone"
        assert page.locator(f"{REASONING} mark.qwq-mod-again").count() == 1
        assert page.locator(f"{REASONING} mark.qwq-mod-right").count() == 3
        assert page.locator(f"{REASONING} mark.qwq-mod-stated").all_text_contents() == ["96"]
        # On, back, and around the end by keys; where one is stays in sight beside the strip.
        for key, position, value in ((".", 5, "204"), (".", 6, "60"), (".", 1, "204"), (",", 6, "60")):
            page.keyboard.press(key)
            page.wait_for_function(
                f"document.querySelector('.qwq-stated-steps').textContent.includes('{position} of 6')"
            )
            page.wait_for_function(f"({CURRENT})()?.[1]")
            assert page.evaluate(CURRENT)[0] == value
            steps = page.locator(f"{DETAIL} .qwq-stated-steps").bounding_box()
            box = page.locator(DETAIL).bounding_box()
            assert box["y"] <= steps["y"] < box["y"] + box["height"]
        page.get_by_role("button", name="Next statement of an answer").click()
        page.wait_for_function("document.querySelector('.qwq-stated-steps').textContent.includes('1 of 6')")
        # The strip tells thoughts apart, and a tick on it leads to its place too.
        kinds = page.locator(f"{REASONING} .qwq-strip > span").evaluate_all("all => all.map((n) => n.dataset.kind)")
        assert kinds == ["turn", "alternative", "correction", "turn", "check", "alternative"]
        legend = page.locator(f"{REASONING} .qwq-kind").all_inner_texts()
        assert legend == ["1 check", "2 try another way", "1 find an error", "1 other turn"]
        assert page.locator(f"{REASONING} .qwq-ticks > [data-kind=given]").get_attribute("title") == (
            "60: the wrong answer that was given in the end is stated here first"
        )
        page.locator(f"{REASONING} .qwq-ticks > [data-kind=given]").click()
        page.wait_for_function("document.querySelector('.qwq-stated-steps').textContent.includes('4 of 6')")
        assert page.locator(f"{REASONING} .qwq-ticks > [data-current]").count() == 1


def test_an_answer_that_the_reasoning_does_not_state_stands_last(lab: Lab) -> None:
    views = [
        stating(3, ["204", "96"], right="204", given="60", outcome="wrong"),
        stating(1, ["96", "204"], right="204", given="204", outcome="correct"),
        view(2, outcome="correct"),
    ]
    save(lab, "ending.ipynb", saved(record(views)))
    with lab.page("ending.ipynb") as page:
        page.wait_for_selector(LINE)
        assert page.locator(CHIP).all_inner_texts() == ["◆ 204", "96", "✗ 60 answer only"]
        page.get_by_role("option").filter(has_text="correct").first.click()
        page.wait_for_function(f"document.querySelectorAll('{CHIP}').length === 2")
        assert page.locator(CHIP).all_inner_texts() == ["96", "◆ 204"]
        page.get_by_role("option").filter(has_text="correct").last.click()
        page.locator(f"{DETAIL} .qwq-stated").wait_for(state="hidden")
        assert page.locator(f"{DETAIL} .qwq-stated-steps").is_hidden()


def test_many_are_one_short_line_that_opens(lab: Lab) -> None:
    said = [str(n) for n in range(40)] + ["204", "60"]
    save(lab, "many.ipynb", saved(record([stating(3, said, right="204", given="60", outcome="wrong")])))
    with lab.page("many.ipynb") as page:
        page.wait_for_selector(LINE)
        assert page.locator(CHIP).all_inner_texts() == ["0", "1", "◆ 204", "✗ 60"]
        page.get_by_role("button", name="Show 38 more values").click()
        assert page.locator(CHIP).count() == 42
        assert page.evaluate("document.activeElement.textContent") == "2"


def test_the_reasoning_of_a_truncated_sample_is_open_by_itself(lab: Lab) -> None:
    views = [
        stating(5, ["96", "204"], right="204", given="", outcome="truncated", answer_tokens=0, answer=None),
        view(1, outcome="correct"),
    ]
    save(lab, "truncated.ipynb", saved(record(views)))
    with lab.page("truncated.ipynb") as page:
        page.wait_for_selector(LINE)
        page.wait_for_selector(f"{REASONING}[open] mark.qwq-mod-right")
        assert page.locator(CHIP).all_inner_texts() == ["96", "◆ 204"]
        page.get_by_role("option").filter(has_text="correct").first.click()
        page.wait_for_selector(f"{REASONING}:not([open])")


def test_hostile_values_do_nothing(lab: Lab) -> None:
    texts = [text[:300] for text in CORPUS]
    views = [
        stating(i, [text, "1", text], right="1", given=text, outcome="wrong", id=f"a/{i}")
        for i, text in enumerate(texts)
    ]
    save(lab, "hostile-stated.ipynb", {MIME_TYPE: saved(record(views))[MIME_TYPE]})
    with lab.page("hostile-stated.ipynb") as page:
        page.wait_for_selector(LINE)
        page.focus(f"{VIEW} .qwq-list")
        for _ in texts:
            page.evaluate("document.querySelector('.qwq-detail .qwq-statement')?.click()")
            page.keyboard.press("j")
        page.wait_for_timeout(300)
        assert page.evaluate("window.__xss") is None
        assert page.dialogs == []
        assert outside(lab, page) == []
        parts = ".qwq-stated *, .qwq-course *, .qwq-places *"
        found = page.locator(parts).evaluate_all("all => [...new Set(all.map((n) => n.localName))].sort()")
        assert set(found) <= {"button", "div", "small", "span"}
        assert page.locator(VIEW).evaluate("n => n.scrollWidth <= n.clientWidth + 1")
