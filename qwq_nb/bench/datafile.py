"""Read a user's data file: JSONL, JSON, CSV, TSV or Parquet, or a folder that holds one.

`fingerprint` is light and is what the kernel calls; `read_records` runs in the worker. Every fault is a DataError that
names the file, the line and what to change. What is read is bounded: see `regular_file` and `data_formats`.
"""

from __future__ import annotations

import difflib
import itertools
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from qwq_nb.bench.data_formats import MOST_RECORDS, Record, read_file
from qwq_nb.bench.editing.folder import exercise_files
from qwq_nb.bench.regular_file import content_hash, file_kind
from qwq_nb.core.paths import expand_user
from qwq_nb.errors import DataError, listed

__all__ = ["SUFFIXES", "data_files", "file_stems", "fingerprint", "read_records", "subset_files"]

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")

_SIDE_FILES = frozenset({"dataset_infos.json", "dataset_info.json", "state.json", "config.json", "package.json"})
"""JSON files often found beside data, which are not data."""

_MOST_ENTRIES = 10_000
"""Files and folders that a folder with data may hold."""


def fingerprint(path: str | Path) -> str:
    """Return the SHA-256 of a file's content, or of a folder's data files with their names, in hex.

    Raises DataError if there is nothing to read, or too much.
    """
    root = _existing(path)
    if os.path.isfile(root):
        return content_hash([root])
    files = [file for folder in (*_folders(root), *_subfolders(root)) for file in _listing(folder)]
    files += exercise_files(root)
    if not files:
        raise DataError(_no_data(root))
    return content_hash(files, names=True)


def read_records(path: str | Path, benchmark: str, splits: Sequence[str] = ("test", "train")) -> list[Record]:
    """Return all records of a data file, or of a folder's data files, with their positions.

    `splits` are the names evalscope would look for, best first. Raises DataError if there are no records, or more than
    `MOST_RECORDS`.
    """
    records: list[Record] = []
    for file in data_files(path, benchmark, splits):
        records += read_file(file)
        if len(records) > MOST_RECORDS:
            raise DataError(f"{path} holds more than {MOST_RECORDS:,} records, the most that are read.")
    if not records:
        raise DataError(f"{path} holds no records.")
    return records


def data_files(path: str | Path, benchmark: str, splits: Sequence[str] = ("test", "train")) -> list[Path]:
    """Return the file, or the files (shards) of a folder, that hold the benchmark's data.

    In a folder (or its `data/`): `<split>.*` or its shards `<split>-00000-of-00001.*` for each split in turn,
    `<benchmark>.*`, else its only data file. Raises DataError if there is none or several.
    """
    root = _existing(path)
    if os.path.isfile(root):
        return [root]
    folders = _folders(root)
    for stem in (*splits, *(f"default_{split}" for split in splits), benchmark):
        if found := _named(stem, folders):
            return found
    every = [file for folder in folders for file in _listing(folder)]
    if len(every) == 1:
        return every
    if not every:
        raise DataError(_no_data(root))
    raise DataError(
        f"{root} holds several data files and none is named after {benchmark}: "
        f"{listed((file.name for file in every), 12)}. Name the one to use: --data {root / every[0].name}"
    )


def subset_files(path: str | Path, subset: str, splits: Sequence[str]) -> list[Path]:
    """Return a folder's files of one subset (or split): `<subset>_<split>.*`, `<subset>.*` or `<subset>/<split>.*`.

    Empty if it has none, and if `path` is a file.
    """
    root = _existing(path)
    folders = _folders(root) if os.path.isdir(root) else []
    for stem in (*(f"{subset}_{split}" for split in splits), subset):
        if found := _named(stem, folders):
            return found
    inner = [folder / subset for folder in folders if os.path.isdir(folder / subset)]
    for split in splits:
        if found := _named(split, inner):
            return found
    return []


def file_stems(path: str | Path) -> set[str]:
    """Return the names, without suffixes, of all data files and folders in a folder (and its `data/`).

    `subset_files` finds subsets by them. Empty if `path` is a file.
    """
    root = _existing(path)
    if not os.path.isdir(root):
        return set()
    files = {file.stem for folder in _folders(root) for file in _listing(folder)}
    return files | {inner.name for folder in _folders(root) for inner in _subfolders(folder)}


def _existing(path: str | Path) -> Path:
    """Return the path of a regular file or a folder that is there, or raise DataError."""
    root = expand_user(path)
    if os.path.lexists(root):
        kind = file_kind(root)
        if kind not in ("", "a folder"):
            raise DataError(
                f"{path} is {kind}. --data takes a file ({', '.join(SUFFIXES)}) or a folder that holds one."
            )
        return root
    folder = root.parent
    if not os.path.isdir(folder):
        raise DataError(f"{path} does not exist, nor does the folder {folder}.")
    near = difflib.get_close_matches(root.name, sorted(entry.name for entry in _entries(folder)), n=3, cutoff=0.5)
    hint = f" In that folder: {', '.join(near)}." if near else ""
    raise DataError(f"{path} does not exist.{hint}")


def _folders(root: Path) -> list[Path]:
    return [folder for folder in (root, root / "data") if os.path.isdir(folder)]


def _subfolders(root: Path) -> list[Path]:
    return sorted(inner for inner in _entries(root) if os.path.isdir(inner) and inner.name != "data")


def _entries(folder: Path) -> list[Path]:
    """Return what a folder holds. Raises DataError if it may not be read or holds more than `_MOST_ENTRIES`."""
    try:
        found = list(itertools.islice(folder.iterdir(), _MOST_ENTRIES + 1))
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror or error}.") from None
    if len(found) > _MOST_ENTRIES:
        raise DataError(
            f"The folder {folder} holds more than {_MOST_ENTRIES:,} files: name the one that holds the data."
        )
    return found


def _named(stem: str, folders: Iterable[Path]) -> list[Path]:
    """Return the files of that name, or its shards, in the first folder that has any."""
    for folder in folders:
        shard = re.compile(rf"{re.escape(stem)}-\d+-of-\d+")
        found = [file for file in _listing(folder) if file.stem == stem or shard.fullmatch(file.stem)]
        if found:
            return _one_kind(found, folder)
    return []


def _listing(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in _entries(folder)
        if file.suffix.lower() in SUFFIXES and file.name not in _SIDE_FILES and os.path.isfile(file)
    )


def _one_kind(found: list[Path], folder: Path) -> list[Path]:
    """Check that files of one name are shards of one kind: the same name with two suffixes is a DataError."""
    kinds = {file.suffix.lower() for file in found}
    whole = [file for file in found if not re.search(r"-\d+-of-\d+$", file.stem)]
    if len(kinds) > 1 or (whole and len(found) > 1):
        raise DataError(
            f"{folder} holds several data files of the same name: {listed(file.name for file in found)}. "
            f"Name the one to use: --data {found[0]}"
        )
    return found


def _no_data(root: Path) -> str:
    return f"{root} is a folder without a data file. Data files end in {', '.join(SUFFIXES)}."
