"""Write, read and list run directories, in evalscope's own output layout.

::

    <run>/qwq_run.json                                 the manifest: what was asked, of whom, and how it stands
    <run>/qwq_record.json                              the run as viewers draw it, without its texts
    <run>/qwq_samples.jsonl                            the samples as they were asked
    <run>/qwq_journal.jsonl                            failures and partial traces, one row each
    <run>/qwq_streams.jsonl                            what is being streamed, while it is
    <run>/data/<benchmark>/…                           the source rows, so that evalscope can load them
    <run>/configs/task_config_*.yaml                   evalscope's
    <run>/predictions/<model>/<benchmark>_<subset>.jsonl
    <run>/reviews/<model>/<benchmark>_<subset>.jsonl
    <run>/reports/<model>/<benchmark>.json

Every row is appended in one write, flushed and fsynced. A torn last line, as a power cut leaves it, is dropped before
anything is appended. One process at a time writes a run.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from pathlib import Path
from typing import IO, Any

import msgspec

from qwq_nb.core.records import Sample
from qwq_nb.errors import RunLocked, UnknownRun
from qwq_nb.store import evalscope_rows as rows
from qwq_nb.store.jsonl import encode_row, repair, replace_file
from qwq_nb.store.manifest import MANIFEST, Manifest, decode_manifest, now

__all__ = ["RunDirectory", "find_run_dirs"]
SAMPLES = "qwq_samples.jsonl"
JOURNAL = "qwq_journal.jsonl"
RECORD = "qwq_record.json"
LOCK = "qwq_run.lock"


def relative(path: Path) -> str:
    """Return `path` relative to the working folder if it lies below it, else absolute."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class RunDirectory:
    """Read and write one run's directory. Writing needs `lock()` first; reading needs nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()  # the working folder may change during the run
        self.display_path = relative(path)
        """The path relative to the working folder at the start: for messages, and for viewers beside the notebook."""
        self._files: dict[Path, IO[bytes]] = {}
        self._lock: Any = None

    def __repr__(self) -> str:
        return f"RunDirectory({self.display_path!r})"

    # -- the manifest ------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """Read the manifest.

        Raises:
            UnknownRun: there is none, or none that can be read.
        """
        file = self.path / MANIFEST
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            raise UnknownRun(f"{self.display_path} holds no {MANIFEST}: it is not the directory of a run.") from None
        return decode_manifest(content, str(file))

    def save_manifest(self, manifest: Manifest) -> None:
        """Write the manifest and set its `updated`.

        The file is replaced as a whole, so that no crash leaves half of one.
        """
        manifest.updated = now()
        self.path.mkdir(parents=True, exist_ok=True)
        replace_file(self.path / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))

    # -- samples -----------------------------------------------------------------------------------------------

    def save_samples(self, samples: list[Sample]) -> None:
        """Write `qwq_samples.jsonl`: the samples in the data set's order, without their source rows."""
        rows = [msgspec.json.encode(msgspec.structs.replace(s, source_row={})) for s in samples]
        replace_file(self.path / SAMPLES, b"\n".join(rows) + b"\n")

    def samples(self) -> list[Sample]:
        """Read the samples of the run; an empty list where none were written."""
        decoder = msgspec.json.Decoder(Sample)
        with contextlib.suppress(FileNotFoundError):
            return [decoder.decode(line) for line in (self.path / SAMPLES).read_bytes().splitlines()]
        return []

    def save_record(self, content: bytes) -> None:
        """Write `qwq_record.json`, replacing the file as a whole."""
        replace_file(self.path / RECORD, content)

    def has_record(self) -> bool:
        """Return whether there is a `qwq_record.json`."""
        return (self.path / RECORD).is_file()

    def is_record_current(self) -> bool:
        """Return whether the record is the newest file; after a crash the manifest or the journal is newer."""
        try:
            written = (self.path / RECORD).stat().st_mtime_ns
        except FileNotFoundError:
            return False
        others = (self.path / MANIFEST, self.journal_file())
        return all(not file.exists() or file.stat().st_mtime_ns <= written for file in others)

    # -- rows --------------------------------------------------------------------------------------------------

    def rows_file(self, kind: str, model: str, benchmark: str, subset: str) -> Path:
        """Return the path of a subset's rows. `kind` is `predictions` or `reviews`."""
        file_of = rows.prediction_file if kind == "predictions" else rows.review_file
        return file_of(self.path, rows.model_segment(model), benchmark, subset)

    def journal_file(self) -> Path:
        """Return the path of the journal."""
        return self.path / JOURNAL

    def append(self, file: Path, row: dict[str, Any]) -> None:
        """Append one row to a JSONL file; it is durable when this returns.

        Raises:
            OSError: the disk is full or gone; nothing of the row is kept then.
        """
        handle = self._files.get(file)
        if handle is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            repair(file)
            handle = self._files[file] = open(file, "ab", buffering=0)  # noqa: SIM115 - kept open for the run
        line = encode_row(row)
        # Not tell(): after a failed write its position is behind the file's end.
        start = os.fstat(handle.fileno()).st_size
        try:
            written = handle.write(line)
            if written != len(line):
                raise OSError(28, "No space left on device", str(file))
            os.fsync(handle.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                handle.truncate(start)
            raise

    def close(self) -> None:
        """Close the open files and release the lock."""
        for handle in self._files.values():
            handle.close()
        self._files.clear()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # -- one writer at a time ----------------------------------------------------------------------------------

    def lock(self) -> None:
        """Become the one writer. The lock is the operating system's, so it ends with the process however that ends.

        Raises:
            RunLocked: another process writes this run; the message names it.
        """
        import filelock

        self.path.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(str(self.path / LOCK), thread_local=False)
        holder = self.path / (LOCK + ".holder")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            who = "another process"
            with contextlib.suppress(OSError, ValueError, KeyError):
                info = json.loads(holder.read_text())
                who = f"process {info['pid']} on {info['host']}, since {info['since']}"
                if (info["pid"], info["host"]) == (os.getpid(), socket.gethostname()):
                    who = f"this kernel itself (process {info['pid']}), since {info['since']}"
            raise RunLocked(
                f"The run {self.path.name} is being written by {who}. Wait for it, stop it there, or start a run of "
                f"your own with --fresh."
            ) from None
        self._lock = lock
        holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now()}))

    @property
    def is_held(self) -> bool:
        """Return whether this object is the run's one writer."""
        return self._lock is not None

    def is_locked(self) -> bool:
        """Return whether some process, this one included, writes the run now."""
        import filelock

        if self._lock is not None:
            return True
        file = self.path / LOCK
        if not file.exists():
            return False
        try:
            with filelock.FileLock(str(file)).acquire(timeout=0):
                return False
        except (filelock.Timeout, OSError):
            return True


def find_run_dirs(root: Path) -> list[Path]:
    """Return the run directories directly below `root`, newest manifest first; an empty list without a `root`."""
    if not root.is_dir():
        return []
    found = [entry.parent for entry in root.glob(f"*/{MANIFEST}")]
    return sorted(found, key=lambda p: (p / MANIFEST).stat().st_mtime, reverse=True)
