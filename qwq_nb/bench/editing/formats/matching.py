"""Find the lines of a SEARCH block in a file, and put others in their place. Pure.

Tried in this order: the lines as they are; with one more or one less indentation for all of them; both without a blank
first line; parts between lines `...`, which stand for lines that stay.
"""

from __future__ import annotations

from typing import Final

from qwq_nb.bench.editing.formats.parsed import Fence, kept_lines

__all__ = ["lines_like", "replaced", "unwrapped"]

_MOST_COMPARED: Final = 4_000_000
"""Lines of the file times lines of the block, beyond which only exact matches are looked for."""
_MOST_LINES: Final = 10_000
"""Lines of a file, beyond which the same holds: a reply may have many blocks."""


def unwrapped(text: str, name: str, fence: Fence) -> str:
    """Return the lines of one half of a block without the file's name and the fence that some models put around it."""
    if not text:
        return ""
    lines = text.removesuffix("\n").split("\n")
    if lines[0].strip().endswith(name.rpartition("/")[2]):
        del lines[0]
    if lines and lines[0].startswith(fence.opening) and lines[-1].startswith(fence.closing):
        lines = lines[1:-1]
    made = "\n".join(lines)
    return made if not made or made.endswith("\n") else f"{made}\n"


def replaced(text: str, search: str, replace: str) -> str:
    """Return a file's text with `replace` in place of the first lines that match `search`; empty if none do.

    Without `search`, it is appended.
    """
    if not search.strip():
        return text + replace
    whole, part, new = _ended(text), _ended(search), _ended(replace)
    found = _as_they_are(whole, part, new)
    lines = kept_lines(part)
    if not found and len(lines) > 2 and not lines[0].strip():
        found = _as_they_are(whole, "".join(lines[1:]), new)
    return found or _between_dots(whole, part, new)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _as_they_are(whole: str, part: str, new: str) -> str:
    at = 0 if whole.startswith(part) else whole.find(f"\n{part}") + 1
    if at or whole.startswith(part):
        return whole[:at] + new + whole[at + len(part) :]
    return _indented(kept_lines(whole), kept_lines(part), kept_lines(new)) if _is_short(whole, part) else ""


def _indented(whole: list[str], part: list[str], new: list[str]) -> str:
    """Replace lines that match but for one indentation that all of them lack; blank lines have none."""
    depths = [len(line) - len(line.lstrip()) for line in [*part, *new] if line.strip()]
    cut = min(depths, default=0)
    part = [line[cut:] if line.strip() else line for line in part]
    new = [line[cut:] if line.strip() else line for line in new]
    bare = [line.lstrip() for line in part]
    bare_whole = [line.lstrip() for line in whole]
    for at in range(len(whole) - len(part) + 1):
        if bare_whole[at] != bare[0] or bare_whole[at : at + len(part)] != bare:
            continue
        pairs = zip(whole[at : at + len(part)], part, strict=True)
        leads = {its[: len(its) - len(mine)] for its, mine in pairs if its.strip()}
        if len(leads) == 1:
            lead = leads.pop()
            lines = [lead + line if line.strip() else line for line in new]
            return "".join([*whole[:at], *lines, *whole[at + len(part) :]])
    return ""


def _is_short(whole: str, part: str) -> bool:
    lines = whole.count("\n")
    return lines <= _MOST_LINES and lines * part.count("\n") <= _MOST_COMPARED


def _between_dots(whole: str, part: str, new: str) -> str:
    """Replace the parts between lines `...`, each of which must stand in the file once; empty if that cannot be."""
    olds, dots = _pieces(part)
    news, other_dots = _pieces(new)
    if not dots or dots != other_dots:
        return ""
    for old, other in zip(olds, news, strict=True):
        if not old:
            whole = _ended(whole) + other
        elif whole.count(old) == 1:
            whole = whole.replace(old, other)
        else:
            return ""
    return whole


def _pieces(text: str) -> tuple[list[str], list[str]]:
    """Split a text at lines `...`, which take the blank lines before them along. Returns what is between, and they."""
    pieces, dots, blank = [""], [], ""
    for line in kept_lines(text):
        if line.lstrip() == "...\n":
            dots.append(blank + line)
            pieces.append("")
            blank = ""
        elif line.strip():
            pieces[-1] += blank + line
            blank = ""
        else:
            blank += line
    pieces[-1] += blank
    return pieces, dots


def lines_like(text: str, search: str) -> str:
    """Return the lines of a file that have the most in common with a SEARCH block; empty if none have."""
    if not _is_short(text, search):
        return ""
    whole, part = kept_lines(_ended(text)), kept_lines(_ended(search))
    places: dict[str, list[int]] = {}
    for at, line in enumerate(whole):
        if line.strip():
            places.setdefault(line.strip(), []).append(at)
    counts: dict[int, int] = {}
    for offset, line in enumerate(part):
        for at in places.get(line.strip(), ()):
            counts[at - offset] = counts.get(at - offset, 0) + 1
    if not counts:
        return ""
    start = max(counts, key=lambda at: (counts[at], -at))
    return "".join(whole[max(0, start) : max(0, start) + len(part)])
