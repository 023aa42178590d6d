"""A sample's texts in a real JupyterLab: very long ones, those in the run's folder, and the copy as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from qwq_nb.core.run_record import MIME_TYPE, Clip, RunRecord, SampleView
from tests.browser.lab import wait_until_still
from tests.browser.renderer import DETAIL, LINE, REASONING, SEARCH, VIEW, needs_extension, save, saved
from tests.support.run_records import record, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension


# The longest frame while a fold opens and its text is drawn.
OPENED = """async (fold) => {
    const next = () => new Promise(requestAnimationFrame);
    let longest = 0, last = performance.now();
    const until = last + 1500;
    fold.open = true;
    while (last < until) {
        await next();
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
    }
    return longest;
}"""

SCROLLED = """async (box) => {
    const deltas = [];
    let last = performance.now();
    for (let i = 0; i < 120; i++) {
        box.scrollTop += 400;
        await new Promise(requestAnimationFrame);
        deltas.push(performance.now() - last);
        last = performance.now();
    }
    return deltas.sort((a, b) => a - b);
}"""


def whole(run: RunRecord) -> dict[str, Any]:
    """Not clipped."""
    return {MIME_TYPE: msgspec.to_builtins(run)}


@pytest.mark.long
def test_ten_thousand_thoughts(lab: Lab) -> None:
    """They scroll, and one gets to a match and to the first mention though most of them are out of sight."""
    care = "has to be looked at again, with more care than I have taken so far: it is worth it."
    thoughts = [f"Wait, thought {i} {care}\n" for i in range(10_000)]
    thoughts[7_000] = "Wait, here it is = \\frac{1}{2}, which nobody has expected at this point in the text.\n"
    thoughts[9_000] = "Wait, this one holds a needle, and the thoughts before it hold none at all, as it were.\n"
    save(lab, "thoughts.ipynb", whole(record([view(0, text="".join(thoughts))])))
    with lab.page("thoughts.ipynb") as page:
        page.wait_for_selector(LINE)
        page.locator(REASONING).evaluate(OPENED)
        page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('thought 9999')")
        frames = page.locator(DETAIL).evaluate(SCROLLED)
        print(f"a frame: median {frames[60]:.1f} ms, p95 {frames[114]:.1f} ms, worst {frames[-1]:.1f} ms")
        assert frames[60] < 20
        page.get_by_role("button", name="Gold answer first mentioned in thought 7,001").click()
        seen = """(selector) => {
            const box = document.querySelector('.qwq-detail').getBoundingClientRect();
            const mark = document.querySelector(selector)?.getBoundingClientRect();
            return mark && mark.top >= box.top && mark.bottom <= box.bottom;
        }"""
        page.wait_for_function(seen, arg=".qwq-mod-mention")
        page.fill(SEARCH, "needle")
        page.get_by_role("button", name="Next match").click()
        page.wait_for_function(seen, arg=".qwq-mod-hit")
        wait_until_still(page)
        assert page.evaluate(seen, ".qwq-mod-hit")


@pytest.mark.parametrize("line", ["x" * 1_000_000, "$\\frac12" * 125_000], ids=["letters", "formulas"])
def test_a_whole_line_of_a_megabyte_from_the_folder(lab: Lab, line: str) -> None:
    cut = Clip(text=line[:100], omitted=len(line) - 100, at=100)
    sample = view(0, text="", reasoning=cut)
    run_dir = f"line-{line[0] == 'x'}"
    path = lab.root / run_dir / sample.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(prediction(sample, line)) + "\n", encoding="utf-8")
    save(lab, "megabyte.ipynb", saved(record([sample], run_dir=run_dir)))
    with lab.page("megabyte.ipynb") as page:
        page.wait_for_selector(LINE)
        page.wait_for_function("!document.querySelector('.qwq-detail').textContent.includes('left out in the middle')")
        longest = page.locator(REASONING).evaluate(OPENED)
        print(f"longest frame {longest:.0f} ms")
        assert longest < 200
        detail = page.locator(DETAIL)
        assert detail.evaluate("(node) => node.scrollWidth <= node.clientWidth + 1")
        assert len(page.locator(f"{REASONING} .qwq-body").text_content()) > 1_000_000 * 0.99
        frames = detail.evaluate(SCROLLED)
        assert frames[60] < 40


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
    path.parent.mkdir(parents=True, exist_ok=True)
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
        page.wait_for_function("document.querySelector('.qwq-status').innerText === '1 of 12 samples'")
        assert "1 file not searched" in page.locator(f"{VIEW} .qwq-problem").inner_text()
        # The file itself is one click away, in Lab.
        page.get_by_text("Copy ▾").click()
        page.get_by_text("Open the run’s file").click()
        page.wait_for_selector(".lm-TabBar-tabLabel:text('math_500_Level 1.jsonl')")


def test_texts_of_a_run_that_evalscope_made(lab: Lab) -> None:
    """Its rows have a number and no id: 2 of 3 samples, twice each."""
    cut = Clip(text="the whole", omitted=5_000, at=9)
    said = Clip(text="It is one half.")
    samples = [
        view(0, id=f"math_500/level-1/{i}", subset="Level 1", repeat=repeat, text="", reasoning=cut, answer=said)
        for i in range(3)
        for repeat in range(2)
    ]
    rows = [prediction(each, f"the whole of number {index}") for index, each in enumerate(samples)]
    for index, each in enumerate(rows):
        del each["qwq"]
        each["index"] = index
    path = lab.root / "outputs" / "foreign" / samples[0].file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    save(lab, "foreign.ipynb", saved(record(samples, run_dir="outputs/foreign", repeats=2)))
    with lab.page("foreign.ipynb") as page:
        page.wait_for_selector(LINE)
        page.get_by_role("button", name="By problem").click()
        page.get_by_role("option").filter(has_text="level-1/2 · repeat 1").click()
        page.locator(f"{REASONING} > summary").click()
        page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('the whole of number 5')")


def test_copy_as_json(lab: Lab) -> None:
    """The record of the sample, its texts whole where they were read from the run's folder."""
    sample = view(0, text="", reasoning=Clip(text="beginning end", omitted=5_000, at=10))
    path = lab.root / "copied" / sample.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(prediction(sample, "the whole of it: $x$ \u202e 😀")) + "\n", encoding="utf-8")
    save(lab, "copied.ipynb", saved(record([sample, view(1)], run_dir="copied")))
    with lab.page("copied.ipynb") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.wait_for_selector(LINE)
        page.get_by_role("option").filter(has_text="level-1/0").click()
        page.locator(f"{REASONING} > summary").click()
        page.wait_for_function("document.querySelector('.qwq-detail').textContent.includes('the whole of it')")
        page.get_by_text("Copy ▾").click()
        page.get_by_text("Copy as JSON").click()
        page.wait_for_selector(f"{VIEW} .qwq-copied:text('Copied')")
        copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
        assert copied["reasoning"]["text"] == "the whole of it: $x$ \u202e 😀"
        # What was copied is a sample of the schema.
        again = msgspec.convert(copied, SampleView)
        assert (again.id, again.outcome, again.gold) == (sample.id, sample.outcome, sample.gold)
        assert again.answer == Clip(text="It is one half.")
