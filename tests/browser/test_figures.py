"""Figures in a real JupyterLab: whatever becomes of the window, they can be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qwq_nb.run.figures import run_figure
from qwq_nb.view.figures import PLOTLY_MIME
from tests.browser.lab import run_cell, write_notebook
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
