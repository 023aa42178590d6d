"""Whole messages within a stream: after the deltas, alone, piece by piece, or each repeating the one before."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwq_nb.core.records import Completion
from qwq_nb.endpoint.answer import StreamedAnswer
from qwq_nb.endpoint.dialects.chat_completions import ChatCompletions
from qwq_nb.endpoint.masking import Mask
from qwq_nb.endpoint.streaming import StreamingCompletion

THOUGHT, ANSWER = "Two and two.", "It is 4."


def read(*choices: dict[str, Any]) -> Completion:
    """The completion that a stream of these choices, one an event, makes."""
    live, dialect = StreamingCompletion(), ChatCompletions()
    live.begin(None)
    answer = StreamedAnswer(live, Mask())
    for choice in [*choices, {"delta": {}, "finish_reason": "stop"}]:
        delta = dialect.delta(json.dumps({"choices": [choice]}).encode())
        assert delta is not None
        answer.take(delta)
    answer.close()
    return answer.completion("here")


def message(content: str, reasoning: str = "") -> dict[str, Any]:
    return {"message": {"content": content, "reasoning_content": reasoning}, "finish_reason": None}


def repeated(text: str, step: int) -> list[str]:
    return [text[: end + step] for end in range(0, len(text), step)]


DELTAS = [{"delta": {"reasoning_content": THOUGHT}}, {"delta": {"content": ANSWER}}]
STREAMS: dict[str, list[dict[str, Any]]] = {
    "after the deltas": [*DELTAS, message(ANSWER, THOUGHT)],
    "before the deltas": [message("It"), *DELTAS],
    "alone": [message(ANSWER, THOUGHT)],
    "its thought, then its answer": [message("", THOUGHT), message(ANSWER)],
    "piece by piece": [*(message("", c) for c in THOUGHT), *(message(c) for c in ANSWER)],
    "each repeats the one before": [message(text, THOUGHT) for text in repeated(ANSWER, 1)],
    "as pieces of a text": [DELTAS[0], *({"text": c} for c in ANSWER)],
}


@pytest.mark.parametrize("choices", STREAMS.values(), ids=STREAMS.keys())
def test_the_answer_is_read_once(choices: list[dict[str, Any]]) -> None:
    completion = read(*choices)
    assert (completion.reasoning, completion.answer, completion.finish_reason) == (THOUGHT, ANSWER, "stop")


@example("a" * 29 + "b", 1)
@given(st.text("ab", min_size=30, max_size=60), st.integers(1, 5))
def test_an_answer_that_repeats_itself_is_told_from_messages_that_do(text: str, step: int) -> None:
    assert read(*map(message, repeated(text, step))).answer == text
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    if not all(after.startswith(before) for before, after in pairwise(pieces)):
        assert read(*map(message, pieces)).answer == text


def test_tool_calls_of_a_message() -> None:
    call = {"id": "call-1", "function": {"name": "now", "arguments": "{}"}}
    completion = read({"message": {"content": "", "tool_calls": [call]}})
    assert [call["function"] for call in completion.tool_calls] == [{"name": "now", "arguments": "{}"}]
