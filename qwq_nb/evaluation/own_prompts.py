"""Keep prompts that were given as a list in Python: a run needs them again when it is resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.core.files import save_file
from qwq_nb.core.text import valid_values
from qwq_nb.errors import OptionError

__all__ = ["LISTED", "saved_prompts"]

LISTED = "my_prompts"
"""The benchmark whose prompts may be given as a list."""


def saved_prompts(benchmarks: Sequence[str], data: Any, folder: Path) -> Any:
    """Write a list of prompts into the folder of runs, and return the file's path; any other `data` as it is.

    An item is a text, or a record as a row of a file has it (`{"prompt": …, "reference": …}`). The file is named by
    its content, so that the same list is the same run.

    Raises:
        OptionError: the list is empty, an item is neither or has no text, or the benchmark takes no list.
        UserError: the file cannot be written.
    """
    if data is None or isinstance(data, str | Path):
        return data
    if list(benchmarks) != [LISTED]:
        raise OptionError(f"data takes a path; a list of prompts is for {LISTED}: evaluate({LISTED!r}, data=[…]).")
    if not isinstance(data, Sequence) or isinstance(data, bytes | Mapping):
        raise OptionError(f"data takes a path or a list of prompts, not {type(data).__name__}.")
    if not data:
        raise OptionError("data is an empty list: there is no prompt to ask.")
    rows = [_row(item, number) for number, item in enumerate(data, 1)]
    content = b"".join(msgspec.json.encode(valid_values(row), enc_hook=str) + b"\n" for row in rows)
    file = folder / f"prompts-{hashlib.sha256(content).hexdigest()[:8]}.jsonl"
    if not file.is_file() or file.read_bytes() != content:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(file, content)
    return file


def _row(item: Any, number: int) -> Mapping[str, Any]:
    if isinstance(item, str):
        if not item.strip():
            raise OptionError(f"Prompt {number} of the list is empty.")
        return {"prompt": item}
    if not isinstance(item, Mapping):
        raise OptionError(
            f"Prompt {number} of the list is neither a text nor a record such as {{'prompt': '…', 'reference': '…'}}, "
            f"but {type(item).__name__}."
        )
    return item
