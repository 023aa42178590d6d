"""Make an exercise's files anew from the replies that edited them. Pure: no file of a left-over folder is ever read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qwq_nb.bench.editing.formats.reply import EDIT_FORMATS, read_reply
from qwq_nb.core.records import Step

__all__ = ["replayed"]


def replayed(files: Mapping[str, str], steps: Iterable[Step]) -> dict[str, str]:
    """Return the files after all edits of the steps, in order: each reply is read once more.

    A step without an `edit` changes nothing, such as an architect's. The same holds for one whose format is not known:
    a run directory may have been written by another version.
    """
    made = dict(files)
    for step in steps:
        if step.edit is not None and step.edit.format in EDIT_FORMATS:
            made = read_reply(step.edit.format, step.completion.answer, made).files
    return made
