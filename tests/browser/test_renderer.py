"""The JupyterLab renderer in a real JupyterLab: a finished run, one that goes on, and texts that mean harm."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import nbformat
import pytest

from qwq_nb.records import MIME_TYPE, Clip, Progress, RunRecord, SampleView
from qwq_nb.view import bundle
from tests.view.hostile import CORPUS
from tests.view.samples import flight, record, row, view

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.conftest import Lab

VIEW = ".qwq-RunView"
LIST = f"{VIEW} .qwq-list"
LINE = f"{LIST} .qwq-line"
DETAIL = f"{VIEW} .qwq-detail"
SEARCH = f"{VIEW} .qwq-search"
REASONING = f"{DETAIL} .qwq-fold:has(> summary:text-matches('^Reasoning'))"

THINKING = (
    "First I add $\\frac14$ and $\\frac14$.\n\n"
    "Wait, that has to be looked at with more care, since the two are not the same.\n\n"
    "Alternatively, I can count in quarters, which is easier to follow: that gives \\frac{1}{2} at once.\n\n"
    "等等，这里好像有一点问题，我们需要把前面的步骤全部再看一遍，然后才能确定答案是不是正确的，包括每一个数字。"
)


@pytest.fixture(scope="module", autouse=True)
def extension() -> None:
    if not (Path(sys.prefix) / "share/jupyter/labextensions/qwq-nb/package.json").exists():
        pytest.skip("needs the built extension: pip install -e . builds it")


def save(lab: Lab, name: str, *datas: dict[str, Any], trusted: bool = True) -> None:
    cells = []
    for data in datas:
        cell = nbformat.v4.new_code_cell("%qwq_eval math_500")
        cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
        cells.append(cell)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lab.root / name)
    if trusted:
        lab.trust(name)


def saved(run: RunRecord) -> dict[str, Any]:
    return bundle(run, live=False)


def large(n: int = 2_000) -> RunRecord:
    samples = [view(i, text=None, latency_s=float(i), reasoning_tokens=10 * i) for i in range(n)]
    return record(samples)


def focus(page: Any) -> str:
    return str(page.evaluate("document.activeElement.className"))


def outside(lab: Lab, page: Any) -> list[str]:
    home = urlsplit(lab.url).netloc
    return [u for u in page.requests if urlsplit(u).scheme not in ("data", "blob") and urlsplit(u).netloc != home]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_saved_run_is_drawn(lab: Lab, trusted: bool) -> None:
    """Preferred over the html beside it, whether the notebook is trusted or not, with no kernel."""
    samples = [view(i, text=THINKING) for i in range(40)]
    reference = {"benchmark": "math_500", "subset": "all", "model": "QwQ-32B", "score": 0.906, "source": "a document"}
    run = record(samples, references=[reference], demo=True, notes=["Mind the gap."])
    save(lab, f"saved-{trusted}.ipynb", saved(run), trusted=trusted)
    with lab.page(f"saved-{trusted}.ipynb") as page:
        page.wait_for_selector(VIEW)
        text = page.locator(VIEW).inner_text()
        for said in ("DEMO", "QwQ-32B", "math_500", "temperature 0.6", "50 of 50 done", "Mind the gap.", "40 samples"):
            assert said in text
        table = page.locator(f"{VIEW} table").inner_text()
        for said in ("Level 1", "80.0 %", "49.0 – 94.3", "88.9 %", "90.6 %", "truncated", "no answer", "errors"):
            assert said in table
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
        page.locator(f"{REASONING} > summary").click()
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
        page.wait_for_timeout(1_000)
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


def test_a_line_of_a_megabyte(lab: Lab) -> None:
    run = record([view(0, text="x" * 300_000 + " " + "[" * 10_000 + "\u202e")])
    save(lab, "long.ipynb", {MIME_TYPE: saved(run)[MIME_TYPE]})
    with lab.page("long.ipynb") as page:
        page.wait_for_selector(LINE)
        page.locator(f"{REASONING} > summary").click()
        page.wait_for_selector(f"{REASONING} .qwq-block")
        detail = page.locator(DETAIL)
        assert detail.evaluate("(node) => node.scrollWidth <= node.clientWidth + 1")
        assert "\\u202e" in detail.text_content()


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


def prediction(view: SampleView, reasoning: str) -> dict[str, Any]:
    content = [{"type": "reasoning", "reasoning": reasoning}, {"type": "text", "text": "It is one half."}]
    choice = {"message": {"role": "assistant", "content": content}}
    return {"index": 0, "model_output": {"choices": [choice]}, "qwq": {"id": view.id, "repeat": view.repeat}}


def test_texts_from_the_run_directory(lab: Lab) -> None:
    """What the saved output has left out is read from its file, found by the search there, and said to be missing."""
    cut = Clip(text="beginning end", omitted=5_000, at=10)
    file = "predictions/QwQ-32B/math_500_Level 1.jsonl"
    samples = [view(i, text="", reasoning=cut, file=file) for i in range(12)]
    samples[1] = view(1, text="", reasoning=cut, file="predictions/QwQ-32B/gone.jsonl", outcome="wrong")
    samples[7] = view(7, text="", reasoning=cut, file="predictions/QwQ-32B/math_500_Level 2.jsonl")
    run = record(samples, run_dir="qwq_runs/a run")
    path = lab.root / "sub" / "qwq_runs" / "a run" / file
    path.parent.mkdir(parents=True)
    rows = [
        prediction(view, f"the whole of {view.id}, haystack {'needle' if i == 7 else ''}")
        for i, view in enumerate(samples)
    ]
    for place in (path, path.with_name("math_500_Level 2.jsonl")):
        place.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    save(lab, "sub/traces.ipynb", saved(run))
    with lab.page("sub/traces.ipynb") as page:
        page.wait_for_selector(LINE)
        page.get_by_role("option").filter(has_text="level-4/3").click()
        page.locator(f"{REASONING} > summary").click()
        page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('the whole of')")
        assert "left out" not in page.locator(REASONING).inner_text()
        page.get_by_role("option").filter(has_text="level-2/1wrong").click()
        page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('(not there)')")
        assert "5,000 characters left out" in page.locator(REASONING).inner_text()
        page.fill(SEARCH, "needle")
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '0 of 12 samples'")
        page.get_by_role("button", name="Search the whole texts of").click()
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '1 of 12 samples'")
        assert "1 file not searched" in page.locator(f"{VIEW} .qwq-problem").inner_text()
        # The file itself is one click away, in Lab.
        page.get_by_text("Open the run’s file").click()
        page.wait_for_selector(".lm-TabBar-tabLabel:text('math_500_Level 1.jsonl')")


@pytest.fixture
def updates(lab: Lab) -> Iterator[Any]:
    """A notebook whose cell draws one record after the other, each when it is told to."""
    page_context: list[Any] = []

    def begin(name: str, *records: RunRecord) -> tuple[Any, Any]:
        datas = [bundle(each, live=each.partial) for each in records]
        (lab.root / f"{name}.json").write_text(json.dumps(datas), encoding="utf-8")
        code = (
            "import json, pathlib, time\n"
            "from IPython.display import display\n"
            f"datas = json.loads(pathlib.Path('{name}.json').read_text())\n"
            "handle = display(datas[0], raw=True, display_id=True)\n"
            "for number, data in enumerate(datas[1:], 1):\n"
            f"    while not pathlib.Path(f'{name}-{{number}}').exists():\n"
            "        time.sleep(0.05)\n"
            "    handle.update(data, raw=True)\n"
        )
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, lab.root / f"{name}.ipynb")
        context = lab.page(f"{name}.ipynb")
        page = context.__enter__()
        page_context.append(context)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
        for _ in range(5):  # a kernel that is just starting may miss the first call
            page.locator(".jp-Cell .cm-content").first.click()
            page.keyboard.press("Control+Enter")
            with contextlib.suppress(playwright.TimeoutError):
                page.wait_for_selector(VIEW, timeout=8_000)
                break
        return page, lambda number: (lab.root / f"{name}-{number}").write_text("")

    yield begin
    for context in page_context:
        context.__exit__(None, None, None)


def test_updates_leave_the_reader_in_peace(updates: Any) -> None:
    """Scroll, focus, open folds and half-typed text stay through an update; a stream grows; its end is shown."""
    long = "\n\n".join(f"Thought number {i}, which is long enough to fill a line or two of it." for i in range(200))
    samples = [view(i, text=long) for i in range(80)]

    def live(samples: list[SampleView], *tails: tuple[str, int], done: int = 80) -> RunRecord:
        flights = [flight(900 + i, reasoning_tail=tail, reasoning_at=at) for i, (tail, at) in enumerate(tails)]
        progress = Progress(total=200, done=done, in_flight=len(flights), tokens_per_s=100.0, eta_s=60.0)
        return record(samples, state="running", partial=True, in_flight=flights, progress=progress)

    page, go = updates(
        "updates",
        live(samples[:20], ("Let me begin.", 0)),
        live(samples[20:60], (" Wait, no.", 13), done=81),
        live(samples[60:], (" The end", 100), done=82),
        live([view(900, id="math_500/level-1/900", subset="Level 1", text="It is done.")], done=83),
    )
    # The running one is shown at first, and its reasoning grows while it is watched.
    page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('Let me begin.')")
    go(1)
    page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('Wait, no.')")
    assert "81 of 200 done" in page.locator(f"{VIEW} .qwq-progress").inner_text()
    # Now another sample is read, deep in its reasoning, with a search half typed.
    page.get_by_role("option").filter(has_text="level-4/3").first.click()
    page.locator(f"{REASONING} > summary").click()
    page.wait_for_selector(f"{REASONING} .qwq-block")
    page.evaluate("document.querySelector('.qwq-detail').scrollTop = 1500")
    page.evaluate("document.querySelector('.qwq-list').scrollTop = 440")
    page.wait_for_timeout(200)
    page.focus(SEARCH)
    page.evaluate("window.before = ['.qwq-RunView', '.qwq-detail details'].map((s) => document.querySelector(s))")
    at_top = """(pane) => {
        const box = document.querySelector(pane).getBoundingClientRect();
        const found = document.elementFromPoint(box.x + 60, box.y + 60);
        const item = found.closest('.qwq-line, .qwq-block, .qwq-thought');
        return [item.textContent.slice(0, 200), Math.round(item.getBoundingClientRect().y - box.y)];
    }"""
    reading = [page.evaluate(at_top, pane) for pane in (LIST, DETAIL)]
    page.keyboard.type("Thou")
    go(2)
    page.wait_for_function("document.querySelector('.qwq-progress').innerText.includes('82 of 200')")
    assert page.input_value(SEARCH) == "Thou"
    assert "qwq-search" in focus(page)
    assert page.evaluate("window.before[0].isConnected && window.before[1].isConnected")
    assert page.locator(REASONING).evaluate("(fold) => fold.open")
    assert [page.evaluate(at_top, pane) for pane in (LIST, DETAIL)] == reading
    # The stream whose middle was not seen says so.
    page.fill(SEARCH, "")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('77 characters not seen')")
    go(3)
    page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('It is done.')")
    assert "running" not in page.locator(f"{DETAIL} .qwq-outcome").inner_text()
