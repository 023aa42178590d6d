"""Run directories in trouble: on a disk that fills up, or written by another process."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

__all__ = ["held_by_another", "small_disk"]


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of that size, mounted at `place`; skips the test where none can be mounted."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError as exc:
        pytest.skip(f"needs mount: {exc}")
    if made.returncode:
        pytest.skip(f"needs the right to mount a tmpfs: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, timeout=10)


HOLDER = """
import sys
from pathlib import Path
from qwq_nb.store.run_dir import RunDirectory
held = RunDirectory(Path(sys.argv[1]))
held.lock()
print("locked", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held_by_another(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process writes the run."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(10)
