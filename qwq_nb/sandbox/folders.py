"""Make, measure and remove the folder of a job, in which a program may have left anything."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from typing import Final

__all__ = ["MOST_FILES", "empty_folder", "make_folder", "place_for", "read_wanted", "remove_folder", "used_bytes"]

MOST_FILES: Final = 2_000
"""Files and folders that a job may make."""
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def place_for(uid: int) -> str:
    """Return the folder for temporary files, or /tmp where that is closed to a user who owns nothing (`uid` > 0)."""
    wanted = tempfile.gettempdir()
    here = wanted
    while uid and here not in ("/", ""):
        if not os.stat(here).st_mode & 0o001:
            return "/tmp"
        here = os.path.dirname(here)
    return wanted


def make_folder(base: str, uid: int = 0) -> str:
    """Make a folder that one user alone may enter, with a name that nobody can guess, and return its path."""
    folder = os.path.join(base, secrets.token_hex(16))
    os.mkdir(folder, 0o700)
    if uid:
        os.chown(folder, uid, uid)
    return folder


def used_bytes(folder: str, pid: int | None = None) -> tuple[int, int]:
    """Return the bytes that a folder takes on disk, and how many files and folders are in it.

    With `pid`, the deleted files that this process holds open are counted, if they may be seen. Stops counting beyond
    `MOST_FILES`, and at a folder that cannot be looked into: its path is too long, or its mode forbids it.
    """
    size = count = 0
    left = [folder]
    while left and count <= MOST_FILES:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    found = entry.stat(follow_symlinks=False)
                    size += found.st_blocks * 512
                    count += 1
                    if stat.S_ISDIR(found.st_mode):
                        left.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted meanwhile
        except OSError:
            count = MOST_FILES + 1
    return size + (_deleted_bytes(pid) if pid is not None else 0), count


def _deleted_bytes(pid: int) -> int:
    size = 0
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                found = os.stat(entry.path)
                if stat.S_ISREG(found.st_mode) and not found.st_nlink and int(entry.name) > 2:
                    size += found.st_blocks * 512
    return size


def read_wanted(folder: str, wanted: Mapping[str, int]) -> dict[str, bytes]:
    """Return the contents of those wanted files that lie in a folder: regular files that are not too large.

    `wanted`: the most bytes of each, by its name. No link is followed, and nothing is waited for.
    """
    found = {}
    for name, most in wanted.items():
        try:
            fd = os.open(os.path.join(folder, name), os.O_RDONLY | _NO_LINK)
        except OSError:
            continue
        try:
            now = os.fstat(fd)
            content = _read_up_to(fd, most + 1) if stat.S_ISREG(now.st_mode) and now.st_size <= most else None
        except OSError:
            continue
        finally:
            os.close(fd)
        if content is not None and len(content) <= most:
            found[name] = content
    return found


def _read_up_to(fd: int, most: int) -> bytes:
    parts, left = [], most
    while left and (part := os.read(fd, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def remove_folder(folder: str) -> None:
    """Remove a folder, whatever its depth and permissions; nothing runs in it any more. Raises OSError."""
    empty_folder(folder)
    os.rmdir(folder)


def empty_folder(folder: str) -> None:
    """Remove all that is in a folder. Raises OSError.

    What lies in inner folders is moved to the top one, so that no path becomes long.
    """
    number = 0
    os.chmod(folder, 0o700)
    while True:
        with os.scandir(folder) as entries:
            found = list(entries)
        if not found:
            return
        for entry in found:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            with os.scandir(entry.path) as inner:
                for deeper in list(inner):
                    if not deeper.is_dir(follow_symlinks=False):
                        os.unlink(deeper.path)
                        continue
                    os.chmod(deeper.path, 0o700)
                    number += 1
                    os.rename(deeper.path, os.path.join(folder, f"{number}-{secrets.token_hex(8)}"))
            os.rmdir(entry.path)
