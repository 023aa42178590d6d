"""Find what browser tests need on this machine."""

from __future__ import annotations

import shutil

import pytest

__all__ = ["found_chromium"]


def found_chromium() -> str:
    """Return the Chromium on the PATH; the test is skipped where it, Playwright or JupyterLab is missing."""
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    pytest.importorskip("jupyterlab", reason="needs jupyterlab")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium on the PATH")
    return chromium
