"""Read, append and repair JSONL files; replace a file as a whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from qwq_nb.core.text import valid_values

__all__ = ["encode_row", "read_rows", "repair", "replace_file"]


def encode_row(row: dict[str, Any]) -> bytes:
    """Encode a row as one line of JSON, ended by a line feed; texts are made valid (`core.text.valid_text`)."""
    try:
        return msgspec.json.encode(row) + b"\n"
    except UnicodeEncodeError:
        return msgspec.json.encode(valid_values(row)) + b"\n"


def repair(file: Path) -> int:
    """Drop a torn last line of a JSONL file, as a crash leaves it, and return how many bytes were dropped.

    A last line that is a whole JSON object but lacks its line end gets one. A missing file is left missing.
    """
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        return 0
    if not size:
        return 0
    with open(file, "rb+") as handle:
        handle.seek(-1, os.SEEK_END)
        if handle.read(1) == b"\n":
            return 0
        tail, position = b"", size
        while position and b"\n" not in tail:
            step = min(65536, position)
            position -= step
            handle.seek(position)
            tail = handle.read(step) + tail
        keep = position + tail.rfind(b"\n") + 1 if b"\n" in tail else 0
        last = tail[tail.rfind(b"\n") + 1 :]
        with contextlib.suppress(msgspec.DecodeError):
            if isinstance(msgspec.json.decode(last), dict):
                handle.seek(0, os.SEEK_END)
                handle.write(b"\n")
                return 0
        handle.truncate(keep)
        return size - keep


def read_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSONL file; nothing if there is no such file.

    A line that is no JSON object (torn, or zeroed by a power cut) is skipped.
    """
    with contextlib.suppress(FileNotFoundError), open(file, "rb") as handle:
        for line in handle:
            try:
                row = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if isinstance(row, dict):
                yield row


def replace_file(file: Path, content: bytes) -> None:
    """Write the content to a temporary file beside it, fsync it and rename it into place.

    Raises:
        OSError: the file cannot be written; the earlier one is then untouched.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with open(draft, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(draft, file)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
