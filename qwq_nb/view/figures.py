"""Make plotly figures of charts, with their numbers as tables for where plotly cannot draw.

GitHub and nbviewer strip scripts and drawings from outputs, so there, and for a screen reader, the table is the figure.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from qwq_nb.core.files import save_file
from qwq_nb.core.frontend import is_live
from qwq_nb.core.paths import expand_user
from qwq_nb.errors import OptionError, did_you_mean, one_line
from qwq_nb.view.charts import FAINT, GREY, INK, PAPER, Chart, SideLabel, plain
from qwq_nb.view.html import esc
from qwq_nb.view.page import page
from qwq_nb.view.pictures import PICTURES, WIDTHS, picture_of
from qwq_nb.view.tables import html_table, meter, text_table
from qwq_nb.view.wording import is_known

__all__ = [
    "CONFIG",
    "LEGEND",
    "PLOTLY_MIME",
    "SAVING",
    "TEMPLATE",
    "ChartFigure",
    "Figure",
    "asked_kinds",
    "figure_title",
    "heading",
    "nothing_drawn",
]

PLOTLY_MIME: Final = "application/vnd.plotly.v1+json"

_AXIS: Final = {"gridcolor": FAINT, "zerolinecolor": FAINT, "linecolor": GREY, "automargin": True}
TEMPLATE: Final[dict[str, Any]] = {
    "layout": {
        "paper_bgcolor": PAPER,
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 13, "family": "Helvetica, Arial, 'Liberation Sans', sans-serif"},
        "xaxis": {**_AXIS, "title": {"standoff": 6, "font": {"size": 13}}},
        "yaxis": {**_AXIS, "title": {"standoff": 8, "font": {"size": 13}}},
        "hoverlabel": {"align": "left"},
        "bargap": 0.3,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": FAINT, "activecolor": GREY},
    }
}
"""Used instead of plotly's own, which alone is 7 kB. White, as in a paper; in JupyterLab the extension draws the ground
and what is `INK` in the theme's colours.
"""

LEGEND: Final = {
    "orientation": "h",
    "x": 0,
    "yanchor": "bottom",
    "yref": "paper",
    "bgcolor": "rgba(0,0,0,0)",
    "font": {"size": 12},
    "itemwidth": 30,
}
"""A line above the axes. Not of the template, which only the first of several legends follows."""
_HINT: Final = "Save as SVG. For a paper: .plot().save('figure.pdf', width='column')"
CONFIG: Final[dict[str, Any]] = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "svg"},
    "locales": {"en-US": {"dictionary": {"Download plot": _HINT}}},
}
"""Not `responsive`: that lets go of the height as soon as the window changes, and JupyterLab's box then has none. The
width follows all the same.
"""

SAVING: Final = 'For a paper: .save("figure.pdf", width="column"), or width="page"; also .svg, .png, and .html.'

_BAR: Final = {"thickness": 12, "outlinewidth": 0, "x": 1, "xpad": 12, "ypad": 0, "tickfont": {"size": 12}}
_TITLE: Final = 52
"""Pixels of the title, with the space below it."""
_LONG: Final = 60
"""Letters of a title from which on it is smaller."""
_HEADING: Final = 26
_LEGEND: Final = 24
_AXIS_PX: Final = 54
"""Pixels below a panel: its ticks, and the title of its axis."""
_LETTER: Final = 6.6
"""Pixels of a letter of a label, on average."""


class Figure:
    """Represent a figure as a notebook draws it; GitHub, nbviewer and screen readers get its numbers as tables.

    `figure` is the plotly figure, to be changed at will: what is drawn is what it then is.
    """

    def __init__(self, title: str) -> None:
        self.title = title

    @functools.cached_property
    def figure(self) -> Any:
        """Return the `plotly.graph_objects.Figure`."""
        from plotly.graph_objects import Figure as Plotly

        return Plotly(self._drawn())

    def _drawn(self) -> dict[str, Any]:
        """Plotly's `data` and `layout`."""
        raise NotImplementedError

    def _for_column(self) -> Any:
        """The figure as a narrow column of a paper has it."""
        return self.figure

    @property
    def html(self) -> str:
        """Return the numbers as html tables; no script, style or id is needed to read them."""
        raise NotImplementedError

    def text(self, *, times: bool = True) -> str:
        """Return the numbers as plain tables; `times=False` leaves out those that are about time."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str], width: str | None = None) -> Path:
        """Write it by the ending: a picture (`.pdf`, `.svg`, `.png`), or a page (`.html`) that works without a network.

        A picture is drawn by a browser of this machine, on white; a PDF holds its fonts. A page has about 5 MB, nearly
        all of it plotly itself.

        Args:
            path: the file.
            width: of a picture: `column` or `page` of a paper (84 and 174 mm, text of 8 points, no title but a demo's,
                since the caption says it); as on the screen where none is given.

        Raises:
            OptionError: another ending, or another width.
            UserError: the file cannot be written there, or there is no browser for a picture.
        """
        file = expand_user(path)
        ending = file.suffix.lower()
        if width is not None and width not in WIDTHS:
            raise OptionError(f"width is {' or '.join(WIDTHS)}, not {one_line(str(width), 60)!r}.")
        if ending in PICTURES:
            drawn = self._for_column() if width == "column" else self.figure
            return save_file(file, picture_of(drawn, ending, width))
        if ending not in (".html", ".htm"):
            stem = one_line(file.stem, 100)
            raise OptionError(
                f"A figure is saved as a picture or a page: {stem}.pdf, {stem}.svg, {stem}.png or {stem}.html, not "
                f"{one_line(file.name, 100)}."
            )
        if width is not None:
            raise OptionError(f"width is of a picture ({', '.join(PICTURES)}): a page is as wide as its window.")
        drawn = self.figure.to_html(full_html=False, include_plotlyjs=True, config=CONFIG)
        numbers = f"\n<details><summary>Numbers</summary>{self.html}</details>\n"
        return save_file(file, page(self.title, numbers, drawing=drawn))

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        drawn = {**self.figure.to_plotly_json(), "config": CONFIG}
        return {PLOTLY_MIME: drawn, "text/html": self.html, "text/plain": self.text(times=is_live())}


class ChartFigure(Figure):
    """Represent a figure of charts below one another."""

    def __init__(self, title: str, panels: Sequence[Chart], kind: str | None = None) -> None:
        super().__init__(title)
        self.kind = kind
        self._panels = list(panels)

    def _drawn(self) -> dict[str, Any]:
        return composed(self.title, self._panels)

    @property
    def html(self) -> str:
        """Return the numbers of all charts as html tables."""
        return f"<p><strong>{esc(self.title)}</strong></p>\n" + "".join(chart_html(panel) for panel in self._panels)

    def text(self, *, times: bool = True) -> str:
        """Return the numbers as plain tables; `times=False` leaves out charts that are about time."""
        shown = [panel for panel in self._panels if times or not panel.timed]
        return "\n\n".join([self.title, *(chart_text(panel) for panel in shown)])


def asked_kinds(kind: str | None, kinds: Iterable[str]) -> list[str]:
    """Return the kind alone, or all where none is asked for. Raises OptionError for one that is not there."""
    known = list(kinds)
    if kind is not None and kind not in known:
        raise OptionError(f"There is no figure {kind!r}.{did_you_mean(str(kind), known)}")
    return known if kind is None else [kind]


def figure_title(text: str) -> dict[str, Any]:
    """Return the title of a figure, at its upper left, and small enough for a narrow notebook."""
    font = {"size": 15 if len(text) <= _LONG else 13}
    place = {"x": 0, "xref": "container", "y": 1, "yref": "container", "pad": {"t": 16, "l": 8}}
    return {"text": plain(text), "font": font, **place}


def heading(text: str, x: float, y: float, shift: int = 8, *, below: str = "") -> dict[str, Any]:
    """Return the heading of a panel as plotly's annotation, `shift` pixels above the corner that `x` and `y` give.

    `below` is a second line, as what its y axis counts: in a narrow panel a title beside the axis has no room.
    """
    place = {"xref": "paper", "yref": "paper", "x": x, "xanchor": "left", "y": y, "yanchor": "bottom", "yshift": shift}
    more = f"<br><span style='font-size:12px'>{plain(below)}</span>" if below else ""
    return {"text": f"<b>{plain(text)}</b>{more}", "showarrow": False, "align": "left", **place}


def nothing_drawn(title: str) -> dict[str, Any]:
    """Return a figure that says that there is nothing to draw yet."""
    note = {"text": "nothing finished yet", "showarrow": False, "xref": "paper", "yref": "paper", "x": 0, "y": 0.5}
    hidden = {"visible": False}
    layout = {"template": TEMPLATE, "title": figure_title(title), "height": 110, "annotations": [note]}
    return {"data": [], "layout": {**layout, "xaxis": hidden, "yaxis": hidden, "margin": {"t": _TITLE, "b": 10}}}


def composed(title: str, panels: Sequence[Chart]) -> dict[str, Any]:
    """Return one plotly figure with the panels below one another, as its `data` and `layout`.

    A panel of which nothing is known is left out.
    """
    panels = [panel for panel in panels if panel.rows]
    if not panels:
        return nothing_drawn(title)
    above = [_HEADING + (_LEGEND if _has_legend(panel) else 0) for panel in panels]
    inner = sum(panel.height for panel in panels) + sum(above[1:]) + _AXIS_PX * (len(panels) - 1)
    letters = max((len(label.text) + 2 * bool(label.colour) for panel in panels for label in panel.labels), default=0)
    right = 24 + round(_LETTER * letters)
    layout: dict[str, Any] = {
        "template": TEMPLATE,
        "title": figure_title(title),
        "height": inner + _TITLE + above[0] + _AXIS_PX,
        "margin": {"t": _TITLE + above[0], "b": _AXIS_PX, "l": 50, "r": right},
        "annotations": [],
    }
    data = []
    top = float(inner)
    for i, panel in enumerate(panels, 1):
        end = "" if i == 1 else str(i)
        span = [round(max(0.0, (top - panel.height) / inner), 5), round(top / inner, 5)]
        layout[f"xaxis{end}"] = {**panel.xaxis, "anchor": f"y{end}"}
        layout[f"yaxis{end}"] = {**panel.yaxis, "anchor": f"x{end}", "domain": span}
        data += [{**trace, "xaxis": f"x{end}", "yaxis": f"y{end}", **_legend_of(panel, end)} for trace in panel.traces]
        for trace in data[-len(panel.traces) :]:
            if "colorbar" in trace:
                place = {"y": sum(span) / 2, "len": span[1] - span[0], "lenmode": "fraction", "yref": "paper"}
                trace["colorbar"] = {**_BAR, **trace["colorbar"], **place}
        if _has_legend(panel):
            layout[f"legend{end}"] = {**LEGEND, "y": span[1]}
        title_of_panel = heading(panel.heading, 0, span[1], above[i - 1] - _HEADING + 6)
        if _has_legend(panel) and i == 1:
            title_of_panel["name"] = "above the legend"
        layout["annotations"].append(title_of_panel)
        layout["annotations"] += _side(panel, f"y{end}", span[1])
        top -= panel.height + _AXIS_PX + (above[i] if i < len(panels) else 0)
    return {"data": data, "layout": layout}


def _has_legend(panel: Chart) -> bool:
    """Whether a legend is drawn: of one kind of marks the heading says what they are."""
    return sum(trace.get("showlegend") is not False for trace in panel.traces) > 1


def _legend_of(panel: Chart, end: str) -> dict[str, Any]:
    """The legend that a trace is named in: where the panel has none, plotly would draw one of its own."""
    if not _has_legend(panel):
        return {"showlegend": False}
    return {"legend": f"legend{end}"} if end else {}


def _sign(label: SideLabel) -> str:
    return f"<span style='color:{label.colour}'>{label.sign}</span> " if label.colour else ""


def _side(panel: Chart, axis: str, top: float) -> list[dict[str, Any]]:
    """The labels right of a panel, and their heading."""
    place = {"showarrow": False, "xref": "paper", "x": 1, "xanchor": "left", "xshift": 8, "font": {"size": 12}}
    notes = [
        {
            **place,
            "text": f"{_sign(label)}{plain(label.text)}",
            "yref": axis,
            "y": label.y,
            "yanchor": "middle",
            "yshift": label.shift,
        }
        for label in panel.labels
    ]
    if panel.side and notes:
        notes.append({**place, "text": plain(panel.side), "yref": "paper", "y": top, "yanchor": "bottom"})
    return notes


def chart_html(panel: Chart) -> str:
    """Return the panel's numbers as a table. The bar beside a row is an extra that some viewers drop."""
    if not panel.rows:
        return f"<p>{esc(panel.heading)}: nothing finished yet</p>\n"
    rows = [
        [*row, meter(share, "") if is_known(share) else ""] for row, share in zip(panel.rows, panel.meters, strict=True)
    ]
    return html_table(panel.heading, [*panel.heads, ""], rows, bare=True)


def chart_text(panel: Chart) -> str:
    """Return a chart's numbers as a plain table under its heading."""
    if not panel.rows:
        return f"{panel.heading}: nothing finished yet"
    return "\n".join([panel.heading, *text_table(panel.heads, panel.rows)])
