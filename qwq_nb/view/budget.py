"""Define the size limits of an output, in bytes."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["FINAL_BYTES", "LIVE_BYTES", "saved_size"]


FINAL_BYTES: Final = 1_000_000
"""The whole output of a finished run, as it stands in the .ipynb."""


LIVE_BYTES: Final = 100_000
"""One update while running."""


def saved_size(made: dict[str, object]) -> int:
    """Return the bytes that a bundle takes in an .ipynb: indented, and with texts split into lines."""
    data = {
        mime: content.splitlines(keepends=True) if isinstance(content, str) else content
        for mime, content in made.items()
    }
    notebook = {"cells": [{"outputs": [{"data": data, "metadata": {}, "output_type": "display_data"}]}]}
    # As nbformat's json.dumps writes it, and thirty times faster; numbers may differ by a zero in their exponent.
    return len(msgspec.json.format(msgspec.json.encode(notebook), indent=1))
