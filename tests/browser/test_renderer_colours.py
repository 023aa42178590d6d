"""The renderer's colours in a real JupyterLab: contrasts in both themes, and the system's colours alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.lab import wait_until_still
from tests.browser.renderer import LINE, LIST, VIEW, needs_extension
from tests.browser.test_access import run, save

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

CONTRASTS = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const over = (colours) => {
        canvas.fillStyle = 'white';
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => rgb.map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const signs = [
        ...[...document.querySelectorAll('.qwq-line-sign')].map((sign) => [sign, null]),
        ...[...document.querySelectorAll('.qwq-chip[data-outcome]:not(.qwq-mod-none) > span:first-child, .qwq-outcome')]
            .map((sign) => [sign, '::first-letter']),
    ];
    return signs.map(([sign, part]) => {
        const grounds = [];
        for (let box = sign; box; box = box.parentElement) grounds.unshift(getComputedStyle(box).backgroundColor);
        const back = over(grounds);
        const front = over([`rgb(${back})`, getComputedStyle(sign, part).color]);
        const [dark, bright] = [light(back), light(front)].sort((a, b) => a - b);
        return [sign.textContent, (bright + 0.05) / (dark + 0.05)];
    });
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_signs_stand_out(lab: Lab, dark: bool) -> None:
    """axe passes over texts of one character."""
    save(lab, "signs.ipynb", run())
    with lab.page("signs.ipynb", dark=dark) as page:
        page.wait_for_selector(LINE)
        page.evaluate("document.querySelector('.qwq-panes').style.height = '1600px'")
        wait_until_still(page)
        found = []
        for outcome in ("✗", "∅", "⊣", "?", "!", "✓"):
            line = page.locator(LINE, has=page.locator(f".qwq-line-sign:text-is('{outcome}')")).first
            line.click()
            page.focus(f"{LIST}")  # the chosen line is darkest while the list has the focus
            found += page.evaluate(CONTRASTS)
        signs = {text[:1]: min(ratio for other, ratio in found if other[:1] == text[:1]) for text, _ in found}
        print(signs)
        assert len(signs) >= 6
        assert {sign: ratio for sign, ratio in signs.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours(lab: Lab, scheme: Any, tmp_path: Path) -> None:
    """With the system's colours alone, what was told apart by a shade is told apart by something else."""
    looks = """() => {
        const look = (selector) => {
            const node = document.querySelector(selector);
            if (!node) return null;
            const {backgroundColor, backgroundImage, borderLeftColor, borderLeftStyle, color} = getComputedStyle(node);
            return {backgroundColor, backgroundImage, borderLeftColor, borderLeftStyle, color};
        };
        const of = (outcome) => look(`.qwq-bar > [data-outcome=${outcome}]`);
        return {
            bar: ['correct', 'wrong', 'truncated', 'error', 'pending'].map(of).filter((each) => each)
                .map(({backgroundColor, backgroundImage}) => backgroundColor + backgroundImage),
            page: look('.qwq-RunView'), track: look('.qwq-track'), fill: look('.qwq-dot'),
            whisker: look('.qwq-results .qwq-whisker'), published: look('.qwq-published'),
            turn: look('.qwq-mod-switch'), hit: look('.qwq-mod-hit'),
            chosen: look('.qwq-line[aria-selected=true]'), other: look('.qwq-line[aria-selected=false]'),
            pressed: look('.qwq-chip[aria-pressed=true]'), chip: look('.qwq-chip[aria-pressed=false]'),
        };
    }"""
    save(lab, "forced.ipynb", run())
    with lab.page("forced.ipynb") as page:
        page.emulate_media(forced_colors="active", color_scheme=scheme)
        page.wait_for_selector(LINE)
        page.fill(f"{VIEW} .qwq-search", "makes")
        page.locator(f"{VIEW} .qwq-filters .qwq-chip[data-outcome='correct']").click()
        page.mouse.move(5, 5)
        page.evaluate("document.querySelectorAll('.qwq-attempt details').forEach((fold) => { fold.open = true; })")
        page.wait_for_selector(f"{VIEW} mark.qwq-mod-hit", state="attached")
        wait_until_still(page)
        page.screenshot(path=tmp_path / f"forced-{scheme}.png", full_page=True)
        found = page.evaluate(looks)
    assert len(set(found["bar"])) == len(found["bar"]) >= 3
    ground = found["page"]["color"]
    assert found["fill"]["backgroundColor"] not in (ground, "rgba(0, 0, 0, 0)")
    assert found["track"]["borderLeftStyle"] == "solid"
    assert found["whisker"]["borderLeftColor"] == ground
    # A hollow mark beside a full one.
    assert found["published"]["backgroundColor"] == "rgba(0, 0, 0, 0)"
    assert found["published"]["borderLeftColor"] != found["fill"]["backgroundColor"]
    assert found["turn"]["color"] == ground
    assert found["hit"]["backgroundColor"] != found["chip"]["backgroundColor"]
    assert found["chosen"]["backgroundColor"] != found["other"]["backgroundColor"]
    assert found["pressed"]["backgroundColor"] != found["chip"]["backgroundColor"]
