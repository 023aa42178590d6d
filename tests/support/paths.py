"""Where the checkout, its parts and the recorded data outside it lie."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["OUTSIDE", "PACKAGE", "ROOT", "SHARED_DATA"]

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

PACKAGE = ROOT / "qwq_nb"

OUTSIDE = ROOT / "tests" / "support" / "outside"
"""Modules and a package that extend this one, as other people's would."""

SHARED_DATA = Path(os.environ.get("QWQ_SHARED_DATA") or ROOT.parent / "shared" / "data")
"""Recorded answers and runs of real models. Tests that need them are skipped where the folder is missing."""
