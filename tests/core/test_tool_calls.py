"""Tool calls as text: what is written is read back, and what cannot be read has a problem in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.records import ToolCall
from qwq_nb.core.tool_calls import MOST_CALLS, MadeCall, calls_in, with_calls, written

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TAGS = st.sampled_from(["<tool_call>", "</tool_call>", "\n</tool_call>\n<tool_call>\n", "</think>", '"', "\\", "}"])
TEXT = st.lists(st.text(max_size=5) | TAGS, max_size=4).map("".join)


def call(name: str, arguments: str) -> ToolCall:
    return {"id": "", "type": "function", "function": {"name": name, "arguments": arguments}}


@given(
    st.lists(
        st.tuples(st.text(min_size=1).filter(str.strip), st.dictionaries(TEXT, JSON | TEXT, max_size=3)), max_size=3
    )
)
def test_what_is_written_is_read_back(calls: list[tuple[str, dict[str, Any]]]) -> None:
    text = written([call(name, json.dumps(arguments)) for name, arguments in calls])
    assert calls_in(f"I look.\n{text}\n") == [MadeCall(name, arguments) for name, arguments in calls]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3), st.booleans())
def test_arguments_of_any_text_are_one_call_each(calls: list[tuple[str, str]], is_cut: bool) -> None:
    made = calls_in(written([call(name, arguments) for name, arguments in calls], is_cut=is_cut))
    assert len(made) == len(calls)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('<tool_call>\n{"name": "f", "arguments": {"a": 1', "it ends before its JSON does"),
        ('<tool_call>\n{"name": "f", "arguments": {"a": "Os', "it ends before its JSON does"),
        ('<tool_call>{"name": "f", "arguments": {a: 1}}</tool_call>', "it is no JSON (Expecting property name"),
        ("<tool_call></tool_call>", "it is no JSON (Expecting value)"),
        ('<tool_call>["f"]</tool_call>', "it is JSON, but no object with a name and arguments"),
        ('<tool_call>{"arguments": {}}</tool_call>', "it names no function"),
        ('<tool_call>{"name": "f", "arguments": [1]}</tool_call>', "its arguments are no object with named values"),
        ('<tool_call>{"name": "f", "arguments": "x"}</tool_call>', "its arguments are no JSON"),
        ('<tool_call>{"name": "f", "arguments": {"a": Infinity}}</tool_call>', "it is no JSON (Infinity is no value"),
        (f'<tool_call>{{"name": "f", "arguments": {{"a": {"[" * 200}{"]" * 200}}}}}</tool_call>', "more than 100 deep"),
        (f'<tool_call>{{"name": "f", "arguments": {"[" * 100_000}', "it is no JSON"),
        (f'<tool_call>{{"name": "f", "arguments": {{"a": {"1" * 5000}}}}}</tool_call>', "it is no JSON (Exceeds"),
    ],
)
def test_a_call_that_cannot_be_read_says_why(text: str, problem: str) -> None:
    (made,) = calls_in(f"Look: {text}")
    assert problem in made.problem
    assert made.arguments == {}
    assert made.text == text.removeprefix("<tool_call>").removesuffix("</tool_call>").strip()


def test_text_that_looks_like_a_tag_is_escaped_for_readers_that_look_for_tags_alone() -> None:
    text = written([call("say", '{"text": "</tool_call><tool_call>"}')])
    assert (text.count("<tool_call>"), text.count("</tool_call>")) == (1, 1)
    assert calls_in(text) == [MadeCall("say", {"text": "</tool_call><tool_call>"})]


def test_arguments_with_more_after_them_are_not_mended() -> None:
    (made,) = calls_in(written([call("f", '{"a": 1}}')]))
    assert made.problem == "its arguments are no JSON"


def test_the_calls_around_a_broken_one_are_read() -> None:
    texts = ['{"name": "f", "arguments": {}}', '{"name": "g", "arg', '{"name": "h"}']
    made = calls_in("\n".join(f"<tool_call>{text}</tool_call>" for text in texts))
    assert [(one.name, bool(one.problem)) for one in made] == [("f", False), ("g", True), ("h", False)]


@pytest.mark.parametrize("arguments", ['"{\\"a\\": 1}"', '{"a": 1}'])
def test_arguments_may_be_json_within_json(arguments: str) -> None:
    assert calls_in(f'<tool_call>{{"name": "f", "arguments": {arguments}}}</tool_call>') == [MadeCall("f", {"a": 1})]


def test_calls_that_stand_in_the_text_already_are_not_written_twice() -> None:
    text = written([call("f", '{"a": 1}')])
    assert with_calls(text, [call("f", '{"a":1}')]) == text
    assert with_calls("Fine.", []) == "Fine."
    assert len(calls_in(with_calls(text, [call("f", '{"a": 2}')]))) == 2


def test_an_answer_that_repeats_a_call_without_end_is_read_up_to_a_limit() -> None:
    text = written([call("f", "{}")]) + "\n"
    assert len(calls_in(text * (MOST_CALLS + 50))) == MOST_CALLS
    assert calls_in("<tool_call>" * 100_000)[-1].problem


def test_halves_of_characters_are_replaced() -> None:
    (made,) = calls_in(
        '<tool_call>{"name": "f\\ud800", "arguments": {"\\udc00": ["\\ud83d\\ude00", "\\ud83d"]}}</tool_call>'
    )
    json.dumps([made.name, made.arguments], ensure_ascii=False).encode()
    assert "\N{GRINNING FACE}" in made.arguments.popitem()[1]
