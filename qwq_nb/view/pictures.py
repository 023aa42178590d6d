"""Write a figure as a picture (PDF, PNG), printed by a browser of this machine from the figure's own page.

plotly's exporter (kaleido) needs a browser too, and more packages; nothing is downloaded here, and the page loads
nothing. A browser of root's is started without its own sandbox, which it refuses to have then: the page holds only this
package's drawing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from qwq_nb.errors import UserError

__all__ = ["PICTURES", "picture_of"]

PICTURES: Final = (".pdf", ".png")
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


def picture_of(figure: Any, ending: str) -> bytes:
    """Return a plotly figure as a PDF of one page, or as a PNG.

    Args:
        figure: a `plotly.graph_objects.Figure`.
        ending: one of `PICTURES`.

    Raises:
        UserError: there is no browser to print it, or it failed.
    """
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise UserError(
            f"A figure is written as {ending} by a browser, and none of Chromium, Chrome, Edge, Brave is on the PATH: "
            f"install one, or save it as .html and print that."
        )
    width = int(figure.layout.width or _WIDTH)
    height = int(figure.layout.height or _HEIGHT)
    still = type(figure)(figure).update_layout(updatemenus=[])  # its buttons do nothing on paper
    drawn = still.to_html(full_html=False, include_plotlyjs=True, config={"staticPlot": True})
    page = (
        f"<!doctype html><meta charset='utf-8'><style>@page {{ size: {width}px {height}px; margin: 0 }} "
        f"html, body {{ margin: 0; background: white }} .plotly-graph-div {{ width: {width}px !important }}</style>"
        f"{drawn}"
    )
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "figure.html"), Path(folder, f"figure{ending}")
        source.write_text(page, encoding="utf-8")
        what = ["--no-pdf-header-footer", f"--print-to-pdf={made}"] if ending == ".pdf" else [f"--screenshot={made}"]
        root = sys.platform.startswith("linux") and os.geteuid() == 0
        command = [
            browser,
            *_FLAGS,
            *(["--no-sandbox"] if root else []),
            f"--user-data-dir={Path(folder, 'profile')}",
            f"--window-size={width},{height}",
            *what,
            source.as_uri(),
        ]
        try:
            ended = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise UserError(f"{Path(browser).name} did not write the figure: {exc}. Save it as .html.") from None
        if not made.is_file():
            said = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [
                f"exit code {ended.returncode}"
            ]
            raise UserError(f"{Path(browser).name} did not write the figure: {said[0][:300]}. Save it as .html.")
        return made.read_bytes()
