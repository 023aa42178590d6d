"""The list of samples in a real JupyterLab: filters, search, keys, and thousands of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from qwq_nb.core.run_record import MIME_TYPE, RunRecord
from tests.browser.renderer import (
    LINE,
    LIST,
    REASONING,
    SEARCH,
    THINKING,
    VIEW,
    focus,
    needs_extension,
    save,
    saved,
)
from tests.support.run_records import record, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension


def large(n: int = 2_000) -> RunRecord:
    samples = [view(i, text=None, latency_s=float(i), reasoning_tokens=10 * i) for i in range(n)]
    return record(samples)


def test_filters_and_search(lab: Lab) -> None:
    samples = [view(i, text=f"Thinking of number {i}.") for i in range(40)]
    samples[3] = view(3, text="needle in here", flags=["check_by_hand"])
    save(lab, "filters.ipynb", saved(record(samples)))
    with lab.page("filters.ipynb") as page:
        page.wait_for_selector(LINE)
        status = page.locator(f"{VIEW} .qwq-status")
        assert status.inner_text() == "40 samples"
        page.get_by_role("button", name="truncated 5").click()
        assert status.inner_text() == "5 of 40 samples"
        # Counts say what each choice would leave, the other filters as they are.
        level = page.get_by_role("group", name="Level")
        assert level.locator(".qwq-chip").all_inner_texts() == [f"Level {i}\n1" for i in range(1, 6)]
        level.locator(".qwq-chip").first.click()
        assert status.inner_text() == "1 of 40 samples"
        assert page.get_by_role("button", name="check by hand 0").count() == 1
        page.get_by_role("button", name="Clear filters").click()
        assert status.inner_text() == "40 samples"
        page.fill(SEARCH, "NUMBER 1")
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '11 of 40 samples'")
        page.get_by_role("button", name="Regular expression").click()
        page.fill(SEARCH, "number 1[12]\\.")
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '2 of 40 samples'")
        page.fill(SEARCH, "number (")
        page.wait_for_selector(f"{SEARCH}[aria-invalid]")
        page.fill(SEARCH, "needle")
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '1 of 40 samples'")
        page.wait_for_selector(f"{REASONING} mark.qwq-mod-hit")
        assert page.locator(f"{REASONING} mark.qwq-mod-hit").all_text_contents() == ["needle"]
        assert page.get_by_role("button", name="check by hand 1").count() == 1


def test_two_thousand_samples_scroll(lab: Lab) -> None:
    save(lab, "large.ipynb", saved(large()))
    with lab.page("large.ipynb") as page:
        page.wait_for_selector(LINE)
        assert page.locator(f"{VIEW} .qwq-status").inner_text() == "2,000 samples"
        assert page.locator(LINE).count() < 60
        page.select_option("[aria-label='Sort by']", "tokens")
        assert "19,990" in page.locator(LINE).first.inner_text() or "20,070" in page.locator(LINE).first.inner_text()
        times = page.evaluate(
            """async () => {
                const list = document.querySelector('.qwq-list');
                const times = [];
                for (let i = 0; i < 120; i++) {
                    const started = performance.now();
                    list.scrollTop += 700;
                    list.dispatchEvent(new Event('scroll'));
                    list.getBoundingClientRect();
                    times.push(performance.now() - started);
                    await new Promise(requestAnimationFrame);
                }
                return times.sort((a, b) => a - b);
            }"""
        )
        print(f"a frame of the list: median {times[60]:.1f} ms, worst {times[-1]:.1f} ms")
        assert times[60] < 16
        assert page.locator(LINE).count() < 60


def test_keyboard(lab: Lab) -> None:
    save(lab, "keys.ipynb", saved(record([view(i, text=THINKING) for i in range(60)])))
    with lab.page("keys.ipynb") as page:
        page.wait_for_selector(LINE)
        page.focus(LIST)
        chosen = f"{LINE}[aria-selected=true]"
        first = page.locator(chosen).inner_text()
        page.keyboard.press("j")
        page.keyboard.press("ArrowDown")
        assert page.locator(chosen).get_attribute("aria-posinset") == "3"
        assert page.locator(LIST).get_attribute("aria-activedescendant") == page.locator(chosen).get_attribute("id")
        page.keyboard.press("End")
        assert page.locator(chosen).get_attribute("aria-posinset") == "60"
        page.keyboard.press("Home")
        assert page.locator(chosen).inner_text() == first
        page.keyboard.press("Enter")
        assert "qwq-detail" in focus(page)
        page.keyboard.press("/")
        assert "qwq-search" in focus(page)
        # Keys that Lab would take in command mode: typed here, they are text.
        page.keyboard.type("ddjka/")
        assert page.input_value(SEARCH) == "ddjka/"
        page.fill(SEARCH, "")
        page.keyboard.press("Escape")
        assert "qwq-list" in focus(page)
        cells = page.locator(".jp-Cell").count()
        page.keyboard.press("b")
        page.keyboard.press("d")
        page.keyboard.press("d")
        assert page.locator(".jp-Cell").count() == cells
        # With Ctrl they are Lab's as ever.
        page.keyboard.press("Control+Shift+C")
        page.wait_for_selector(".lm-CommandPalette-input:focus, .jp-ModalCommandPalette")
        page.keyboard.press("Escape")
        page.focus(LIST)
        page.keyboard.press("Escape")
        assert "qwq" not in focus(page)


def test_a_costly_pattern_is_stopped(lab: Lab) -> None:
    """It is tried in a worker: the page goes on, the reader is told, and the next pattern finds what it should."""
    samples = [view(i, text=f"Number {i}: " + "a" * 40_000 + "!") for i in range(6)]
    save(lab, "costly.ipynb", {MIME_TYPE: msgspec.to_builtins(record(samples))})
    with lab.page("costly.ipynb") as page:
        page.wait_for_selector(LINE)
        page.get_by_role("button", name="Regular expression").click()
        page.evaluate(
            """() => {
                window.longest = 0;
                let last = performance.now();
                const tick = () => {
                    if (window.longest === null) return;
                    const now = performance.now();
                    window.longest = Math.max(window.longest, now - last);
                    last = now;
                    setTimeout(tick, 0);
                };
                tick();
            }"""
        )
        page.fill(SEARCH, "(a+)+$")
        page.wait_for_function("document.querySelector('.qwq-status').innerText.includes('searching')")
        page.keyboard.type("#")  # typed meanwhile
        page.keyboard.press("Backspace")
        page.wait_for_function(
            "document.querySelector('.qwq-problem').innerText === 'the pattern took too long; simplify it'"
        )
        assert page.locator(SEARCH).get_attribute("aria-invalid") == "true"
        print(f"the page stood still for at most {page.evaluate('window.longest'):.0f} ms")
        assert page.evaluate("window.longest") < 500
        page.fill(SEARCH, "number [12]:")
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '2 of 6 samples'")
        page.wait_for_selector(f"{REASONING} mark.qwq-mod-hit")
        page.evaluate("window.longest = null")


def test_without_workers_a_pattern_is_plain_text(lab: Lab) -> None:
    samples = [view(i, text=f"Thinking of number {i}.") for i in range(40)]
    save(lab, "workless.ipynb", saved(record(samples)))
    with lab.page("workless.ipynb") as page:
        page.wait_for_selector(LINE)
        page.evaluate(
            """() => {
                window.allowed = window.Worker;
                window.Worker = class { constructor() { throw new Error('not allowed'); } };
            }"""
        )
        page.get_by_role("button", name="Regular expression").click()
        page.fill(SEARCH, "number 1")
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '11 of 40 samples'")
        assert "searched as plain text" in page.locator(f"{VIEW} .qwq-problem").inner_text()
        page.evaluate("void (window.Worker = window.allowed)")
