"""How nbval compares the tutorials: texts to the letter, without times; html and records are compared elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MIME_TYPES = tuple(f"application/vnd.qwq-nb.{kind}.v1+json" for kind in ("run", "compare", "check"))
PLOTLY_TYPE = "application/vnd.plotly.v1+json"


def pytest_configure() -> None:
    # A run left over from an older version would be resumed.
    shutil.rmtree(Path(__file__).parent / "qwq_runs", ignore_errors=True)


def pytest_collectstart(collector: Any) -> None:
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += (*MIME_TYPES, PLOTLY_TYPE, "text/html")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """A notebook's kernel starts with its first cell, and takes its environment then: other tests keep theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QWQ_NB_LIVE", "0")
        yield
