"""The JupyterLab view's own benchmark (`front_end.py`) as rows of the table."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.paths import ROOT

from .report import Finding, Row

__all__ = ["measure"]

_TARGETS = (
    (r"^2,000 samples.*: ours$", "view opens (2,000 samples), our share", "<= 500"),
    (r"^2,000 samples: an update$", "view: an update while running", "< 16"),
    (r"^2,000 samples, 132 px a frame: frame$", "view: a frame while scrolling", "<= 17"),
)


def measure() -> Finding:
    """Medians, in milliseconds. Needs Chromium and the built extension, and takes minutes."""
    command = [sys.executable, "-m", "benchmarks.front_end", "--only", "open,update,list"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)
    found = Finding(details=made.stdout.splitlines() or made.stderr.splitlines()[-5:])
    for line in found.details:
        cells = re.split(r"\s{2,}", line.strip())
        for pattern, name, target in _TARGETS:
            if len(cells) > 1 and re.search(pattern, cells[0]):
                found.rows.append(Row(name, float(cells[1].replace(",", "")), "ms", target=target))
    return found
