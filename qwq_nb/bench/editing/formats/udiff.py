"""Read a reply that holds unified diffs without line numbers, in fences that begin with ```diff. Pure.

What aider 0.86.2 makes of a reply, and a reader might not expect:

- the numbers of `@@` lines do not count, nor does a missing `@@`: a hunk stands where its lines do;
- a diff in another fence, or without `---` and `+++`, is no edit, and not malformed;
- hunks that fit are applied, also where others do not, which makes the reply malformed;
- the last line of a fence that is not closed is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from qwq_nb.bench.editing.formats.hunks import Hunk, Patience
from qwq_nb.bench.editing.formats.names import shown_name
from qwq_nb.bench.editing.formats.parsed import MOST_BLOCKS, TRIPLE, Parsed, kept_lines, outside_folder, place_of

__all__ = ["read_udiff"]

_OPENING: Final = f"{TRIPLE}diff"
_NO_FILE: Final = "/dev/null"
_TOLD: Final = 8
"""Hunks that could not be applied and are quoted in a complaint."""
_QUOTED: Final = 2_000
"""Characters of a hunk that a complaint quotes."""


class _Change(NamedTuple):
    name: str
    """Empty: the diff has none."""
    hunk: Hunk


def read_udiff(reply: str, files: Mapping[str, str]) -> Parsed:
    """Return the files after a reply with unified diffs. Hunks that do not fit are named in the complaint."""
    changes = _with_names(_changes(kept_lines(reply if reply.endswith("\n") else f"{reply}\n")))
    if len(changes) > MOST_BLOCKS:
        return Parsed(dict(files), f"The reply holds more than {MOST_BLOCKS} hunks. Use fewer and larger ones.")
    if any(not change.name for change in changes):
        return Parsed(dict(files))
    after = dict(files)
    patience = Patience()
    failed: list[str] = []
    seen: set[tuple[str, str]] = set()
    count = 0
    for name, hunk in changes:
        hunk = hunk.normal()
        if not hunk.lines or (name, hunk.text) in seen:
            continue
        seen.add((name, hunk.text))
        count += 1
        place = place_of(name, after)
        if not place:
            failed.append(outside_folder(name))
        elif text := hunk.applied(after.get(place, ""), patience):
            after[place] = text
        else:
            failed.append(_no_match(name, hunk, place in after))
    return Parsed(after, _complaint(failed, count) if failed else "")


def _with_names(changes: list[_Change]) -> list[_Change]:
    """Return the changes, those without a name with that of the change before."""
    made: list[_Change] = []
    for change in changes:
        made.append(change if change.name or not made else _Change(made[-1].name, change.hunk))
    return made


def _changes(lines: list[str]) -> list[_Change]:
    """Return the hunks of all fences, in order."""
    changes: list[_Change] = []
    at = 0
    while at < len(lines):
        at += 1
        if not lines[at - 1].startswith(_OPENING):
            continue
        end = next((i for i in range(at, len(lines)) if lines[i].startswith(TRIPLE)), max(at, len(lines) - 1))
        changes += _hunks(lines[at:end])
        at = end + 1
    return changes


def _hunks(block: list[str]) -> list[_Change]:
    """Split the lines of a fence into hunks, each with the name that stands before it in this fence."""
    name = ""
    if len(block) > 1 and block[0].startswith("--- ") and block[1].startswith("+++ "):
        name = _name(block[0][4:].strip(), block[1][4:].strip())
        block = block[2:]
    found: list[_Change] = []
    lines: list[str] = []
    changes = False
    for line in [*block, "@@ @@"]:
        lines.append(line)
        if len(line) < 2:
            continue
        if line.startswith("+++ ") and len(lines) > 1 and lines[-2].startswith("--- "):
            before = -3 if lines[-3:-2] == ["\n"] else -2
            found.append(_Change(name, Hunk.read(lines[:before])))
            lines, changes, name = [], False, line[4:].strip()
        elif line[0] in "+-":
            changes = True
        elif line[0] == "@":
            if changes:
                found.append(_Change(name, Hunk.read(lines[:-1])))
            lines, changes = [], False
    return found


def _name(old: str, new: str) -> str:
    """Return the name of the changed file: the new one, without the prefixes of git."""
    return new[2:] if (old.startswith("a/") or old == _NO_FILE) and new.startswith("b/") else new


def _no_match(name: str, hunk: Hunk, is_there: bool) -> str:
    text = hunk.text if len(hunk.text) <= _QUOTED else f"{hunk.text[:_QUOTED]}…\n"
    what = "has no such lines, or all of its text would go" if is_there else "is not there"
    return f"This hunk could not be applied: {shown_name(name)} {what}.\n{_OPENING}\n{text}{TRIPLE}"


def _complaint(failed: list[str], total: int) -> str:
    said = [f"{len(failed)} of {total} hunks could not be applied.", *failed[:_TOLD]]
    if len(failed) > _TOLD:
        said.append(f"There are {len(failed) - _TOLD} more.")
    said.append(
        "Lines that begin with a space or `-` must be lines of the file exactly as they are, with comments and blank "
        "lines: leave none out between them."
    )
    if total > len(failed):
        said.append("The other hunks are applied: do not send them again. Send the failed ones, corrected.")
    return "\n\n".join(said)
