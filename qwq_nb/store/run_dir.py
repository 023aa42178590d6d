"""Write, read and list run directories, in evalscope's own output layout.

::

    <run>/qwq_run.json                                 the manifest: what was asked, of whom, and how it stands
    <run>/qwq_record.json                              the run as viewers draw it, without its texts
    <run>/qwq_samples.jsonl                            the samples as they were asked
    <run>/qwq_journal.jsonl                            failures and partial traces, one row each
    <run>/qwq_streams.jsonl                            what is being streamed, while it is
    <run>/qwq_turns.jsonl                              finished turns of solvers that make several requests
    <run>/data/<benchmark>/…                           the source rows, so that evalscope can load them
    <run>/configs/task_config_*.yaml                   evalscope's
    <run>/predictions/<model>/<benchmark>_<subset>.jsonl
    <run>/reviews/<model>/<benchmark>_<subset>.jsonl
    <run>/reports/<model>/<benchmark>.json

Every row is appended in one write, and is fsynced before it counts. A torn last line, as a power cut leaves it, is
dropped before anything is appended. One process at a time writes a run.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from qwq_nb.core.files import UnsafeFile
from qwq_nb.core.records import Sample
from qwq_nb.errors import QwqError, RunLocked, UnknownRun, UserError
from qwq_nb.store import evalscope_rows as rows
from qwq_nb.store.folder import Folder
from qwq_nb.store.jsonl import UNREADABLE, encode_row, lines_in, repair, rows_in
from qwq_nb.store.manifest import MANIFEST, Manifest, decode_manifest, now

__all__ = ["RunDirectory", "RunFolderChanged", "find_run_dirs"]

T = TypeVar("T")

SAMPLES = "qwq_samples.jsonl"
JOURNAL = "qwq_journal.jsonl"
RECORD = "qwq_record.json"
OUTPUT = "qwq_output.json"
LOCK = "qwq_run.lock"
MANIFEST_BYTES = 5_000_000
"""Bytes of a manifest at most. It grows with the number of subsets, and has some kilobytes."""


def relative(path: Path) -> str:
    """Return `path` relative to the working folder if it lies below it, else absolute."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class RunFolderChanged(QwqError):
    """Report that a run's folder, or a file in it, was deleted or replaced while the run was being written."""


class RunDirectory:
    """Read and write one run's directory. Writing needs `lock()` first; reading needs nothing.

    No file outside it is read or written, whoever made it: see `store.folder`. A file that cannot be read costs its
    rows, and a sentence in `problems`.
    """

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)  # absolute: the working folder may change during the run
        self.display_path = relative(path)
        """The path relative to the working folder at the start: for messages, and for viewers beside the notebook."""
        self.problems: list[str] = []
        """What could not be read, one sentence each."""
        self.moved: Callable[[Path, Path], None] | None = None
        """Called when the folder was found to be moved, with its earlier and its present path."""
        self._files: dict[Path, BinaryIO] = {}
        self._lock: Any = None

    def __repr__(self) -> str:
        return f"RunDirectory({self.display_path!r})"

    @property
    def path(self) -> Path:
        """Return the absolute path of the directory; of one that is being written, where it was seen last."""
        return self.folder.path

    # -- the manifest ------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """Read the manifest.

        Raises:
            UnknownRun: there is none, or none that can be read.
        """
        try:
            content = self.folder.read(MANIFEST, MANIFEST_BYTES)
        except FileNotFoundError:
            raise UnknownRun(f"{self.display_path} holds no {MANIFEST}: it is not the directory of a run.") from None
        except OSError as exc:
            raise UnknownRun(f"{self.display_path}/{MANIFEST} cannot be read: {exc.strerror or exc}.") from None
        return decode_manifest(content, f"{self.display_path}/{MANIFEST}")

    def save_manifest(self, manifest: Manifest) -> None:
        """Write the manifest and set its `updated`.

        The file is replaced as a whole, so that no crash leaves half of one.

        Raises:
            RunFolderChanged: the directory, or a file that was written in it, is no longer there.
        """
        self._look(closely=True)
        self._ready()
        manifest.updated = now()
        self.folder.replace(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))

    # -- samples -----------------------------------------------------------------------------------------------

    def save_samples(self, samples: list[Sample]) -> None:
        """Write `qwq_samples.jsonl`: the samples in the data set's order, without their source rows."""
        rows = [msgspec.json.encode(msgspec.structs.replace(s, source_row={})) for s in samples]
        self._ready()
        self.folder.replace(SAMPLES, b"\n".join(rows) + b"\n")

    def samples(self) -> list[Sample]:
        """Read the samples of the run; an empty list where none were written. A row that is none is passed over."""
        return list(self.each_sample())

    def each_sample(self) -> Iterator[Sample]:
        """Yield the samples of the run as `samples()` lists them, without keeping them."""
        decoder = msgspec.json.Decoder(Sample)
        good = bad = 0
        for line in self._read(SAMPLES, lines_in):
            try:
                found = decoder.decode(line)
            except UNREADABLE:
                bad += 1
                continue
            good += 1
            yield found
        if bad:
            self.note_problem(f"{SAMPLES}: {bad:,} of {bad + good:,} rows are no samples.")

    def save_record(self, content: bytes) -> None:
        """Write `qwq_record.json`, replacing the file as a whole."""
        self.folder.replace(RECORD, content)

    def save_output(self, content: bytes) -> None:
        """Write `qwq_output.json`, replacing the file as a whole."""
        self.folder.replace(OUTPUT, content)

    def has_record(self) -> bool:
        """Return whether there is a `qwq_record.json`."""
        return (self.path / RECORD).is_file()

    def is_record_current(self) -> bool:
        """Return whether the record is the newest file; after a crash the manifest or the journal is newer."""
        try:
            written = (self.path / RECORD).stat().st_mtime_ns
        except OSError:
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

    def rows(self, file: str | Path) -> Iterator[dict[str, Any]]:
        """Yield the rows of a JSONL file; nothing if there is none. One that cannot be read is told in `problems`."""
        return self._read(file, rows_in)

    def _read(self, file: str | Path, parse: Callable[[BinaryIO, Path], Iterator[T]]) -> Iterator[T]:
        try:
            with self.folder.open(file) as handle:
                yield from parse(handle, Path(file))
        except FileNotFoundError:
            return
        except OSError as exc:
            self.note_problem(f"{self._name(file)} could not be read: {exc.strerror or exc}.")

    def note_problem(self, text: str) -> None:
        """Note a sentence on what could not be read, once."""
        if text not in self.problems:
            self.problems.append(text)

    def _name(self, file: str | Path) -> str:
        path = Path(file)
        return str(path.relative_to(self.path) if path.is_relative_to(self.path) else path)

    def repair(self, file: str | Path) -> int:
        """Drop a torn last line of a JSONL file, and return how many bytes were dropped. A missing file stays missing.

        Raises:
            OSError: it cannot be read and changed.
        """
        try:
            with self.folder.update(file) as handle:
                return repair(handle, Path(file))
        except FileNotFoundError:
            return 0

    def append(self, file: str | Path, row: dict[str, Any]) -> None:
        """Append one row to a JSONL file, as `append_all` does."""
        self.append_all(file, [row])

    def append_all(self, file: str | Path, rows: Iterable[dict[str, Any]]) -> None:
        """Append rows to a JSONL file; all are durable when this returns.

        Raises:
            OSError: the disk is full or gone; nothing of the rows is kept then.
            RunFolderChanged: the directory or the file was deleted since the last row.
        """
        self._look()
        self._ready()
        path = self.path / self._name(file)
        handle = self._files.get(path)
        if handle is None:
            self.repair(path)
            handle = self._files[path] = self.folder.append(path)
        # Not tell(): after a failed write its position is behind the file's end.
        before = os.fstat(handle.fileno())
        if not before.st_nlink:
            raise self._changed(path)
        try:
            for line in map(encode_row, rows):
                if handle.write(line) != len(line):
                    raise OSError(28, "No space left on device", str(file))
            os.fsync(handle.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                handle.truncate(before.st_size)
            raise

    def watch(self, file: str | Path) -> None:
        """Keep a file open that earlier calls wrote, so that its deletion is noticed."""
        path = self.path / self._name(file)
        if path not in self._files:
            with contextlib.suppress(FileNotFoundError):
                self.folder.open(path).close()
                self._files[path] = self.folder.append(path)

    def refresh(self) -> None:
        """Look where the directory is now: its path changes if it was moved while it is being written.

        Raises:
            RunFolderChanged: it is no longer there.
        """
        self._look()

    def _ready(self) -> None:
        # While it is held it is there, or was deleted: it is not made again then, in the place it was in.
        if self._lock is None:
            self.folder.create()

    def _look(self, closely: bool = False) -> None:
        """See whether the folder that is being written was moved or deleted; `closely`: and its open files too."""
        if self._lock is None:
            return
        before = self.path
        found = self.folder.find()
        if found is None:
            raise self._changed(before)
        if found != before:
            self.display_path = relative(found)
            self._files = {found / path.relative_to(before): handle for path, handle in self._files.items()}
            if self.moved is not None:
                self.moved(before, found)
        if closely:
            for path, handle in self._files.items():
                if not self.folder.holds(path, handle):
                    raise self._changed(path)

    def _changed(self, path: Path) -> RunFolderChanged:
        what = "The run's folder" if path == self.path else f"{self._name(path)} in the run's folder"
        return RunFolderChanged(f"{what} {self.display_path} was deleted or replaced while the run was going on")

    def close(self) -> None:
        """Close the open files and release the lock."""
        for handle in self._files.values():
            handle.close()
        self._files.clear()
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        self.folder.release()

    # -- one writer at a time ----------------------------------------------------------------------------------

    def lock(self) -> None:
        """Become the one writer. The lock is the operating system's, so it ends with the process however that ends.

        Raises:
            RunLocked: another process writes this run; the message names it.
        """
        import filelock

        self.folder.create()
        self.check()
        self.folder.hold()
        # filelock empties the file: it must have no other name.
        self._own(LOCK)
        lock = filelock.FileLock(str(self.path / LOCK), thread_local=False)
        holder = LOCK + ".holder"
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            who = "another process"
            with contextlib.suppress(*UNREADABLE, OSError, ValueError, KeyError, TypeError):
                info = json.loads(self.folder.read(holder, 10_000))
                who = f"process {info['pid']} on {info['host']}, since {info['since']}"
                if (info["pid"], info["host"]) == (os.getpid(), socket.gethostname()):
                    who = f"this kernel itself (process {info['pid']}), since {info['since']}"
            self.folder.release()
            raise RunLocked(
                f"The run {self.path.name} is being written by {who}. Wait for it, stop it there, or start a run of "
                f"your own with --fresh."
            ) from None
        self._lock = lock
        about = {"pid": os.getpid(), "host": socket.gethostname(), "since": now()}
        self.folder.replace(holder, json.dumps(about).encode())

    def check(self) -> None:
        """Look for anything in the directory through which a write would leave it.

        Raises:
            UserError: a link, a pipe, a device; the message says what to do.
        """
        try:
            self.folder.check()
        except UnsafeFile as exc:
            raise UserError(
                f"{self.display_path} cannot be written: {self._name(exc.filename)} in it is {exc.why}, and a run is "
                f"written into its own folder only. Copy what belongs there in its place, or start a run of your own "
                f"with --fresh."
            ) from None

    def _own(self, file: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.folder.update(file).close()

    @property
    def is_held(self) -> bool:
        """Return whether this object is the run's one writer."""
        return self._lock is not None

    def is_locked(self) -> bool:
        """Return whether some process, this one included, writes the run now."""
        import filelock

        if self._lock is not None:
            return True
        try:
            self._own(LOCK)
            if not (self.path / LOCK).exists():
                return False
            with filelock.FileLock(str(self.path / LOCK)).acquire(timeout=0):
                return False
        except UnsafeFile:
            return False  # no process of ours has locked what is no file
        except (filelock.Timeout, OSError):
            return True


def find_run_dirs(root: Path) -> list[Path]:
    """Return the run directories directly below `root`, newest manifest first; an empty list without a `root`."""
    if not root.is_dir():
        return []
    found: list[tuple[float, Path]] = []
    for entry in root.glob(f"*/{MANIFEST}"):
        with contextlib.suppress(OSError):
            found.append((entry.stat().st_mtime, entry.parent))
    return [path for _, path in sorted(found, key=lambda pair: pair[0], reverse=True)]
