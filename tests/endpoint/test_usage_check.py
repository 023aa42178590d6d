"""Which of a server's token counts are believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.endpoint.delta import Usage
from qwq_nb.endpoint.limits import AnswerLimit
from qwq_nb.endpoint.usage_check import believable

LIMIT = AnswerLimit({"max_tokens": 2000}, sent=300)


def counts(usage: Usage | None) -> tuple[Any, ...] | None:
    return None if usage is None else (usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ((12, 30, 10), (12, 30, 10)),
        ((None, None, None), (None, None, None)),
        ((0, 0, 0), (0, 0, 0)),
        ((-1, -1, -1), (None, None, None)),
        ((2**53, 2**63, 2**64), (None, None, None)),
        ((True, False, True), (None, None, None)),
        ((1.0, 2.0, float("nan")), (None, None, None)),
        ((12, 1020, None), (12, 1020, None)),
        ((12, 1021, None), (12, None, None)),
        ((103_000, 5, None), (103_000, 5, None)),
        ((103_001, 5, None), (None, 5, None)),
    ],
)
def test_ten_tokens_for_each_of_a_hundred_characters(given_: tuple[Any, ...], kept: tuple[Any, ...]) -> None:
    assert counts(believable(Usage(*given_), 100, LIMIT)) == kept


def test_reasoning_that_is_counted_and_not_shown_is_believed_up_to_what_was_asked_for() -> None:
    assert counts(believable(Usage(12, 1800, 1700), 2, LIMIT)) == (12, 1800, 1700)
    assert counts(believable(Usage(12, 5001, 5000), 2, LIMIT)) == (12, None, 5000)
    assert counts(believable(Usage(12, 1800, 5001), 2, LIMIT)) == (12, None, None)


@given(st.integers(0, 10**6), st.integers(0, 100))
def test_what_can_be_is_left_as_it_is(characters: int, prompt: int) -> None:
    usage = Usage(prompt, characters // 4, characters // 8)
    assert believable(usage, characters, LIMIT) is usage
    assert believable(None, characters, LIMIT) is None


@pytest.mark.parametrize(
    ("sampling", "pieces", "characters"),
    [
        ({"max_tokens": 10}, 1020, 65_280),
        ({"max_tokens": 10, "max_completion_tokens": 100}, 1200, 76_800),
        ({"max_tokens": None}, 2_000_000, 64 << 20),
        ({"max_tokens": 1_000_000}, 2_001_000, 64 << 20),
        ({"max_tokens": "many"}, 2_000_000, 64 << 20),
        ({"max_completion_tokens": float("nan")}, 2_000_000, 64 << 20),
    ],
)
def test_how_much_one_answer_may_have(sampling: dict[str, Any], pieces: int, characters: int) -> None:
    limit = AnswerLimit(sampling)
    assert (limit.pieces, limit.characters) == (pieces, characters)
