"""The search of a run in a real JupyterLab: in the run's folder, excerpts in the list, the way from match to match."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from qwq_nb.core.run_record import MIME_TYPE, Clip, SampleView
from tests.browser.lab import wait_until_still
from tests.browser.renderer import DETAIL, LINE, LIST, REASONING, SEARCH, VIEW, needs_extension, outside, save, saved
from tests.support.run_records import record, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

SAID = f"{DETAIL} [role=group][aria-label='Matches in this sample'] .qwq-hits-said"
CURRENT = f"{DETAIL} .qwq-mod-current"
STATUS = f"{VIEW} .qwq-status"

# Whether the match one is at can be read: in the box, and below what stays at its top.
SEEN = """() => {
    const head = document.querySelector('.qwq-detail-head').getBoundingClientRect();
    const box = document.querySelector('.qwq-detail').getBoundingClientRect();
    const mark = document.querySelector('.qwq-detail .qwq-mod-current')?.getBoundingClientRect();
    return mark && mark.top >= head.bottom && mark.bottom <= box.bottom;
}"""
# The colours of what is marked, of all that is drawn in it, and of the theme's own matches.
COLOURS = """(mark) => {
    const of = (node) => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color];
    const lab = (kind) => {
        const node = document.createElement('span');
        node.style.background = `var(--jp-search-${kind}-match-background-color)`;
        node.style.color = `var(--jp-search-${kind}-match-color)`;
        document.body.append(node);
        const colours = of(node);
        node.remove();
        return colours;
    };
    const drawn = mark.querySelector('mjx-container');
    const box = drawn && drawn.getBoundingClientRect();
    return {own: of(mark), drawn: drawn && of(drawn), size: box && [box.width, box.height],
            current: lab('selected'), other: lab('unselected')};
}"""


def row(sample: SampleView, reasoning: str) -> dict[str, Any]:
    content = [{"type": "reasoning", "reasoning": reasoning}, {"type": "text", "text": "It is one half."}]
    choice = {"message": {"role": "assistant", "content": content}}
    return {"index": 0, "model_output": {"choices": [choice]}, "qwq": {"id": sample.id, "repeat": sample.repeat}}


def write(lab: Lab, folder: str, samples: list[SampleView], needle: str) -> None:
    path = lab.root / folder / samples[0].file
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [f"the whole of {s.id}, " + "hay " * 2_000 + (needle if i == 7 else "") for i, s in enumerate(samples)]
    rows = [json.dumps(row(sample, text)) + "\n" for sample, text in zip(samples, texts, strict=True)]
    path.write_text("".join(rows), encoding="utf-8")


def status(page: Any, said: str) -> None:
    page.wait_for_function(f"document.querySelector('.qwq-status').innerText === {said!r}")


def test_the_whole_run_is_searched(lab: Lab) -> None:
    """Also what the notebook has left out, without being asked; of texts that are withheld, when it is."""
    cut = Clip(text="the whole", omitted=8_000, at=9)
    samples = [view(i, text="", reasoning=cut) for i in range(12)]
    hostile = "a needle <img src=x onerror=alert(1)> \u202e here"
    write(lab, "folder", samples, hostile)
    save(lab, "folder.ipynb", saved(record(samples, run_dir="folder")))
    save(lab, "withheld.ipynb", saved(record(samples, run_dir="folder", withheld=True)))
    with lab.page("folder.ipynb") as page:
        page.wait_for_selector(LINE)
        page.fill(SEARCH, "needle")
        status(page, "1 of 12 samples")
        assert page.locator(f"{VIEW} .qwq-found").is_hidden()
        # The line says where it was found, and in which words; whatever they are, they are text.
        said = page.locator(f"{LINE} .qwq-line-said")
        assert said.locator("mark").all_text_contents() == ["needle"]
        assert said.inner_text().startswith("reasoning …")
        assert "needle <img src=x onerror=alert(1)> \\u202e here" in said.text_content()
        # The fold that holds it is open, and it is in sight, though it is 8,000 characters from the beginning.
        page.wait_for_selector(f"{REASONING} mark.qwq-mod-current")
        page.wait_for_function(SEEN)
        assert page.locator(SAID).inner_text() == "1 of 1"
        page.get_by_role("button", name="Regular expression").click()
        page.fill(SEARCH, "he[r]e$")
        page.wait_for_function("document.querySelector('.qwq-line-said mark')?.textContent === 'here'")
        assert page.locator(LINE).count() == 1
        page.fill(SEARCH, "he[r")
        page.wait_for_selector(f"{SEARCH}[aria-invalid]")
        assert outside(lab, page) == []
        assert page.dialogs == []
    with lab.page("withheld.ipynb") as page:
        page.wait_for_selector(LINE)
        page.requests.clear()
        page.fill(SEARCH, "needle")
        status(page, "0 of 12 samples")
        wait_until_still(page)
        assert not [url for url in page.requests if "predictions" in url]
        page.get_by_role("button", name="Search the whole texts of 12 more").click()
        status(page, "1 of 12 samples")


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.long)], ids=["light", "dark"])
def test_from_match_to_match(lab: Lab, dark: bool) -> None:
    """n and N lead through question, answer and reasoning; a match in a displayed formula can be seen."""
    filler = "\n\n".join(
        f"Alternatively, I look at it once more from side {i}, with all the care it takes." for i in range(60)
    )
    text = f"Wait, so it is needle.\n\n{filler}\n\nSo\n\n$$4\\sqrt{{needle}}$$\n\nand that is a needle."
    sample = view(
        0, text=text, outcome="wrong", question=Clip(text="Is there a needle?"), answer=Clip(text="A needle.")
    )
    data = {MIME_TYPE: msgspec.to_builtins(record([sample, view(1)]))}
    save(lab, "matches.ipynb", data)
    with lab.page("matches.ipynb", dark=dark) as page:
        page.wait_for_selector(LINE)
        assert page.locator(f"{DETAIL} .qwq-hits").is_hidden()
        page.fill(SEARCH, "needle")
        status(page, "1 of 2 samples")
        said = page.locator(SAID)
        page.wait_for_function("document.querySelector('.qwq-hits-said').innerText === '1 of 5'")
        places = []
        page.focus(LIST)
        for number in range(1, 6):
            assert said.inner_text() == f"{number} of 5"
            page.wait_for_function(SEEN)
            places.append(
                page.locator(CURRENT).first.evaluate(
                    "(mark) => mark.closest('.qwq-question, .qwq-fold').textContent.slice(0, 9)"
                )
            )
            if number == 4:
                page.wait_for_selector(f"{CURRENT} mjx-container[display=true]")
                colours = page.locator(CURRENT).evaluate(COLOURS)
                assert colours["drawn"] == colours["own"] == colours["current"]
                assert min(colours["size"]) > 10
            page.keyboard.press("n")
        assert places == ["Is there ", "Answer · ", "Reasoning", "Reasoning", "Reasoning"]
        assert said.inner_text() == "1 of 5"  # around the end
        page.keyboard.press("N")
        assert said.inner_text() == "5 of 5"
        page.get_by_role("button", name="Previous match").click()
        assert said.inner_text() == "4 of 5"
        colours = page.locator(f"{REASONING} .qwq-mod-hit:not(.qwq-mod-current)").first.evaluate(COLOURS)
        assert colours["own"] == colours["other"]
        # A turn of the reasoning is marked as one, and as a match.
        page.fill(SEARCH, "wait")
        page.wait_for_selector(f"{REASONING} .qwq-mod-switch > .qwq-mod-current")
        assert page.locator(CURRENT).inner_text() == "Wait"
        page.fill(SEARCH, "")
        page.wait_for_selector(f"{DETAIL} .qwq-hits", state="hidden")
        assert page.locator(f"{DETAIL} .qwq-mod-hit").count() == 0
