"""Take the program out of an answer."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST_PROGRAM", "program_of"]

LONGEST_PROGRAM: Final = 400_000
"""Characters of a program that is run."""

_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)$", re.MULTILINE)


def program_of(answer: str) -> str:
    """Return the program in an answer: of its fenced blocks the longest that names pygame; empty where there is none.

    A block that is not closed reaches to the end. An answer without any is taken as a whole if it imports pygame.
    """
    blocks = _blocks(answer)
    named = [block for block in blocks if "pygame" in block]
    if not blocks and re.search(r"^\s*(import|from)\s+pygame\b", answer, re.MULTILINE):
        named = [answer]
    found = max(named, key=len, default="").strip("\n")
    return found + "\n" if found and len(found) <= LONGEST_PROGRAM else ""


def _blocks(answer: str) -> list[str]:
    found, start, mark = [], -1, ""
    for fence in _FENCE.finditer(answer):
        sign, word = fence[1], fence[2].strip()
        if start < 0:
            start, mark = fence.end() + 1, sign
        elif sign[0] == mark[0] and len(sign) >= len(mark) and not word:
            found.append(answer[start : fence.start()])
            start = -1
    if start >= 0:
        found.append(answer[start:])
    return found
