"""Find the documents that a benchmark's questions are about, where its records name them only (AA-LCR)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.errors import OptionError

__all__ = ["find_documents"]


def find_documents(adapter: Any, request: LoadRequest) -> None:
    """Give the adapter its folder of documents as a path, which it makes itself of data from a hub only.

    Raises:
        OptionError: the records are a user's file, and no folder is named, or there is none.
    """
    if not request.data or not hasattr(adapter, "text_dir"):
        return
    named = str(adapter.text_dir or "")
    if not Path(named).is_dir() or not named:
        said = f"there is no folder {named}" if named else "no folder is named"
        raise OptionError(
            f"{request.benchmark} asks about documents that its records only name, and {said}: "
            f"""--dataset-args '{{"extra_params": {{"text_dir": "FOLDER"}}}}'"""
        )
    adapter.text_dir = Path(named)
