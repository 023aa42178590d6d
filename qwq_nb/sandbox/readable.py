"""Find the files that a Python program needs to read: the interpreter's library, packages, the system's libraries."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable, Sequence

__all__ = ["closed_folder", "interpreter", "module_files", "module_folders", "readable_paths"]

_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/etc/localtime"),
    *("/etc/ld.so.cache", "/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random"),
)
"""Shared libraries, time zones, and devices that hold nothing."""


def interpreter() -> str:
    """Return the path of the interpreter itself, behind all links."""
    return os.path.realpath(sys.executable)


def readable_paths() -> list[str]:
    """Return the files and folders that a confined program may read; all exist, none is in another.

    The folders of installed packages are those of `sys.path` with such a name: never the folder of a notebook.
    """
    found = [*_SYSTEM]
    for prefix in {sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix}:
        found += [os.path.join(prefix, name) for name in ("lib", "lib64") if prefix not in ("/", "")]
    found += [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    found += [path for path in sys.path if path.endswith(".zip") and path.startswith(sys.base_prefix)]
    real = sorted({os.path.realpath(path) for path in found if os.path.exists(path)})
    return [path for path in real if not any(path != other and is_below(path, other) for other in real)]


def is_below(path: str, folder: str) -> bool:
    """Return whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def module_files(names: Iterable[str]) -> list[str]:
    """Return the folders of packages and the files of modules, by the first part of their names, without importing."""
    found = []
    for name in sorted({name.partition(".")[0] for name in names}):
        spec = _spec(name)
        if spec is not None and spec.submodule_search_locations:
            found += [os.path.realpath(path) for path in spec.submodule_search_locations]
        elif spec is not None and spec.origin and os.path.isfile(spec.origin):
            found.append(os.path.realpath(spec.origin))
    return found


def module_folders(files: Sequence[str]) -> list[str]:
    """Return the folders that must be on `sys.path` for these packages and modules to be found."""
    return sorted({os.path.dirname(path) for path in files})


def _spec(name: str) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def closed_folder(paths: Iterable[str]) -> str | None:
    """Return the first folder on the way to these paths that a user who owns nothing cannot enter, or None."""
    for path in paths:
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            folder = "/".join(parts[:count]) or "/"
            try:
                mode = os.stat(folder).st_mode
            except OSError:
                break
            if not mode & (0o001 if os.path.isdir(folder) else 0o004):
                return folder
    return None
