"""Define a chart: one pair of axes of a figure, and the colours.

A chart is plain data: plotly traces and axes, and a table of the same numbers for where plotly cannot draw. Colours
are Okabe and Ito's ("Color universal design", 2008), those of at least 3:1 on white and on JupyterLab's dark ground.
"""

from __future__ import annotations

import html
from typing import Any, Final

import msgspec

from qwq_nb.view.clean import one_line
from qwq_nb.view.wording import is_known

__all__ = ["GREY", "Chart", "plain"]

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GREY: Final = "#767676"
"""Text and axes: 4.5:1 on white, 4.2:1 on #111111; no grey has more on both."""


class Chart(msgspec.Struct, kw_only=True):
    """Hold one pair of axes, and its numbers as a table.

    The last of `meters` is a share 0…1 drawn in html beside a row.
    """

    heading: str
    traces: list[dict[str, Any]]
    xaxis: dict[str, Any]
    yaxis: dict[str, Any]
    height: int
    """Pixels of the plotting area."""
    heads: list[str]
    rows: list[list[str]]
    meters: list[float | None]
    timed: bool = False
    """Whether its numbers are times, and so differ between two runs with the same answers."""


def share(value: float | None) -> float | None:
    """Round a share to four digits; None where it is not known."""
    return round(value, 4) if is_known(value) else None


def plain(text: str) -> str:
    """Return a text as a label of plotly's, which reads a little html."""
    return html.escape(one_line(text, 200), quote=False).replace("$", "&#36;")
