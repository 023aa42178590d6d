"""One answer from bytes to completion: any split of the stream gives the same texts and the same tool calls."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.records import Completion
from qwq_nb.core.tool_calls import calls_in
from qwq_nb.endpoint.answer import StreamedAnswer
from qwq_nb.endpoint.dialects.chat_completions import ChatCompletions
from qwq_nb.endpoint.masking import MASK, Mask
from qwq_nb.endpoint.sse import EventDecoder
from qwq_nb.endpoint.streaming import StreamingCompletion
from tests.support.chat_completions import KEY

ARGUMENTS = json.dumps({"city": "K\u00f6ln", "key": KEY})
CALLS = [("call-1", "weather", ARGUMENTS), ("call-2", "now", "{}")]


def pieces(text: str, cuts: list[int]) -> list[str]:
    marks = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(marks)]


def stream(cuts: list[int]) -> bytes:
    """The stream of one answer, each of its texts cut into deltas at these places."""
    deltas: list[dict[str, Any]] = [{"reasoning_content": text} for text in pieces(f"{KEY} is secret", cuts)]
    deltas += [{"content": text} for text in pieces(f"I ask with {KEY}.", cuts)]
    for index, (id_, name, arguments) in enumerate(CALLS):
        deltas.append({"tool_calls": [{"index": index, "id": id_, "function": {"name": name, "arguments": ""}}]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": a}}]} for a in pieces(arguments, cuts)]
    events: list[dict[str, Any]] = [{"choices": [{"delta": delta}]} for delta in deltas]
    events.append({"choices": [{"delta": {}, "finish_reason": "tool_calls"}], "model": "QwQ"})
    events.append({"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 30}})
    return b"".join(b"data: %s\n\n" % json.dumps(event, ensure_ascii=False).encode() for event in events)


def read(reads: list[bytes]) -> Completion:
    mask, live, decoder, dialect = Mask(), StreamingCompletion(), EventDecoder(), ChatCompletions()
    mask.note(KEY)
    live.begin(None)
    answer = StreamedAnswer(live, mask)
    for event in [event for data in reads for event in decoder.feed(data)] + decoder.close():
        delta = dialect.delta(event)
        assert delta is not None
        answer.take(delta)
    answer.close()
    return answer.completion("own")


@given(st.lists(st.integers(0, 80), max_size=6), st.lists(st.integers(0, 5000), max_size=8))
def test_any_split_of_the_stream_gives_the_same_completion(texts: list[int], reads: list[int]) -> None:
    data = stream(texts)
    marks = [0, *sorted(cut % (len(data) + 1) for cut in reads), len(data)]
    completion = read([data[a:b] for a, b in itertools.pairwise(marks)])
    assert completion.reasoning == f"{MASK} is secret"
    assert completion.answer.startswith(f"I ask with {MASK}.\n<tool_call>\n")
    assert [(call.name, call.arguments) for call in calls_in(completion.answer)] == [
        ("weather", {"city": "K\u00f6ln", "key": MASK}),
        ("now", {}),
    ]
    assert [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in completion.tool_calls] == [
        (id_, name, arguments.replace(KEY, MASK)) for id_, name, arguments in CALLS
    ]
    assert (completion.finish_reason, completion.model, completion.prompt_tokens) == ("tool_calls", "QwQ", 4)
    assert completion.completion_tokens == 30
    assert 0 < completion.reasoning_tokens < 15, "tool calls count as answer"


def test_a_key_in_reasoning_that_comes_as_parts_is_masked_in_any_pieces() -> None:
    events: list[dict[str, Any]] = [
        {"choices": [{"delta": {"reasoning_details": [{"type": "reasoning.text", "text": c}]}}]} for c in KEY
    ]
    events.append({"choices": [{"delta": {"content": [{"type": "text", "text": KEY}]}, "finish_reason": "stop"}]})
    completion = read([b"data: %s\n\n" % json.dumps(event).encode() for event in events])
    assert (completion.reasoning, completion.answer, completion.shape) == (MASK, MASK, "field")


def test_without_a_count_pieces_of_tool_calls_count_too() -> None:
    live = StreamingCompletion()
    live.begin(None)
    answer, dialect = StreamedAnswer(live, Mask()), ChatCompletions()
    for arguments in ('{"a"', ": 1", "}"):
        said = {"tool_calls": [{"index": 0, "id": "x", "function": {"name": "f", "arguments": arguments}}]}
        delta = dialect.delta(json.dumps({"choices": [{"delta": said, "finish_reason": "tool_calls"}]}).encode())
        assert delta is not None
        answer.take(delta)
    answer.close()
    assert live.first_token is not None
    assert live.chunks == answer.pieces == 3
    completion = answer.completion("own")
    assert (completion.completion_tokens, completion.tokens_from, completion.shape) == (3, "chunks", "answer_only")
