"""Completions whose texts are kept compressed: to a reader they are like any other."""

from __future__ import annotations

import msgspec
import pytest

from qwq_nb.core.compressed import WORTH_IT, CompressedCompletion, compressed, restored, text_length
from qwq_nb.core.records import Completion
from tests.support.math_problems import answer

LONG = "Wait, 6 · 7 ≥ 40. " * 500


@pytest.mark.parametrize(
    ("reasoning", "said"),
    [(LONG, r"\boxed{82}"), ("", LONG), (LONG, ""), (LONG + "half a pair: \ud83d", "√2 🧮"), ("\0" * 5000, "\0")],
)
def test_a_packed_completion_reads_like_the_one_it_was_made_of(reasoning: str, said: str) -> None:
    made = answer(said, reasoning=reasoning, reasoning_tokens=7, retried=["HTTP 503"], attempts=2, ttft_s=0.5)
    small = compressed(made)
    assert isinstance(small, CompressedCompletion)
    assert (small.reasoning, small.answer) == (reasoning, said)
    assert all(getattr(small, name) == getattr(made, name) for name in Completion.__struct_fields__)
    assert small.completion_tokens == made.completion_tokens
    assert text_length(small) == text_length(made) == len(reasoning) + len(said)
    assert len(small.texts) < len(reasoning + said) / 2
    assert restored(small) == made
    assert type(restored(small)) is Completion
    assert compressed(small) is small
    assert msgspec.to_builtins(restored(small)) == msgspec.to_builtins(made)


def test_short_ones_stay_as_they_are() -> None:
    short = answer("x" * (WORTH_IT - 1), reasoning="")
    assert compressed(short) is short
    assert restored(short) is short
    assert text_length(None) == 0
