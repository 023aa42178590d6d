"""Plain text that a terminal, a diff and nbval can live with."""

from __future__ import annotations

import re

import pytest

from qwq_nb.core.run_record import Progress
from qwq_nb.run.text import run_progress_line, run_text
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import record, row, view


def test_table_lines_up() -> None:
    text = run_text(record(), times=True)
    lines = text.splitlines()
    heads = next(line for line in lines if "correct" in line and "accuracy" in line)
    total = next(line for line in lines if line.startswith("  all"))
    assert len(total) == len(heads)
    assert "80.0 %" in total
    assert "49.0–94.3 %" in total
    assert text.endswith("Run: qwq_runs/math_500-QwQ-32B-1")


def test_without_times() -> None:
    text = run_text(record(data="/home/me/data/math.jsonl"), times=False)
    for gone in ("ttft", "tokens/s", "Run:", "127.0.0.1", "/home", "10 min", "2026", "a1b2c3"):
        assert gone not in text
    assert "math.jsonl, limit 50, 1 repeat, seed 42" in text


def test_failures_first_and_at_most_twenty() -> None:
    text = run_text(record([view(i) for i in range(100)]), times=False)
    listed = re.findall(r"^  (\w[\w ]+?) +math_500/", text, re.M)
    assert len(listed) == 20
    assert listed[0] == "wrong"
    assert "  and 17 more" in text


def test_demo_and_notes() -> None:
    text = run_text(record(demo=True, notes=["two samples\nare missing"]), times=False)
    assert text.startswith("*** DEMO: ")
    assert "Note: two samples are missing" in text


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    hostile = record(
        [view(3, gold=text, extracted=text, id=text)],
        notes=[text],
        model=text,
        data=text,
        url=text,
        run_dir=text,
        sampling={text: text},
        benchmarks=[text],
        table=[row(text, benchmark=text), row(benchmark=text)],
        progress=Progress(total=2, step=text),
    )
    for made in (run_text(hostile, times=True), run_text(hostile, times=False), run_progress_line(hostile, 80)):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", made)
        made.encode()
        assert len(made) < 8_000


def test_progress_line() -> None:
    running = record(
        progress=Progress(total=50, done=12, eta_s=200.0, tokens_per_s=1234.5, errors=2, step="grading"), demo=True
    )
    line = run_progress_line(running, 120)
    assert line.startswith("DEMO [####....")
    assert line.endswith("12/50  2 errors  accuracy 80.0 %  about 3 min left  1,235 tokens/s  grading")
    for width in range(0, 130):
        assert len(run_progress_line(running, width)) <= width
        assert run_progress_line(running, width).isascii()
    assert "12/50" in run_progress_line(running, 5)
    assert run_progress_line(record(progress=Progress()), 80).startswith("[....")


def test_the_bar_moves_while_nothing_is_counted_yet() -> None:
    lines = [
        run_progress_line(record(progress=Progress(step="importing evalscope, 3 s", elapsed_s=s)), 80)
        for s in range(30)
    ]
    assert len({line.split("]")[0] for line in lines}) > 5
    assert all("importing evalscope, 3 s" in line and line.count("#") == 1 for line in lines)
