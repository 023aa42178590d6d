"""A figure saved as a page, in a real browser: its own scripts draw it, and no other runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.lab import write_notebook
from tests.support.made_runs import made_run, results_of

if TYPE_CHECKING:
    from tests.browser.lab import Lab

SET = "<script>window.__xss=1</script><img src=x onerror='window.__xss=1'>"


@pytest.fixture
def browser(lab: Lab) -> Iterator[Any]:
    """A browser's context, of which a test opens windows of its own."""
    write_notebook(lab, "page.ipynb", "")
    with lab.page("page.ipynb", fresh=True) as page:
        yield page.context


def opened(browser: Any, file: Path) -> tuple[Any, list[str]]:
    """A window on the page, drawn, and what its console said."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("svg.main-svg")
    return page, said


@pytest.mark.long
def test_a_saved_figure_is_drawn_by_its_own_scripts_alone(browser: Any, tmp_path: Path) -> None:
    file = made_run(results_of("cwtcc")).plot().save(tmp_path / "run.html")
    page, said = opened(browser, file)
    picture = "Plotly.toImage(document.querySelector('.plotly-graph-div')).then(made => made.slice(0, 15))"
    assert page.evaluate(picture) == "data:image/png;", "its button saves a picture"
    assert said == []

    content = file.read_text(encoding="utf-8").replace("</main>", f"{SET}</main>")
    file.write_text(content, encoding="utf-8")
    page, said = opened(browser, file)
    assert page.evaluate("window.__xss") is None
    assert "Content Security Policy" in " ".join(said)

    file.write_text(content.replace("Content-Security-Policy", "none"), encoding="utf-8")
    page, _ = opened(browser, file)
    assert page.evaluate("window.__xss") == 1, "the control: without the policy it runs"
