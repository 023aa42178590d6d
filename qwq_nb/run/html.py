"""Render a `RunRecord` as html.

It is complete without script, style, class or id, so that it reads the same in JupyterLab (trusted or not), on GitHub
and in nbviewer. Inline styles are an extra that may be stripped.
"""

from __future__ import annotations

from qwq_nb.core.run_record import RunRecord
from qwq_nb.run.sections import sections_html

__all__ = ["run_html"]


def run_html(record: RunRecord, *, live: bool = False) -> str:
    """Return the whole report; `live` leaves the samples out: an update closes every fold a reader has opened."""
    return f"<div>{sections_html(record, live=live)}</div>"
