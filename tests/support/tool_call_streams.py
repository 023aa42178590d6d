"""The shapes in which servers send tool calls: streams as deltas, and the calls that a client must come to."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

__all__ = ["STREAMS", "ToolStream", "as_bytes"]

OSLO: dict[str, Any] = {"name": "weather", "arguments": {"city": "Oslo"}}


class ToolStream(NamedTuple):
    """One shape. `calls` None: the answer was cut inside its call."""

    name: str
    deltas: list[dict[str, Any]]
    finish: str
    calls: list[dict[str, Any]] | None


def piece(index: int | None = None, id: str | None = None, **function: Any) -> dict[str, Any]:
    """A delta with one piece of one call."""
    said: dict[str, Any] = {"function": function}
    if index is not None:
        said["index"] = index
    if id is not None:
        said |= {"id": id, "type": "function"}
    return {"tool_calls": [said]}


def text(*parts: str) -> list[dict[str, Any]]:
    """Deltas of content."""
    return [{"content": part} for part in parts]


def as_bytes(stream: ToolStream) -> bytes:
    """The body of the stream."""
    events: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in stream.deltas
    ]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": stream.finish}]})
    body = b"".join(b"data: %s\n\n" % json.dumps(event, ensure_ascii=False).encode() for event in events)
    return body + b"data: [DONE]\n\n"


HERMES = '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>'

STREAMS = [
    ToolStream(
        "in pieces",
        [
            {"role": "assistant", "content": ""},
            {"reasoning_content": "Let me look."},
            piece(0, "c0", name="weather"),
            piece(0, arguments='{"ci'),
            piece(0, arguments='ty": "Os'),
            piece(0, arguments='lo"}'),
        ],
        "tool_calls",
        [OSLO],
    ),
    ToolStream(
        "two at once, interleaved",
        [
            {"reasoning": "Both."},
            piece(0, "a", name="f", arguments=""),
            piece(1, "b", name="g", arguments='{"y"'),
            piece(0, arguments='{"x": 1}'),
            piece(1, arguments=": 2}"),
        ],
        "tool_calls",
        [{"name": "f", "arguments": {"x": 1}}, {"name": "g", "arguments": {"y": 2}}],
    ),
    ToolStream("no arguments", [piece(0, "a", name="now")], "tool_calls", [{"name": "now", "arguments": {}}]),
    ToolStream(
        "null as arguments",
        [piece(0, "a", name="now", arguments="null")],
        "tool_calls",
        [{"name": "now", "arguments": {}}],
    ),
    ToolStream("an object, no index", [piece(None, "a", name="weather", arguments={"city": "Oslo"})], "stop", [OSLO]),
    ToolStream(
        "all numbered 0",
        [
            piece(0, "a", name="f", arguments='{"x": 1}'),
            piece(0, "b", name="f", arguments='{"x": 2}'),
            piece(0, "c", name="now"),
        ],
        "tool_calls",
        [{"name": "f", "arguments": {"x": 1}}, {"name": "f", "arguments": {"x": 2}}, {"name": "now", "arguments": {}}],
    ),
    ToolStream(
        "text, with tags around the thought",
        text(f"<think>\nHm.\n</think>\n\n{HERMES[:7]}", HERMES[7:]),
        "stop",
        [OSLO],
    ),
    ToolStream("text, beside a reasoning field", [{"reasoning": "Hm."}, *text(*HERMES)], "stop", [OSLO]),
    ToolStream(
        "text and fields alike",
        [*text(HERMES), piece(0, "a", name="weather", arguments='{"city":"Oslo"}')],
        "tool_calls",
        [OSLO],
    ),
    ToolStream(
        "words before the call",
        [*text("I will look.\n"), piece(0, "a", name="weather", arguments='{"city":"Oslo"}')],
        "tool_calls",
        [OSLO],
    ),
    ToolStream("cut inside the arguments", [piece(0, "a", name="weather", arguments='{"ci')], "length", None),
    ToolStream("cut inside the text", text(HERMES[:45]), "length", None),
    ToolStream(
        "talked of, not made",
        [{"reasoning_content": f"I could write {HERMES}, but no."}, *text("No function helps.")],
        "stop",
        [],
    ),
    ToolStream(
        "the older form",
        [{"function_call": {"name": "weather", "arguments": '{"city"'}}, {"function_call": {"arguments": ': "Oslo"}'}}],
        "function_call",
        [OSLO],
    ),
    ToolStream(
        "text that looks like the end of a call",
        [piece(0, "a", name="say", arguments=json.dumps({"text": "</tool_call>\n<tool_call>"}))],
        "tool_calls",
        [{"name": "say", "arguments": {"text": "</tool_call>\n<tool_call>"}}],
    ),
]
