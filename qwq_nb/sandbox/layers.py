"""Define what may confine a process: `Layers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ENVIRONMENT", "FIRST_UID", "MOST_JOBS", "MOST_THREADS", "RANGES", "Layers", "Probe"]

FIRST_UID: Final = 61184
"""The first of the user numbers that systemd keeps for users who own nothing."""
MOST_JOBS: Final = 256
"""Jobs at once, each with a user number of its own."""
RANGES: Final = 16
"""Ranges of so many user numbers, of which each sandbox takes one by chance."""
ENVIRONMENT: Final = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""The variables of a job, beside those that name its folder."""
MOST_THREADS: Final = 128
"""Threads of one job."""


@dataclass(frozen=True)
class Probe:
    """Hold what was found out about one layer."""

    layer: str
    usable: bool
    says: str


@dataclass(frozen=True)
class Layers:
    """Hold what confines a process. All off: it runs as its parent does, with its parent's environment."""

    landlock: int = 0
    """The ABI of Landlock that is used; 0: none."""
    seccomp: bool = False
    bwrap: bool = False
    """Whether the processes are in namespaces of their own."""
    uid: int = 0
    """The first user number to run as; 0: that of the parent."""
    reads_as_root: bool = False
    """Whether it needs CAP_DAC_READ_SEARCH to read the interpreter, which lies in a folder that only root may enter."""
    image: str = ""
    """The Docker image in whose containers programs run; then there is no other layer."""
    readable: tuple[str, ...] = ()
    """Files and folders that it may read."""

    @property
    def is_off(self) -> bool:
        """Return whether nothing confines."""
        return not (self.landlock or self.seccomp or self.bwrap or self.image)

    @property
    def name(self) -> str:
        """Return the layers in short, as in `landlock(7)+seccomp+setuid+bwrap`."""
        names = {
            f"landlock({self.landlock})": self.landlock,
            "seccomp": self.seccomp,
            "setuid": self.uid,
            "bwrap": self.bwrap,
            f"docker({self.image})": self.image,
        }
        return "+".join(name for name, used in names.items() if used) or "off"
