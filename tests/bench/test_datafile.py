"""Data files of all kinds, and what is said of those that cannot be read."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwq_nb.bench.datafile import fingerprint, read_records, subset_files
from qwq_nb.errors import DataError

ROWS = [{"problem": 'a, "b"\nc', "answer": "1"}, {"problem": "ü\u2028x", "answer": "02"}]


def _values(path: Path) -> list[dict[str, Any]]:
    return [record for record, _ in read_records(path, "math_500")]


def test_every_format_gives_the_same_records(tmp_path: Path) -> None:
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "a.jsonl").write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in ROWS), "utf-8-sig")
    (folder / "a.json").write_text(json.dumps(ROWS), "utf-8")
    (folder / "b.json").write_text(json.dumps({"version": 1, "data": ROWS}, indent=1), "utf-8")
    (folder / "lines.json").write_text("\n".join(json.dumps(r) for r in ROWS), "utf-8")
    for name, delimiter in (("a.csv", ","), ("a.tsv", "\t")):
        with (folder / name).open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.DictWriter(stream, ["problem", "answer"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(ROWS)
    for file in sorted(folder.iterdir()):
        assert _values(file) == ROWS, file.name


def test_parquet(tmp_path: Path, load: Callable[..., Any]) -> None:
    """Through the worker: pyarrow's import is no business of the kernel's (nor its warnings)."""
    code = (
        "import pyarrow, pyarrow.parquet, sys\n"
        "table = pyarrow.table({'problem': ['p', 'q'], 'answer': [7, 8]})\n"
        "pyarrow.parquet.write_table(table, sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "test.parquet")], check=True, timeout=60)
    assert [sample.gold for sample in load("aime24", tmp_path).samples] == ["7", "8"]


def test_places_are_lines(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"a": 1}\n\n{"a": 2}\n')
    assert [where for _, where in read_records(file, "b")] == [f"{file}:1", f"{file}:3"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.jsonl", b"", "is empty"),
        ("x.jsonl", b"  \n\n", "is empty"),
        ("x.jsonl", b'{"a": 1}\n{"a": }\n', r"x\.jsonl:2: not JSON: .* at column 7"),
        ("x.jsonl", b'{"a": 1}\n[1]\n', r"x\.jsonl:2: a record is an object .* not a list"),
        ("x.jsonl", b'{"a": 1}\n{"a": "\xff"}\n', r"x\.jsonl:2: not UTF-8 \(byte 0xff\)"),
        ("x.json", b'{"a": [], "b": []}', "this object has 2 lists: a, b"),
        ("x.json", b"[1, 2", r"x\.json:1: not JSON"),
        ("x.json", b'"text"', "a list of records, not a string"),
        ("x.json", b'[{"a": 1}, 3]', "record 2: a record is an object"),
        ("x.csv", b"a,b\n1,2\n3\n", r"x\.csv:3: 1 cells where the header names 2"),
        ("x.csv", b"a,a\n1,2\n", "twice in the header"),
        ("x.csv", b'a,b\n"1,2\n', r"x\.csv:2: not a CSV"),
        ("x.csv", b"a,b\n", "holds no records"),
        ("x.jsonl", b"[" * 100_000, "not JSON"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_records(tmp_path / name, "math_500")


def test_missing_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "math_500.jsonl").write_text('{"a": 1}')
    with pytest.raises(DataError, match=r"In that folder: math_500\.jsonl"):
        fingerprint(tmp_path / "math_50.jsonl")
    with pytest.raises(DataError, match="nor does the folder"):
        fingerprint(tmp_path / "no" / "x.jsonl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="without a data file"):
        fingerprint(tmp_path / "empty")
    with pytest.raises(DataError, match="without a data file"):
        read_records(tmp_path / "empty", "math_500")


def test_which_file_of_a_folder(tmp_path: Path) -> None:
    tmp_path = tmp_path / "own"
    tmp_path.mkdir()

    def put(name: str, value: int) -> None:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"v": value}))

    put("only.jsonl", 1)
    assert _values(tmp_path) == [{"v": 1}]
    put("other.jsonl", 2)
    with pytest.raises(DataError, match=r"several data files .* only\.jsonl, other\.jsonl"):
        _values(tmp_path)
    put("math_500.jsonl", 3)
    assert _values(tmp_path) == [{"v": 3}]
    put("train.jsonl", 4)
    assert _values(tmp_path) == [{"v": 4}]
    put("data/test-00000-of-00002.jsonl", 5)
    put("data/test-00001-of-00002.jsonl", 6)
    assert _values(tmp_path) == [{"v": 5}, {"v": 6}]
    put("test.jsonl", 7)
    assert _values(tmp_path) == [{"v": 7}]
    put("test.json", 8)
    with pytest.raises(DataError, match="several data files of the same name"):
        _values(tmp_path)
    put("Level 1_test.jsonl", 9)
    assert [file.name for file in subset_files(tmp_path, "Level 1", ("test",))] == ["Level 1_test.jsonl"]
    assert subset_files(tmp_path, "Level 2", ("test",)) == []


def test_fingerprint_follows_the_content(tmp_path: Path) -> None:
    tmp_path = tmp_path / "own"
    tmp_path.mkdir()
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}')
    first, folder = fingerprint(file), fingerprint(tmp_path)
    assert fingerprint(file) == first
    file.write_text('{"a": 2}')
    assert fingerprint(file) != first
    assert fingerprint(tmp_path) != folder


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))),
        min_size=1,
    )
)
def test_any_text_survives_json_lines(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    file = tmp_path / "h.jsonl"
    file.write_bytes("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode())
    assert [record for record, _ in read_records(file, "x")] == rows


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["x.jsonl", "x.json", "x.csv", "x.tsv"]))
def test_any_bytes_are_read_or_refused_in_words(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    said = ""
    try:
        assert read_records(tmp_path / name, "x")
    except DataError as error:
        said = str(error)
    assert not said or str(tmp_path / name) in said
