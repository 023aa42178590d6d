"""Rows of completions that were cut: what is written is read back, and evalscope's stop reason says so."""

from __future__ import annotations

import pytest

from qwq_nb.core.records import Completion
from qwq_nb.store.evalscope_rows import completion_from_row, prediction_row
from tests.support.math_problems import sample


@pytest.mark.parametrize(
    ("finish", "limit_reached", "stop_reason"),
    [
        ("stop", False, "stop"),
        ("stop", True, "max_tokens"),
        ("MAX_TOKENS", False, "max_tokens"),
        ("max_output_tokens", False, "max_tokens"),
        ("model_context_window_exceeded", False, "model_length"),
        ("something_new", False, "unknown"),
        ("something_new", True, "max_tokens"),
    ],
)
def test_how_an_answer_ended_is_kept(finish: str, limit_reached: bool, stop_reason: str) -> None:
    completion = Completion(answer="4", finish_reason=finish, limit_reached=limit_reached, answer_tokens=1)
    row = prediction_row(sample(0), 0, 0, 1, completion, "m")
    assert row["model_output"]["choices"][0]["stop_reason"] == stop_reason
    back = completion_from_row(row)
    assert (back.finish_reason, back.limit_reached, back.is_truncated) == (
        finish,
        limit_reached,
        completion.is_truncated,
    )


def test_a_row_of_an_earlier_version_was_not_known_to_be_at_its_limit() -> None:
    row = prediction_row(sample(0), 0, 0, 1, Completion(answer="4", finish_reason="stop"), "m")
    del row["qwq"]["limit_reached"]
    assert not completion_from_row(row).limit_reached
