"""The JupyterLab renderer in a real JupyterLab: what is drawn, that it stays in its box, and texts that mean harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwq_nb.core.run_record import MIME_TYPE, Clip, Progress, RunCost, SampleView
from tests.browser.lab import wait_until_still
from tests.browser.renderer import DETAIL, LINE, LIST, REASONING, THINKING, VIEW, needs_extension, outside, save, saved
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import record, row, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

COST = RunCost(so_far=0.0312, expected=0.039, per_correct=0.00082)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_saved_run_is_drawn(lab: Lab, trusted: bool) -> None:
    """Preferred over the html beside it, whether the notebook is trusted or not, with no kernel."""
    samples = [view(i, text=THINKING) for i in range(40)]
    reference = {"benchmark": "math_500", "subset": "all", "model": "QwQ-32B", "score": 0.906, "source": "a document"}
    run = record(samples, references=[reference], demo=True, notes=["Mind the gap."], cost=COST)
    save(lab, f"saved-{trusted}.ipynb", saved(run), trusted=trusted)
    with lab.page(f"saved-{trusted}.ipynb") as page:
        page.wait_for_selector(VIEW)
        text = page.locator(VIEW).inner_text()
        for said in ("DEMO", "QwQ-32B", "math_500", "temperature 0.6", "50 of 50 done", "Mind the gap.", "40 samples"):
            assert said in text
        assert "cost 0.0312 (in the currency of its prices) · 0.000820 for a correct answer" in text
        table = page.locator(f"{VIEW} .qwq-results table").inner_text()
        for said in ("Level 1", "80.0 %", "49.0–94.3 %", "88.9 %", "published 90.6 %", "truncated", "untruncated only"):
            assert said in table
        assert "0 no answer, 0 not gradable, 0 errors" in page.locator(f"{VIEW} .qwq-table-note").inner_text()
        # The first failure stands beside the list; its formulas are typeset, its reasoning is behind a fold.
        assert page.locator(f"{DETAIL} .qwq-outcome").inner_text() == "✗ wrong"
        page.wait_for_selector(f"{DETAIL} .qwq-question mjx-container")
        page.locator(f"{REASONING} > summary").click()
        page.wait_for_selector(f"{REASONING} mjx-container")
        assert [m.strip() for m in page.locator(f"{REASONING} .qwq-mod-switch").all_text_contents()] == [
            "Wait",
            "Alternatively",
            "等等",
        ]
        assert page.locator(f"{REASONING} mark.qwq-mod-mention").count() == 1
        assert "first mentioned in thought 3" in page.locator(REASONING).inner_text()
        assert page.evaluate("window.__xss") is None
        assert outside(lab, page) == []


def test_a_run_that_waits_says_why(lab: Lab) -> None:
    said = "local refuses the key since 12:00:00 (HTTP 401). The run waits for a new one in KEY."
    progress = Progress(total=200, done=30, waiting=said)
    waiting = record(state="paused", progress=progress, notes=["Mind the gap.", said])
    save(lab, "waiting.ipynb", saved(waiting))
    with lab.page("waiting.ipynb") as page:
        page.wait_for_selector(LINE)
        assert page.locator(f"{VIEW} .qwq-waiting").inner_text() == f"Waiting: {said}"
        assert page.locator(f"{VIEW} .qwq-notes li").all_inner_texts() == ["Mind the gap."]


def test_the_bar_moves_while_nothing_is_counted_yet(lab: Lab) -> None:
    """While evalscope is imported for the first time there is no number to show, for seconds."""
    step = "importing evalscope, for 4 s"
    save(lab, "uncounted.ipynb", saved(record(state="starting", progress=Progress(step=step), samples=[])))
    counted = record(state="running", progress=Progress(total=200, done=30))
    save(lab, "counted.ipynb", saved(counted))
    moves = "node => getComputedStyle(node, '::before').animationName"
    with lab.page("uncounted.ipynb") as page:
        page.wait_for_selector(f"{VIEW} .qwq-bar")
        bar = page.get_by_role("progressbar", name="samples done")
        assert bar.get_attribute("aria-valuenow") is None
        assert bar.get_attribute("aria-valuetext") == step
        assert bar.evaluate(moves) == "qwq-uncounted"
    with lab.page("counted.ipynb") as page:
        page.wait_for_selector(f"{VIEW} .qwq-bar")
        bar = page.get_by_role("progressbar", name="samples done")
        assert bar.get_attribute("aria-valuenow") == "30"
        assert bar.evaluate(moves) == "none"


def test_repeats_side_by_side(lab: Lab) -> None:
    repeats = [view(0, text=f"Attempt {i}", repeat=i, outcome="correct" if i else "wrong") for i in range(3)]
    save(lab, "repeats.ipynb", saved(record(repeats, repeats=3)))
    with lab.page("repeats.ipynb") as page:
        page.wait_for_selector(LINE)
        assert page.locator(f"{DETAIL} .qwq-attempt").count() == 1
        page.get_by_role("button", name="Repeat 2: correct").click()
        assert page.locator(f"{DETAIL} .qwq-outcome").inner_text() == "✓ correct"
        page.get_by_role("button", name="Side by side").click()
        assert page.locator(f"{DETAIL} .qwq-outcome").all_inner_texts() == ["✗ wrong", "✓ correct", "✓ correct"]


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (700, False)])
def test_nothing_leaves_its_box(lab: Lab, width: int, dark: bool) -> None:
    save(lab, f"box-{width}.ipynb", saved(record([view(i, text=THINKING) for i in range(40)])))
    with lab.page(f"box-{width}.ipynb", width=width, dark=dark) as page:
        page.wait_for_selector(LINE)
        wide = page.evaluate(
            """() => [document.querySelector('.qwq-RunView'), document.querySelector('.jp-OutputArea-output')]
                .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.className)"""
        )
        assert wide == []
        colours = page.evaluate(
            """() => { const style = getComputedStyle(document.querySelector('.qwq-RunView'));
                const back = getComputedStyle(document.querySelector('.qwq-browser'));
                const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).reduce((sum, c) => sum + Number(c), 0);
                return [light(style.color), light(back.backgroundColor)]; }"""
        )
        assert (colours[0] > colours[1]) == dark


def test_hostile_texts_do_nothing(lab: Lab) -> None:
    texts = [text[:20_000] for text in CORPUS]

    def hostile(number: int, text: str) -> SampleView:
        clip = Clip(text=text)
        name = f"{number} {text[:200]}"
        return view(
            number,
            id=name,
            why=text[:2_000],
            gold=text,
            extracted=text,
            error=text[:2_000],
            question=clip,
            reasoning=clip,
            answer=clip,
            choices=[text[:500]],
            flags=[text[:30]],
            subset=text[:60],
            file=f"../{text[:50]}",
        )

    run = record(
        [hostile(number, text) for number, text in enumerate(texts)],
        notes=texts[:30],
        model=texts[0],
        data=texts[2],
        run_dir="https://evil.invalid/x",
        references=[{"model": text[:300], "benchmark": "math_500", "subset": "all", "score": 0.5} for text in texts],
        table=[row(text[:100]) for text in texts] + [row()],
        sampling={text[:50]: text[:200] for text in texts},
    )
    save(lab, "hostile.ipynb", {MIME_TYPE: saved(run)[MIME_TYPE]})
    with lab.page("hostile.ipynb") as page:
        page.wait_for_selector(LINE)
        page.focus(LIST)
        for _ in texts:
            page.evaluate(
                """() => {
                    const root = document.querySelector('.qwq-RunView');
                    root.querySelectorAll('details').forEach((fold) => { fold.open = true; });
                    root.querySelectorAll('.qwq-detail *').forEach((element) => {
                        for (const name of ['mouseover', 'focus', 'toggle'])
                            element.dispatchEvent(new Event(name, {bubbles: false}));
                    });
                }"""
            )
            page.keyboard.press("j")
        wait_until_still(page)
        assert page.evaluate("window.__xss") is None
        assert page.dialogs == []
        assert outside(lab, page) == []
        found = page.evaluate(
            """() => [...document.querySelectorAll(
                '.qwq-RunView :is(script, img, iframe, form, object, embed, video, link, style, svg, '
                + '[data-commandlinker-command], a[href], [onclick], [onerror])'
            )].map((element) => element.outerHTML.slice(0, 200))"""
        )
        assert found == []
        assert page.evaluate("document.querySelector('.qwq-RunView').scrollWidth") <= 1280
