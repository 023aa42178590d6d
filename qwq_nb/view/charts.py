"""Define a chart: one pair of axes of a figure, and the colours.

A chart is plain data: plotly traces and axes, and a table of the same numbers for where plotly cannot draw. Colours
are Okabe and Ito's ("Color universal design", 2008), those of at least 2.9:1 on white and on JupyterLab's dark ground;
each of `SERIES` has a marker of its own, for those who see no colours and for grey print.
"""

from __future__ import annotations

import html
from typing import Any, Final

import msgspec

from qwq_nb.view.clean import one_line
from qwq_nb.view.wording import is_known

__all__ = ["FAINT", "GREY", "INK", "PAPER", "SERIES", "SIGNS", "Chart", "SideLabel", "per_cent", "plain", "share"]

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GOLD: Final = "#9A6A00"
"""A darker one than theirs, which is not seen on white."""
GREY: Final = "#767676"
"""What is drawn and has no colour, as the line of no difference: 4.5:1 on white, 4.2:1 on #111111."""
INK: Final = "#222223"
"""Text: 15.9:1 on `PAPER`. The extension draws what has exactly this colour in that of the reader's theme."""
PAPER: Final = "#FFFFFE"
"""The ground: white, as a paper's. The extension knows this package's figures by it, and lets the theme's through."""
FAINT: Final = "rgba(118,118,118,0.25)"
"""Grid lines."""
SERIES: Final = (
    (BLUE, "circle"),
    (VERMILLION, "diamond"),
    (GREEN, "square"),
    (PURPLE, "triangle-up"),
    (GREY, "x"),
    (GOLD, "cross"),
)
"""Colour and marker of each of several runs, in their order: neither alone has to tell."""
SIGNS: Final = {"circle": "●", "diamond": "◆", "square": "■", "triangle-up": "▲", "x": "✕", "cross": "✚", "line": "━"}
"""A marker, or a line, within a text."""


class SideLabel(msgspec.Struct, kw_only=True):
    """Hold a text to the right of a chart, at a height of its y axis: a row's numbers, or the name of a line."""

    y: float
    text: str
    """Any text; it is escaped where it is drawn."""
    colour: str = ""
    """Of the sign before it, which is that of the line or point that it names; none without a colour."""
    sign: str = "●"
    shift: int = 0
    """Pixels up, to keep clear of another."""


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
    labels: list[SideLabel] = []
    side: str = ""
    """Heading above the labels."""


def share(value: float | None) -> float | None:
    """Round a share to four digits; None where it is not known."""
    return round(value, 4) if is_known(value) else None


def per_cent(value: float | None) -> float | None:
    """Return a share in per cent, to two digits, as axes of shares count; None where it is not known."""
    return round(100 * value, 2) if is_known(value) else None


def plain(text: str) -> str:
    """Return a text as a label of plotly's, which reads a little html."""
    return html.escape(one_line(text, 200), quote=False).replace("$", "&#36;")
