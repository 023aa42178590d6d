"""The dialect `chat_completions`: what its events say, whatever shape servers give them; tool calls in any pieces."""

from __future__ import annotations

import itertools
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.records import ToolCall
from qwq_nb.endpoint.delta import Delta, ToolCallPiece, Usage
from qwq_nb.endpoint.dialects.chat_completions import ChatCompletions
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.masking import MASK, Mask
from qwq_nb.endpoint.reasoning import ReasoningSplitter, Split
from qwq_nb.endpoint.tool_calls import ToolCallMerger
from qwq_nb.errors import EndpointRefused, RequestRejected, StreamInterrupted

DIALECT = ChatCompletions()
KEY = "a-key-of-twenty-four-cs"
WHERE = "Endpoint 'here' (http://127.0.0.1:8000/v1)"
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def event(**parts: Any) -> bytes:
    return json.dumps(parts).encode()


def delta_of(delta: Any, **more: Any) -> Delta:
    found = DIALECT.delta(event(choices=[{"index": 0, "delta": delta, **more}]))
    assert found is not None
    return found


# -- one event -----------------------------------------------------------------------------------------------------


def test_an_event_with_everything() -> None:
    found = DIALECT.delta(
        event(
            model="QwQ",
            choices=[{"delta": {"reasoning": "r", "reasoning_content": "rc", "content": "c"}, "finish_reason": "stop"}],
            usage={"prompt_tokens": 1, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 3}},
        )
    )
    assert found == Delta("r", "rc", "c", (), "stop", Usage(1, 5, 3), "QwQ")


@pytest.mark.parametrize(
    "said",
    [{}, {"choices": []}, {"choices": [], "error": None}, {"choices": [], "message": "x"}, {"choices": [{}]}],
)
def test_an_event_that_says_nothing(said: dict[str, Any]) -> None:
    assert DIALECT.delta(event(**said)) == Delta()


def test_the_end_of_a_stream() -> None:
    assert DIALECT.delta(b"[DONE]") == Delta(ends="done")


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (None, ""), (7, ""), ([{"type": "text", "text": "a"}, {"text": "b"}, {"image": 1}, "c"], "ab")],
)
def test_what_is_no_string_is_no_text_and_drops_no_stream(value: Any, text: str) -> None:
    assert delta_of({"content": value, "reasoning": "why"}) == Delta(reasoning="why", content=text)


def test_counts_that_are_no_integers_and_cut_characters() -> None:
    found = DIALECT.delta(b'{"choices": [{"delta": {"content": "\xe4\xbd"}}], "usage": {"completion_tokens": "12"}}')
    assert found is not None
    assert (found.content, found.usage) == ("\ufffd", Usage(completion_tokens=12))


@pytest.mark.parametrize("data", [b"nonsense", b"[1]", b'"x"', b'{"choices": 7}', b"[" * 100_000, b""])
def test_what_is_no_chat_completion(data: bytes) -> None:
    for read in (DIALECT.delta, DIALECT.whole):
        with pytest.raises(ValueError, match=r"."):
            read(data)


@pytest.mark.parametrize(
    "odd",
    [
        {"usage": []},
        {"usage": 7},
        {"usage": {"completion_tokens": {}}},
        {"usage": {"completion_tokens": "many", "prompt_tokens": "9" * 5000}},
        {"usage": {"completion_tokens_details": 5}},
        {"usage": {"completion_tokens_details": {"reasoning_tokens": [1]}}},
        {"model": 7},
        {"model": {"name": "m"}},
        {"id": 7, "created": "now", "object": None, "system_fingerprint": {}, "service_tier": 1.5, "timings": [1]},
        {"created": 10**5000},
        {"error": None, "detail": {}, "message": 7, "code": []},
        {"error": False},
    ],
)
@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"index": None},
        {"index": "0"},
        {"index": 10**5000},
        {"logprobs": {"content": 7}, "seed": [], "stop_reason": {}},
        {"message": 7},
        {"message": []},
    ],
)
def test_a_field_that_nobody_needs_costs_no_answer(odd: dict[str, Any], choice: dict[str, Any]) -> None:
    sys.set_int_max_str_digits(0)
    try:
        data = event(choices=[{**choice, "delta": {"content": "4", "role": 7}, "finish_reason": "stop"}], **odd)
    finally:
        sys.set_int_max_str_digits(4300)
    found = DIALECT.delta(data)
    assert found is not None
    assert (found.content, found.finish_reason, found.ends) == ("4", "stop", "")


@pytest.mark.parametrize("delta", [7, "text", [], None, True, {"content": 7, "reasoning": {}}])
def test_a_delta_of_another_type_says_nothing(delta: Any) -> None:
    found = delta_of(delta, finish_reason="stop")
    assert found == Delta(finish_reason="stop")


@pytest.mark.parametrize("choices", [[], {}, "", False, None, [None]])
def test_no_choices_are_no_choices(choices: Any) -> None:
    assert DIALECT.delta(event(choices=choices, id=[])) == Delta()


@pytest.mark.parametrize("data", [b" [DONE]", b"[DONE] ", b"[DONE]\t", b'"[DONE]"', b"[ DONE ]", b"[done]"])
def test_the_end_of_a_stream_with_blanks(data: bytes) -> None:
    assert DIALECT.delta(data) == Delta(ends="done")


def test_a_refusal_is_the_answer() -> None:
    assert delta_of({"content": None, "refusal": "I cannot"}) == Delta(content="I cannot")
    assert delta_of({"content": "", "refusal": "I cannot"}) == Delta(content="I cannot")
    assert delta_of({"content": "4", "refusal": None}) == Delta(content="4")
    whole = DIALECT.whole(event(choices=[{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}]))
    assert whole == Delta(content="No.", finish_reason="stop")


NAMES = ["choices", "delta", "message", "content", "tool_calls", "function", "index", "id"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
)


@given(ANYTHING)
def test_no_shape_of_json_gives_another_error_than_value_error(value: Any) -> None:
    for read in (DIALECT.delta, DIALECT.whole):
        try:
            found = read(json.dumps(value).encode())
        except ValueError:
            continue
        if found is not None:
            ToolCallMerger().feed(found.tool_calls)
            assert all(isinstance(text, str) for text in (found.reasoning, found.reasoning_content, found.content))


# -- where reasoning is --------------------------------------------------------------------------------------------

THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "why"}]}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"reasoning": "why"}, Delta("why")),
        ({"reasoning_content": "why"}, Delta("", "why")),
        ({"thinking": "why"}, Delta("why")),
        ({"reasoning_text": "why"}, Delta("why")),
        ({"reasoning_content": "why", "thinking": "why"}, Delta("why", "why")),
        # Mistral: content as typed parts, the thought with parts of its own.
        ({"content": [THINKING]}, Delta(reasoning_parts="why")),
        ({"content": THINKING}, Delta(reasoning_parts="why")),
        ({"content": [THINKING, {"type": "text", "text": "4"}]}, Delta(content="4", reasoning_parts="why")),
        (
            {"content": [{"type": "thinking", "thinking": "why"}, {"text": "4"}]},
            Delta("", "", "4", reasoning_parts="why"),
        ),
        ({"content": [{"type": "reasoning", "text": "why"}]}, Delta(reasoning_parts="why")),
        ({"content": [{"text": "why", "thought": True}, {"text": "4"}]}, Delta(content="4", reasoning_parts="why")),
        ({"content": [{"type": "redacted_thinking", "data": "x"}]}, Delta()),
        # OpenRouter: typed details, with or without the plain field.
        ({"reasoning_details": [{"type": "reasoning.text", "text": "why"}]}, Delta(reasoning_parts="why")),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "why"}]}, Delta(reasoning_parts="why")),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}], "content": "4"}, Delta(content="4")),
        (
            {"reasoning": "why", "reasoning_details": [{"type": "reasoning.text", "text": "why"}]},
            Delta("why", reasoning_parts="why"),
        ),
        # LiteLLM's, and the forms of OpenAI's Responses.
        (
            {"thinking_blocks": [{"type": "thinking", "thinking": "why", "signature": "x"}]},
            Delta(reasoning_parts="why"),
        ),
        ({"reasoning": {"summary": [{"type": "summary_text", "text": "why"}]}}, Delta("why")),
        ({"reasoning": [{"type": "reasoning_text", "text": "why"}]}, Delta("why")),
        ({"reasoning_details": "why"}, Delta(reasoning_parts="why")),
        ({"reasoning_details": [7, None, {"text": 7}, [[[[[[[[[["deep"]]]]]]]]]]]}, Delta()),
        ({"thinking": {"type": "enabled"}, "content": "4"}, Delta(content="4")),
    ],
)
def test_reasoning_in_fields_and_typed_parts(said: dict[str, Any], expected: Delta) -> None:
    assert delta_of(said) == expected
    assert DIALECT.whole(event(choices=[{"message": said}])) == expected


def test_reasoning_that_comes_twice_is_kept_once() -> None:
    splitter = ReasoningSplitter()
    for text in ("so ", "it is"):
        splitter.feed(delta_of({"reasoning": text, "reasoning_details": [{"type": "reasoning.text", "text": text}]}))
    splitter.feed(delta_of({"content": "4", "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}))
    assert splitter.finish("stop") == Split("so it is", "4", "field")
    # In pieces under one name, and whole under another at the end.
    splitter = ReasoningSplitter()
    for text in ("so ", "it is"):
        splitter.feed(delta_of({"reasoning_content": text}))
    splitter.feed(delta_of({"content": "4", "reasoning_details": [{"type": "reasoning.text", "text": "so it is"}]}))
    assert splitter.finish("stop") == Split("so it is", "4", "field")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 3}}, Usage(None, 5, 3)),
        ({"completion_tokens": 5, "reasoning_tokens": 3, "total_tokens": 9}, Usage(None, 5, 3, 9)),
        (
            {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 8}},
            Usage(9, 5, cached_tokens=8),
        ),
        ({"completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": "many"}}, Usage(None, 5)),
        ({"completion_tokens": "5", "completion_tokens_details": None}, Usage(None, 5)),
        ({"completion_tokens": 5.0, "prompt_tokens": "many", "total_tokens": None}, Usage(None, 5)),
        ({"completion_tokens": 5.5, "completion_tokens_details": [3]}, Usage()),
        ({"completion_tokens": True, "prompt_tokens": 4}, Usage(4)),
        ({}, Usage()),
        ([], None),
        ("none", None),
    ],
)
def test_what_is_no_count_is_left_out(usage: Any, expected: Usage | None) -> None:
    found = DIALECT.delta(event(choices=[{"delta": {"content": "4"}}], usage=usage))
    assert found == Delta(content="4", usage=expected)


@pytest.mark.parametrize(
    ("reason", "word"), [({"type": "length", "length": 200}, "length"), (["stop"], "stop"), (1, "1"), (False, "")]
)
def test_a_finish_reason_that_is_no_text(reason: Any, word: str) -> None:
    assert delta_of({}, finish_reason=reason).finish_reason == word


# -- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ({"error": {"message": "CUDA out of memory", "code": 500}}, StreamInterrupted, "CUDA"),
        ({"error": {"message": "Provider returned error", "code": 502}, "choices": []}, StreamInterrupted, "Provider"),
        ({"error": {"message": "maximum context length is 10 tokens", "code": "400"}}, RequestRejected, "length"),
        ({"object": "error", "message": "Bad grammar", "code": 400}, RequestRejected, "Bad grammar"),
        ({"object": "error", "message": "Engine died", "code": 500}, StreamInterrupted, "Engine died"),
        ({"error": {"message": "expired", "code": 401}}, EndpointRefused, "expired"),
        ({"detail": "went away"}, StreamInterrupted, "went away"),
        ({"error": "in plain words"}, StreamInterrupted, "in plain words"),
    ],
)
def test_an_error_object_in_the_place_of_an_answer(said: dict[str, Any], kind: type[Exception], words: str) -> None:
    data = event(**said)
    assert DIALECT.delta(data) == DIALECT.whole(data) == Delta(ends="error")
    found = DIALECT.error(200, data, where=WHERE)
    assert type(found) is kind
    assert words in str(found)
    assert found.retryable is (kind is StreamInterrupted)


# -- tool calls ----------------------------------------------------------------------------------------------------


def test_tools_are_sent_where_there_are_some() -> None:
    endpoint = Endpoint("http://127.0.0.1:8000/v1", "m")
    assert DIALECT.body(endpoint, [], tools=[WEATHER])["tools"] == [WEATHER]
    assert "tools" not in DIALECT.body(endpoint, [])


def call(id_: str, name: str, arguments: str) -> ToolCall:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def merged(deltas: list[Delta]) -> list[ToolCall]:
    merger = ToolCallMerger()
    for delta in deltas:
        merger.feed(delta.tool_calls)
    return merger.calls()


CALLS = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=4), st.text(max_size=30), st.lists(st.integers(0, 30), max_size=6)),
    min_size=1,
    max_size=3,
)


@given(CALLS, st.randoms(use_true_random=False), st.booleans())
def test_any_split_of_the_stream_gives_the_same_tool_calls(calls: Any, random: Any, repeats_names: bool) -> None:
    """Each call's arguments are cut anywhere, and the pieces of several calls are interleaved."""
    queues = []
    for index, (name, arguments, cuts) in enumerate(calls):
        marks = sorted({0, len(arguments), *(cut for cut in cuts if cut < len(arguments))})
        texts = [arguments[a:b] for a, b in itertools.pairwise(marks)] or [""]
        pieces: list[dict[str, Any]] = [{"index": index, "function": {"arguments": text}} for text in texts]
        for piece in pieces if repeats_names else pieces[:1]:
            piece.update(id=f"call-{index}", type="function")
            piece["function"]["name"] = name
        queues.append(pieces)
    deltas = [delta_of({"tool_calls": [queue[0]]}) for queue in queues]
    rest = [queue[1:] for queue in queues]
    while any(rest):
        taken = [queue.pop(0) for queue in random.sample(rest, random.randint(1, len(rest))) if queue]
        deltas.append(delta_of({"tool_calls": taken}))
    assert merged(deltas) == [call(f"call-{i}", name, text) for i, (name, text, _) in enumerate(calls)]


def test_calls_that_a_server_does_not_number() -> None:
    def piece(name: str | None, arguments: str, id_: str | None = None) -> dict[str, Any]:
        return {"id": id_, "function": {"name": name, "arguments": arguments}}

    with_ids = [piece("f", "{", "a"), piece(None, "}"), piece("g", "[", "b"), piece("g", "]", "b")]
    assert merged([delta_of({"tool_calls": [p]}) for p in with_ids]) == [call("a", "f", "{}"), call("b", "g", "[]")]
    without = [piece("f", "{}"), piece("f", "{}")]
    assert merged([delta_of({"tool_calls": without})]) == [call("", "f", "{}"), call("", "f", "{}")]


def test_the_calls_of_a_whole_message() -> None:
    calls = [{"function": {"name": "f", "arguments": {"city": "Köln"}}}, call("b", "f", "{}")]
    found = DIALECT.whole(
        event(choices=[{"message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}])
    )
    assert found is not None
    assert merged([found]) == [call("", "f", '{"city": "Köln"}'), call("b", "f", "{}")]


@pytest.mark.parametrize(
    "calls", ["x", {"function": {}}, [None], [{"function": "f"}], [{"function": {"name": 7, "arguments": 8}}]]
)
def test_tool_calls_of_no_known_shape_are_no_error(calls: Any) -> None:
    assert [c["function"]["name"] for c in merged([delta_of({"tool_calls": calls})])] in ([], [""])


def test_keys_are_taken_out_of_whole_tool_calls() -> None:
    mask = Mask()
    mask.note(KEY)
    merger, shown = ToolCallMerger(mask), []
    for text in ('{"k": "' + KEY[:9], KEY[9:] + '"}'):
        merger.feed([ToolCallPiece(0, KEY, "f", text)])
        shown.append(merger.text_so_far(1000))
    assert merger.calls() == [call(MASK, "f", f'{{"k": "{MASK}"}}')]
    assert KEY[:9] not in shown[0]
    assert shown[1] == f'<tool_call>\n{{"name": "f", "arguments": {{"k": "{MASK}"}}'
    assert merger.shown_length == len(shown[1])
