"""The one table of finish reasons: every word that a server is known to give, in any spelling, and unknown words."""

from __future__ import annotations

import pytest

from qwq_nb.core.finish_reasons import ENDINGS, Ending, ending_of, more_exact, stop_reason_of
from qwq_nb.core.records import Completion

UNLISTED: list[tuple[str, Ending]] = [
    ("max_tokens_reached", "truncated"),
    ("context_length_exceeded", "truncated"),
    ("output_token_limit", "truncated"),
    ("truncation", "truncated"),
    ("cut_off", "truncated"),
    ("thinking_budget_exhausted", "truncated"),
    ("insufficient_quota", "broken"),
    ("server_error", "broken"),
    ("upstream_timeout", "broken"),
    ("rate_limit", "broken"),
    ("resource_exhausted", "broken"),
    ("service_unavailable", "broken"),
    ("canceled", "broken"),
    ("data_inspection_failed", "filtered"),
    ("image_safety", "filtered"),
    ("moderation_blocked", "filtered"),
    ("something_new", "unknown"),
    ("other", "unknown"),
    ("repetition", "unknown"),
    ("x" * 100_000, "unknown"),
]


@pytest.mark.parametrize(("word", "ending"), [*ENDINGS.items(), *UNLISTED])
def test_a_word_in_any_spelling(word: str, ending: Ending) -> None:
    camel = word.title().replace("_", "")
    for spelling in (word, word.upper(), word.replace("_", "-"), camel, f" {word} ", f"FinishReason.{word.upper()}"):
        assert ending_of(spelling) == ending
    assert ending_of(f"FINISH_REASON_{word.upper()}") == ending


@pytest.mark.parametrize("word", [None, "", "  ", "interrupted"])
def test_no_word_is_no_end(word: str | None) -> None:
    assert ending_of(word) == "not_yet"


@pytest.mark.parametrize(
    ("word", "stop_reason"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("END_TURN", "stop"),
        ("length", "max_tokens"),
        ("MAX_TOKENS", "max_tokens"),
        ("max_output_tokens", "max_tokens"),
        ("model_length", "model_length"),
        ("model_context_window_exceeded", "model_length"),
        ("tool_calls", "tool_calls"),
        ("tool_use", "tool_calls"),
        ("content_filter", "content_filter"),
        ("SAFETY", "content_filter"),
        ("abort", "unknown"),
        ("something_new", "unknown"),
        ("", "unknown"),
    ],
)
def test_evalscopes_word_for_it(word: str, stop_reason: str) -> None:
    assert stop_reason_of(word) == Completion(finish_reason=word).stop_reason == stop_reason


@pytest.mark.parametrize(
    ("translated", "native", "counts"),
    [
        ("stop", "max_tokens", "max_tokens"),
        ("tool_calls", "MAX_TOKENS", "MAX_TOKENS"),
        ("stop", "error", "error"),
        ("stop", "RECITATION", "RECITATION"),
        ("something_new", "length", "length"),
        ("", "end_turn", "end_turn"),
        ("null", "length", "length"),
        ("stop", "end_turn", "stop"),
        ("tool_calls", "STOP", "tool_calls"),
        ("stop", "something_new", "stop"),
        ("length", "stop", "length"),
        ("length", "error", "length"),
        ("error", "max_tokens", "error"),
        ("content_filter", "stop", "content_filter"),
        ("stop", "", "stop"),
        ("", "", ""),
        ("", "null", ""),
    ],
)
def test_a_gateways_word_and_the_original(translated: str, native: str, counts: str) -> None:
    assert more_exact(translated, native) == counts


def test_an_answer_that_used_up_its_limit_is_truncated_whatever_the_word() -> None:
    assert Completion(finish_reason="length").is_truncated
    assert not Completion(finish_reason="stop").is_truncated
    used_up = Completion(finish_reason="stop", limit_reached=True)
    assert (used_up.is_truncated, used_up.stop_reason) == (True, "max_tokens")
    assert Completion(finish_reason="model_length", limit_reached=True).stop_reason == "model_length"
