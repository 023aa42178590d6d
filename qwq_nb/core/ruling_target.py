"""Name the comm target by which the JupyterLab view sends a reader's rulings to the kernel."""

from __future__ import annotations

from typing import Final

__all__ = ["RULINGS_TARGET"]

RULINGS_TARGET: Final = "qwq-nb.rulings"
"""`labextension/src/lab/rulings.ts` opens it."""
