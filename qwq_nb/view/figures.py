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
from qwq_nb.view.charts import GREY, Chart, plain
from qwq_nb.view.html import esc
from qwq_nb.view.page import page
from qwq_nb.view.pictures import PICTURES, picture_of
from qwq_nb.view.tables import html_table, meter, text_table
from qwq_nb.view.wording import is_known

__all__ = ["CONFIG", "PLOTLY_MIME", "TEMPLATE", "ChartFigure", "Figure", "asked_kinds", "figure_title"]

PLOTLY_MIME: Final = "application/vnd.plotly.v1+json"

_FAINT: Final = "rgba(118,118,118,0.25)"
_AXIS: Final = {"gridcolor": _FAINT, "zerolinecolor": _FAINT, "linecolor": GREY, "automargin": True}
TEMPLATE: Final[dict[str, Any]] = {
    "layout": {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": GREY, "size": 13},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "bargap": 0.3,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": _FAINT, "activecolor": GREY},
    }
}
"""Used instead of plotly's own, which alone is 7 kB. The ground is transparent: light and dark shine through."""

CONFIG: Final = {"displaylogo": False}
"""Not `responsive`: that lets go of the height as soon as the window changes, and JupyterLab's box then has none. The
width follows all the same."""

_GAP: Final = 110
"""Pixels between two panels: the axis title of one and the heading of the next."""
_BEFORE: Final = 110
"""Pixels above the first panel: title, legend, heading."""
_AFTER: Final = 60


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

    @property
    def html(self) -> str:
        """Return the numbers as html tables; no script, style or id is needed to read them."""
        raise NotImplementedError

    def text(self, *, times: bool = True) -> str:
        """Return the numbers as plain tables; `times=False` leaves out those that are about time."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it by the ending: a page (`.html`, `.htm`) that works without a network, or a picture (`.pdf`, `.png`).

        A page has about 5 MB, nearly all of it plotly itself. A picture is printed by a browser of this machine.

        Raises:
            OptionError: another ending.
            UserError: the file cannot be written there, or there is no browser for a picture.
        """
        file = expand_user(path)
        ending = file.suffix.lower()
        if ending in PICTURES:
            return save_file(file, picture_of(self.figure, ending))
        if ending not in (".html", ".htm"):
            stem = one_line(file.stem, 100)
            raise OptionError(
                f"A figure is saved as a page or a picture: {stem}.html, {stem}.pdf or {stem}.png, not "
                f"{one_line(file.name, 100)}."
            )
        drawn = self.figure.to_html(full_html=False, include_plotlyjs=True)
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
    font = {"size": 15}
    return {"text": plain(text), "font": font, "x": 0, "xref": "paper", "y": 1, "yref": "container", "pad": {"t": 16}}


def composed(title: str, panels: Sequence[Chart]) -> dict[str, Any]:
    """Return one plotly figure with the panels below one another, as its `data` and `layout`."""
    inner = sum(panel.height for panel in panels) + _GAP * (len(panels) - 1)
    layout: dict[str, Any] = {
        "template": TEMPLATE,
        "title": figure_title(title),
        "height": inner + _BEFORE + _AFTER,
        "margin": {"t": _BEFORE, "b": _AFTER},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "yref": "paper"},
        "annotations": [],
    }
    data = []
    top = float(inner)
    for i, panel in enumerate(panels, 1):
        end = "" if i == 1 else str(i)
        span = [round(max(0.0, (top - panel.height) / inner), 4), round(top / inner, 4)]
        layout[f"xaxis{end}"] = {**panel.xaxis, "anchor": f"y{end}"}
        layout[f"yaxis{end}"] = {**panel.yaxis, "anchor": f"x{end}", "domain": span}
        data += [{**trace, "xaxis": f"x{end}", "yaxis": f"y{end}"} for trace in panel.traces]
        legend = any(trace.get("showlegend", True) for trace in panel.traces)
        note = {"text": f"<b>{plain(panel.heading)}</b>", "showarrow": False, "xref": "paper", "yref": "paper"}
        position = {"x": 0, "xanchor": "left", "y": span[1], "yanchor": "bottom", "yshift": 26 if legend else 4}
        layout["annotations"].append({**note, **position})
        if not panel.rows:
            empty = {"text": "nothing finished yet", "x": 0.5, "y": sum(span) / 2}
            layout["annotations"].append({**note, **empty})
        top -= panel.height + _GAP
    return {"data": data, "layout": layout}


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
