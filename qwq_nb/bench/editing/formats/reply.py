"""Read a reply by the name of its format: which files there are after it, and the record of the edit. Pure.

`read_reply` is all that the rest of the package uses of the parsers.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from qwq_nb.bench.editing.formats.parsed import Parsed, kept_lines
from qwq_nb.bench.editing.formats.search_replace import read_search_replace
from qwq_nb.bench.editing.formats.udiff import read_udiff
from qwq_nb.bench.editing.formats.whole import read_whole
from qwq_nb.core.edits import Edit

__all__ = ["EDIT_FORMATS", "Reply", "read_reply", "unified_diff"]

_READERS: Final[dict[str, Callable[[str, Mapping[str, str]], Parsed]]] = {
    "whole": read_whole,
    "diff": read_search_replace,
    "udiff": read_udiff,
}
EDIT_FORMATS: Final = tuple(_READERS)
"""The names of the formats, as they are asked for."""
_LONGEST: Final = 1_000_000
"""Characters of a reply, and of all files after it."""
_COMPARED: Final = 1_200
"""Lines of two texts together that are compared line by line."""
_CONTEXT: Final = 3


class Reply(NamedTuple):
    """Hold what a reply did."""

    files: dict[str, str]
    """All files after it, by name: those that it leaves as they are, too."""
    edit: Edit


def read_reply(format: str, reply: str, files: Mapping[str, str]) -> Reply:
    """Read a reply of a model, without its reasoning, and apply it to the files. Raises nothing for any text.

    Args:
        format: one of `EDIT_FORMATS`.
        reply: the answer.
        files: name → text, of all files that the model may edit, as they are before it.

    Raises:
        KeyError: there is no such format.
    """
    reader = _READERS[format]
    reply = reply.replace("\r\n", "\n")
    if len(reply) > _LONGEST:
        parsed = Parsed(dict(files), f"The reply has more than {_LONGEST:,} characters. Send what changes only.")
    else:
        parsed = reader(reply, files)
    if sum(map(len, parsed.files.values())) > _LONGEST + sum(map(len, files.values())):
        parsed = Parsed(dict(files), f"The files would have more than {_LONGEST:,} characters. Send less.")
    changed = [name for name, text in parsed.files.items() if files.get(name) != text]
    edit = Edit(
        format=format,
        malformed=parsed.complaint,
        files=changed,
        diff=unified_diff(files, parsed.files),
    )
    return Reply(parsed.files, edit)


def unified_diff(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return the unified diff between two states of files; empty if they are the same."""
    made: list[str] = []
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new or (name in before) != (name in after):
            made.append(_file_diff(name if name in before else "/dev/null", name, kept_lines(old), kept_lines(new)))
    return "".join(made)


def _file_diff(old_name: str, new_name: str, old: Sequence[str], new: Sequence[str]) -> str:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    if len(old) + len(new) - 2 * (start + end) > _COMPARED:
        lines = _as_one_hunk(old, new, start, end)
    else:
        lines = list(difflib.unified_diff(old, new, n=_CONTEXT))[2:] if _is_short(old, new) else []
        lines = lines or _as_one_hunk(old, new, start, end)
    shown = [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    return "".join([f"--- {old_name}\n", f"+++ {new_name}\n", *shown])


def _is_short(old: Sequence[str], new: Sequence[str]) -> bool:
    return len(old) + len(new) <= 2 * _COMPARED


def _as_one_hunk(old: Sequence[str], new: Sequence[str], start: int, end: int) -> list[str]:
    """Return one hunk from the first line that differs to the last, where the texts are too long for more."""
    above, below = min(start, _CONTEXT), min(end, _CONTEXT)
    first = start - above
    sizes = [len(lines) - end + below - first for lines in (old, new)]
    head = f"@@ -{first + 1},{sizes[0]} +{first + 1},{sizes[1]} @@\n"
    made = [head, *(f" {line}" for line in old[first:start])]
    made += [f"-{line}" for line in old[start : len(old) - end]]
    made += [f"+{line}" for line in new[start : len(new) - end]]
    made += [f" {line}" for line in old[len(old) - end : len(old) - end + below]]
    return made
