"""Data files from a stranger: special files, files without end, bombs, and ten thousand broken ones."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from qwq_nb import evaluate
from qwq_nb.bench import data_formats, regular_file
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.datafile import fingerprint, read_records
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.errors import DataError, WorkerError
from tests.support.math_problems import math_records, write_jsonl
from tests.support.paths import ROOT

Attack = Callable[[str, str, str], None]

SOON_S = 5.0
"""A refusal takes milliseconds; a pipe would be waited for without end."""


def refused(path: Path, says: str) -> str:
    """What is said of a data file by the kernel, which hashes it, and by the worker, which reads it; both soon."""
    said = ""
    for read in (fingerprint, lambda file: read_records(file, "math_500")):
        started = time.monotonic()
        with pytest.raises(DataError, match=says) as caught:
            read(path)
        assert time.monotonic() - started < SOON_S
        said = str(caught.value)
        assert str(path) in said
    return said


def test_pipes_devices_and_sockets(tmp_path: Path, attack: Attack) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    refused(pipe, r"is a pipe \(FIFO\). --data takes a file")
    for device in ("/dev/zero", "/dev/random", "/dev/tty", "/dev/null"):
        refused(Path(device), "is a device")
    link = tmp_path / "link.jsonl"
    link.symlink_to("/dev/zero")
    refused(link, "is a device")
    # A run is refused in the same words, by the call itself and before a request.
    with pytest.raises(DataError, match="is a pipe"):
        evaluate("math_500", data=str(pipe), demo=True)
    # Control: opened plainly, the pipe is waited for.
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", f"open({str(pipe)!r}).read()"], timeout=2)
    attack("--data on a pipe, a device, a link to one", "refused in words, nothing is read", "at once")


def test_a_pipe_that_takes_a_files_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at a file and its opening."""
    pipe = tmp_path / "x.jsonl"
    os.mkfifo(pipe)
    monkeypatch.setattr(regular_file, "file_kind", lambda file: "")
    started = time.monotonic()
    with pytest.raises(DataError, match="is a pipe"):
        regular_file.read_regular(pipe)
    assert time.monotonic() - started < SOON_S


def test_folders_in_a_loop(tmp_path: Path, attack: Attack) -> None:
    loop = tmp_path / "loop.jsonl"
    loop.symlink_to(loop)
    refused(loop, "cannot be read: Too many levels of symbolic links")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "data").symlink_to(folder)
    (folder / "Level 1").symlink_to(tmp_path)
    os.mkfifo(folder / "test.jsonl")
    refused(folder, "a folder without a data file")
    attack(
        "links in a loop, a folder within itself, a pipe in a folder", "refused in words", "one level is looked into"
    )


def test_a_folder_that_may_not_be_read_or_holds_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwq_nb.bench.datafile._MOST_ENTRIES", 20)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(21):
        (folder / f"{number}.txt").touch()
    refused(folder, "holds more than 20 files: name the one")


@pytest.mark.long
def test_files_without_end(tmp_path: Path, attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    sparse = tmp_path / "sparse.jsonl"
    with sparse.open("wb") as file:
        file.truncate(40 << 30)
    assert "it has 40.0 GB; at most 256 MB are read" in refused(sparse, "is too large")
    # It says that it is empty, and is not.
    growing = Path("/proc/self/maps")
    monkeypatch.setattr(regular_file, "LARGEST_FILE", 100)
    refused(growing, "is too large")
    monkeypatch.undo()
    # Control: without the limit it is read.
    assert len(regular_file.read_regular(growing)) > 100
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        with (folder / name).open("wb") as file:
            file.truncate(2 << 30)
    with pytest.raises(DataError, match=r"b\.jsonl is too large: .* over 2\.0 GB: name one file"):
        fingerprint(folder)
    attack("sparse gigabytes, files of /proc", "refused before they are read", "256 MB a file, 2 GB hashed of a folder")


def test_deep_json(tmp_path: Path, attack: Attack) -> None:
    def nested(depth: int) -> Path:
        file = tmp_path / f"{depth}.jsonl"
        file.write_text('{"problem": ' + "[" * depth + "]" * depth + "}\n")
        return file

    with pytest.raises(DataError, match=r"200000\.jsonl:1: not JSON that can be read"):
        read_records(nested(200_000), "math_500")
    with pytest.raises(DataError, match=r"500\.jsonl:1: lists and objects lie more than 100 deep"):
        read_records(nested(500), "math_500")
    assert len(read_records(nested(99), "math_500")) == 1
    attack("JSON 200,000 deep in a data file", "refused with file and line", "100 levels")


def test_compressed_files_are_not_unpacked(tmp_path: Path, attack: Attack) -> None:
    packed = tmp_path / "bomb.jsonl.gz"
    packed.write_bytes(gzip.compress(b"\0" * (50 << 20)))
    assert packed.stat().st_size < 1 << 20
    archive = tmp_path / "bomb.jsonl"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.jsonl", b"\0" * (50 << 20))
    for path, kind in ((packed, "gzip"), (archive, "zip")):
        with pytest.raises(DataError, match=rf"is compressed \({kind}.* Unpack it"):
            read_records(path, "math_500")
    pointer = tmp_path / "test.csv"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n")
    with pytest.raises(DataError, match=r"a pointer of Git LFS .*git lfs pull"):
        read_records(pointer, "math_500")
    attack("gzip and zip bombs as data", "refused by their first bytes", "nothing is unpacked")


def test_more_records_than_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    monkeypatch.setattr(data_formats, "MOST_RECORDS", 10)
    monkeypatch.setattr("qwq_nb.bench.datafile.MOST_RECORDS", 10)
    write_jsonl(tmp_path / "many.jsonl", [{"problem": "p"}] * 11)
    with pytest.raises(DataError, match="more than 10 records"):
        read_records(tmp_path / "many.jsonl", "math_500")
    shards = tmp_path / "shards"
    shards.mkdir()
    for number in range(2):
        write_jsonl(shards / f"test-0000{number}-of-00002.jsonl", [{"problem": "p"}] * 6)
    with pytest.raises(DataError, match="more than 10 records"):
        read_records(shards, "math_500")
    attack("a data file of millions of records", "refused", "200,000 records of a data set")


BOMBS = """
import sys
import pyarrow, pyarrow.parquet
folder = sys.argv[1]
text = pyarrow.array(["x" * 10_000])
def bomb(name, rows):
    indices = pyarrow.array([0] * rows, pyarrow.int32())
    column = pyarrow.DictionaryArray.from_arrays(indices, text)
    table = pyarrow.table({"problem": column, "answer": column})
    pyarrow.parquet.write_table(table, f"{folder}/{name}.parquet", store_schema=False)
bomb("rows", 1_000_000)
bomb("bytes", 100_000)
page = pyarrow.table({"problem": ["x" * (400 << 20)]})
pyarrow.parquet.write_table(page, f"{folder}/page.parquet", compression="zstd")
"""

READ = """
import resource, sys
from pathlib import Path
from qwq_nb.bench.worker.child import limit_memory
import pyarrow.parquet
limit_memory(900 << 20)
try:
    if sys.argv[1] == "plainly":
        print(pyarrow.parquet.read_table(sys.argv[2]).to_pylist()[-1]["problem"][:3])
    else:
        from qwq_nb.bench.data_formats import read_file
        print(len(read_file(Path(sys.argv[2]))))
except Exception as error:
    print(type(error).__name__, error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def child(code: str, *arguments: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    return result.stdout.splitlines()


@pytest.mark.long
def test_parquet_bombs(tmp_path: Path, attack: Attack) -> None:
    child(BOMBS, str(tmp_path))
    sizes = {file.stem: file.stat().st_size for file in tmp_path.glob("*.parquet")}
    assert set(sizes) == {"rows", "bytes", "page"}
    assert all(size < 1 << 20 for size in sizes.values())
    says = {
        "rows": "rows.parquet holds 1,000,000 rows; at most 200,000 are read.",
        "bytes": "of 100,000 rows decode to more than 256 MB.",
        "page": "take more memory than may be used",
    }
    for name, words in says.items():
        said, megabytes = child(READ, "as here", str(tmp_path / f"{name}.parquet"))
        assert said.startswith(f"DataError {tmp_path / name}.parquet")
        assert words in said
        assert int(megabytes) < 1000
    # Control: read as a whole, it ends for want of memory.
    assert child(READ, "plainly", str(tmp_path / "bytes.parquet"))[0].startswith(("ArrowMemoryError", "MemoryError"))
    attack("Parquet bombs: 100 kB for 20 GB", "refused, naming the file and its rows", "256 MB decoded, 200,000 rows")


@pytest.mark.long
def test_a_file_that_ends_or_holds_up_what_reads_it(tmp_path: Path, attack: Attack) -> None:
    """Reading is a child process of the worker, which has its own limits of memory and time."""
    file = write_jsonl(tmp_path / "x.jsonl", math_records(1) * 50_000)

    async def load_and_kill() -> int:
        worker = BenchWorker()
        try:
            await worker.ready()
            assert worker.pid is not None
            process = psutil.Process(worker.pid)
            before = set(process.children())
            loading = asyncio.create_task(worker.load(LoadRequest(benchmark="math_500", data=str(file))))
            while not (new := set(process.children()) - before):
                await asyncio.sleep(0.01)
            new.pop().send_signal(14)  # as the limit of time does
            with pytest.raises(
                WorkerError, match=r"ended \(signal 14\) while it read .*x\.jsonl \(it may take 300 s\)"
            ):
                await loading
            small = write_jsonl(tmp_path / "small.jsonl", math_records(3))
            return len((await worker.load(LoadRequest(benchmark="math_500", data=str(small)))).samples)
        finally:
            await worker.close()

    assert asyncio.run(load_and_kill()) == 3
    code = "from qwq_nb.bench.worker.child import limit_time; limit_time(1)\nwhile True: pass"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60).returncode == -14
    attack(
        "a file that kills or holds up its reader", "told with the file; the worker goes on", "300 s, 4 GB of memory"
    )


def fuzzed(cases: int, timeout: float) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.data_file_fuzz", str(cases), "20"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 0, result.stderr[-3000:]
    told: dict[str, Any] = json.loads(result.stdout)
    assert not told["fault"], told["fault"]
    assert told["cases"] >= cases
    assert min(told["read"], told["refused"]) > cases / 20  # both happen, or the cases are no good
    return told


@pytest.mark.long
def test_broken_data_files(attack: Attack) -> None:
    told = fuzzed(300, 300)
    attack(
        f"{told['cases']} broken files: JSONL, JSON, CSV, Parquet",
        f"{told['refused']} refused with their name",
        "20 s each",
    )


@pytest.mark.long
def test_ten_thousand_broken_data_files(attack: Attack) -> None:
    told = fuzzed(10_000, 1800)
    attack(
        f"{told['cases']} broken files: JSONL, JSON, CSV, Parquet",
        f"{told['refused']} refused with their name",
        "20 s each",
    )
