"""Write a file as a whole: at its place stands the earlier file or the new one, never a part of either."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from qwq_nb.core.paths import expand_user
from qwq_nb.core.text import valid_text
from qwq_nb.errors import UserError, one_line

__all__ = ["replace_file", "save_file"]


def replace_file(file: Path, content: bytes) -> None:
    """Write the content to a temporary file beside it, fsync it and rename it into place.

    The temporary file has a name that nobody can know beforehand, and is made anew, so that no link lies there. A file
    that is there keeps its permission bits; a new one has those that the process gives to its files.

    Raises:
        OSError: the file cannot be written; the earlier one is then untouched.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{file.name[:20]}.", suffix=".tmp", dir=file.parent)
    try:
        with open(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            with contextlib.suppress(PermissionError):  # some shared folders know no permissions
                os.chmod(draft, _mode(file))
            os.fsync(handle.fileno())
        os.replace(draft, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


def _mode(file: Path) -> int:
    """The permission bits of the file, or those of a new one."""
    with contextlib.suppress(OSError):
        found = os.lstat(file)
        if stat.S_ISREG(found.st_mode):
            return stat.S_IMODE(found.st_mode) & 0o777
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask


def save_file(path: str | os.PathLike[str], content: str | bytes) -> Path:
    """Write a file that the user named, as a whole, and return its path; `~` is expanded, texts are made valid.

    Raises:
        UserError: it cannot be written there; the message says why.
    """
    file = expand_user(path)
    shown = one_line(str(file), 400)
    folder = one_line(str(file.parent), 400)
    if os.path.isdir(file):
        raise UserError(f"{shown} is a folder. Name a file in it.")
    if not os.path.isdir(file.parent):
        what = "is no folder" if os.path.lexists(file.parent) else "does not exist"
        raise UserError(f"{shown} cannot be written: {folder} {what}. Make the folder first, or name another.")
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
