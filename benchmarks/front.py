"""The benchmarks of the view (`front_end.py`) and of a report's file (`report_page.py`) as rows of the table."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.paths import ROOT

from .report import Finding, Row

__all__ = ["measure"]

_FIRST, _MEDIAN, _P95 = 1, 2, 3
"""Which of a line's cells."""

_TARGETS = (
    (r"2,000 samples.*: ours", _MEDIAN, "view opens (2,000 samples), our share", "<= 500"),
    (r"2,000 samples: an update", _P95, "view: an update while running, p95", "<= 16"),
    (r"2,000 samples, 132 px a frame: frame", _MEDIAN, "view: a frame while the list is scrolled", "<= 17"),
    (r"1 MB of Markdown, 400 px a frame: frame", _MEDIAN, "view: a frame while 1 MB of Markdown is scrolled", "<= 17"),
    (r"report.html", _FIRST, "report.html of 2,000 samples of 10,000 tokens", "<= 25"),
    (r"report.html: usable", _FIRST, "report.html of 2,000 samples opens", "< 1000"),
)


def measure() -> Finding:
    """In milliseconds. Needs Chromium and the built extension, and takes minutes."""
    found = Finding()
    for command in (["benchmarks.front_end", "--only", "open,update,list,trace"], ["benchmarks.report_page"]):
        made = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=1800)
        lines = made.stdout.splitlines() or made.stderr.splitlines()[-5:]
        found.details += lines
        for line in lines:
            cells = re.split(r"\s{2,}", line.strip())
            for pattern, cell, name, target in _TARGETS:
                if len(cells) > cell and re.fullmatch(pattern, cells[0]):
                    value, _, unit = cells[cell].partition(" ")
                    found.rows.append(Row(name, float(value.replace(",", "")), unit or "ms", target=target))
    return found
