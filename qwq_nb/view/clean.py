"""Make control, bidi and zero-width characters visible: the first step of every view, html and plain text alike.

ANSI escapes drive a terminal, bidi overrides turn `fdp.exe` round, zero-width characters hide words, and one lone
surrogate makes a notebook impossible to save. None of them is dropped: what a model wrote stays readable.
"""

from __future__ import annotations

import re

from qwq_nb.core.text import valid_text

__all__ = ["one_line", "visible"]

# C0 without \n \t, DEL and C1, soft hyphen, bidi marks, zero-width, line separators, tags, variation supplements.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def _show(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """Return the text with every control, bidi and zero-width character spelt out (`␛`, `\\u202e`)."""
    return _UNSEEN.sub(_show, valid_text(text).replace("\r\n", "\n"))


def one_line(text: str, limit: int) -> str:
    """Return the visible text on one line, at most `limit` characters long."""
    line = visible(" ".join(text[: 4 * limit].split()))
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: max(limit - 1, 0)] + "…"
