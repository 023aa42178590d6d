"""Split a stream of deltas into reasoning and answer, for every shape in which servers deliver a thought.

Reasoning comes in a field of its own (`reasoning`, `reasoning_content`) or inside the content, between `<think>` and
`</think>`; QwQ's chat template opens the tag in the prompt, so that often only the closing one arrives. `split` is the
one rule, a pure function of the texts and of how the stream ended; `ReasoningSplitter` collects a stream for it and
gives live views of the text so far. Reasoning is never returned as the answer.

The rule, and where it differs from evalscope 1.14 (`evalscope/api/messages/utils.py`, which takes out the first match
of `<think…>(.*?)</think>` and touches nothing without one):

- A lone `</think>` ends a thought (evalscope leaves both in the answer). An unclosed `<think>`, and untagged text cut
  by the limit where the template opens the tag, leave an empty answer (evalscope grades the thought).
- A tag inside inline code or a ``` fence is text (evalscope does not look at code). If all closing tags stand in code
  the last one counts, so that a fence left open in a thought does not swallow the answer; but not where no tag was
  opened and the template is known to open none (`prefilled=False`).
- Text before a paired `<think>` goes to the front of the answer, later blocks stay in the answer as text, both parts
  are stripped: as in evalscope, which however leaves a text without tags unstripped. Where the template is known to
  open the tag, text before a `<think>` is already thought, and that `<think>` a mention.
- Tags are lowercase without attributes, as QwQ writes them; `<thinking>` and `<THINK>` are text. (evalscope also takes
  `<think signature=… redacted=…>`, which it writes itself for other providers.)
- With reasoning in a field, content is taken as it is, less a `</think>` or a `<think>` block at its beginning.
- Untagged text that ended by itself (`stop`) is an answer even where the template opens the tag: nothing says where
  its thought ended, and evalscope grades it whole.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate, islice
from typing import Literal, NamedTuple

from qwq_nb.core.records import LIMIT_REASONS
from qwq_nb.endpoint.delta import Delta

__all__ = ["SHAPES", "ReasoningSplitter", "Split", "split"]

SHAPES: dict[str, str] = {
    "field": "reasoning came in a field of its own",
    "tags": "reasoning stood between <think> and </think>",
    "prefilled": "reasoning ended with a lone </think>: the template had opened the tag in the prompt",
    "unclosed": "a thought was opened and never closed: all is reasoning, the answer is empty",
    "untagged_cut": "no tag, cut short, and the template is known to open the tag: all is reasoning",
    "answer_only": "no reasoning was delivered: all is answer",
    "field_and_tags": "reasoning came in a field, and the content began with think tags too",
    "empty": "nothing but white space came",
}

# A text that ended for one of these did not end by itself; "" is a stream that ended without a reason.
_CUT_REASONS = LIMIT_REASONS | {"", "interrupted", "content_filter"}

_OPEN = "<think>"
_CLOSE = "</think>"
# What a piece may end with and yet become a tag: 7 characters at most.
_TAG_STARTS = frozenset(tag[:i] for tag in (_OPEN, _CLOSE) for i in range(1, len(tag)))

# A fence ends with a line of as many backticks or more (a closing tag may follow on it), or with the text.
_FENCE = re.compile(
    r"^[ \t]*(`{3,})(?!`)(?!.*(?:`|</think>)).*\n(?s:.*?)(?:^[ \t]*\1`*(?=[ \t\r]*(?:$|</think>))|\Z)", re.MULTILINE
)
_INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")  # "." stops at the end of the line

# So many tags a live view looks at one by one; then the 16th, 32nd, …: a model that loops on a tag costs little.
_EAGER_TAGS = 8


class Split(NamedTuple):
    """Hold a completion's two parts, both stripped, and the shape they were delivered in (a key of `SHAPES`)."""

    reasoning: str
    answer: str
    shape: str


class _Cut(NamedTuple):
    """Hold the offsets of a thought in a content: [inner, outer), preamble [0, before), answer [after, end)."""

    before: int
    inner: int
    outer: int
    after: int
    shape: str


def _without_code(text: str) -> str:
    """Return `text` at its full length, with its Markdown code (``` fences, inline spans) blanked out."""
    if "`" not in text:
        return text
    return _INLINE_CODE.sub(_blank, _FENCE.sub(_blank, text))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _pair(text: str, opened: int, shape: str) -> _Cut:
    """Return the thought whose `<think>` is at offset `opened`; `unclosed` if no closing tag follows."""
    inner = opened + len(_OPEN)
    thought = text[inner:]  # code is looked for from here: a backtick before the thought does not reach into it
    closed = _without_code(thought).find(_CLOSE)
    if closed < 0:
        closed = thought.rfind(_CLOSE)
    if closed < 0:
        return _Cut(opened, inner, len(text), len(text), "unclosed")
    return _Cut(opened, inner, inner + closed, inner + closed + len(_CLOSE), shape)


def _find_thought(text: str, fielded: bool, prefilled: bool | None) -> _Cut | None:
    """Return the thought in a content; None if no tags mark one."""
    if "think>" not in text:
        return None
    lead = len(text) - len(text.lstrip())
    if text.startswith(_OPEN, lead):
        return _pair(text, lead, "field_and_tags" if fielded else "tags")
    if fielded:
        return _Cut(lead, lead, lead, lead + len(_CLOSE), "field_and_tags") if text.startswith(_CLOSE, lead) else None
    plain = _without_code(text)
    opened = -1 if prefilled else plain.find(_OPEN)
    closed = plain.find(_CLOSE)
    if opened >= 0 and not 0 <= closed < opened:
        return _pair(text, opened, "tags")
    if closed < 0 and prefilled is not False:
        closed = text.rfind(_CLOSE)
    return _Cut(0, 0, closed, closed + len(_CLOSE), "prefilled") if closed >= 0 else None


def _longer_of(first: str, second: str, otherwise: str) -> str:
    if first.startswith(second):
        return first
    return second if second.startswith(first) else otherwise


def split(reasoning_field: str, content: str, *, finish_reason: str | None, prefilled: bool | None = None) -> Split:
    """Split a completion into reasoning and answer.

    `reasoning_field`: all that came in the reasoning field, `""` if nothing. `content`: all that came as content.
    `finish_reason`: as the server gave it; None or `"interrupted"` for a stream that ended without one.
    `prefilled`: whether the model's template opens `<think>` in the prompt; None if unknown. (A stream whose shape is
    `prefilled` proves it, one of shape `tags` disproves it.)
    """
    field = reasoning_field.strip()
    cut = _find_thought(content, bool(field), prefilled)
    if cut is None:
        text = content.strip()
        if field:
            return Split(field, text, "field")
        if not text:
            return Split("", "", "empty")
        if prefilled and (finish_reason or "").lower() in _CUT_REASONS:
            return Split(text, "", "untagged_cut")
        return Split("", text, "answer_only")
    preamble, thought = content[: cut.before], content[cut.inner : cut.outer]
    if cut.shape == "unclosed":
        preamble, thought = "", preamble + thought
    thought = thought.strip()
    # Some gateways repeat the field as tags: not twice.
    reasoning = _longer_of(field, thought, f"{field}\n\n{thought}")
    return Split(reasoning, (preamble + content[cut.after :]).strip(), cut.shape)


class ReasoningSplitter:
    """Collect one stream: `feed` every delta, read the live views meanwhile, `finish` at the end.

    `finish` returns `split` of the joined texts, so the result does not depend on how the stream was cut into chunks.
    The live views are what `split` would return for the text so far, unstripped, less a tail of at most 7 characters
    held back while it may still become a tag. What is shown can turn out differently later:

    - with `prefilled` None or False, a thought opened in the prompt shows as answer until its `</think>` arrives;
    - with `prefilled` True, untagged text shows as reasoning; if it ends by itself it becomes the answer at the end;
    - a tag in code counts until its span is closed and the next tag comes, or the end (after the 8th tag: until the
      16th, 32nd, …), and text before a `<think>` shows as reasoning until the thought is closed;
    - with both reasoning fields filled unequally, `reasoning` is shown, and the longer one may win.

    Costs per chunk are constant; memory is the chunks themselves and references to them.
    """

    def __init__(self, prefilled: bool | None = None) -> None:
        self.prefilled = prefilled
        self.phase: Literal["waiting", "reasoning", "answer"] = "waiting"
        self._field: list[str] = []
        self._field_content: list[str] = []
        self._field_chunks = 0
        self._fielded = False
        self._content: list[str] = []
        self._thought_chunks = 0  # of the content's
        # The live views of the content. Pieces go to `_thought` while `_thinking`.
        self._thought: list[str] = []
        self._answer: list[str] = []
        self._thinking = bool(prefilled)
        self._held = ""
        self._tags = 0
        self._finished = False
        self._counted: dict[tuple[str, int], tuple[list[str] | None, int, int]] = {}

    @property
    def reasoning_chunks(self) -> int:
        """Return the number of deltas with reasoning so far, the one that ends a thought included."""
        return self._field_chunks + self._thought_chunks

    @property
    def answer_chunks(self) -> int:
        """Return the number of deltas so far with content and no reasoning."""
        return len(self._content) - self._thought_chunks

    def feed(self, delta: Delta) -> None:
        """Add one delta's texts."""
        if delta.reasoning or delta.reasoning_content:
            self._feed_field(delta.reasoning, delta.reasoning_content)
        content = delta.content
        if not content:
            return
        self._content.append(content)
        if self._held or "<" in content:
            content = self._held + content
            if (_CLOSE in content or _OPEN in content) and self._is_time_to_look():
                self._look_again()
                return
            self._held = _tag_start(content)
            content = content.removesuffix(self._held)
        if self._thinking:
            self._thought_chunks += 1
        (self._thought if self._thinking else self._answer).append(content)
        if content.strip():
            self.phase = "reasoning" if self._thinking else "answer"

    def reasoning_so_far(self, tail: int) -> str:
        """Return the last `tail` characters of the reasoning so far."""
        return _tail(tail, self._thought, [] if self._finished else self._field or self._field_content)

    def answer_so_far(self, tail: int) -> str:
        """Return the last `tail` characters of the answer so far."""
        return _tail(tail, self._answer)

    def reasoning_length(self) -> int:
        """Return the characters of reasoning so far. Each call counts only the pieces added since the last one."""
        return self._length("reasoning", self._thought, [] if self._finished else self._field or self._field_content)

    def answer_length(self) -> int:
        """Return the characters of answer so far. Each call counts only the pieces added since the last one."""
        return self._length("answer", self._answer)

    def received_length(self) -> int:
        """Return the characters received so far, in all fields. Each call counts only what was added since the last."""
        return self._length("received", self._field, self._field_content, self._content)

    def _length(self, part: str, *sources: list[str]) -> int:
        total = 0
        for position, pieces in enumerate(sources):
            known, counted, length = self._counted.get((part, position), (None, 0, 0))
            if known is not pieces:
                counted, length = 0, 0
            length += sum(map(len, islice(pieces, counted, None)))
            self._counted[part, position] = (pieces, len(pieces), length)
            total += length
        return total

    def finish(self, finish_reason: str | None) -> Split:
        """End the stream and return its two parts. Repeatable.

        `finish_reason`: as the server gave it; `"interrupted"` or None if the stream ended without one.
        """
        first, second = "".join(self._field).strip(), "".join(self._field_content).strip()
        # Servers that fill both fields say the same in both; where they do not, `reasoning` is the newer name.
        field = _longer_of(first, second, otherwise=first)
        result = split(field, "".join(self._content), finish_reason=finish_reason, prefilled=self.prefilled)
        if result.shape in ("unclosed", "untagged_cut"):
            self._thought_chunks = len(self._content)
        elif result.shape in ("field", "answer_only"):
            self._thought_chunks = 0
        self._finished = True
        self._thought, self._answer = [result.reasoning], [result.answer]
        self.phase = "answer" if result.answer else "reasoning" if result.reasoning else "waiting"
        return result

    def _feed_field(self, reasoning: str, reasoning_content: str) -> None:
        if reasoning:
            self._field.append(reasoning)
        if reasoning_content:
            self._field_content.append(reasoning_content)
        self._field_chunks += 1
        if not self._fielded and (reasoning.strip() or reasoning_content.strip()):
            self._fielded, self._thinking = True, False
            if self._content:
                self._look_again()
        if self._fielded:
            self.phase = "reasoning"

    def _is_time_to_look(self) -> bool:
        """Count a completed tag; return whether to split anew. That costs the text's length, so it is rationed."""
        self._tags += 1
        return self._tags <= _EAGER_TAGS or not self._tags & (self._tags - 1)

    def _look_again(self) -> None:
        """Build the live views of the content anew, by `split`'s own rule."""
        text = "".join(self._content)
        self._held = _tag_start(text)
        text = text.removesuffix(self._held)
        cut = _find_thought(text, self._fielded, self.prefilled)
        if cut is None:
            self._thinking = bool(self.prefilled) and not self._fielded
            self._thought, self._answer = ([text], []) if self._thinking else ([], [text])
            self._thought_chunks = len(self._content) if self._thinking else 0
            return
        preamble, thought, answer = text[: cut.before], text[cut.inner : cut.outer], text[cut.after :]
        self._thinking = cut.shape == "unclosed"
        self._thought, self._answer = ([preamble, thought], []) if self._thinking else ([thought], [preamble, answer])
        self._thought_chunks = bisect_left(list(accumulate(map(len, self._content))), cut.after) + 1
        self.phase = "reasoning" if self._thinking else "answer"


def _tag_start(text: str) -> str:
    """Return the end of `text` that may be the beginning of a tag."""
    at = text.rfind("<", -len(_CLOSE) + 1)
    return text[at:] if at >= 0 and text[at:] in _TAG_STARTS else ""


def _tail(length: int, *sources: list[str]) -> str:
    """Return the last `length` characters of several lists of pieces, the last text first."""
    pieces: list[str] = []
    for source in sources:
        for piece in reversed(source):
            if length <= 0:
                break
            pieces.append(piece[-length:])
            length -= len(piece)
    return "".join(reversed(pieces))
