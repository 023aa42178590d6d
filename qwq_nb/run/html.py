"""Render a `RunRecord` as html.

It is complete without script, style, class or id, so that it reads the same in JupyterLab (trusted or not), on GitHub
and in nbviewer. Inline styles are an extra that may be stripped.
"""

from __future__ import annotations

from qwq_nb.core.run_record import RunRecord
from qwq_nb.run.sections import html_of

__all__ = ["render_html"]


def render_html(record: RunRecord, *, live: bool = False) -> str:
    """Return the whole report; `live` leaves the samples out: an update closes every fold a reader has opened."""
    return f"<div>{html_of(record, live=live)}</div>"
