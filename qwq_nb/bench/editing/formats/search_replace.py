"""Read a reply that holds SEARCH/REPLACE blocks: lines that stand in a file, and what to put in their place. Pure.

What aider 0.86.2 makes of a reply, and a reader might not expect:

- markers have five to nine characters, and need no fence around them; the file's name stands above the block or its
  fence, or after the fence; a block without a name is for the file of the block before;
- a block whose lines stand in another of the files than the one it names is applied there;
- an empty SEARCH appends to the file, or makes a new one; a file is never made empty;
- blocks that can be applied are, also where others cannot, which makes the reply malformed; a reply with a block that
  is not complete changes nothing;
- anything but blocks, other markers included, is no edit, and not malformed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from qwq_nb.bench.editing.formats.matching import lines_like, replaced, unwrapped
from qwq_nb.bench.editing.formats.names import shown_name
from qwq_nb.bench.editing.formats.parsed import (
    MOST_BLOCKS,
    TRIPLE,
    Fence,
    Parsed,
    fence_of,
    kept_lines,
    outside_folder,
    place_of,
)

__all__ = ["read_search_replace"]

_HEAD: Final = re.compile(r"<{5,9} SEARCH>?\s*")
_DIVIDER: Final = re.compile(r"={5,9}\s*")
_TAIL: Final = re.compile(r">{5,9} REPLACE\s*")
_SHELLS: Final = tuple(
    f"{TRIPLE}{name}"
    for name in ("bash", "sh", "shell", "cmd", "batch", "powershell", "ps1", "zsh", "fish", "ksh", "csh", "tcsh")
)
"""Fences of commands: what is in them is no edit."""
_CLOSE: Final = 0.8
"""Ratio of difflib from which a name is taken for a known one."""
_LINES_ABOVE: Final = 3
_TOLD: Final = 8
"""Blocks that could not be applied and are quoted in a complaint."""
_QUOTED: Final = 2_000
"""Characters of a block, or of the reply before a fault, that a complaint quotes."""


class _Block(NamedTuple):
    name: str
    search: str
    replace: str


class _Malformed(Exception):
    """Report a block that is not complete, with the complaint."""


def read_search_replace(reply: str, files: Mapping[str, str]) -> Parsed:
    """Return the files after a reply with SEARCH/REPLACE blocks. Those that do not fit are named in the complaint."""
    fence = fence_of(files)
    try:
        blocks = _blocks(kept_lines(reply), fence, files)
    except _Malformed as fault:
        return Parsed(dict(files), str(fault))
    after = dict(files)
    failed = [(block, dict(after)) for block in blocks if not _apply(block, after, fence)]
    return Parsed(after, _complaint(failed, len(blocks)) if failed else "")


def _blocks(lines: list[str], fence: Fence, files: Mapping[str, str]) -> list[_Block]:
    """Return all blocks in order. Raises _Malformed at the first that is not complete."""
    blocks: list[_Block] = []
    at, name = 0, ""
    while at < len(lines):
        if lines[at].strip().startswith(_SHELLS) and not any(_is(_HEAD, line) for line in lines[at + 1 : at + 3]):
            at = _end_of(lines, at + 1, lambda line: line.startswith(TRIPLE)) + 1
            continue
        if not _is(_HEAD, lines[at]):
            at += 1
            continue
        is_new = _is(_DIVIDER, "".join(lines[at + 1 : at + 2]))
        above = lines[max(0, at - _LINES_ABOVE) : at]
        name = _name_above(above, fence, () if is_new else tuple(files)) or name
        if not name:
            raise _Malformed(_broken(lines[: at + 1], f"The name of the file is missing. {_WHERE}"))
        divider = _end_of(lines, at + 1, lambda line: bool(_DIVIDER.fullmatch(line)))
        if divider == len(lines):
            raise _Malformed(_broken(lines[: divider + 1], "The line `=======` after the SEARCH lines is missing."))
        tail = _end_of(lines, divider + 1, lambda line: bool(_TAIL.fullmatch(line) or _DIVIDER.fullmatch(line)))
        if tail == len(lines):
            raise _Malformed(_broken(lines, "The line `>>>>>>> REPLACE` at the end of the block is missing."))
        blocks.append(_Block(name, "".join(lines[at + 1 : divider]), "".join(lines[divider + 1 : tail])))
        if len(blocks) > MOST_BLOCKS:
            raise _Malformed(f"The reply holds more than {MOST_BLOCKS} blocks. Use fewer and larger ones.")
        at = tail + 1
    return blocks


_WHERE: Final = "Put it, alone, on the line above the opening fence of the block."


def _is(marker: re.Pattern[str], line: str) -> bool:
    return marker.fullmatch(line.strip()) is not None


def _end_of(lines: Sequence[str], start: int, ends: Callable[[str], bool]) -> int:
    """Return the position of the first line from `start` on that ends what is read; the number of lines if none."""
    return next((at for at in range(start, len(lines)) if ends(lines[at].strip())), len(lines))


def _name_above(above: list[str], fence: Fence, known: tuple[str, ...]) -> str:
    """Return the name of the file of a block, from the lines above it, the nearest first; empty if there is none."""
    found = []
    for line in reversed(above):
        if name := _name_in(line.strip(), fence):
            found.append(name)
        if not line.startswith((fence.opening, TRIPLE)):
            break
    for name in found:
        if name in known:
            return name
    for name in found:
        for file in known:
            if name == file.rpartition("/")[2]:
                return file
    for name in found:
        if near := difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE):
            return near[0]
    return next((name for name in found if "." in name), found[0] if found else "")


def _name_in(line: str, fence: Fence) -> str:
    for opening in (fence.opening, TRIPLE):
        if line.startswith(opening):
            rest = line[len(opening) :]
            return rest if "." in rest or "/" in rest else ""
    if line == "...":
        return ""
    return line.rstrip(":").lstrip("#").strip().strip("`").strip("*")


def _apply(block: _Block, files: dict[str, str], fence: Fence) -> bool:
    """Apply a block to the files, in place, and return whether that could be done."""
    place = place_of(block.name, files)
    if not block.search.strip():
        if place and (text := files.get(place, "") + unwrapped(block.replace, block.name, fence)):
            files[place] = text
        return bool(place)
    for name in ([place] if place in files else []) + [name for name in files if name != place]:
        halves = (unwrapped(half, name, fence) for half in (block.search, block.replace))
        if text := replaced(files[name], *halves):
            files[name] = text
            return True
    return False


def _fault(block: _Block, files: Mapping[str, str]) -> str:
    """Return what is wrong with a block that could not be applied to the files."""
    place = place_of(block.name, files)
    if not place and not block.search.strip():
        return outside_folder(block.name)
    quoted = f"<<<<<<< SEARCH\n{block.search}=======\n{block.replace}>>>>>>> REPLACE"
    said = [f"These SEARCH lines are not in {shown_name(block.name)}, or all of its text would go:", _short(quoted)]
    text = files.get(place)
    if text is None:
        said.append("There is no such file.")
    elif near := lines_like(text, block.search):
        said += ["The lines of the file that are most like them:", f"{TRIPLE}\n{near}{TRIPLE}"]
    if text is not None and block.replace.strip() and block.replace in text:
        said.append("The REPLACE lines are in the file already: is this block needed?")
    return "\n".join(said)


def _complaint(failed: list[tuple[_Block, dict[str, str]]], total: int) -> str:
    applied = total - len(failed)
    said = [f"{len(failed)} of {total} SEARCH/REPLACE blocks could not be applied."]
    said += [_fault(block, files) for block, files in failed[:_TOLD]]
    if len(failed) > _TOLD:
        said.append(f"There are {len(failed) - _TOLD} more.")
    said.append("SEARCH must hold lines of the file exactly as they are, with spaces, comments and blank lines.")
    if applied:
        said.append("The other blocks are applied: do not send them again. Send the failed ones, corrected.")
    return "\n\n".join(said)


def _broken(lines: list[str], what: str) -> str:
    return f"{_short(''.join(lines))}\n^^^ {what}"


def _short(text: str) -> str:
    """Return the end of a text, where its fault is, or its beginning and end."""
    return text if len(text) <= _QUOTED else f"…{text[-_QUOTED:]}"
