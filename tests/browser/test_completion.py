"""TAB on a magic's line in a real JupyterLab with a real kernel: what the completer shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.evaluation.options import EVAL, EXECUTOR
from tests.browser.lab import CELL_TEXT, run_cell, write_notebook

if TYPE_CHECKING:
    from tests.browser.lab import Lab

ITEM = ".jp-Completer:visible .jp-Completer-item"
PARTS = """(items) => items.map((item) => [
    item.querySelector('.jp-Completer-match').innerText,
    item.querySelector('.jp-Completer-typeExtended').innerText,
])"""
NAME = "math_500-QwQ-32B-1a2b"


@pytest.fixture(scope="module")
def page(lab: Lab) -> Iterator[Any]:
    """A notebook whose kernel has the extension loaded, and the settings of one who keeps runs elsewhere."""
    lines = "%load_ext qwq_nb\n%config QwqMagics.out = 'kept'\n%config Completer.use_jedi = True\nprint('loaded')"
    write_notebook(lab, "tab.ipynb", lines, "")
    for folder, name in (("kept", NAME), ("elsewhere", "aime24-other")):
        run = Path(lab.root, folder, name)
        run.mkdir(parents=True)
        (run / "qwq_run.json").write_text("{}", encoding="utf-8")
    with lab.page("tab.ipynb") as page:
        run_cell(page, 0).get_by_text("loaded", exact=True).wait_for(timeout=60_000)
        yield page


def tab(page: Any, text: str) -> None:
    """Write `text` into the second cell, and press TAB behind it."""
    page.keyboard.press("Escape")
    page.locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)
    page.keyboard.press("Tab")


def offered(page: Any, text: str) -> dict[str, str]:
    """What the kernel has listed after `text` and TAB, by what it says each is.

    JupyterLab adds the words of the cell itself, which it says nothing of.
    """
    tab(page, text)
    page.wait_for_selector(ITEM)
    return {word: kind for word, kind in page.locator(ITEM).evaluate_all(PARTS) if kind}


def test_only_our_options_are_listed(page: Any) -> None:
    kinds = {o.name: "flag" if o.kind == "flag" else "option" for o in (*EVAL, *EXECUTOR)}
    assert offered(page, "%qwq_eval math_500 --") == kinds


def test_the_one_that_fits_is_written_by_enter(page: Any) -> None:
    assert offered(page, "run = %qwq_eval math_500 --li") == {"--limit": "option"}, "--li is no license"
    page.keyboard.press("Enter")
    page.wait_for_function(f"({CELL_TEXT})(1) === 'run = %qwq_eval math_500 --limit'")


def test_runs_lie_where_the_line_or_the_settings_say(page: Any) -> None:
    assert offered(page, "%qwq_show ")[NAME] == "run"
    assert "aime24-other" not in offered(page, "%qwq_show ")
    assert offered(page, "%qwq_show --out elsewhere ")["aime24-other"] == "run"


def test_values_have_their_kinds(page: Any) -> None:
    assert offered(page, "%qwq_eval math_500 --hub ") == {"modelscope": "value", "huggingface": "value"}
    assert set(offered(page, "%qwq_eval gp").values()) == {"benchmark"}


def test_an_option_is_explained(page: Any) -> None:
    tab(page, "%qwq_endpoint http://127.0.0.1:8000/v1 --key-env")
    page.keyboard.press("Shift+Tab")
    shown = page.locator(".jp-Tooltip").inner_text()
    assert next(o.help for o in ENDPOINT if o.name == "--key-env") in shown
