"""Record → what is drawn: the mime bundle of a run, its html and its plain text. Pure: no IPython, no kernel.

A character that came from a model, a dataset or a server reaches html through `html_text` alone.
"""

from __future__ import annotations

from qwq_nb.view.bundle import FINAL_BYTES, LIVE_BYTES, bundle, saved_size, withhold
from qwq_nb.view.clip import clip, fit_samples
from qwq_nb.view.html import render_html
from qwq_nb.view.text import progress_line, render_text

__all__ = [
    "FINAL_BYTES",
    "LIVE_BYTES",
    "bundle",
    "clip",
    "fit_samples",
    "progress_line",
    "render_html",
    "render_text",
    "saved_size",
    "withhold",
]
