"""Read the records of one data file: JSONL, JSON, CSV, TSV or Parquet.

Runs in the worker. What is read is bounded: `LARGEST_FILE` bytes of a file, as much again of values decoded from
Parquet, `MOST_RECORDS` records, `DEEPEST` levels of lists and objects within one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from qwq_nb.bench.regular_file import LARGEST_FILE, read_regular, size_text
from qwq_nb.core.nesting import DEEPEST, too_deep
from qwq_nb.errors import DataError

__all__ = ["MOST_RECORDS", "Record", "read_bytes", "read_file"]

Record = tuple[dict[str, Any], str]
"""A record and its position: `file:line` (for Parquet `file:row`)."""

MOST_RECORDS = 200_000
"""Records of the largest data set that is read. SuperGPQA has 26,529."""

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip (so are .xlsx and .ods)",
    b"PK\x05\x06": "zip",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
"""First bytes of compressed files, which are never unpacked here."""

_OTHER_KINDS = {
    b"PAR1": "a Parquet file: its name must end in .parquet",
    b"version https://git-lfs": "a pointer of Git LFS instead of the data: get it with `git lfs pull`",
    b"SQLite format 3": "an SQLite database: write its table to a CSV or JSONL file",
    b"ARROW1": "an Arrow file: write it to a Parquet or JSONL file",
    b"\x89HDF": "an HDF5 file: write its table to a CSV or JSONL file",
}
"""First bytes of other files that data sets come in, and what each is."""


def read_file(file: Path) -> list[Record]:
    """Return the records of one file, read by its suffix (an unknown suffix as JSONL). Raises DataError."""
    return read_bytes(file, read_regular(file))


def read_bytes(file: Path, raw: bytes, *, suffix: str = "") -> list[Record]:
    """Return the records of a file's content; `file` is what it is called, `suffix` what it is read by in its place.

    Raises DataError.
    """
    try:
        return list(_limited(file, _records(file, raw, suffix or file.suffix.lower())))
    except MemoryError:
        raise DataError(
            f"{file}: its records take more memory than may be used for them. Split the file, or leave out what "
            "the benchmark does not need."
        ) from None


def _limited(file: Path, records: Iterable[Record]) -> Iterator[Record]:
    for number, record in enumerate(records, 1):
        if number > MOST_RECORDS:
            raise DataError(f"{file} holds more than {MOST_RECORDS:,} records, the most that are read.")
        yield record


def _records(file: Path, raw: bytes, suffix: str) -> Iterable[Record]:
    if suffix == ".parquet":
        return _parquet(file, raw)
    text = _text(file, raw)
    del raw
    if not text.strip():
        raise DataError(f"{file} is empty.")
    readers: dict[str, Callable[[Path, str], Iterable[Record]]] = {".csv": _csv, ".tsv": _tsv, ".json": _json}
    return readers.get(suffix, _jsonl)(file, text)


def _text(file: Path, raw: bytes) -> str:
    for start, name in _COMPRESSED.items():
        if raw.startswith(start):
            raise DataError(
                f"{file} is compressed ({name}) and is not unpacked here. Unpack it, and name what was in it."
            )
    for start, words in _OTHER_KINDS.items():
        if raw.startswith(start):
            raise DataError(f"{file} is {words}.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"{file}:{line}: not UTF-8 (byte 0x{raw[error.start]:02x}). Save the file as UTF-8.") from None


def _parsed(text: str, file: Path, line: int) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{file}:{line + error.lineno - 1}"
        raise DataError(f"{where}: not JSON: {error.msg} at column {error.colno}.") from None
    except (RecursionError, ValueError) as error:
        raise DataError(f"{file}:{line}: not JSON that can be read: {error}.") from None
    return value


def _object(value: Any, where: str) -> Record:
    if not isinstance(value, dict):
        raise DataError(f"{where}: a record is an object with named fields, not {_kind(value)}.")
    if too_deep(value):
        raise DataError(f"{where}: lists and objects lie more than {DEEPEST} deep within one another.")
    return value, where


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _jsonl(file: Path, text: str) -> Iterable[Record]:
    # Only \n ends a line: U+2028 and its like may stand inside a JSON string.
    for number, line in enumerate(io.StringIO(text, newline="\n"), 1):
        if line.strip():
            yield _object(_parsed(line.rstrip("\n"), file, number), f"{file}:{number}")


def _json(file: Path, text: str) -> Iterable[Record]:
    first = text.lstrip().split("\n", 1)[0].strip()
    if first.startswith("{") and first.endswith("}") and text.strip() != first:
        return _jsonl(file, text)  # JSON lines under the name .json, as several hubs ship them
    value = _parsed(text, file, 1)
    if isinstance(value, dict):
        lists = [name for name, item in value.items() if isinstance(item, list)]
        if len(lists) != 1:
            raise DataError(
                f"{file}: a JSON file is a list of records, or an object with one list; "
                f"this object has {len(lists)} lists{': ' + ', '.join(lists[:8]) if lists else ''}."
            )
        value = value[lists[0]]
    if not isinstance(value, list):
        raise DataError(f"{file}: a JSON file is a list of records, not {_kind(value)}.")
    return (_object(item, f"{file}: record {number}") for number, item in enumerate(value, 1))


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


def _parquet(file: Path, raw: bytes) -> Iterable[Record]:
    """Read the rows in batches: a file of some megabytes may decode to thousands of times as much."""
    import pyarrow  # heavy: only where a Parquet file is read
    import pyarrow.parquet

    number, size = 0, 0
    try:
        with pyarrow.parquet.ParquetFile(pyarrow.BufferReader(raw), pre_buffer=False) as table:
            rows = table.metadata.num_rows
            if rows > MOST_RECORDS:
                raise DataError(f"{file} holds {rows:,} rows; at most {MOST_RECORDS:,} are read.")
            for batch in table.iter_batches(batch_size=256, use_threads=False):
                size += batch.nbytes
                if size > LARGEST_FILE:
                    raise DataError(
                        f"{file} is too large: its first {number + len(batch):,} of {rows:,} rows decode to more than "
                        f"{size_text(LARGEST_FILE)}."
                    )
                for row in batch.to_pylist():
                    number += 1
                    yield _object(row, f"{file}:{number}")
    except (DataError, MemoryError):
        raise
    except Exception as error:  # what a broken file meets in pyarrow may be of any class
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DataError(f"{file}: not a Parquet file that can be read: {reason[:240]}") from None
