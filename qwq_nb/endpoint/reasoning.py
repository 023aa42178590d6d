"""Split a stream of deltas into reasoning and answer, for every shape in which servers deliver a thought.

Reasoning comes in a field of its own (`reasoning`, `reasoning_content`, typed parts) or inside the content, between
tags such as `<think>` and `</think>`; QwQ's chat template opens the tag in the prompt, so that often only the closing
one arrives. `split` is the one rule, a pure function of the texts and of how the stream ended;
`ReasoningSplitter` collects a stream for it and gives live views of the text so far. Reasoning is never returned as
the answer.

The rules about tags are in `think_tags` and `think_blocks`. Those here, and where they differ from evalscope 1.14
(`evalscope/api/messages/utils.py`, which takes out the first match of `<think…>(.*?)</think>` and touches nothing
without one):

- A lone closing tag ends a thought (evalscope leaves both in the answer). An unclosed opening tag, and untagged text
  cut short where the template opens the tag, leave an empty answer (evalscope grades the thought).
- Tags of other models, further blocks, and the rest of a thought beside a filled field are split off too (evalscope
  leaves them in the answer). A tag inside inline code, a ``` fence or quotation marks is text.
- Text around the thoughts is the answer, both parts are stripped: as in evalscope, which however leaves a text without
  tags unstripped.
- Tags are written as in the models' templates, without attributes. (evalscope also takes `<think signature=…
  redacted=…>`, which it writes itself for other providers.)
- Untagged text that ended by itself (`stop`) is an answer even where the template opens the tag: nothing says where
  its thought ended, and evalscope grades it whole. Where the finish reason is unknown it is not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate, islice
from typing import Literal, NamedTuple

from qwq_nb.core.finish_reasons import ending_of
from qwq_nb.endpoint.delta import Delta
from qwq_nb.endpoint.think_blocks import Thoughts, find_thoughts
from qwq_nb.endpoint.think_tags import has_tag, may_have_tag, tag_start

__all__ = ["SHAPES", "ReasoningSplitter", "Split", "split"]

SHAPES: dict[str, str] = {
    "field": "reasoning came in a field of its own",
    "tags": "reasoning stood between tags such as <think> and </think>",
    "prefilled": "reasoning ended with a lone closing tag: the template had opened it in the prompt",
    "unclosed": "a thought was opened and never closed: all is reasoning, the answer is empty",
    "untagged_cut": "no tag, cut short, and the template is known to open the tag: all is reasoning",
    "answer_only": "no reasoning was delivered: all is answer",
    "field_and_tags": "reasoning came in a field, and the content had thoughts or tags too",
    "empty": "nothing but white space came",
}

# So many tags a live view looks at one by one; then the 16th, 32nd, …: a model that loops on a tag costs little.
_EAGER_TAGS = 8


class Split(NamedTuple):
    """Hold a completion's two parts, both stripped, and the shape they were delivered in (a key of `SHAPES`)."""

    reasoning: str
    answer: str
    shape: str


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
    is_cut = ending_of(finish_reason) != "finished"
    thoughts = find_thoughts(content, is_fielded=bool(field), prefilled=prefilled, is_cut=is_cut)
    return _split(field, content, thoughts, is_cut and bool(prefilled))


def _split(field: str, content: str, thoughts: Thoughts | None, is_untagged_thought: bool) -> Split:
    """Split by the thoughts found. `is_untagged_thought`: text without tags is a thought that was cut."""
    answer = (content if thoughts is None else thoughts.answer(content)).strip()
    if thoughts is None or not thoughts.shape:
        if field:
            return Split(field, answer, "field")
        if not answer:
            return Split("", "", "empty")
        return Split(answer, "", "untagged_cut") if is_untagged_thought else Split("", answer, "answer_only")
    thought = "\n\n".join(stripped for text in thoughts.reasoning(content) if (stripped := text.strip()))
    # Some gateways repeat the field as tags: not twice.
    return Split(_longer_of(field, thought, f"{field}\n\n{thought}"), answer, thoughts.shape)


class ReasoningSplitter:
    """Collect one stream: `feed` every delta, read the live views meanwhile, `finish` at the end.

    `finish` returns `split` of the joined texts, so the result does not depend on how the stream was cut into chunks.
    The live views are what `split` would return for the text so far, unstripped, less a tail held back
    while it may still become a tag. What is shown can turn out differently later:

    - with `prefilled` None or False, a thought opened in the prompt shows as answer until its `</think>` arrives;
    - with `prefilled` True, untagged text shows as reasoning; if it ends by itself it becomes the answer at the end;
    - a tag in code counts until its span is closed and the next tag comes, or the end (after the 8th tag: until the
      16th, 32nd, …), and text before a `<think>` shows as reasoning until the thought is closed;
    - with several reasoning fields filled unequally, the first is shown, and a longer one may win.

    Costs per chunk are constant; memory is the chunks themselves and references to them.
    """

    def __init__(self, prefilled: bool | None = None) -> None:
        self.prefilled = prefilled
        self.phase: Literal["waiting", "reasoning", "answer"] = "waiting"
        self._field: list[str] = []
        self._field_content: list[str] = []
        self._field_parts: list[str] = []
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
        if delta.reasoning or delta.reasoning_content or delta.reasoning_parts:
            self._feed_field(delta)
        content = delta.content
        if not content:
            return
        self._content.append(content)
        if "<" in content or self._held or "[" in content or "◁" in content:
            if self._held:
                content = self._held + content
                self._held = ""
            if may_have_tag(content):
                if has_tag(content) and self._is_time_to_look():
                    self._look_again()
                    return
                self._held = tag_start(content)
                content = content.removesuffix(self._held)
        if self._thinking:
            self._thought_chunks += 1
        (self._thought if self._thinking else self._answer).append(content)
        if content.strip():
            self.phase = "reasoning" if self._thinking else "answer"

    def reasoning_so_far(self, tail: int) -> str:
        """Return the last `tail` characters of the reasoning so far."""
        return _tail(tail, self._thought, self._live_field())

    def answer_so_far(self, tail: int) -> str:
        """Return the last `tail` characters of the answer so far."""
        return _tail(tail, self._answer)

    def reasoning_length(self) -> int:
        """Return the characters of reasoning so far. Each call counts only the pieces added since the last one."""
        return self._length("reasoning", self._thought, self._live_field())

    def answer_length(self) -> int:
        """Return the characters of answer so far. Each call counts only the pieces added since the last one."""
        return self._length("answer", self._answer)

    def _live_field(self) -> list[str]:
        return [] if self._finished else self._field or self._field_content or self._field_parts

    def received_length(self) -> int:
        """Return the characters received so far, in all fields. Each call counts only what was added since the last."""
        return self._length("received", self._field, self._field_content, self._field_parts, self._content)

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
        # Servers that fill several fields say the same in them; where they do not, `reasoning` is the newest name.
        field = ""
        for pieces in (self._field, self._field_content, self._field_parts):
            text = "".join(pieces).strip()
            field = _longer_of(field, text, otherwise=field)
        content, is_cut = "".join(self._content), ending_of(finish_reason) != "finished"
        thoughts = find_thoughts(content, is_fielded=bool(field), prefilled=self.prefilled, is_cut=is_cut)
        result = _split(field, content, thoughts, is_cut and bool(self.prefilled))
        if result.shape in ("unclosed", "untagged_cut"):
            self._thought_chunks = len(self._content)
        else:
            self._thought_chunks = 0 if thoughts is None else self._chunks_in(thoughts)
        self._finished = True
        self._thought, self._answer = [result.reasoning], [result.answer]
        self.phase = "answer" if result.answer else "reasoning" if result.reasoning else "waiting"
        return result

    def _chunks_in(self, thoughts: Thoughts) -> int:
        """Return the number of the content's deltas that the thoughts and their tags reach into."""
        ends = list(accumulate(map(len, self._content)))
        found = after = 0
        for thought in thoughts.spans:
            first, end = max(after, bisect_right(ends, thought.start)), bisect_left(ends, thought.end) + 1
            if end > first:
                found, after = found + end - first, end
        return min(found, len(ends))

    def _feed_field(self, delta: Delta) -> None:
        if delta.reasoning:
            self._field.append(delta.reasoning)
        if delta.reasoning_content:
            self._field_content.append(delta.reasoning_content)
        if delta.reasoning_parts:
            self._field_parts.append(delta.reasoning_parts)
        self._field_chunks += 1
        if not self._fielded and (delta.reasoning + delta.reasoning_content + delta.reasoning_parts).strip():
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
        self._held = tag_start(text)
        text = text.removesuffix(self._held)
        thoughts = find_thoughts(text, is_fielded=self._fielded, prefilled=self.prefilled, is_cut=True)
        if thoughts is None or not thoughts.shape:
            self._thinking = bool(self.prefilled) and not self._fielded
            answer = text if thoughts is None else thoughts.answer(text)
            self._thought, self._answer = ([answer], []) if self._thinking else ([], [answer])
            self._thought_chunks = len(self._content) if self._thinking else 0
            return
        self._thinking = thoughts.is_open
        *closed, last = thoughts.reasoning(text) or [""]
        self._thought = ["\n\n".join([*filter(None, map(str.strip, closed)), last.lstrip() if closed else last])]
        self._answer = [thoughts.answer(text)]
        self._thought_chunks = self._chunks_in(thoughts)
        self.phase = "reasoning" if self._thinking else "answer"


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
