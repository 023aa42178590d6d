"""The benchmarks still run: tiny sizes, no peers. What they print is said of no machine, so no figure is asserted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import page
from benchmarks.chunk_parts import profile
from benchmarks.report import Finding, Row, as_text, save, saved


def test_a_row_says_whether_its_target_is_met() -> None:
    assert Row("a", 1.0, "s", 10.0, "peer", "<= 0.125 ratio").met is True
    assert Row("a", 2.0, "s", 10.0, "peer", "<= 0.125 ratio").met is False
    assert Row("a", 61.0, "us", 16.0, "bare", "<= 60").met is False
    assert Row("a", 7, "", None, "", "= 1 ratio").met is None
    assert Row("a", 7).met is None
    table = as_text([Row("wall", 3.1, "s", 42.3, "evalscope", "<= 0.125 ratio"), Row("cells", 1234.5, "ms")])
    assert table.splitlines()[2] == "wall    | 3.1 s    | 42.3 s evalscope | 0.073 | <= 0.125 ratio | yes"
    assert table.splitlines()[3] == "cells   | 1,234 ms |                  |       |                |"


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    found = {"one": Finding([Row("a", 1.0, "s", 2.0, "peer", "<= 1 ratio")], ["more"], {"x": 1})}
    save(found, tmp_path / "bench.json")
    assert saved(tmp_path / "bench.json") == found
    assert saved(tmp_path / "none.json") == {}


def test_the_parts_of_a_chunk_add_up() -> None:
    parts = dict(profile({"loop": 40.0, "cell": 8.0, "files": 1.0, "rest": 2.0}, bare=16.0))
    assert sum(parts.values()) == pytest.approx(51.0)
    assert set(parts) > {"SSE", "JSON", "splitter"}


def test_the_table_goes_between_its_marks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "speed.md"
    file.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", file)
    page.write({"one": Finding([Row("new", 1.0)], ["more"])})
    text = file.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "new" in text


@pytest.mark.long
def test_the_paced_run_is_measured_in_a_real_kernel(tmp_path: Path) -> None:
    saved = tmp_path / "bench.json"
    assert command.main(["--quick", "--only", "paced", "--json", str(saved)]) == 0
    found = json.loads(saved.read_text(encoding="utf-8"))
    assert found["figures"]["paced"]["40"]["ours"]["done"] == 8
    assert [row["met"] for row in found["rows"]][-1] is None


@pytest.mark.long
def test_shards_are_measured_beside_one_kernel(tmp_path: Path) -> None:
    saved = tmp_path / "bench.json"
    assert command.main(["--quick", "--only", "sharding", "--json", str(saved)]) == 0
    figures = json.loads(saved.read_text(encoding="utf-8"))["figures"]["sharding"]
    assert figures["equal"] is True
    assert figures["alone"]["done"] == figures["shards"]["done"] == 16
    assert (figures["directories"], len(figures["memory_mb"]), figures["merge"]["rows"]) == (2, 2, 64)
