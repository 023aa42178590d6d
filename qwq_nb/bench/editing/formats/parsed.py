"""Define what each format's parser returns, and what all of them share: lines, fences, limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from qwq_nb.bench.editing.formats.names import clean_name, fits_beside, shown_name

__all__ = ["MOST_BLOCKS", "TRIPLE", "Fence", "Parsed", "fence_of", "kept_lines", "outside_folder", "place_of"]

TRIPLE: Final = "```"
MOST_BLOCKS: Final = 300
"""Blocks or hunks that are read of one reply."""


class Parsed(NamedTuple):
    """Hold what a reply was read as: all files after it, and what is wrong with its format (empty: nothing)."""

    files: dict[str, str]
    complaint: str = ""


class Fence(NamedTuple):
    """Hold the beginning of the lines before and after a file's text."""

    opening: str
    closing: str


_FENCES: Final = (Fence(TRIPLE, TRIPLE), Fence("````", "````"), Fence("<source>", "</source>"))


def fence_of(files: Mapping[str, str]) -> Fence:
    """Return the fence for an exercise's files: the first that no line of them begins with."""
    lines = [line for text in files.values() for line in text.split("\n")]
    for fence in _FENCES:
        if not any(line.startswith((fence.opening, fence.closing)) for line in lines):
            return fence
    return _FENCES[0]


def kept_lines(text: str) -> list[str]:
    """Return the lines of a text with their ends."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def place_of(name: str, files: Mapping[str, str]) -> str:
    """Return the name under which a file is written; empty if it may not or cannot be there."""
    clean = clean_name(name)
    return clean if clean in files or (clean and fits_beside(clean, files)) else ""


def outside_folder(name: str) -> str:
    """Return the complaint about a file's name that may not be written."""
    return (
        f"{shown_name(name)!r} cannot be the name of a file here. Give names as they stand above the files: relative, "
        f"without `..`, and within the folder of the exercise."
    )
