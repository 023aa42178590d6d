"""What the tests of the renderer share: where its parts are on the page, and notebooks with runs in them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import nbformat
import pytest

from qwq_nb.core.run_record import RunRecord
from qwq_nb.run.bundle import bundle

if TYPE_CHECKING:
    from tests.browser.lab import Lab

__all__ = [
    "DETAIL",
    "LINE",
    "LIST",
    "REASONING",
    "SEARCH",
    "THINKING",
    "VIEW",
    "focus",
    "needs_extension",
    "outside",
    "save",
    "saved",
]

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

needs_extension = pytest.mark.skipif(
    not (Path(sys.prefix) / "share/jupyter/labextensions/qwq-nb/package.json").exists(),
    reason="needs the built extension: pip install -e . builds it",
)


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


def focus(page: Any) -> str:
    return str(page.evaluate("document.activeElement.className"))


def outside(lab: Lab, page: Any) -> list[str]:
    home = urlsplit(lab.url).netloc
    return [u for u in page.requests if urlsplit(u).scheme not in ("data", "blob") and urlsplit(u).netloc != home]
