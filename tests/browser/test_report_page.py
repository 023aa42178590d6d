"""A report's file in a real browser: it opens alone, asks for nothing, and shows all that the notebook shows."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwq_nb.core.run_record import Clip, RunRecord
from qwq_nb.run.report import Report
from tests.browser.renderer import DETAIL, LINE, LIST, REASONING, SEARCH, THINKING, VIEW
from tests.browser.test_access import AXE
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import record, row, view

if TYPE_CHECKING:
    from tests.browser.lab import Lab

PRINTED = "#qwq-printed"
BEFORE_PRINT = "window.dispatchEvent(new Event('beforeprint'))"


def saved(folder: Path, run: RunRecord) -> str:
    return Report(run).save(folder / "report.html").as_uri()


def opened(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(LINE)


def long_run(n: int) -> RunRecord:
    texts = [f"{THINKING}\n\nTrace number {i} ends here. {'And on. ' * 2_000}" for i in range(n)]
    return record([view(i, text=text) for i, text in enumerate(texts)], table=[row("Level 1"), row()])


def test_it_opens_alone_and_reads_its_texts_as_they_are_wanted(lab: Lab, tmp_path: Path) -> None:
    address = saved(tmp_path, long_run(200))
    with lab.window() as page:
        opened(page, address)
        page.locator(LINE).filter(has_text="level-4/3").click()
        page.wait_for_selector(f"{DETAIL} .qwq-question .katex")
        # It is wide enough for columns: the reasoning is open.
        page.wait_for_selector(f"{REASONING}[open] :text('Trace number 3 ends here.')")
        page.wait_for_selector(f"{REASONING} .katex")
        page.fill(SEARCH, "Trace number 150 ends")
        found = page.locator(f"{LINE}[aria-setsize='1']").filter(has_text="level-1/150")
        more = page.get_by_role("button", name="Search the whole texts")
        found.or_(more).first.wait_for()
        if more.is_visible():
            more.click()
        found.wait_for()
        assert page.said == []
        assert page.requests == [address], "nothing but the file itself"
        assert page.evaluate("document.fonts.check('12px KaTeX_Main')"), "its font is in the page"


def test_the_theme_is_the_systems_or_the_readers(lab: Lab, tmp_path: Path) -> None:
    address = saved(tmp_path, record())
    ground = "getComputedStyle(document.body).backgroundColor"
    with lab.window(dark=True) as page:
        opened(page, address)
        assert page.evaluate(ground) == "rgb(20, 24, 31)"
        switch = page.get_by_role("button", name="Theme:")
        switch.click()
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        switch.click()
        assert page.evaluate(ground) == "rgb(20, 24, 31)"
        page.emulate_media(color_scheme="light")
        assert page.evaluate(ground) == "rgb(20, 24, 31)", "the reader's choice stands"
        switch.click()
        assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_hostile_texts_do_nothing(lab: Lab, tmp_path: Path) -> None:
    hostile = [
        view(i, text=text[:20_000], gold=text[:300], extracted=text[:300], question=Clip(text=text[:20_000]))
        for i, text in enumerate(CORPUS)
    ]
    run = record(hostile, model=CORPUS[0], name=CORPUS[1], data=CORPUS[2], notes=list(CORPUS[:20]))
    address = saved(tmp_path, run)
    with lab.window() as page:
        opened(page, address)
        page.locator(LIST).focus()
        for _ in CORPUS:
            page.keyboard.press("j")
            for fold in page.locator(f"{DETAIL} details:not([open]) > summary").all():
                fold.click()
        page.select_option(".qwq-print-depth", "reasoning")
        page.evaluate(BEFORE_PRINT)
        assert page.locator(f"{PRINTED} article").count() == len(CORPUS)
        assert page.evaluate("window.__xss") is None
        assert page.requests == [address]
        assert page.locator("iframe, object, embed, link, form, base").count() == 0
        assert page.locator(".qwq-page a[href^='javascript']").count() == 0


def test_its_policy_forbids_every_request(lab: Lab, tmp_path: Path) -> None:
    """What got into the page by a fault of ours could not call home; the control is the page without the policy."""
    file = tmp_path / "report.html"
    Report(record()).save(file)
    text = file.read_text(encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server, lab.window() as page:
        server.settimeout(0.5)
        attack = f"<img src='http://127.0.0.1:{server.getsockname()[1]}/pixel'><script>window.__xss=1</script>"
        attacked = text.replace("<main>", f"<main>{attack}")
        file.write_text(attacked, encoding="utf-8")
        opened(page, file.as_uri())
        with pytest.raises(TimeoutError):
            server.accept()
        assert page.evaluate("window.__xss") is None
        file.write_text(attacked.replace("Content-Security-Policy", "none"), encoding="utf-8")
        page.goto(file.as_uri(), wait_until="commit")
        server.settimeout(10)
        server.accept()[0].close()
        page.wait_for_selector(LINE)
        assert page.evaluate("window.__xss") == 1


def test_without_scripts_it_is_the_plain_report(lab: Lab, tmp_path: Path) -> None:
    address = saved(tmp_path, long_run(200))
    with lab.window(scripts=False) as page:
        page.goto(address)
        text = page.locator(".qwq-plain").inner_text()
        assert "80.0" in text
        assert page.locator(f"{VIEW}").count() == 0
        assert page.locator(".qwq-plain details").count() >= 200
        assert "keep the notebook small" not in page.content()
        assert page.requests == [address]


def test_paper_has_what_the_filter_shows_and_no_box_that_scrolls(lab: Lab, tmp_path: Path) -> None:
    address = saved(tmp_path, record([view(i) for i in range(400)], table=[row("Level 1"), row()]))
    boxes = """() => [...document.querySelectorAll('.qwq-page *')].filter((box) => {
        const {overflowX, overflowY} = getComputedStyle(box);
        const over = ['auto', 'scroll', 'hidden'];
        return box.checkVisibility() && !box.closest('.katex-mathml') && (
            (over.includes(overflowY) && box.scrollHeight > box.clientHeight + 1 && box.clientHeight > 20) ||
            (over.includes(overflowX) && box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 20));
    }).map((box) => box.className || box.tagName)"""
    with lab.window() as page:
        opened(page, address)
        page.get_by_role("button", name="truncated").first.click()
        left = int(page.locator(f"{LIST} [role=option]").first.get_attribute("aria-setsize"))
        assert 0 < left < 400
        page.emulate_media(media="print")
        page.evaluate(BEFORE_PRINT)
        assert page.locator(f"{PRINTED} tbody tr").count() == left
        assert f"{left} of 400 samples" in page.locator(PRINTED).inner_text()
        assert not page.locator(f"{VIEW} .qwq-browser").is_visible()
        assert page.evaluate(boxes) == []
        page.emulate_media(media="screen")
        page.select_option(".qwq-print-depth", "reasoning")
        page.emulate_media(media="print")
        page.evaluate(BEFORE_PRINT)
        assert page.locator(f"{PRINTED} article").count() == left
        assert page.locator(f"{PRINTED} article").first.locator(".katex").count() >= 2
        assert "Let me think." in page.locator(PRINTED).inner_text()
        assert page.evaluate(boxes) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(lab: Lab, tmp_path: Path, dark: bool) -> None:
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("needs axe-core: pip install axe-playwright-python")
    script = Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    samples = [view(i, text=THINKING) for i in range(20)]
    address = saved(tmp_path, record(samples, notes=["Mind the gap."], table=[row("Level 1"), row()]))
    with lab.window(dark=dark) as page:
        opened(page, address)
        page.wait_for_selector(f"{DETAIL} .katex")
        page.evaluate("document.querySelectorAll('.qwq-page details').forEach((fold) => { fold.open = true; })")
        page.wait_for_timeout(400)
        page.evaluate(script)
        found = page.evaluate(AXE, "body")
        assert [each for each in found if each["impact"] in ("moderate", "serious", "critical")] == []


def test_a_file_that_is_cut_off_says_so(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    Report(record()).save(file)
    text = file.read_text(encoding="utf-8")
    start = text.index('id="qwq-record">') + len('id="qwq-record">')
    file.write_text(text[: start + 100] + text[text.index("</script>", start) :], encoding="utf-8")
    with lab.window() as page:
        page.goto(file.as_uri())
        page.wait_for_selector("#qwq-view .qwq-unknown")
        assert "may be incomplete" in page.locator("#qwq-view").inner_text()
