"""Waiting for what other threads and processes do."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["wait_until"]


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Look at the condition again and again until it holds; fails if it does not within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come within {seconds} s"
        time.sleep(0.01)
