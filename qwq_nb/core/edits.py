"""Define the record of an edit: what a reply of a model was read as, and how it changed the files."""

from __future__ import annotations

import msgspec

__all__ = ["Edit"]


class Edit(msgspec.Struct, kw_only=True):
    """Hold what one reply did to the files of an exercise. The files themselves are made anew by replaying replies."""

    format: str
    """How the reply was read: `whole`, `diff`, `udiff`."""
    malformed: str = ""
    """What is wrong with the reply's format, as it is sent back to the model; empty: it is well formed."""
    syntax_error: str = ""
    """Why a file that it changed is no Python, as it is sent back to the model; empty: all are, or none was changed."""
    files: list[str] = []
    """The files that it changed, in the order of the exercise; empty: no edit."""
    diff: str = ""
    """Unified diff of the change. Empty where nothing changed."""
