"""Texts are cut in the middle, at seams, and by a budget that failures are served from first."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.run_record import Clip, SampleView
from qwq_nb.core.text import valid_text
from qwq_nb.run.sample_budget import fit_samples
from qwq_nb.view.clean import one_line, visible
from qwq_nb.view.clip import clip, lean
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import record, view

WORDS = "the quick brown fox jumps over it\n" * 1_500


def size(views: list[SampleView]) -> int:
    return sum(len(json.dumps(lean(view), ensure_ascii=False).encode()) for view in views)


@given(st.text(max_size=500), st.integers(-1, 600))
def test_clip_keeps_both_ends(text: str, limit: int) -> None:
    made = clip(text, limit)
    assert len(made.text) <= max(limit, 0) or made.text == text
    assert made.omitted == len(text) - len(made.text)
    assert text.startswith(made.text[: made.at])
    assert text.endswith(made.text[made.at :])


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_clip_takes_anything(text: str) -> None:
    made = clip(text, 1_000)
    assert len(made.text) <= 1_000
    made.text.encode()


def test_clip_favours_the_tail_and_cuts_at_lines() -> None:
    made = clip(WORDS, 3_000)
    head, tail = made.text[: made.at], made.text[made.at :]
    assert head.endswith("\n")
    assert tail.startswith("the quick")
    assert 1.7 < len(tail) / len(head) < 2.3


@pytest.mark.parametrize("unit", ["e\u0301\u0323", "👩\u200d👩\u200d👧", "👍🏽", "🇩🇪"])
def test_clip_never_cuts_a_composed_character(unit: str) -> None:
    for limit in range(40, 90):
        made = clip(unit * 100, limit)
        assert len(made.text[: made.at]) % len(unit) == 0
        assert len(made.text[made.at :]) % len(unit) == 0


def test_valid_and_visible() -> None:
    assert valid_text("a\ud83d\ude00b\ud800") == "a😀b\ufffd"
    assert visible("\x1b[31m\u202e\u200b\r\n\x00\x9b\x7f") == "␛[31m\\u202e\\u200b\n␀\\x9b␡"
    assert one_line("a\n b\x1b" + "c" * 50, 10) == "a b␛ccccc…"


def test_small_runs_stay_whole() -> None:
    views = [view(i, text=WORDS[:2_000]) for i in range(20)]
    assert fit_samples(views, 1_000_000) == views


def test_failures_are_kept_longest() -> None:
    views = [view(i, text=WORDS) for i in range(500)]
    fitted = fit_samples(views, 800_000)
    assert [v.id for v in fitted] == [v.id for v in views]
    kept = {
        bad: [len(v.reasoning.text) for v in fitted if v.reasoning and (v.outcome != "correct") is bad]
        for bad in (True, False)
    }
    assert min(kept[True]) > 1.5 * max(kept[False])
    assert min(kept[False]) > 100
    assert all(v.question == views[0].question and v.answer == views[0].answer for v in fitted)
    assert 300_000 < size(fitted) < 600_000
    assert fitted == fit_samples(views, 800_000)


def test_few_failures_are_whole() -> None:
    views = [view(i, text=WORDS[:8_000], outcome="wrong" if i == 7 else "correct") for i in range(200)]
    fitted = fit_samples(views, 600_000)
    assert fitted[7].reasoning == views[7].reasoning
    assert fitted[8].reasoning is not None
    assert fitted[8].reasoning.omitted > 0


def test_too_many_rows_lose_texts_then_correct_ones() -> None:
    views = [view(i, text=None, why="x" * 200, gold="7" * 100) for i in range(400)]
    failures = [v.id for v in views if v.outcome != "correct"]
    for budget in (150_000, 120_000):
        fitted = fit_samples(views, budget)
        assert [v.id for v in fitted if v.outcome != "correct"] == failures
        assert all(v.why == "" and v.question is None for v in fitted)
    assert len(fitted) < 400
    assert fit_samples(views, 0) == []


def test_a_clipped_text_is_clipped_again_with_the_whole_count() -> None:
    once = clip(WORDS, 9_000)
    (twice,) = fit_samples([view(1, reasoning=once)], 6_000)
    assert twice.reasoning is not None
    assert len(twice.reasoning.text) + twice.reasoning.omitted == len(WORDS)
    assert WORDS.startswith(twice.reasoning.text[: twice.reasoning.at])
    assert WORDS.endswith(twice.reasoning.text[twice.reasoning.at :])


def test_overgrown_fields_are_shortened() -> None:
    wild = "x" * 1_000_000
    overgrown = view(1, **dict.fromkeys(("gold", "extracted", "why", "error", "id"), wild), choices=[wild])
    (fitted,) = fit_samples([overgrown], 100_000)
    assert size([fitted]) < 10_000


def test_lean() -> None:
    made = lean(record([view(1, latency_s=float("nan"), why="\ud800", reasoning=Clip(text="x"))]))
    assert made["schema"] == "run.v1"
    assert made["partial"] is False
    sample = made["samples"][0]
    assert sample["reasoning"] == {"text": "x"}
    assert "flags" not in sample
    assert "latency_s" in sample
    assert sample["latency_s"] is None
    assert sample["why"] == "\ufffd"
