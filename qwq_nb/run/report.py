"""Make the report of a run: `Report`, and a page that needs nothing else, readable in light and dark.

The page holds no script and forbids any (a Content-Security-Policy of its own); its colours are the browser's, so that
they have its contrast. Formulas stand as their source: there is no MathJax to set them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.core.run_record import RunRecord, SampleView
from qwq_nb.errors import listed
from qwq_nb.run.bundle import bundle
from qwq_nb.run.game_parts import games_html
from qwq_nb.run.html import run_html
from qwq_nb.run.html_samples import FOLD_ALL, samples
from qwq_nb.run.text import run_text
from qwq_nb.view.clean import one_line
from qwq_nb.view.page import page, save_page

__all__ = ["Report", "report_page"]


def report_page(record: RunRecord, *, traces: bool = False) -> str:
    """Return the report as a page: as a notebook holds it (1 MB at most), or with all samples and their texts whole.

    GPQA's texts are the caller's duty: see `run.withhold`.
    """
    title = page_title(record)
    if not traces:
        return page(title, str(bundle(record, live=False)["text/html"]))
    head = run_html(msgspec.structs.replace(record, samples=[], samples_total=0))
    folds = (samples(msgspec.structs.replace(record, samples=part, samples_total=len(part))) for part in _parts(record))
    return page(title, head + games_html(record.samples) + "".join(folds))


def page_title(record: RunRecord) -> str:
    """Return the title of a run's page: model and benchmarks, and whether it is the built-in endpoint's."""
    demo = "DEMO: " if record.demo else ""
    return f"{demo}{one_line(record.model, 100)} on {listed(record.benchmarks)}"


def _parts(record: RunRecord) -> Iterator[list[SampleView]]:
    """Subset by subset, no more at once than the html view shows with all their texts."""

    def subset_rank(view: SampleView) -> tuple[int, str, str]:
        known = record.benchmarks
        return known.index(view.benchmark) if view.benchmark in known else len(known), view.benchmark, view.subset

    for _, group in groupby(sorted(record.samples, key=subset_rank), key=subset_rank):
        views = list(group)
        for start in range(0, len(views), FOLD_ALL):
            yield views[start : start + FOLD_ALL]


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

        Raises:
            UserError: the file cannot be written there.
        """
        return save_page(path, page_title(self.record), lambda: self.html, lambda: self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Report of {one_line(self.record.name, 120)}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self.record, live=False)
