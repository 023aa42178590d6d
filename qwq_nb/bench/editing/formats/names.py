"""Check names of files that a reply gives, so that none leads out of the exercise's folder. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["clean_name", "fits_beside", "shown_name"]

_LONGEST_PART: Final = 255
"""Bytes of a file's or a folder's name, on all usual file systems."""
_MOST_PARTS: Final = 16
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_SHOWN: Final = 120


def clean_name(name: str) -> str:
    """Return a relative name without `.` and empty parts; empty if it leads out of the folder or can name no file.

    `..`, absolute names, drives, backslashes, control characters and parts that are too long are refused. Links are no
    matter: the files are texts by name, and the folder in which they are written is a new one.
    """
    if name.startswith("/") or "\\" in name or _DRIVE.match(name) or not name.isprintable():
        return ""
    try:
        name.encode()
    except UnicodeEncodeError:
        return ""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or len(parts) > _MOST_PARTS or ".." in parts:
        return ""
    if any(len(part.encode()) > _LONGEST_PART for part in parts):
        return ""
    return "/".join(parts)


def fits_beside(name: str, others: Iterable[str]) -> bool:
    """Return whether a file of this name can be there beside the others: none of them is a folder of another."""
    return not any(other.startswith(f"{name}/") or name.startswith(f"{other}/") for other in others)


def shown_name(name: str) -> str:
    """Return a name as it is quoted in a complaint: printable, and short."""
    plain = "".join(character if character.isprintable() else "?" for character in name)
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"
