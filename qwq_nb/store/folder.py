"""Open, replace and remove the files of one folder without leaving it, whoever made the folder.

A run's folder may come from somebody else, in an archive that carries links. Each part of a path is therefore opened
by itself, in the folder opened before it, and no link is followed (`openat` with O_NOFOLLOW). Only the folder's own
path may lead through links: it is the user's.

A folder that is held (`hold`) is the one that was opened, whatever happens to its name: it may be moved meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from qwq_nb.core.files import DRAFT, UnsafeFile, draft_name, kind_of, regular, write_draft

__all__ = ["Folder"]

_BY_DESCRIPTOR = os.open in os.supports_dir_fd
"""Where it is missing (Windows), each part of a path is checked before it is used."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_MAC_PATH = 50
"""macOS' F_GETPATH."""
_BLOCK = 1 << 20
MOST_ENTRIES = 200_000
"""Files and folders of a run that are looked through for links; one with more is no run's."""
DEEPEST = 12


class Folder:
    """Work on the files below `path`. They are named by paths relative to it, or by absolute ones below it.

    Every method raises UnsafeFile, an OSError, for what leads out of the folder or is no regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._earlier: list[Path] = []
        """Where it was before it was moved: absolute paths of then are still understood."""
        self._held: int | None = None

    # -- the folder itself ---------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make the folder and those above it, where they are missing."""
        self.path.mkdir(parents=True, exist_ok=True)

    def hold(self) -> None:
        """Keep the folder open: from here on every file is looked up in it, wherever it is moved."""
        if self._held is None and _BY_DESCRIPTOR:
            self._held = os.open(self.path, _FOLDER)

    def release(self) -> None:
        """End `hold()`."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def find(self) -> Path | None:
        """Return where the held folder is now, and go by that path; None where it was deleted."""
        if self._held is None:
            return self.path if self.path.is_dir() else None
        own = os.fstat(self._held)
        if _is_at(self.path, own):
            return self.path
        moved = _path_of(self._held)
        if moved is None or not _is_at(moved, own):
            return None
        self._earlier.append(self.path)
        self.path = moved
        return moved

    def make_private(self) -> None:
        """Let nobody but its owner enter the folder (mode 0700)."""
        if os.name == "posix":
            os.chmod(self._held if self._held is not None else self.path, 0o700)

    def check(self) -> None:
        """Look for anything in the folder that is neither a regular file nor a folder.

        Raises:
            UnsafeFile: the first of them; or there are more files, or deeper ones, than a run can have.
        """
        if not self.path.is_dir():
            return
        count = 0
        waiting: list[tuple[Path, int]] = [(self.path, 0)]
        while waiting:
            place, depth = waiting.pop()
            with os.scandir(place) as entries:
                for entry in entries:
                    mode = entry.stat(follow_symlinks=False).st_mode
                    count += 1
                    if stat.S_ISDIR(mode) and depth < DEEPEST and count < MOST_ENTRIES:
                        waiting.append((Path(entry.path), depth + 1))
                    elif not stat.S_ISREG(mode):
                        raise UnsafeFile(entry.path, kind_of(mode))

    # -- its files -----------------------------------------------------------------------------------------------

    def open(self, file: str | Path) -> BinaryIO:
        """Open a file to read its bytes."""
        with self._parent(file) as (parent, name):
            return cast(BinaryIO, os.fdopen(self._regular(file, parent, name, os.O_RDONLY), "rb"))

    def read(self, file: str | Path, most: int) -> bytes:
        """Return the content of a file of at most `most` bytes; UnsafeFile where it has more."""
        with self.open(file) as handle:
            size = os.fstat(handle.fileno()).st_size
            content = handle.read(most + 1) if size <= most else b""
            if size > most or len(content) > most:
                raise UnsafeFile(self._shown(file), f"too large ({max(size, len(content)):,} bytes, {most:,} at most)")
            return content

    def update(self, file: str | Path) -> BinaryIO:
        """Open a file to read and change it."""
        self._part_from_others(file)
        with self._parent(file) as (parent, name):
            return cast(BinaryIO, os.fdopen(self._regular(file, parent, name, os.O_RDWR), "rb+"))

    def append(self, file: str | Path) -> BinaryIO:
        """Open a file to append to it, unbuffered; it and the folders above it are made where they are missing."""
        self._part_from_others(file)
        with self._parent(file, make=True) as (parent, name):
            found = self._regular(file, parent, name, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            return cast(BinaryIO, os.fdopen(found, "ab", buffering=0))

    def replace(self, file: str | Path, content: bytes) -> None:
        """Replace a file as a whole, or make it; the earlier one is untouched where that fails."""
        with self._parent(file, make=True) as (parent, name):
            _put(parent, name, [content])

    def remove(self, file: str | Path) -> None:
        """Remove a file; nothing happens where there is none. Of a link the link is removed."""
        with contextlib.suppress(FileNotFoundError), self._parent(file) as (parent, name):
            os.unlink(_at(parent, name), dir_fd=_fd(parent))

    def holds(self, file: str | Path, handle: BinaryIO) -> bool:
        """Return whether the file of this name is still the one that was opened as `handle`."""
        try:
            with self._parent(file) as (parent, name):
                found = os.stat(_at(parent, name), dir_fd=_fd(parent), follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(handle.fileno()))

    def names(self, folder: str | Path, *, folders: bool = False) -> list[str]:
        """Return the sorted names of the regular files in a folder below (or of its folders), links left out.

        An empty list where there is no such folder.
        """
        try:
            with self._parent(Path(folder) / "-") as (parent, _), os.scandir(parent) as entries:
                wanted = [e.name for e in entries if (e.is_dir if folders else e.is_file)(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError, UnsafeFile):
            return []
        return sorted(wanted)

    # -- how they are found --------------------------------------------------------------------------------------

    def _shown(self, file: str | Path) -> Path:
        return self.path / file

    def _parts(self, file: str | Path) -> tuple[str, ...]:
        path = Path(file)
        if path.is_absolute():
            root = next((r for r in (self.path, *self._earlier) if path.is_relative_to(r)), None)
            if root is None:
                raise UnsafeFile(path, f"not below {self.path}")
            path = path.relative_to(root)
        if not path.parts or ".." in path.parts or path.anchor:
            raise UnsafeFile(self._shown(file), "a path that leads out of the folder")
        return path.parts

    @contextlib.contextmanager
    def _parent(self, file: str | Path, *, make: bool = False) -> Iterator[tuple[int | str, str]]:
        """Open the folder that a file lies in, part by part: (its descriptor, or its path on Windows; the name)."""
        *above, name = self._parts(file)
        if not _BY_DESCRIPTOR:
            yield self._checked_path(above, make=make), name
            return
        here = os.dup(self._held) if self._held is not None else os.open(self.path, _FOLDER)
        try:
            shown = self.path
            for part in above:
                shown /= part
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=here)
                try:
                    below = os.open(part, _FOLDER | _NO_LINK, dir_fd=here)
                except FileNotFoundError:
                    raise
                except OSError as exc:
                    mode = os.stat(part, dir_fd=here, follow_symlinks=False).st_mode
                    raise (exc if stat.S_ISDIR(mode) else UnsafeFile(shown, kind_of(mode))) from None
                os.close(here)
                here = below
            yield here, name
        finally:
            os.close(here)

    def _checked_path(self, above: list[str], *, make: bool) -> str:
        shown = self.path
        for part in above:
            shown /= part
            if shown.is_symlink() or (shown.exists() and not shown.is_dir()):
                raise UnsafeFile(shown, kind_of(os.lstat(shown).st_mode))
            if make:
                shown.mkdir(exist_ok=True)
        return str(shown)

    def _regular(self, file: str | Path, parent: int | str, name: str, flags: int) -> int:
        if not _BY_DESCRIPTOR and os.path.islink(_at(parent, name)):
            raise UnsafeFile(self._shown(file), "a link")
        return regular(_at(parent, name), flags, named=self._shown(file), dir_fd=_fd(parent), follow=False)

    def _part_from_others(self, file: str | Path) -> None:
        """Make a file that has other names too (hard links) a file of its own, before anything is written to it."""
        with contextlib.suppress(FileNotFoundError), self.open(file) as handle:
            if os.fstat(handle.fileno()).st_nlink > 1:
                with self._parent(file) as (parent, name):
                    _put(parent, name, iter(lambda: handle.read(_BLOCK), b""))


def _put(parent: int | str, name: str, content: Iterable[bytes]) -> None:
    """Write a file under a name that nobody can guess, make it durable and rename it into place."""
    draft = draft_name()
    try:
        write_draft(os.open(_at(parent, draft), DRAFT, 0o666, dir_fd=_fd(parent)), content)
        os.replace(_at(parent, draft), _at(parent, name), src_dir_fd=_fd(parent), dst_dir_fd=_fd(parent))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(_at(parent, draft), dir_fd=_fd(parent))
        raise


def _at(parent: int | str, name: str) -> str:
    return name if isinstance(parent, int) else os.path.join(parent, name)


def _fd(parent: int | str) -> int | None:
    return parent if isinstance(parent, int) else None


def _is_at(path: Path, own: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), own)
    except OSError:
        return False


def _path_of(descriptor: int) -> Path | None:
    """Return the present path of an open folder; None where the system does not tell."""
    with contextlib.suppress(OSError, ValueError):
        if sys.platform == "darwin":
            import fcntl

            raw = fcntl.fcntl(descriptor, _MAC_PATH, b"\0" * 1024)
            return Path(os.fsdecode(raw.rstrip(b"\0")))
        return Path(os.readlink(f"/proc/self/fd/{descriptor}"))
    return None
