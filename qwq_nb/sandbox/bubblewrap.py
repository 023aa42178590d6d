"""Write the command that starts a program in namespaces of its own by bubblewrap."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import Final

__all__ = ["BOX", "find_bwrap", "wrapped"]

BOX: Final = "/box"
"""The folder for those of the jobs, in memory."""


def find_bwrap() -> str | None:
    """Return the path of bubblewrap's program, or None where there is none."""
    return shutil.which("bwrap")


def wrapped(
    program: str, command: Sequence[str], readable: Sequence[str], *, megabytes: int, as_root: bool
) -> list[str]:
    """Return the command in a bubblewrap that shows these files and folders alone, read-only, and an empty `BOX`.

    No network, process, user or mount of outside is seen; it ends with its parent. `megabytes`: the size of `BOX`.
    `as_root`: bubblewrap is not started as another user; where this is root, the program has another number then.
    """
    made: list[str] = [program, "--unshare-all", "--unshare-user", "--die-with-parent"]
    made += ["--new-session", "--cap-drop", "ALL", "--hostname", "sandbox", "--dir", "/tmp"]
    if as_root and os.getuid() == 0:
        made += ["--uid", "65534", "--gid", "65534"]
    made += ["--dev", "/dev", "--proc", "/proc"]
    for path in readable:
        if not path.startswith("/dev/"):
            made += ["--ro-bind", path, path]
    for link in ("/bin", "/lib", "/lib64", "/sbin"):
        if os.path.islink(link):
            made += ["--symlink", os.readlink(link), link]
    made += ["--size", str(megabytes << 20), "--tmpfs", BOX, "--chdir", BOX]
    # Settings of the kernel are in /proc, where root's number still counts; the others are in memory and have no size.
    made += [word for path in ("/proc", "/dev", "/") for word in ("--remount-ro", path)]
    made.append("--")
    return [*made, *command]
