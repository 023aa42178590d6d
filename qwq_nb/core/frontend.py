"""Tell the front end: a kernel, a terminal or a script. IPython is never imported to find out."""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["LIVE_ENV", "in_kernel", "ipython", "is_live"]

LIVE_ENV = "QWQ_NB_LIVE"
"""Environment variable; `0` means one display at the end, its text free of times, so that nbval can compare it."""


def is_live() -> bool:
    """Return whether outputs are drawn while work goes on: False if QWQ_NB_LIVE is `0`."""
    return os.environ.get(LIVE_ENV, "1") != "0"


def ipython() -> Any:
    """Return the running IPython shell, or None. IPython is not imported for it."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def in_kernel(shell: Any) -> bool:
    """Return whether the shell's outputs go to a front end that draws mime bundles."""
    return shell is not None and hasattr(shell, "kernel")
