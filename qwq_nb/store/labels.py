"""Read what a reader calls runs, and notes on them: `qwq_labels.json` beside the runs' folders.

JupyterLab's panel of runs writes it (`labextension/src/record/labels.ts`). The folders keep their names, which
notebooks refer to. Whatever the file holds costs a reader no list: one that cannot be read is as none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from qwq_nb.core.files import open_regular

__all__ = ["LABELS", "Label", "read_labels"]

LABELS: Final = "qwq_labels.json"

_SCHEMA: Final = "qwq_labels.v1"
_MOST_BYTES: Final = 2_000_000


class Label(msgspec.Struct, frozen=True):
    """Hold what a reader says of a run."""

    label: str = ""
    """What it is called; empty: by its own name."""
    note: str = ""


class _File(msgspec.Struct):
    schema: str = ""
    runs: dict[str, Label] = {}


def read_labels(root: Path) -> dict[str, Label]:
    """Return the labels in the folder `root`, by the names of the runs' folders."""
    try:
        with open_regular(root / LABELS) as file:
            content = file.read(_MOST_BYTES + 1)
        found = msgspec.json.decode(content, type=_File) if len(content) <= _MOST_BYTES else _File()
    except (OSError, msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return found.runs if found.schema == _SCHEMA else {}
