"""Make the report of a run: `Report`, whose file is the interactive view (`run.report_file`), and an export's page.

The export's page holds no script and forbids any (a Content-Security-Policy of its own); its colours are the
browser's, so that they have its contrast. Formulas stand as their source: there is no MathJax to set them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.core.files import save_file
from qwq_nb.core.run_record import RunRecord
from qwq_nb.run.bundle import bundle
from qwq_nb.run.game_parts import games_html
from qwq_nb.run.html import run_html
from qwq_nb.run.html_samples import samples
from qwq_nb.run.report_file import page_title, report_file, report_parts
from qwq_nb.run.text import run_text
from qwq_nb.view.clean import one_line
from qwq_nb.view.page import is_page, page

__all__ = ["Report", "report_page"]


def report_page(record: RunRecord, *, traces: bool = False) -> str:
    """Return the report as a page: as a notebook holds it (1 MB at most), or with all samples and their texts whole.

    GPQA's texts are the caller's duty: see `run.withhold`.
    """
    title = page_title(record)
    if not traces:
        return page(title, str(bundle(record, live=False)["text/html"]))
    head = run_html(msgspec.structs.replace(record, samples=[], samples_total=0))
    parts = report_parts(record)
    folds = (samples(msgspec.structs.replace(record, samples=part, samples_total=len(part))) for part in parts)
    return page(title, head + games_html(record.samples) + "".join(folds))


class Report:
    """Hold a run's report: `str()` is the text, a notebook shows the html, `save()` writes either."""

    def __init__(self, record: RunRecord) -> None:
        self.record = record

    @property
    def text(self) -> str:
        """Return the report as plain text."""
        return run_text(self.record, times=True)

    @property
    def html(self) -> str:
        """Return the report as html."""
        return run_html(self.record)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as a page (`.html`, `.htm`) or as text (any other ending).

        The page is one file with the interactive view, all samples and their texts; it opens without a network.

        Raises:
            UserError: the file cannot be written there.
        """
        return save_file(path, report_file(self.record) if is_page(path) else self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Report of {one_line(self.record.name, 120)}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self.record, live=False)
