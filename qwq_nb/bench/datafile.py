"""Read a user's data file: JSONL, JSON, CSV, TSV or Parquet, or a folder that holds one.

`fingerprint` is light and is what the kernel calls; `read_records` runs in the worker. Every fault is a DataError that
names the file, the line and what to change.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from qwq_nb.core.paths import expand_user
from qwq_nb.errors import DataError, listed

__all__ = [
    "SUFFIXES",
    "Record",
    "data_files",
    "file_stems",
    "fingerprint",
    "read_file",
    "read_records",
    "subset_files",
]

Record = tuple[dict[str, Any], str]
"""A record and its position: `file:line` (for Parquet `file:row`)."""

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")

_SIDE_FILES = frozenset({"dataset_infos.json", "dataset_info.json", "state.json", "config.json", "package.json"})
"""JSON files often found beside data, which are not data."""


def fingerprint(path: str | Path) -> str:
    """Return the SHA-256 of a file's content, or of a folder's data files with their names, in hex.

    Raises DataError if there is nothing to read.
    """
    root = _existing(path)
    if root.is_file():
        return _digest([root])
    files = [file for folder in (*_folders(root), *_subfolders(root)) for file in _listing(folder)]
    if not files:
        raise DataError(_no_data(root))
    return _digest(files, names=True)


def read_records(path: str | Path, benchmark: str, splits: Sequence[str] = ("test", "train")) -> list[Record]:
    """Return all records of a data file, or of a folder's data files, with their positions.

    `splits` are the names evalscope would look for, best first. Raises DataError if there are no records.
    """
    records = [record for file in data_files(path, benchmark, splits) for record in read_file(file)]
    if not records:
        raise DataError(f"{path} holds no records.")
    return records


def data_files(path: str | Path, benchmark: str, splits: Sequence[str] = ("test", "train")) -> list[Path]:
    """Return the file, or the files (shards) of a folder, that hold the benchmark's data.

    In a folder (or its `data/`): `<split>.*` or its shards `<split>-00000-of-00001.*` for each split in turn,
    `<benchmark>.*`, else its only data file. Raises DataError if there is none or several.
    """
    root = _existing(path)
    if root.is_file():
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
    folders = _folders(root) if root.is_dir() else []
    for stem in (*(f"{subset}_{split}" for split in splits), subset):
        if found := _named(stem, folders):
            return found
    inner = [folder / subset for folder in folders if (folder / subset).is_dir()]
    for split in splits:
        if found := _named(split, inner):
            return found
    return []


def file_stems(path: str | Path) -> set[str]:
    """Return the names, without suffixes, of all data files and folders in a folder (and its `data/`).

    `subset_files` finds subsets by them. Empty if `path` is a file.
    """
    root = _existing(path)
    if not root.is_dir():
        return set()
    files = {file.stem for folder in _folders(root) for file in _listing(folder)}
    return files | {inner.name for folder in _folders(root) for inner in _subfolders(folder)}


def read_file(file: Path) -> list[Record]:
    """Return the records of one file, read by its suffix (an unknown suffix as JSONL). Raises DataError."""
    suffix = file.suffix.lower()
    if suffix == ".parquet":
        return _parquet(file)
    text = _text(file)
    if not text.strip():
        raise DataError(f"{file} is empty.")
    reader: Callable[[Path, str], Iterable[Record]]
    if suffix == ".csv":
        reader = _csv
    elif suffix == ".tsv":
        reader = _tsv
    elif suffix == ".json":
        reader = _json
    else:
        reader = _jsonl
    return list(reader(file, text))


def _existing(path: str | Path) -> Path:
    root = expand_user(path)
    if root.exists():
        return root
    folder = root.parent
    if not folder.is_dir():
        raise DataError(f"{path} does not exist, nor does the folder {folder}.")
    near = difflib.get_close_matches(root.name, sorted(entry.name for entry in folder.iterdir()), n=3, cutoff=0.5)
    hint = f" In that folder: {', '.join(near)}." if near else ""
    raise DataError(f"{path} does not exist.{hint}")


def _folders(root: Path) -> list[Path]:
    return [folder for folder in (root, root / "data") if folder.is_dir()]


def _subfolders(root: Path) -> list[Path]:
    return sorted(inner for inner in root.iterdir() if inner.is_dir() and inner.name != "data")


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
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and file.name not in _SIDE_FILES and file.is_file()
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


def _digest(files: Iterable[Path], *, names: bool = False) -> str:
    digest = hashlib.sha256()
    for file in files:
        if names:
            digest.update(f"\0{file.name}\0".encode("utf-8", "surrogateescape"))
        try:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror or error}.") from None
    return digest.hexdigest()


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"{file}:{line}: not UTF-8 (byte 0x{raw[error.start]:02x}). Save the file as UTF-8.") from None


def _parsed(text: str, file: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{file}:{line + error.lineno - 1}"
        raise DataError(f"{where}: not JSON: {error.msg} at column {error.colno}.") from None
    except (RecursionError, ValueError) as error:
        raise DataError(f"{file}:{line}: not JSON that can be read: {error}.") from None


def _object(value: Any, where: str) -> Record:
    if not isinstance(value, dict):
        raise DataError(f"{where}: a record is an object with named fields, not {_kind(value)}.")
    return value, where


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _jsonl(file: Path, text: str) -> Iterable[Record]:
    # Only \n ends a line: U+2028 and its like may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _object(_parsed(line, file, number), f"{file}:{number}")


def _json(file: Path, text: str) -> Iterable[Record]:
    first = text.lstrip().split("\n", 1)[0].strip()
    if first.startswith("{") and first.endswith("}") and text.strip() != first:
        return list(_jsonl(file, text))  # JSON lines under the name .json, as several hubs ship them
    value = _parsed(text, file, 1)
    if isinstance(value, dict):
        lists = [name for name, item in value.items() if isinstance(item, list)]
        if len(lists) != 1:
            raise DataError(
                f"{file}: a JSON file is a list of records, or an object with one list; "
                f"this object has {len(lists)} lists{': ' + listed(lists) if lists else ''}."
            )
        value = value[lists[0]]
    if not isinstance(value, list):
        raise DataError(f"{file}: a JSON file is a list of records, not {_kind(value)}.")
    return [_object(item, f"{file}: record {number}") for number, item in enumerate(value, 1)]


def _csv(file: Path, text: str, delimiter: str = ",") -> Iterable[Record]:
    csv.field_size_limit(1 << 30)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    try:
        for row in reader:
            if not row:
                continue
            if header is None:
                header = row
                if len(set(header)) != len(header):
                    raise DataError(f"{file}:1: a column's name stands twice in the header.")
                continue
            where = f"{file}:{reader.line_num}"
            if len(row) != len(header):
                raise DataError(f"{where}: {len(row)} cells where the header names {len(header)} columns.")
            yield dict(zip(header, row, strict=True)), where
    except csv.Error as error:
        raise DataError(f"{file}:{reader.line_num}: not a CSV table: {error}.") from None


def _tsv(file: Path, text: str) -> Iterable[Record]:
    return _csv(file, text, "\t")


def _parquet(file: Path) -> list[Record]:
    import pyarrow  # heavy: only where a Parquet file is read
    import pyarrow.parquet

    try:
        rows = pyarrow.parquet.read_table(file).to_pylist()
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not a Parquet file that can be read: {str(error).splitlines()[0]}") from None
    return [(row, f"{file}:{number}") for number, row in enumerate(rows, 1)]
