"""Boards and turns in a real JupyterLab: searched, sorted, read in order, whatever the texts are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from qwq_nb.core.run_record import MIME_TYPE
from qwq_nb.run.board.report import BOARD_MIME
from tests.browser.lab import wait_until_still
from tests.browser.renderer import DETAIL, LINE, VIEW, needs_extension, outside, save, saved
from tests.support.edited_exercises import DIFF, answer, edit, exercise, failing, malformed, passing, turn
from tests.support.hostile_texts import CORPUS
from tests.support.made_runs import made_run

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

pytestmark = needs_extension

BOARD = ".qwq-BoardView"
NAMES = f"{BOARD} tbody tr:not(.qwq-mod-group) th > span:first-child"
COMPLAINT = "The reply has no file listing."


def pair() -> Any:
    """A pair that passes one exercise in two tries, after a malformed reply."""
    steps = [
        turn("architect"),
        turn("editor", edit=malformed(COMPLAINT)),
        turn("editor", retry=1, edit=edit(), execution=failing("E: first output")),
        *answer(tries=2)[2:],
    ]
    return made_run([exercise(1, steps)], name="pair", model="QwQ-32B")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (600, True)])
def test_a_board_is_searched_and_sorted(lab: Lab, width: int, dark: bool) -> None:
    board = pair().board(made_run([exercise(1, answer(editor=False))], name="solo", model="QwQ-32B"))
    save(lab, f"board-{width}.ipynb", board._repr_mimebundle_())
    with lab.page(f"board-{width}.ipynb", width=width, dark=dark) as page:
        page.wait_for_selector(NAMES)
        names = page.locator(NAMES).all_inner_texts()
        assert names[:2] == ["QwQ-32B + Qwen2.5-Coder-32B", "QwQ-32B"]
        assert "QwQ + Qwen2.5 Coder 32B-I" in names
        assert page.locator(f"{BOARD} .qwq-mod-published .qwq-badge").count() == len(names) - 2

        page.fill(f"{BOARD} .qwq-search", "qwen2.5 WHOLE")
        assert page.locator(NAMES).all_inner_texts() == ["QwQ-32B + Qwen2.5-Coder-32B", "QwQ + Qwen2.5 Coder 32B-I"]
        assert page.locator(f"{BOARD} .qwq-board-tools").inner_text().endswith(f"2 of {len(names)} rows")
        page.fill(f"{BOARD} .qwq-search", "")

        page.click(f"{BOARD} thead button:text-is('two tries')")
        published = page.locator(f"{BOARD} .qwq-mod-published").first.locator("tr:not(.qwq-mod-group)")
        assert published.first.inner_text().startswith("o1-preview")
        page.click(f"{BOARD} thead button:text-is('two tries ▾')")
        assert published.first.inner_text().startswith("QwQ ")
        assert page.locator(f"{BOARD} thead [aria-sort]").get_attribute("aria-sort") == "ascending"
        wide = page.eval_on_selector(BOARD, "(node) => node.scrollWidth > node.clientWidth")
        assert not wide, "the table scrolls by itself"
        assert outside(lab, page) == []


def test_turns_are_read_in_order(lab: Lab) -> None:
    save(lab, "turns.ipynb", saved(pair().record()))
    with lab.page("turns.ipynb") as page:
        page.wait_for_selector(f"{DETAIL} .qwq-turn")
        turns = page.locator(f"{DETAIL} .qwq-turn")
        heads = turns.locator(".qwq-turn-head strong").all_inner_texts()
        assert heads == [
            "architect, try 1",
            "editor, try 1",
            "editor, try 1, asked again (1)",
            "architect, try 2",
            "editor, try 2",
        ]
        assert COMPLAINT in turns.nth(1).inner_text()
        diff = turns.nth(2).locator(".qwq-diff")
        assert diff.inner_text().split() == DIFF.split()
        assert diff.locator(".qwq-mod-added").all_inner_texts()[0].startswith("+def")
        assert "2 lines added, 2 removed" in turns.nth(2).inner_text()
        turns.nth(2).locator("summary", has_text="Test output").click()
        assert "E: first output" in turns.nth(2).inner_text()
        assert "two tries 100.0 %" in page.locator(".qwq-board-facts").inner_text()


def test_hostile_turns_and_boards_do_nothing(lab: Lab) -> None:
    texts = [text[:20_000] for text in CORPUS]

    def hostile(number: int, text: str) -> Any:
        changed = edit(format=text, files=[text], diff=f"+{text}\n-{text}")
        steps = [
            turn(text[:60], reasoning=text, answer=text, model=text, edit=malformed(text)),
            turn("editor", answer=f"{text}.", edit=changed, execution=failing(text)),
            turn("editor", retry=1, edit=edit(), execution=passing()),
        ]
        return exercise(number, steps, "wrong")

    run = made_run([hostile(number, text) for number, text in enumerate(texts)], name="hostile", model=texts[0])
    record = msgspec.structs.replace(run.record(), run_dir="https://evil.invalid/x")
    steps = [[turn("editor", model=text[:2_000], edit=edit(format=text))] for text in texts]
    first, *others = [
        made_run([exercise(1, each)], model=text[:2_000]) for each, text in zip(steps, texts, strict=True)
    ]
    board = first.board(*others)._repr_mimebundle_()
    bundles = [{MIME_TYPE: saved(record)[MIME_TYPE]}, {BOARD_MIME: board[BOARD_MIME]}]
    save(lab, "hostile.ipynb", *bundles)
    with lab.page("hostile.ipynb") as page:
        page.wait_for_selector(LINE)
        page.wait_for_selector(NAMES)
        page.focus(f"{VIEW} .qwq-list")
        for _ in texts:
            page.evaluate(
                """() => {
                    const root = document.querySelector('.qwq-RunView');
                    root.querySelectorAll('details').forEach((fold) => { fold.open = true; });
                    root.querySelectorAll('.qwq-turns *').forEach((element) => {
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
