"""Write texts with each line's indentation relative to the line before it, and back. Pure.

Two texts that differ in the depth of all their lines then differ in their first line alone. Each line becomes two: how
much deeper it is (the added spaces) or less deep (a marker for each character), and what stands in it.
"""

from __future__ import annotations

from typing import Final

from qwq_nb.bench.editing.formats.parsed import kept_lines

__all__ = ["absolute", "marker_for", "relative"]

_MARKERS: Final = ("←", "\ue000", "\ue001", "\ue002")


def marker_for(*texts: str) -> str:
    """Return a character that is in none of the texts; empty if none of a few is."""
    return next((marker for marker in _MARKERS if not any(marker in text for text in texts)), "")


def relative(text: str, marker: str) -> str:
    """Return the text with relative indentation."""
    made = []
    last = 0
    for line in kept_lines(text):
        content = line.rstrip("\r\n")
        depth = len(content) - len(content.lstrip())
        step = content[:depth][last:] if depth > last else marker * (last - depth)
        made.append(f"{step}\n{line[depth:]}")
        last = depth
    return "".join(made)


def absolute(text: str, marker: str) -> str:
    """Return a text with relative indentation as it was; empty if that cannot be."""
    lines = kept_lines(text)
    if len(lines) % 2 or not marker:
        return ""
    made = []
    indent = ""
    for step, content in zip(lines[::2], lines[1::2], strict=True):
        step = step.rstrip("\r\n")
        indent = indent[: -len(step)] if step and step.startswith(marker) else indent + step
        made.append(indent + content if content.rstrip("\r\n") else content)
    whole = "".join(made)
    return "" if marker in whole else whole
