"""Paths as a user writes them."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["expand_user"]


def expand_user(path: str | os.PathLike[str]) -> Path:
    """`~` and `~user` filled in. A home of nobody's stays as it is written, and is then missing like any other path:
    `Path.expanduser` raises RuntimeError for it."""
    return Path(os.path.expanduser(path))
