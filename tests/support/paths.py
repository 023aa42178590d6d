"""Where things lie: the checkout, its package, and the recorded data that is no part of it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["PACKAGE", "ROOT", "SHARED_DATA"]

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

PACKAGE = ROOT / "qwq_nb"

SHARED_DATA = Path(os.environ.get("QWQ_SHARED_DATA") or ROOT.parent / "shared" / "data")
"""Recorded answers and runs of real models. Tests that need them are skipped where the folder is missing."""
