"""Open regular files only, and write files as a whole: at its place stands the earlier one or the new one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

from qwq_nb.core.paths import expand_user
from qwq_nb.core.text import valid_text
from qwq_nb.errors import UserError, one_line

__all__ = ["UnsafeFile", "draft_name", "kind_of", "open_regular", "regular", "replace_file", "save_file", "write_draft"]

_NO_BLOCK = getattr(os, "O_NONBLOCK", 0)
"""With it a pipe is opened at once, and found to be none of ours."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_CLOSED_IN_CHILDREN = getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)
DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _CLOSED_IN_CHILDREN | _BINARY


class UnsafeFile(OSError):
    """Report a file that is not what a file of ours may be: a link, a pipe, a device, a folder, or too large."""

    def __init__(self, path: str | os.PathLike[str], why: str) -> None:
        super().__init__(errno.EINVAL, f"it is {why}", str(path))
        self.why = why


def kind_of(mode: int) -> str:
    """Name the kind of a file by its mode (`st_mode`), with its article."""
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a link",
        stat.S_IFIFO: "a pipe (FIFO)",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no regular file")


def regular(
    path: str | os.PathLike[str],
    flags: int = os.O_RDONLY,
    *,
    named: str | os.PathLike[str] = "",
    dir_fd: int | None = None,
    follow: bool = True,
) -> int:
    """Open a file and return its descriptor, if it is a regular one; a pipe does not hang.

    Args:
        flags: those of `os.open`; new files get the modes that the umask leaves.
        named: the file's name in messages; `path` by default.
        dir_fd: descriptor of the folder that `path` is relative to.
        follow: whether the last part of the path may be a link.

    Raises:
        UnsafeFile: it is no regular file, or a link that is not to be followed.
        OSError: it cannot be opened.
    """
    flags |= _NO_BLOCK | _CLOSED_IN_CHILDREN | _BINARY | (0 if follow else _NO_LINK)
    try:
        descriptor = os.open(path, flags, 0o666, dir_fd=dir_fd)
    except OSError as exc:
        # A link (ELOOP), a folder, a pipe or socket that nobody reads: the file's own kind says more than the errno.
        mode = _mode(path, dir_fd, follow)
        if mode is not None and not stat.S_ISREG(mode):
            raise UnsafeFile(named or path, kind_of(mode)) from None
        raise exc from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise UnsafeFile(named or path, kind_of(mode))
    return descriptor


def _mode(path: str | os.PathLike[str], dir_fd: int | None, follow: bool) -> int | None:
    try:
        return os.stat(path, dir_fd=dir_fd, follow_symlinks=follow).st_mode
    except OSError:
        return None


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file to read its bytes.

    Raises:
        UnsafeFile: it is no regular file.
        OSError: it cannot be opened.
    """
    return cast(BinaryIO, os.fdopen(regular(path), "rb"))


def draft_name() -> str:
    """Return a name for a temporary file that nobody can guess, so that nobody can have laid a link there."""
    return f".qwq-{secrets.token_hex(8)}.tmp"


def write_draft(descriptor: int, content: Iterable[bytes]) -> None:
    """Write the parts of the content into an open draft, make it durable and close it.

    Raises:
        OSError: it cannot be written.
    """
    with os.fdopen(descriptor, "wb") as handle:
        handle.writelines(content)
        handle.flush()
        os.fsync(handle.fileno())


def replace_file(file: Path, content: bytes) -> None:
    """Write the content to a temporary file beside it, fsync it and rename it into place. Missing folders are made.

    A file that was there gives its permissions; a link that was there is replaced, not followed.

    Raises:
        OSError: the file cannot be written; the earlier one is then untouched.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(draft_name())
    try:
        write_draft(os.open(draft, DRAFT, 0o666), [content])
        with contextlib.suppress(OSError):
            before = os.lstat(file)
            if stat.S_ISREG(before.st_mode):
                os.chmod(draft, stat.S_IMODE(before.st_mode) & 0o777)
        os.replace(draft, file)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def save_file(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a file that the user named, as a whole, and return its path; `~` is expanded, missing
    folders are made, texts are made valid.

    Raises:
        UserError: it cannot be written there; the message says why.
    """
    file = expand_user(path)
    shown = one_line(str(file), 400)
    folder = one_line(str(file.parent), 400)
    if os.path.isdir(file):
        raise UserError(f"{shown} is a folder. Name a file in it.")
    if os.path.lexists(file.parent) and not os.path.isdir(file.parent):
        raise UserError(f"{shown} cannot be written: {folder} is no folder. Name another.")
    try:
        replace_file(file, valid_text(content).encode() if isinstance(content, str) else content)
    except PermissionError:
        raise UserError(
            f"{shown} cannot be written: no permission to write in {folder}. Name another folder."
        ) from None
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise UserError(f"{shown} cannot be written: {why}. Name another file or folder.") from None
    return file
