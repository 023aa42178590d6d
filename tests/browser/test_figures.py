"""Figures in a real JupyterLab: whatever becomes of the window, they can be read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from qwq_nb.analysis.think.api import think
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.figures import run_figure
from qwq_nb.view.figures import PLOTLY_MIME
from tests.browser.lab import run_cell, wait_until_still, write_notebook
from tests.support.run_records import record

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab


def test_a_figure_keeps_its_height_and_follows_the_width(lab: Lab) -> None:
    figure = run_figure(record(), "accuracy")
    data = {PLOTLY_MIME: figure._repr_mimebundle_()[PLOTLY_MIME]}
    (lab.root / "figure.json").write_text(json.dumps(data), encoding="utf-8")
    # As the value of a cell: JupyterLab lays it out otherwise than what is displayed.
    code = (
        "import json, pathlib\nclass Figure:\n    def _repr_mimebundle_(self, **_):\n"
        "        return json.loads(pathlib.Path('figure.json').read_text())\nFigure()"
    )
    size = """() => {
        const {height, width} = document.querySelector('.js-plotly-plot .main-svg').getBoundingClientRect();
        return [Math.round(height), Math.round(width)];
    }"""
    with lab.page(write_notebook(lab, "figure.ipynb", code).name, width=1280) as page:
        run_cell(page, 0)
        page.wait_for_selector(".js-plotly-plot .main-svg")
        _, width = page.evaluate(size)
        page.set_viewport_size({"width": 900, "height": 700})
        page.wait_for_function(f"({size})()[1] < {width - 200}")
        page.wait_for_timeout(500)  # plotly looks again a little later
        assert page.evaluate(size)[0] == figure.figure.layout.height


_OVER_BAR = """(name) => {
    const plot = document.querySelector('.js-plotly-plot');
    const trace = plot.data.findIndex((each) => each.name === name);
    const {xaxis, yaxis} = plot._fullData[trace];
    const [x, y] = [plot._fullLayout[xaxis.replace('x', 'xaxis')], plot._fullLayout[yaxis.replace('y', 'yaxis')]];
    const {base, x: length, y: rows, customdata} = plot._fullData[trace];
    const row = Math.floor(rows.length / 2);
    const box = plot.getBoundingClientRect();
    const middle = (x.d2p(base[row]) + x.d2p(base[row] + length[row])) / 2;
    return [box.left + x._offset + middle, box.top + y._offset + y.d2p(rows[row]), customdata[row][1]];
}"""
"""Where the middle bar of a trace is on the page, and its sample; by plotly's own axes, as its hover does."""


_REASONING = ".qwq-Document .qwq-detail .qwq-fold:has(> summary:text-matches('^Reasoning'))"
_IN_SIGHT = """(kind) => {
    const detail = document.querySelector('.qwq-Document .qwq-detail').getBoundingClientRect();
    const mark = document.querySelector(`.qwq-Document .qwq-detail mark.qwq-mod-${kind}`);
    const box = mark?.getBoundingClientRect();
    return box && box.top >= detail.top && box.bottom <= detail.bottom;
}"""
"""Whether the first mark of a kind in the reasoning stands in the box that it scrolls in."""


@pytest.mark.long
def test_a_click_on_a_bar_of_a_budget_figure_opens_the_sample_at_its_place(lab: Lab) -> None:
    run = evaluate("math_500", demo=True, limit=10, out=lab.root / "qwq_runs", show=False)
    drawn = run.budget().plot()._repr_mimebundle_()[PLOTLY_MIME]
    # As from a kernel beside the notebook.
    drawn["layout"]["meta"]["qwq"]["runs"] = {"x": f"qwq_runs/{run.name}"}
    (lab.root / "budget.json").write_text(json.dumps({PLOTLY_MIME: drawn}, default=list), encoding="utf-8")
    code = (
        "import json, pathlib\nfrom IPython.display import display\n"
        "display(json.loads(pathlib.Path('budget.json').read_text()), raw=True)"
    )
    with lab.page(write_notebook(lab, "budget.ipynb", code).name, width=1280) as page:
        run_cell(page, 0)
        page.wait_for_selector(".js-plotly-plot .main-svg")
        page.locator(".js-plotly-plot").scroll_into_view_if_needed()
        wait_until_still(page)
        left, top, sample = page.evaluate(_OVER_BAR, "after it")
        page.mouse.move(left - 3, top)
        page.mouse.move(left, top)
        page.wait_for_selector(".js-plotly-plot .hoverlayer .hovertext")
        page.mouse.click(left, top)
        page.wait_for_selector(f".qwq-Document .qwq-detail[aria-label='Sample {sample}']")
        page.wait_for_selector(f"{_REASONING}[open]")
        page.wait_for_function(_IN_SIGHT, arg="mention")


def test_a_mark_of_think_leads_to_its_place_in_the_sample(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """To where the script changes, and not only to the sample."""
    run = evaluate("math_500", demo=True, limit=10, out=lab.root / "qwq_runs", show=False)
    monkeypatch.setattr("qwq_nb.analysis.think.api.folder_of", lambda run: f"qwq_runs/{run.name}")
    html = think(run).html
    link = re.search(r'<a href="[^"]*&amp;at=foreign">', html)
    assert link is not None
    (lab.root / "think.html").write_text(html, encoding="utf-8")
    code = "import pathlib\nfrom IPython.display import HTML\nHTML(pathlib.Path('think.html').read_text())"
    with lab.page(write_notebook(lab, "think.ipynb", code).name, width=1280) as page:
        cell = run_cell(page, 0)
        cell.locator("summary", has_text="language mixing").click()
        cell.locator("a[href*='at=foreign']").first.click()
        page.wait_for_selector(f"{_REASONING}[open]")
        page.wait_for_function(_IN_SIGHT, arg="foreign")
