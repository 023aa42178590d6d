"""Apply a hunk of a unified diff to a file, wherever its lines stand. Pure.

Tried in this order: all lines; after what the model left out is found; then each run of changes with fewer and fewer
of the lines around it. Each time as it is, without blank lines at its ends, and with indentation taken relatively.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from qwq_nb.bench.editing.formats.indentation import absolute, marker_for, relative
from qwq_nb.bench.editing.formats.parsed import kept_lines

__all__ = ["Hunk", "Patience"]

_SMALL: Final = 10
"""Characters, without spaces, of a search text that must stand in the file once only."""
_SHARE: Final = 0.66
"""Of a hunk's old lines, what must be in the file for the others to be taken for new ones."""
_CONTEXT: Final = 30
"""Lines before and after a change that are tried."""
_LONGEST: Final = 1_200
"""Lines of two texts together that are compared line by line."""
_TRIES: Final = 20_000
"""Places looked for in all hunks of one reply."""


class Patience:
    """Count how much is still tried for one reply, and keep the last file in the form in which it is searched."""

    def __init__(self) -> None:
        self._left = _TRIES
        self._last: tuple[str, str, str, str] = ("", "", "", "")

    def is_over(self) -> bool:
        """Count one more try, and return whether it was one too many."""
        self._left -= 1
        return self._left < 0

    def relative(self, text: str, marker: str) -> tuple[str, str]:
        """Return a file with relative indentation: as it is, and without blank lines at its ends."""
        if self._last[:2] != (text, marker):
            self._last = (text, marker, relative(text, marker), relative(_trimmed(text), marker))
        return self._last[2:]


class Hunk(NamedTuple):
    """Hold the lines of a hunk as (` `, `-` or `+`, text)."""

    lines: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, lines: Iterable[str]) -> Hunk:
        """Read lines of a diff. A blank line is one of the file."""
        made = []
        for line in lines:
            sign, text = (" ", line) if len(line) < 2 else (line[0], line[1:])
            if sign in " +-":
                made.append((sign, text))
        return cls(tuple(made))

    @property
    def text(self) -> str:
        """Return the hunk as it is written."""
        return "".join(sign + text for sign, text in self.lines)

    @property
    def before(self) -> list[str]:
        """Return the lines that are to be in the file."""
        return [text for sign, text in self.lines if sign != "+"]

    @property
    def after(self) -> list[str]:
        """Return the lines that are to be in their place."""
        return [text for sign, text in self.lines if sign != "-"]

    def normal(self) -> Hunk:
        """Return the hunk with the least changes that do the same; without lines if it changes nothing."""
        before, after = ([_bare(line) for line in lines] for lines in (self.before, self.after))
        if before == after:
            return Hunk(())
        return _between(before, after) or Hunk(tuple((sign, _bare(text)) for sign, text in self.lines))

    def applied(self, text: str, patience: Patience) -> str:
        """Return the file's text after the hunk; empty if it fits nowhere."""
        before, after = "".join(self.before), "".join(self.after)
        if not before.strip():
            return text + after
        return _directly(text, before, after, patience) or _by_parts(text, _completed(self, text), patience)


def _bare(line: str) -> str:
    """Return a line, without its spaces where it has nothing else."""
    return line if line.strip() else ("\n" if line.endswith("\n") else "")


def _between(before: Sequence[str], after: Sequence[str]) -> Hunk | None:
    """Return the hunk from one list of lines to the other, with all that stays; None if they are too long for it."""
    if len(before) + len(after) > _LONGEST:
        return None
    lines: list[tuple[str, str]] = []
    for _, i1, i2, j1, j2 in (codes := difflib.SequenceMatcher(None, before, after).get_opcodes()):
        if before[i1:i2] == after[j1:j2]:
            lines += [(" ", line) for line in before[i1:i2]]
        else:
            lines += [("-", line) for line in before[i1:i2]] + [("+", line) for line in after[j1:j2]]
    return Hunk(tuple(lines)) if codes else Hunk(())


def _completed(hunk: Hunk, text: str) -> Hunk:
    """Return the hunk without the old lines that the file lacks: as new ones, where they stay.

    Models write lines as unchanged that they have just made up.
    """
    before, lines = hunk.before, kept_lines(text)
    if len(before) + len(lines) > _LONGEST:
        return hunk
    found = [line for start, end in _common(before, lines) for line in before[start:end]]
    if len("".join(found).strip()) < _SMALL or len(found) < len(before) * _SHARE:
        return hunk
    return _between(found, hunk.after) or hunk


def _common(before: Sequence[str], lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the spans of `before` that both texts have, without those that are shorter than the changes around them.

    Such a span is there by chance, as a rule: a blank line, a `return`.
    """
    codes = difflib.SequenceMatcher(None, before, lines, autojunk=False).get_opcodes()
    changes: list[int] = [0]
    spans: list[tuple[int, int]] = []
    for what, i1, i2, j1, j2 in codes:
        if what == "equal":
            spans.append((i1, i2))
            changes.append(0)
        else:
            changes[-1] = max(i2 - i1, j2 - j1)
    at = 0
    while at < len(spans):
        size = spans[at][1] - spans[at][0]
        if size <= changes[at] and size <= changes[at + 1]:
            changes[at : at + 2] = [changes[at] + size + changes[at + 1]]
            del spans[at]
            at = 0
        else:
            at += 1
    return spans


def _by_parts(text: str, hunk: Hunk, patience: Patience) -> str:
    """Apply each run of changes with as many of the lines around it as fit; empty if one fits nowhere."""
    sections: list[list[tuple[str, str]]] = [[]]
    for sign, line in hunk.lines:
        if (sign == " ") != (len(sections) % 2 == 1):
            sections.append([])
        sections[-1].append((sign, line))
    if len(sections) % 2 == 0:
        sections.append([])
    for at in range(1, len(sections), 2):
        text = _one_part(text, sections[at - 1], sections[at], sections[at + 1], patience)
        if not text:
            return ""
    return text


def _one_part(
    text: str,
    above: list[tuple[str, str]],
    changes: list[tuple[str, str]],
    below: list[tuple[str, str]],
    patience: Patience,
) -> str:
    above, below = above[-_CONTEXT:], below[:_CONTEXT]
    for used in range(len(above) + len(below), -1, -1):
        for upper in range(min(len(above), used), -1, -1):
            if used - upper > len(below):
                continue
            part = Hunk((*above[len(above) - upper :], *changes, *below[: used - upper]))
            if found := _directly(text, "".join(part.before), "".join(part.after), patience):
                return found
    return ""


def _directly(text: str, before: str, after: str, patience: Patience) -> str:
    """Put `after` in place of `before` wherever it stands; empty if it does not, or is too small to be sure of."""
    if not before or patience.is_over():
        return ""
    if len("".join(line.strip() for line in kept_lines(before))) < _SMALL and text.count(before) > 1:
        return ""
    if before in text and (made := text.replace(before, after)):
        return made
    bare = _trimmed(before)
    whole = _trimmed(text)
    if bare in whole and (made := whole.replace(bare, _trimmed(after))):
        return made
    marker = marker_for(text, before, after)
    for searched, old, new in zip(
        patience.relative(text, marker), (before, bare), (after, _trimmed(after)), strict=True
    ):
        sought = relative(old, marker)
        if sought in searched and (made := absolute(searched.replace(sought, relative(new, marker)), marker)):
            return made
    return ""


def _trimmed(text: str) -> str:
    return text.strip("\n") + "\n"
