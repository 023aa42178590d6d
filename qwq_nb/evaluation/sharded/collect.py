"""Read what shards have written since the last look: finished answers with their verdicts, failures, turns.

The files grow while they are read: only whole lines count, and each is read once. They are data, as other runs' are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from qwq_nb.core.compressed import compressed
from qwq_nb.core.records import Completion, Item, SampleResult, Verdict
from qwq_nb.evaluation.in_flight import error_result
from qwq_nb.evaluation.sharded.job import STATUS, ShardStatus, decoded
from qwq_nb.store import evalscope_rows as rows
from qwq_nb.store.clips import take_clip
from qwq_nb.store.jsonl import UNREADABLE
from qwq_nb.store.manifest import MANIFEST
from qwq_nb.store.results import graded_result
from qwq_nb.store.resume import belongs, row_index
from qwq_nb.store.run_dir import RunDirectory
from qwq_nb.store.turns import TURNS

__all__ = ["Collected", "Collector"]

Key = tuple[str, int]
Row = dict[str, Any]

AT_ONCE: Final = 32_000_000
"""Bytes of a file that one look reads at most."""
STATUS_BYTES: Final = 1_000_000


class Collected(msgspec.Struct, kw_only=True):
    """Hold what one look has found."""

    rows: dict[Path, list[Row]] = {}
    """To be appended, by the run's own file: predictions first."""
    results: dict[Key, SampleResult] = {}
    failures: dict[Key, SampleResult] = {}


class Collector:
    """Read the directories of a run's shards, old and new ones. For one thread at a time."""

    def __init__(self, directory: RunDirectory, folder: Path, items: list[Item], repeats: int, model: str) -> None:
        self._directory, self._folder = directory, folder
        self._groups: dict[tuple[str, str], dict[int, Item]] = defaultdict(dict)
        for item in items:
            self._groups[item.sample.benchmark, item.sample.subset][item.position * repeats + item.repeat] = item
        self._items = {item.key: item for item in items}
        self._model = model
        self._shards: dict[Path, _ShardFiles] = {}
        self.has_looked = False

    def look(self, done: Mapping[Key, object]) -> Collected:
        """Return what has come of samples × repeats that are not `done` yet."""
        found = Collected()
        names = sorted(self._folder.glob(f"*/{MANIFEST}"))
        for path in (name.parent for name in names):
            if path not in self._shards:
                # Failures of an earlier call are asked again: only those of this one are told.
                self._shards[path] = _ShardFiles(RunDirectory(path), old=not self.has_looked)
        self.has_looked = True
        for files in self._shards.values():
            self._look_at(files, done, found)
        return found

    def take_ungraded(self, found: Collected) -> dict[Key, Completion]:
        """Return the answers that have no verdict yet, and add their rows to what one look has found.

        For shards that nobody asks any more: a worker grades its own.
        """
        whole: dict[Key, Completion] = {}
        for files in self._shards.values():
            for key, row in files.predictions.items():
                item = self._items[key]
                if key in whole or key in found.results:
                    continue
                try:
                    whole[key] = rows.completion_from_row(row)
                except rows.NOT_A_ROW:
                    continue
                group = (item.sample.benchmark, item.sample.subset)
                found.rows.setdefault(self._directory.rows_file("predictions", self._model, *group), []).append(row)
            files.predictions.clear()
        return whole

    def status(self, path: Path) -> ShardStatus | None:
        """Return how far a shard is, as its worker has written it last; None while it has not."""
        try:
            return decoded(RunDirectory(path).folder.read(STATUS, STATUS_BYTES), ShardStatus)
        except OSError:
            return None

    def _look_at(self, files: _ShardFiles, done: Mapping[Key, object], found: Collected) -> None:
        for group, by_index in self._groups.items():
            ours = [self._directory.rows_file(kind, self._model, *group) for kind in ("predictions", "reviews")]
            theirs = [files.directory.rows_file(kind, self._model, *group) for kind in ("predictions", "reviews")]
            for row, item in files.own_rows(theirs[0], by_index):
                if item.key not in done:
                    files.predictions.setdefault(item.key, row)
            for row, item in files.own_rows(theirs[1], by_index):
                prediction = files.predictions.pop(item.key, None)
                if prediction is None or item.key in found.results:
                    continue
                read = _read(prediction, row)
                if read is None:
                    continue
                completion, verdict = read
                take_clip(self._directory, files.directory, verdict)
                found.results[item.key] = graded_result(item.sample, item.repeat, compressed(completion), verdict)
                found.rows.setdefault(ours[0], []).append(prediction)
                found.rows.setdefault(ours[1], []).append(row)
        for row in files.new(files.directory.journal_file()):
            self._take_failure(row, done, found)
        turns = [row for row in files.new(files.directory.path / TURNS) if (row.get("id"), row.get("repeat")) in done]
        if turns:
            found.rows.setdefault(self._directory.path / TURNS, []).extend(turns)

    def _take_failure(self, row: Row, done: Mapping[Key, object], found: Collected) -> None:
        item = self._items.get((str(row.get("id")), row.get("repeat")))  # type: ignore[arg-type]
        if item is None or row.get("kind") != "error" or item.key in found.results:
            return
        try:
            completion = msgspec.convert(row["completion"], Completion)
        except (*UNREADABLE, KeyError):
            return
        refused = bool(row.get("refused"))
        found.failures[item.key] = error_result(item, completion, str(row.get("error")), refused=refused)
        found.rows.setdefault(self._directory.journal_file(), []).append(row)


class _ShardFiles:
    """Hold how far the files of one shard were read."""

    def __init__(self, directory: RunDirectory, *, old: bool) -> None:
        self.directory = directory
        self.predictions: dict[Key, Row] = {}
        """Rows of answers that are not graded yet."""
        self._read: dict[Path, int] = {}
        if old:
            for file in (directory.journal_file(), directory.path / TURNS):
                self._read[file] = file.stat().st_size if file.is_file() else 0

    def own_rows(self, file: Path, by_index: Mapping[int, Item]) -> Iterator[tuple[Row, Item]]:
        for row in self.new(file):
            item = by_index.get(row_index(row))
            if item is not None and belongs(row, item):
                yield row, item

    def new(self, file: Path) -> Iterator[Row]:
        """Yield the whole lines that were appended since the last look."""
        start = self._read.get(file, 0)
        try:
            with self.directory.folder.open(file) as handle:
                handle.seek(start)
                content = handle.read(AT_ONCE)
                while content and b"\n" not in content and (more := handle.read(AT_ONCE)):
                    content += more
        except OSError:
            return
        whole = content.rfind(b"\n") + 1
        self._read[file] = start + whole
        for line in content[:whole].splitlines():
            row = decoded(line, dict[str, Any])
            if row is not None:
                yield row


def _read(prediction: Row, review: Row) -> tuple[Completion, Verdict] | None:
    try:
        return rows.completion_from_row(prediction), rows.verdict_from_row(review)
    except rows.NOT_A_ROW:
        return None
