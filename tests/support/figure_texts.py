"""The texts of a figure without the markup of this package's own: what remains is from others, and has no `<`."""

from __future__ import annotations

import re

__all__ = ["without_own_markup"]

_OWN = re.compile(r"</?(?:b|i|br|extra)>|<span style='color:#[0-9A-F]{6}'>[●◆■▲✕✚━]</span>")


def without_own_markup(drawn: str) -> str:
    """`drawn` is a figure's JSON."""
    drawn = drawn.replace("\\u003c", "<").replace("\\u003e", ">").replace('\\"', "'")
    drawn = re.sub(r"\\u[0-9a-f]{4}", lambda match: chr(int(match[0][2:], 16)), drawn)
    return _OWN.sub("", drawn)
