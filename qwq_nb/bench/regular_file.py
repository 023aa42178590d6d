"""Read a regular file of bounded size, and nothing else: no device, pipe or socket, and no file without end."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from qwq_nb.errors import DataError

__all__ = ["LARGEST_FILE", "MOST_HASHED", "content_hash", "file_kind", "read_regular", "size_text"]

LARGEST_FILE = 256 << 20
"""Bytes of the largest data file that is read. MMLU-Pro has 9 MB, SuperGPQA 30 MB."""

MOST_HASHED = 2 << 30
"""Bytes of all data files of a folder that are hashed, used by the run or not: a few seconds."""

_BLOCK = 1 << 20

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def file_kind(file: Path) -> str:
    """Return in words what a path is if it is no regular file; empty if it is one. Links are followed.

    Raises DataError if it cannot be looked at.
    """
    try:
        return _kind(file.stat())
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from None


def read_regular(file: Path) -> bytes:
    """Return the content of a regular file. Raises DataError if it is none, is too large or cannot be read."""
    return b"".join(_blocks(file, LARGEST_FILE, f"at most {size_text(LARGEST_FILE)} are read from one"))


def content_hash(files: Iterable[Path], *, names: bool = False) -> str:
    """Return the SHA-256 of the files' content, in hex; with `names` also of their names.

    Raises DataError if one is no regular file or cannot be read, or if together they hold more than `MOST_HASHED`.
    """
    digest, left = hashlib.sha256(), MOST_HASHED
    for file in files:
        if names:
            digest.update(f"\0{file.name}\0".encode("utf-8", "surrogateescape"))
        # One file alone has the limit of what is read; a folder may hold splits that no run reads.
        most = left if names else LARGEST_FILE
        allowed = (
            f"with the data files before it in its folder that is over {size_text(MOST_HASHED)}: name one file"
            if names
            else f"at most {size_text(LARGEST_FILE)} are read from one"
        )
        for block in _blocks(file, most, allowed):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


def size_text(size: int) -> str:
    """Return a size in bytes as text, in MB, or in GB from 1 GB on (of 1,024 each)."""
    return f"{size / (1 << 30):,.1f} GB" if size >= 1 << 30 else f"{size / (1 << 20):,.0f} MB"


def _blocks(file: Path, most: int, allowed: str) -> Iterable[bytes]:
    if kind := file_kind(file):
        raise DataError(f"{file} is {kind}, not a data file.")
    try:
        # It may have been replaced since: without O_NONBLOCK, opening a pipe would wait for its other end.
        fd = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(fd, "rb", buffering=0) as stream:
            status = os.fstat(fd)
            if kind := _kind(status):
                raise DataError(f"{file} is {kind}, not a data file.")
            if status.st_size > most:
                raise DataError(f"{file} is too large: it has {size_text(status.st_size)}; {allowed}.")
            left = most
            while block := stream.read(min(_BLOCK, left + 1)):
                left -= len(block)
                if left < 0:  # a file of /proc says that it is empty, and one that grows was smaller
                    raise DataError(f"{file} is too large; {allowed}.")
                yield block
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from None


def _kind(status: os.stat_result) -> str:
    if stat.S_ISREG(status.st_mode):
        return ""
    return next((words for test, words in _KINDS if test(status.st_mode)), "no regular file")


def _unreadable(file: Path, error: Exception) -> DataError:
    reason = error.strerror if isinstance(error, OSError) else None
    return DataError(f"{file} cannot be read: {reason or error}.")
