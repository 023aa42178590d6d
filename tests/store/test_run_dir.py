"""The run on disk: rows that survive any cut, one writer at a time, a manifest that is whole at every moment."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import RunLocked, UnknownRun
from qwq_nb.store.jsonl import read_rows
from qwq_nb.store.manifest import MANIFEST, Manifest
from qwq_nb.store.request import EvalRequest, Selection
from qwq_nb.store.run_dir import LOCK, RunDirectory, find_run_dirs
from tests.support.math_problems import sample
from tests.support.run_folders import held_by_another, small_disk

ROWS: list[dict[str, Any]] = [
    {"index": 0, "text": "plain"},
    {"index": 1, "text": 'a "quote", a {brace}, a line\nbreak'},
    {"index": 2, "text": "√2 ≤ 答案是一 🧮"},
]
NEXT = {"index": 3, "text": "appended after the crash"}


@pytest.fixture
def rundir(tmp_path: Path) -> Iterator[RunDirectory]:
    found = RunDirectory(tmp_path / "run")
    yield found
    found.close()


def written(rundir: RunDirectory, rows: list[dict[str, Any]], name: str = "rows.jsonl") -> Path:
    """The rows as a run appends them, with the file closed as by the end of the process."""
    file = rundir.path / name
    for row in rows:
        rundir.append(file, row)
    rundir.close()
    return file


def torn(file: Path) -> int:
    """How many bytes of a torn last line were dropped."""
    return RunDirectory(file.parent).repair(file.name)


# -- torn rows -----------------------------------------------------------------------------------------------------


def test_rows_come_back_as_they_were_written(rundir: RunDirectory) -> None:
    assert list(read_rows(written(rundir, ROWS))) == ROWS


def test_cut_at_every_byte_of_the_last_two_rows_nothing_complete_is_lost(rundir: RunDirectory) -> None:
    file = written(rundir, ROWS)
    content = file.read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    for cut in range(ends[0], len(content) + 1):
        file.write_bytes(content[:cut])
        # A row is complete with its last brace: the line end after it may be what the crash took.
        complete = sum(end - 1 <= cut for end in ends)
        written(rundir, [NEXT])
        assert list(read_rows(file)) == [*ROWS[:complete], NEXT], f"cut at byte {cut}"


def test_cut_within_the_only_row(rundir: RunDirectory) -> None:
    file = written(rundir, ROWS[2:])
    content = file.read_bytes()
    for cut in range(len(content) - 1):
        file.write_bytes(content[:cut])
        assert torn(file) == cut
        assert file.read_bytes() == b""


@pytest.mark.parametrize("zeros", [1, 7, 4096, 200_000])
@pytest.mark.parametrize("kept", [0, 5, -1], ids=["whole rows", "half a row", "all but its line end"])
def test_a_tail_of_zeros_as_a_power_cut_leaves_it(rundir: RunDirectory, zeros: int, kept: int) -> None:
    file = written(rundir, ROWS)
    last = b'{"index":9,"text":"lost with the power"}'
    torn = last[:kept] if kept >= 0 else last
    file.write_bytes(file.read_bytes() + torn + b"\0" * zeros)
    written(rundir, [NEXT])
    assert list(read_rows(file)) == [*ROWS, NEXT]


def test_a_torn_row_longer_than_a_block_is_dropped(rundir: RunDirectory) -> None:
    file = written(rundir, ROWS)
    file.write_bytes(file.read_bytes() + b'{"text":"' + b"x" * 200_000)
    assert torn(file) == 200_009
    assert list(read_rows(file)) == ROWS
    assert torn(file) == 0


def test_what_is_no_row_is_passed_over_and_left_alone(rundir: RunDirectory) -> None:
    file = written(rundir, ROWS[:1])
    file.write_bytes(file.read_bytes() + b'\0\0\0\n[1, 2]\n"text"\n{"index": 1,}\n\xff\xfe\n')
    written(rundir, [NEXT])
    assert list(read_rows(file)) == [ROWS[0], NEXT]


def test_a_file_that_is_missing_or_empty_has_no_rows(tmp_path: Path) -> None:
    missing = tmp_path / "none.jsonl"
    assert (torn(missing), list(read_rows(missing))) == (0, [])
    missing.touch()
    assert (torn(missing), list(read_rows(missing))) == (0, [])


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=4), cut=st.integers(min_value=0))
def test_any_texts_cut_anywhere(tmp_path_factory: pytest.TempPathFactory, texts: list[str], cut: int) -> None:
    rundir = RunDirectory(tmp_path_factory.mktemp("any"))
    rows = [{"index": i, "text": text} for i, text in enumerate(texts)]
    file = written(rundir, rows)
    content = file.read_bytes()
    file.write_bytes(content[: cut % (len(content) + 1)])
    written(rundir, [NEXT])
    *before, last = read_rows(file)
    assert last == NEXT
    assert before == rows[: len(before)]
    assert len(before) >= content[: cut % (len(content) + 1)].count(b"\n")


def test_lone_surrogates_do_not_cost_the_row(rundir: RunDirectory) -> None:
    file = written(rundir, [{"text": "half a pair: \ud83d"}, NEXT])
    assert list(read_rows(file)) == [{"text": "half a pair: \ufffd"}, NEXT]


# -- a disk that fills up ------------------------------------------------------------------------------------------


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "tiny", kilobytes=64) as place:
        yield place


def test_a_full_disk_costs_the_row_that_did_not_fit_and_no_other(tiny_disk: Path) -> None:
    rundir = RunDirectory(tiny_disk / "run")
    file = rundir.path / "rows.jsonl"
    ballast = tiny_disk / "ballast"
    rundir.append(file, ROWS[0])
    ballast.write_bytes(b"x" * 20_000)
    for _ in range(2):  # the second failure must not leave a gap where the first one stood
        with pytest.raises(OSError, match="No space left") as caught:
            rundir.append(file, {"index": 8, "text": "y" * 60_000})
        assert caught.value.errno == errno.ENOSPC
        rundir.append(file, ROWS[1])
    ballast.unlink()
    rundir.append(file, ROWS[2])
    rundir.close()
    assert list(read_rows(file)) == [ROWS[0], ROWS[1], ROWS[1], ROWS[2]]


def test_a_full_disk_leaves_the_manifest_as_it_was(tiny_disk: Path) -> None:
    rundir = RunDirectory(tiny_disk / "run")
    rundir.save_manifest(manifest(notes=["the first"]))
    with pytest.raises(OSError, match="No space left"):
        rundir.save_manifest(manifest(notes=["x" * 100_000]))
    assert rundir.manifest().notes == ["the first"]
    assert os.listdir(rundir.path) == [MANIFEST], "no draft is left behind"


def test_a_write_that_is_cut_short_twice_leaves_whole_rows(
    rundir: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same as on a full disk, where none can be mounted: a limit on the size of files."""
    resource = pytest.importorskip("resource", reason="needs limits on file sizes")
    import signal

    file = written(rundir, ROWS[:1])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 100, limits[1]))
        for length in (500, 300):
            with pytest.raises(OSError, match=r"No space left|File too large"):
                rundir.append(file, {"index": 8, "text": "y" * length})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    rundir.append(file, NEXT)
    assert file.read_bytes().count(b"\0") == 0
    assert list(read_rows(file)) == [ROWS[0], NEXT]


# -- one writer ----------------------------------------------------------------------------------------------------


def test_two_processes_cannot_write_one_run(rundir: RunDirectory) -> None:
    with held_by_another(rundir.path) as holder:
        assert rundir.is_locked()
        with pytest.raises(RunLocked, match=rf"run is being written by process {holder.pid} on \S+, since .*--fresh"):
            rundir.lock()
    assert not rundir.is_locked()
    rundir.lock()
    assert rundir.is_locked()


def test_the_lock_goes_with_a_process_that_is_killed(rundir: RunDirectory) -> None:
    with held_by_another(rundir.path) as holder:
        holder.kill()
        holder.wait(10)
        assert not rundir.is_locked()
        rundir.lock()


def test_two_runs_of_one_kernel_cannot_write_one_run(rundir: RunDirectory) -> None:
    rundir.lock()
    other = RunDirectory(rundir.path)
    with pytest.raises(RunLocked, match=rf"by this kernel itself \(process {os.getpid()}\)"):
        other.lock()
    assert other.is_locked()
    rundir.close()
    assert not other.is_locked()
    other.lock()
    other.close()


def test_a_holder_that_cannot_be_named_locks_all_the_same(rundir: RunDirectory) -> None:
    rundir.lock()
    (rundir.path / f"{LOCK}.holder").write_text("not json")
    with pytest.raises(RunLocked, match="by another process"):
        RunDirectory(rundir.path).lock()


def test_a_run_that_nobody_ever_wrote_is_not_locked(tmp_path: Path) -> None:
    assert not RunDirectory(tmp_path / "nowhere").is_locked()


# -- the manifest --------------------------------------------------------------------------------------------------


def manifest(**changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "run_id": "0123456789ab",
        "name": "run",
        "key": "01234567",
        "created": "2026-01-01T00:00:00Z",
        "updated": "",
        "request": EvalRequest(
            benchmarks=["math_500"],
            endpoints=[Endpoint("http://127.0.0.1:9/v1", "M", key_env="QWQ_API_KEY")],
            selection=Selection(levels=[1, 3]),
        ),
    }
    return Manifest(**{**values, **changes})


def test_the_manifest_is_readable_json_and_comes_back(rundir: RunDirectory) -> None:
    saved = manifest(scores={"math_500": 0.5}, notes=["a note"])
    rundir.save_manifest(saved)
    assert rundir.manifest() == saved
    content = json.loads((rundir.path / MANIFEST).read_text())
    assert content["schema"] == "qwq_run.v2"
    assert content["request"]["endpoints"][0]["key_env"] == "QWQ_API_KEY"


def test_a_reader_never_meets_half_a_manifest(rundir: RunDirectory) -> None:
    rundir.save_manifest(manifest())
    over = threading.Event()

    def rewrite() -> None:
        for number in range(60):
            rundir.save_manifest(manifest(notes=["x" * 2000 * (number % 7)]))
        over.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    while not over.is_set():
        assert rundir.manifest().name == "run"
    writer.join()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "qwq_run.v1"}', b"\0" * 100])
def test_a_manifest_that_is_none_is_said_to_be_so(rundir: RunDirectory, content: bytes) -> None:
    rundir.path.mkdir()
    (rundir.path / MANIFEST).write_bytes(content)
    with pytest.raises(UnknownRun, match=r"qwq_run\.json cannot be read as a run's manifest"):
        rundir.manifest()


def test_a_folder_without_a_manifest_is_no_run(rundir: RunDirectory) -> None:
    with pytest.raises(UnknownRun, match=r"holds no qwq_run\.json"):
        rundir.manifest()


def test_samples_come_back_without_their_raw_records(rundir: RunDirectory) -> None:
    rundir.save_samples([sample(0, source_row={"problem": "raw"}), sample(1)])
    assert rundir.samples() == [sample(0), sample(1)]
    assert RunDirectory(rundir.path / "elsewhere").samples() == []


def test_runs_are_found_newest_first(tmp_path: Path) -> None:
    for age, name in enumerate(["newest", "older", "oldest"]):
        found = RunDirectory(tmp_path / name)
        found.save_manifest(manifest(name=name))
        os.utime(found.path / MANIFEST, (1e9 - age, 1e9 - age))
    (tmp_path / "no run").mkdir()
    (tmp_path / "a file").touch()
    assert [path.name for path in find_run_dirs(tmp_path)] == ["newest", "older", "oldest"]
    assert find_run_dirs(tmp_path / "nowhere") == []
