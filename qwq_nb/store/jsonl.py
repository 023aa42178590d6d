"""Read, append and repair JSONL files that a crash or a stranger may have left in any state."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from qwq_nb.core.files import UnsafeFile, open_regular
from qwq_nb.core.text import valid_values

__all__ = ["LONGEST_LINE", "UNREADABLE", "encode_row", "lines_in", "read_rows", "repair", "rows_in"]

LONGEST_LINE = 64_000_000
"""Bytes of a line at most. A longer one is no row, and what follows it is not read: a file of nothing but zeros may
seem to have a terabyte."""
_NO_ROWS = f"no file of rows: it has a line of more than {LONGEST_LINE:,} bytes"
UNREADABLE = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError)
"""What decoding a row may raise: it is no JSON, of another form, no UTF-8, or nested without end."""


def encode_row(row: dict[str, Any]) -> bytes:
    """Encode a row as one line of JSON, ended by a line feed; texts are made valid (`core.text.valid_text`)."""
    try:
        return msgspec.json.encode(row) + b"\n"
    except UnicodeEncodeError:
        return msgspec.json.encode(valid_values(row)) + b"\n"


def repair(handle: BinaryIO, file: Path) -> int:
    """Drop a torn last line of a JSONL file, as a crash leaves it, and return how many bytes were dropped.

    A last line that is a whole JSON object but lacks its line end gets one. `handle` is open to read and write.

    Raises:
        UnsafeFile: its last line is longer than LONGEST_LINE; `file` is its name in the message.
    """
    size = handle.seek(0, os.SEEK_END)
    if not size:
        return 0
    handle.seek(-1, os.SEEK_END)
    if handle.read(1) == b"\n":
        return 0
    tail, position = b"", size
    while position and b"\n" not in tail and len(tail) < LONGEST_LINE:
        step = min(65536 if len(tail) < 1_000_000 else 1_000_000, position)
        position -= step
        handle.seek(position)
        tail = handle.read(step) + tail
    if b"\n" not in tail and position:
        raise UnsafeFile(file, _NO_ROWS)
    keep = position + tail.rfind(b"\n") + 1 if b"\n" in tail else 0
    last = tail[tail.rfind(b"\n") + 1 :]
    with contextlib.suppress(*UNREADABLE):
        if isinstance(msgspec.json.decode(last), dict):
            handle.seek(0, os.SEEK_END)
            handle.write(b"\n")
            return 0
    handle.truncate(keep)
    return size - keep


def read_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSONL file; nothing if there is no such file.

    Raises:
        UnsafeFile: it is no regular file, or has a line without end.
    """
    with contextlib.suppress(FileNotFoundError), open_regular(file) as handle:
        yield from rows_in(handle, file)


def rows_in(handle: BinaryIO, file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of an open JSONL file. A line that is no JSON object (torn, or zeroed by a power cut) is skipped.

    Raises:
        UnsafeFile: a line is longer than LONGEST_LINE.
    """
    for line in lines_in(handle, file):
        try:
            row = msgspec.json.decode(line)
        except UNREADABLE:
            continue
        if isinstance(row, dict):
            yield row


def lines_in(handle: BinaryIO, file: Path) -> Iterator[bytes]:
    """Yield the lines of an open file; `file` is its name in messages.

    Raises:
        UnsafeFile: one is longer than LONGEST_LINE.
    """
    while line := handle.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise UnsafeFile(file, _NO_ROWS)
        yield line
