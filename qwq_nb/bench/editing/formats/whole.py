"""Read a reply that holds whole files: a line with the file's name, then its new text within a fence. Pure.

What aider 0.86.2 makes of a reply, and a reader might not expect:

- the line above a fence is the name, whatever it says: `Usage:` makes a file `Usage`. It may be bold, in backticks, a
  heading, or end with a colon; folders before the name of a known file are left out;
- with no name above the fence, the last file that was named in backticks in the text is meant, else the only file;
  where there are several files and none is named, the reply is malformed;
- a fence ends at the next line that begins with one, even in a docstring, or at the end of the reply, whose white
  space does not count;
- of two texts for one file, the one whose name stands above its fence counts, and then the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from qwq_nb.bench.editing.formats.parsed import MOST_BLOCKS, Parsed, fence_of, kept_lines, outside_folder, place_of

__all__ = ["read_whole"]

_LONGEST_NAME: Final = 250
"""Characters; a longer line above a fence is no name."""
_ABOVE, _IN_TEXT, _ONLY = range(3)
"""Where a name was found, the most reliable first."""


class _Block(NamedTuple):
    source: int
    name: str
    lines: list[str]


def read_whole(reply: str, files: Mapping[str, str]) -> Parsed:
    """Return the files after a reply with whole files. A malformed reply changes none of them."""
    blocks, complaint = _blocks(reply, files)
    if complaint:
        return Parsed(dict(files), complaint)
    after = dict(files)
    written: set[str] = set()
    for block in sorted(blocks, key=lambda block: block.source):
        place = place_of(block.name, after)
        if not place:
            return Parsed(dict(files), outside_folder(block.name))
        if place not in written:
            written.add(place)
            after[place] = "".join(block.lines)
    return Parsed(after)


def _blocks(reply: str, files: Mapping[str, str]) -> tuple[list[_Block], str]:
    fence = fence_of(files)
    quoted = {f"`{name}`": name for name in files}
    blocks: list[_Block] = []
    open_block: _Block | None = None
    above = named = ""
    for line in kept_lines(reply.rstrip()):
        is_fence = line.startswith((fence.opening, fence.closing))
        if is_fence and open_block is not None:
            blocks.append(open_block)
            open_block, named = None, ""
        elif is_fence:
            source, name = _name(above, named, files)
            if not name:
                return [], _no_name(fence.opening)
            open_block = _Block(source, name, [])
        elif open_block is not None:
            open_block.lines.append(line)
        else:
            named = next((quoted[w] for w in reversed(_words(line)) if w in quoted), named)
        above = line
    if open_block is not None:
        blocks.append(open_block)
    if len(blocks) > MOST_BLOCKS:
        return (
            [],
            f"The reply holds {len(blocks):,} files; at most {MOST_BLOCKS} are read. Give each file once.",
        )
    return blocks, ""


def _words(line: str) -> list[str]:
    return [word.rstrip(".:,;!") for word in line.split()]


def _name(above: str, named: str, files: Mapping[str, str]) -> tuple[int, str]:
    """Return where the name of the file of a block was found, and the name; empty if there is none."""
    name = above.strip().strip("*").rstrip(":").strip("`").lstrip("#").strip()
    if len(name) > _LONGEST_NAME:
        name = ""
    if name not in files and (last := _last_part(name)) in files:
        name = last
    if name:
        return _ABOVE, name
    if named:
        return _IN_TEXT, named
    return _ONLY, next(iter(files)) if len(files) == 1 else ""


def _last_part(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _no_name(opening: str) -> str:
    return (
        f"A fence ({opening}) stands there without the name of its file. Put the name, alone, on the line above the "
        f"opening fence of each file, and give the whole file within the fence."
    )
