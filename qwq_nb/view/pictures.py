"""Write a figure as a picture (PDF, SVG, PNG), drawn by a browser of this machine from the figure's own page.

plotly's exporter (kaleido) needs a browser too, and more packages; nothing is downloaded here, and the page loads
nothing. A browser of root's is started without its own sandbox, which it refuses to have then: the page holds only this
package's drawing.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final

from qwq_nb.errors import UserError

__all__ = ["CAPTION", "PICTURES", "WIDTHS", "picture_of"]

PICTURES: Final = (".pdf", ".svg", ".png")
WIDTHS: Final = {"column": 84.0, "page": 174.0}
"""Widths in millimetres of a column and of a page of a paper: those of ACM, IEEE and Springer differ by some mm."""
CAPTION: Final = "caption"
"""Name of an annotation that explains the figure below it."""
_POINTS: Final = 8.0
"""Size of the text in a paper."""
_DPI: Final = 300
_BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
    "brave-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--run-all-compositor-stages-before-draw",
    "--virtual-time-budget=10000",
)
_SECONDS: Final = 90
_WIDTH: Final = 1100
_HEIGHT: Final = 600
"""Pixels of a figure that names none."""
_ENTRY: Final = 52
"""Pixels of the mark of a legend's entry and of the gap after it; a letter of its name has `_LETTER`."""
_LETTER: Final = 6.4
_LINE: Final = 19
_GROUP: Final = 29
"""Pixels of a line of a legend, and of one of groups."""
_TITLE: Final = 52
"""Pixels that a title takes above a figure, as `view.figures` lays it out."""


def picture_of(figure: Any, ending: str, width: str | None = None) -> bytes:
    """Return a plotly figure as a PDF of one page, as an SVG, or as a PNG (300 dots an inch where `width` is given).

    Args:
        figure: a `plotly.graph_objects.Figure`.
        ending: one of `PICTURES`.
        width: one of `WIDTHS`; None: as large as on the screen.

    Raises:
        UserError: there is no browser to draw it, or it failed.
    """
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise UserError(
            f"A figure is written as {ending} by a browser, and none of Chromium, Chrome, Edge, Brave is on the PATH: "
            f"install one, or save it as .html and print that."
        )
    still = type(figure)(figure).update_layout(paper_bgcolor="white")
    still.layout.updatemenus = ()  # buttons do nothing on paper
    across, scale = int(still.layout.width or _WIDTH), 1.0
    if width is not None:
        # The text is as large as a paper's when the whole is made so much smaller.
        scale = _POINTS / _size(still) * 96 / 72
        across = round(WIDTHS[width] / 25.4 * 96 / scale)
        _untitled(still, across)
        _with_room_for_its_legend(still, across)
    still.update_layout(width=across)
    down = int(still.layout.height or _HEIGHT)
    return _drawn(browser, still, ending, (across, down), scale, dense=width is not None)


def _size(figure: Any) -> float:
    return float(figure.layout.font.size or figure.layout.template.layout.font.size or 13)


def _untitled(figure: Any, across: int) -> None:
    """Take the title away, and what is named `caption`: a paper's says it. A demo's title stays, on several lines."""
    notes = figure.layout.annotations
    figure.layout.annotations = tuple(note for note in notes if note.name != CAPTION)
    title = figure.layout.title.text or ""
    if "DEMO" in title:
        figure.update_layout(title_text="<br>".join(textwrap.wrap(title, max(20, across // 8))))
        return
    above = figure.layout.margin.t or 0
    kept = max(30, above - _TITLE)
    figure.update_layout(title_text="", margin_t=kept)
    if figure.layout.height:
        figure.update_layout(height=figure.layout.height - (above - kept))


def _with_room_for_its_legend(figure: Any, across: int) -> None:
    """Make room in a narrow figure for a legend that stands on several lines there, and lift what is above it."""
    layout = figure.layout
    names = [str(trace.name or "") for trace in figure.data if trace.showlegend is not False and not trace.legend]
    if layout.legend.orientation != "h" or len(names) < 2:
        return
    room = across - (layout.margin.l or 0) - (layout.margin.r or 0)
    grouped = any(trace.legendgroup for trace in figure.data)
    rows = _legend_rows([_ENTRY + _LETTER * len(name) for name in names], room, grouped=grouped)
    height, margin = layout.height or _HEIGHT, layout.margin
    if layout.legend.yanchor == "top":  # below the axes, whose height its place is a share of
        inner = height - (margin.t or 0) - (margin.b or 0)
        more = max(0, round(rows * _GROUP - (layout.legend.y or 0) * inner) - (margin.b or 0))
        layout.update(margin_b=(margin.b or 0) + more, height=height + more)
    elif rows > 1:
        more = (rows - 1) * _LINE
        layout.update(margin_t=(margin.t or 0) + more, height=height + more)
        for note in layout.annotations:
            if note.name == "above the legend":
                note.yshift = (note.yshift or 0) + more


def _legend_rows(entries: Sequence[float], room: float, *, grouped: bool) -> int:
    """Return on how many lines plotly puts entries of these widths: in columns, but groups one after another."""
    if sum(entries) <= room:
        return 1
    if not grouped:
        return ceil(len(entries) / max(1, int(room // max(entries))))
    rows, used = 1, 0.0
    for entry in entries:
        if used and used + entry > room:
            rows, used = rows + 1, 0.0
        used += entry
    return rows


def _drawn(browser: str, figure: Any, ending: str, size: tuple[int, int], scale: float, *, dense: bool) -> bytes:
    """Let the browser draw the figure, `scale` times as large as its `size` in pixels."""
    width, height = size
    wide, high = width * scale, height * scale
    drawn = figure.to_html(full_html=False, include_plotlyjs=True, config={"staticPlot": True}, div_id="figure")
    page = (
        f"<!doctype html><meta charset='utf-8'><style>@page {{ size: {wide}px {high}px; margin: 0 }} "
        f"html, body {{ margin: 0; background: white }} body {{ width: {wide}px; height: {high}px; overflow: hidden }} "
        f"#figure {{ width: {width}px !important; transform-origin: 0 0; transform: scale({scale}) }}</style>{drawn}"
    )
    if ending == ".svg":
        page += _AS_SVG % {"width": width, "height": height}
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "figure.html"), Path(folder, f"figure{ending}")
        source.write_text(page, encoding="utf-8")
        what = {
            ".pdf": ["--no-pdf-header-footer", f"--print-to-pdf={made}"],
            ".png": [f"--screenshot={made}"],
            ".svg": ["--dump-dom"],
        }[ending]
        dots = _DPI / 96 if dense and ending == ".png" else 1
        root = sys.platform.startswith("linux") and os.geteuid() == 0
        command = [
            browser,
            *_FLAGS,
            *(["--no-sandbox"] if root else []),
            f"--user-data-dir={Path(folder, 'profile')}",
            f"--window-size={ceil(wide)},{ceil(high)}",
            *([f"--force-device-scale-factor={dots}"] if dots != 1 else []),
            *what,
            source.as_uri(),
        ]
        try:
            ended = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise UserError(f"{Path(browser).name} did not write the figure: {exc}. Save it as .html.") from None
        if ending == ".svg":
            found = _SVG.search(ended.stdout.decode("utf-8", "replace"))
            if found is not None:
                return _sized(html.unescape(found[1]), wide, high).encode()
        elif made.is_file():
            return made.read_bytes()
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {ended.returncode}"]
        raise UserError(f"{Path(browser).name} did not write the figure: {said[0][:300]}. Save it as .html.")


_AS_SVG: Final = """<pre id="made"></pre><script>
Plotly.toImage('figure', {format: 'svg', width: %(width)d, height: %(height)d, imageDataOnly: true}).then(
  svg => { document.getElementById('made').textContent = svg; });
</script>"""
_SVG: Final = re.compile(r'<pre id="made">(.+?)</pre>', re.S)


def _sized(svg: str, width: float, height: float) -> str:
    """Return the drawing as large as it is to be: its `viewBox` keeps the size that it was drawn in."""
    size = f'width="{width / 96:.3f}in" height="{height / 96:.3f}in"'
    return re.sub(r'width="[\d.]+" height="[\d.]+"', size, svg, count=1)
