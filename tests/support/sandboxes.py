"""Sandboxes that a machine may lack."""

from __future__ import annotations

import pytest

from qwq_nb.errors import SandboxUnavailable
from qwq_nb.sandbox import available

__all__ = ["skip_unless_here"]


def skip_unless_here(wanted: str = "auto") -> str:
    """Skip a test of a sandbox that does not work on this machine, with the reason; else return its name."""
    try:
        available(wanted)
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    return wanted
