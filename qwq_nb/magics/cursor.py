"""Find the magic's line at the cursor, and split it into whole words and the word that is being written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qwq_nb.core.options import Option
from qwq_nb.errors import OptionError
from qwq_nb.magics.base import OPTIONS
from qwq_nb.magics.words import split_line

__all__ = ["Line", "line_at"]

_MAGIC = re.compile(r"[^'\"#]*?%{1,2}(qwq\w*)\s(.*)", re.DOTALL)
_AUTOMAGIC = re.compile(r"\s*(qwq_\w+)[ \t]+(?![=(\[.,])(.*)", re.DOTALL)
"""A magic without its `%`, which IPython takes where no variable has that name."""


@dataclass(frozen=True)
class Line:
    """Hold a magic's line, split at the cursor."""

    magic: str
    before: tuple[str, ...]
    """Whole words left of the cursor."""
    typed: str
    """The part of the word at the cursor to the left of it."""
    after: tuple[str, ...]
    """Whole words right of the cursor."""
    namespace: Mapping[str, Any]
    """The user's variables."""
    folder: str | None = None
    """Folder of runs if the line names none; None: the default."""

    @property
    def options(self) -> Sequence[Option]:
        """Return the magic's options."""
        return OPTIONS[self.magic]

    @property
    def words(self) -> tuple[str, ...]:
        """Return all whole words, those at the cursor excluded."""
        return self.before + self.after

    @property
    def positional(self) -> list[str]:
        """Return the words left of the cursor that are neither options nor their values."""
        valued = {o.name for o in self.options if o.kind != "flag"}
        pairs = zip(("", *self.before), self.before, strict=False)
        return [word for last, word in pairs if not word.startswith("-") and last not in valued]

    def value(self, name: str) -> str | None:
        """Return the value that the line gives an option, on either side of the cursor; None if it gives none."""
        for words in (self.before, self.after):
            for word, following in zip(words, (*words[1:], None), strict=False):
                if word == name and following is not None:
                    return following
                if word.startswith(f"{name}="):
                    return word.partition("=")[2]
        return None


def cut(text: str) -> tuple[list[str], str]:
    """Split a line up to the cursor into whole words, quotes respected, and the beginning of the word at the cursor."""
    for quote in ("", "'", '"'):  # a quotation mark may still be open
        try:
            words = [word.text for word in split_line(text + quote)]
        except OptionError:
            continue
        if quote:
            return words[:-1], text[text.rindex(quote) :]
        typed = "" if text[-1:].isspace() or not words else text.split()[-1]
        return (words[:-1] if typed else words), typed
    return text.split(), ""


def line_at(
    text: str,
    row: int,
    column: int,
    namespace: Mapping[str, Any],
    *,
    automagic: bool = False,
    folder: str | None = None,
) -> Line | None:
    """Return the qwq magic's line at the cursor (0-based row and column of a cell's text); None without one.

    Lines continued by a backslash are one line; the text below the first line of `%%qwq` is a question, not a line.
    """
    rows = text.split("\n")
    first = row
    while first and rows[first - 1].endswith("\\"):
        first -= 1
    left = " ".join([*(part[:-1] for part in rows[first:row]), rows[row][:column]])
    match = _MAGIC.match(left)
    if match is None and automagic:
        match = _AUTOMAGIC.match(left)
        if match is not None and match[1] in namespace:
            return None
    if match is None or match[1] not in OPTIONS:
        return None
    before, typed = cut(match[2])
    # The word at the cursor goes on until the next blank.
    after, _ = cut(re.sub(r"\A\S+", "", rows[row][column:]) + " ")
    return Line(match[1], tuple(before), typed, tuple(after), namespace, folder)
