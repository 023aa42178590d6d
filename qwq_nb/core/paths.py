"""Expand the paths that a user writes."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["expand_user"]


def expand_user(path: str | os.PathLike[str]) -> Path:
    """Expand `~` and `~user` in a path.

    A home directory of no known user stays as it is written and is then missing like any other path; `Path.expanduser`
    raises RuntimeError for it.
    """
    return Path(os.path.expanduser(path))
