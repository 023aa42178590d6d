"""Write completions in OpenAI's wire format: deltas of a stream, events, the body of a plain response.

What is the same for every request (cutting, styling, JSON escapes) is done once and cached: an event of an unpaced
stream then costs the concatenation of three byte strings.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qwq_nb.core.tool_calls import MadeCall, calls_in
from qwq_nb.demo.logprobs import logprobs_of
from qwq_nb.demo.replay import Utterance, Variant, limited, split_tokens

__all__ = [
    "DONE",
    "STYLES",
    "Script",
    "ScriptedCompletion",
    "dumps",
    "error_body",
    "event",
    "script",
    "text_completion",
]

STYLES = ("reasoning_content", "reasoning", "both", "tags", "prefilled", "none")
"""How reasoning is delivered: in a field of its own (by either name), in both fields, in `content` within tags, not at
all.

"prefilled" has no opening tag, as with QwQ-32B, whose chat template ends with it.
"""

DONE = b"data: [DONE]\n\n"

_FIELDS: dict[str, tuple[str, ...]] = {
    "reasoning_content": ("reasoning_content",),
    "reasoning": ("reasoning",),
    "both": ("reasoning_content", "reasoning"),
}

_Span = tuple[bool, str]  # (is it delivered as reasoning?, text)


@dataclass(frozen=True, slots=True)
class Script:
    """Hold what one completion sends, without what differs between requests.

    `deltas` are the JSON objects of the content-bearing chunks, encoded; `message` is the same as one message.
    """

    deltas: tuple[bytes, ...]
    message: dict[str, object]
    finish: str
    reasoning_tokens: int
    answer_tokens: int

    @property
    def tokens(self) -> int:
        """Return the number of tokens of reasoning and answer together."""
        return self.reasoning_tokens + self.answer_tokens


def dumps(value: object) -> bytes:
    """Encode compact JSON. Non-Latin scripts stay as they are, in UTF-8, as vLLM and SGLang send them."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def event(value: object) -> bytes:
    """Encode one server-sent event that holds `value` as JSON."""
    return b"data: " + dumps(value) + b"\n\n"


def error_body(
    message: str, kind: str, *, param: str | None = None, code: str | int | None = None
) -> dict[str, object]:
    """Make the error object of the OpenAI API."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def text_completion(
    model: str, text: str, finish: str, prompt_tokens: int, completion_tokens: int
) -> dict[str, object]:
    """Make the body of a raw completion (`/completions`)."""
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    about = {"id": f"cmpl-{uuid.uuid4().hex}", "object": "text_completion", "created": int(time.time()), "model": model}
    return {**about, "choices": [choice], "usage": usage}


def text_events(model: str, text: str, finish: str, prompt_tokens: int, completion_tokens: int) -> Iterator[bytes]:
    """Make the events of a raw completion that is streamed: a piece each, then how it ended, and the usage."""
    whole = text_completion(model, text, finish, prompt_tokens, completion_tokens)
    usage = whole.pop("usage")
    for piece in split_tokens(text):
        yield event({**whole, "choices": [{"index": 0, "text": piece, "logprobs": None, "finish_reason": None}]})
    yield event({**whole, "choices": [{"index": 0, "text": "", "logprobs": None, "finish_reason": finish}]})
    yield event({**whole, "choices": [], "usage": usage})
    yield DONE


@lru_cache(maxsize=64)
def script(variant: Variant, limit: int | None, style: str, chunks: int | None, *, has_tools: bool = False) -> Script:
    """Make the script of `variant` in `style`, of at most `limit` tokens; with `chunks`, in exactly as many deltas.

    `has_tools`: the request offers tools. Tool calls in the answer are then sent in fields of their own, as by a server
    that has a parser for them; those that are cut or broken, and all of an answer with `chunks`, as the text they are.
    """
    said = limited(variant, limit)
    calls = calls_in(variant.answer) if has_tools and chunks is None and said.finish != "length" else []
    if calls and not any(call.problem for call in calls):
        return _with_calls(said, calls, variant.answer, style)
    spans = list(_spans(said, style))
    groups: Sequence[Sequence[_Span]] = [[span] for span in spans] if chunks is None else _regroup(spans, chunks)
    deltas = [_merge(group, style) for group in groups]
    message: dict[str, object] = {
        "role": "assistant",
        "content": None,
        **_merge([span for group in groups for span in group], style),
    }
    if message["content"] is None and not any(reasoned for reasoned, _ in spans):
        message["content"] = ""
    return Script(tuple(map(dumps, deltas)), message, said.finish, len(said.reasoning), len(said.answer))


def _with_calls(said: Utterance, calls: list[MadeCall], answer: str, style: str) -> Script:
    """Make the script of an answer with tool calls: its text, then each call's name, then its arguments in pieces."""
    words = answer.partition("<tool_call>")[0].rstrip()
    spans = list(_spans(Utterance(said.reasoning, split_tokens(words), "stop"), style))
    deltas: list[dict[str, object]] = [dict(_merge([span], style)) for span in spans]
    whole: list[dict[str, object]] = []
    for index, call in enumerate(calls):
        arguments, about = dumps(call.arguments).decode(), {"id": f"call_{index}", "type": "function"}
        first = {"index": index, **about, "function": {"name": call.name, "arguments": ""}}
        pieces = [{"index": index, "function": {"arguments": piece}} for piece in split_tokens(arguments)]
        deltas += [{"tool_calls": [piece]} for piece in (first, *pieces)]
        whole.append({**about, "function": {"name": call.name, "arguments": arguments}})
    message: dict[str, object] = {"role": "assistant", "content": None, **_merge(spans, style), "tool_calls": whole}
    return Script(tuple(map(dumps, deltas)), message, "tool_calls", len(said.reasoning), len(said.answer))


def _spans(said: Utterance, style: str) -> Iterator[_Span]:
    tagged = style in ("tags", "prefilled")
    if said.reasoning and style != "none":
        if style == "tags":
            yield False, "<think>\n"
        yield from ((not tagged, piece) for piece in said.reasoning)
        # A completion cut within its reasoning never came to the closing tag.
        if tagged and (said.answer or said.finish == "stop"):
            yield False, "\n</think>\n\n"
    yield from ((False, piece) for piece in said.answer)


def _regroup(spans: list[_Span], count: int) -> list[list[_Span]]:
    """Divide `spans` into exactly `count` groups.

    Where there are too few spans, they are cut into characters and then filled up with line feeds.
    """
    if len(spans) < count:
        spans = [(reasoned, character) for reasoned, text in spans for character in text]
        spans += [(False, "\n")] * (count - len(spans))
    return [spans[len(spans) * i // count : len(spans) * (i + 1) // count] for i in range(count)]


def _merge(spans: Sequence[_Span], style: str) -> dict[str, str | None]:
    fields: dict[str, str | None] = {}
    for part in (True, False):
        texts = [text for reasoned, text in spans if reasoned is part]
        if texts:
            fields.update(dict.fromkeys(_FIELDS[style] if part else ("content",), "".join(texts)))
    return fields


class ScriptedCompletion:
    """Send one script as a completion: with an id, a time and a model, as events or as one body."""

    def __init__(
        self, model: str, text: Script, prompt_tokens: int, *, top: int | None = None, is_right: bool = True
    ) -> None:
        """`top`: alternatives a token, where log probabilities are sent; `is_right`: see `qwq_nb.demo.logprobs`."""
        self.script = text
        self._top = top
        self._is_right = is_right
        self._base = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}
        self._usage = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": text.tokens,
            "total_tokens": prompt_tokens + text.tokens,
            "completion_tokens_details": {"reasoning_tokens": text.reasoning_tokens},
        }
        mark = f"delta of {self._base['id']}"
        around = self._chunk([{"index": 0, "delta": mark, "logprobs": None, "finish_reason": None}])
        self._start, _, self._end = around.partition(dumps(mark))

    def _chunk(self, choices: list[dict[str, object]], **more: object) -> bytes:
        return event({**self._base, "object": "chat.completion.chunk", "choices": choices, **more})

    def chunk(self, delta: bytes) -> bytes:
        """Return the event with this delta (JSON, encoded)."""
        if self._top is None:
            return self._start + delta + self._end
        made = logprobs_of(delta, self._top, is_right=self._is_right)
        return self._start + delta + self._end.replace(b'"logprobs":null', b'"logprobs":' + made, 1)

    def role(self) -> bytes:
        """Return the first event, which has the role and no text."""
        return self._start + b'{"role":"assistant","content":""}' + self._end

    def finish(self, word: str = "") -> bytes:
        """Return the event with the finish reason, or with `word` in its place."""
        return self._chunk([{"index": 0, "delta": {}, "logprobs": None, "finish_reason": word or self.script.finish}])

    def usage(self, *, beside: bool = False) -> bytes:
        """Return the event with the usage, which has no choices. `beside`: as in `counts`."""
        return self._chunk([], usage=self.counts(beside=beside))

    def counts(self, *, beside: bool = False) -> dict[str, object]:
        """Return the usage. `beside`: the reasoning is not within the completion's tokens, as xAI counts."""
        return {**self._usage, "completion_tokens": self.script.answer_tokens} if beside else self._usage

    def body(self, *, finish: bool = True, usage: bool = True, word: str = "", beside: bool = False) -> bytes:
        """Return the whole completion as one JSON object. `word` is in the place of the finish reason."""
        logprobs = None
        if self._top is not None:
            each = (logprobs_of(delta, self._top, is_right=self._is_right) for delta in self.script.deltas)
            logprobs = {"content": [token for made in each for token in json.loads(made)["content"]]}
        choice = {
            "index": 0,
            "message": self.script.message,
            "logprobs": logprobs,
            "finish_reason": (word or self.script.finish) if finish else None,
        }
        extra = {"usage": self.counts(beside=beside)} if usage else {}
        return dumps({**self._base, "object": "chat.completion", "choices": [choice], **extra})
