"""How nbval compares the tutorials: texts to the letter, without times; html and records are compared elsewhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

MIME_TYPE = "application/vnd.qwq-nb.run.v1+json"


def pytest_configure() -> None:
    os.environ["QWQ_NB_LIVE"] = "0"
    # A run left over from an older version would be resumed.
    shutil.rmtree(Path(__file__).parent / "qwq_runs", ignore_errors=True)


def pytest_collectstart(collector: Any) -> None:
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += (MIME_TYPE, "text/html")
