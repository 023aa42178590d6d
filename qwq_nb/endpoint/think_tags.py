"""Find the thoughts in a completion's content by the tags around them, in the forms of many model families. Pure.

`TAGS` lists the forms with the models that write them. A tag counts where it is text: not inside inline code or a ```
fence, nor between quotation marks. The rules, for texts in which nothing was thought before:

- The first opening tag begins a thought, which the next closing tag of its family ends. If all closing tags stand in
  code the last one counts, so that a fence left open in a thought does not swallow the answer. Never closed: all is
  reasoning, the text before it too, unless the tag is a mention (see below).
- A closing tag without an opening one ends a thought that the prompt opened. Where the template is known to open the
  tag (`prefilled`), an opening tag within the text is a mention.

Once a thought was closed, or came in a field of its own:

- Every further pair of tags is a thought, wherever it stands.
- A lone closing tag ends the rest of a thought that was closed too early; where nothing follows it, it is one tag too
  many at the end of the answer, and dropped.
- A lone opening tag at the beginning of a line begins a thought that was cut.
- Elsewhere, and where a lone tag stands between spaces in the middle of a sentence, it is a mention.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import NamedTuple

__all__ = ["Thought", "Thoughts", "find_thoughts", "has_tag", "may_have_tag", "tag_start"]

TAGS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("<think>",), ("</think>",)),  # QwQ, Qwen3, DeepSeek-R1, and most others
    (("<thinking>",), ("</thinking>",)),  # prompted models, Claude's prompts, gateways
    (("<thought>",), ("</thought>",)),  # EXAONE Deep, Gemini behind gateways
    (("<thoughts>",), ("</thoughts>",)),  # prompted models
    (("<reasoning>",), ("</reasoning>",)),  # prompted and GRPO-trained models
    (("<seed:think>",), ("</seed:think>",)),  # Seed-OSS
    (("<longcat_think>",), ("</longcat_think>",)),  # LongCat-Flash-Thinking
    (("[THINK]",), ("[/THINK]",)),  # Magistral
    (("\u25c1think\u25b7",), ("\u25c1/think\u25b7",)),  # Kimi-VL-Thinking
    # Sky-T1, Bespoke-Stratos: the solution's own tag ends an unclosed thought too
    (("<|begin_of_thought|>",), ("<|end_of_thought|>", "<|begin_of_solution|>")),
    (("<|START_THINKING|>",), ("<|END_THINKING|>", "<|START_RESPONSE|>")),  # Cohere Command A Reasoning
    (("<|inner_prefix|>",), ("<|inner_suffix|>",)),  # Apertus
    (("<|channel>thought",), ("<channel|>",)),  # Gemma 4
    ((), ("[BEGIN FINAL RESPONSE]",)),  # Apriel: the thought has no tag before it
)
"""Opening and closing tags of each family."""
WRAPPERS = ("<|end_of_solution|>", "<|END_RESPONSE|>", "[END FINAL RESPONSE]", "<|return|>")
"""Tags around an answer, which are no part of it."""
# gpt-oss (OpenAI's harmony format): `<|channel|>analysis<|message|>` … `<|end|>`, then `<|start|>assistant` and
# `<|channel|>final<|message|>` …
_HARMONY = len(TAGS)
_HARMONY_WORDS = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|call|>")
_HEAD = r"(?:<\|start\|>[\w.]*(?: to=[\w.]+)?)?<\|channel\|>"
_REST = r"[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,80})?"
# The same where the server has removed its special tokens.
_BARE = _HARMONY + 1

_FAMILY: dict[str, tuple[str, int]] = {
    **{tag: ("open", family) for family, (opening, _) in enumerate(TAGS) for tag in opening},
    **{tag: ("close", family) for family, (_, closing) in enumerate(TAGS) for tag in closing},
    **dict.fromkeys(WRAPPERS, ("drop", -1)),
}
_LITERALS = (*_FAMILY, *_HARMONY_WORDS)
LONGEST = max(map(len, _LITERALS))
FIRST = "<[\u25c1"
"""The characters that a tag begins with; it has none of them after that."""
_TAG_STARTS = frozenset(tag[:i] for tag in _LITERALS for i in range(1, len(tag)))


def _any_of(words: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, words))


_CLOSING = _any_of(tuple(tag for tag, (kind, _) in _FAMILY.items() if kind == "close"))
# All alternatives begin with one of FIRST: `re` then skips the text between them fast.
_LITERAL = re.compile(_any_of(_LITERALS))
_HARMONY_MARK = re.compile(
    rf"(?P<final>(?:<\|end\|>\s*)?{_HEAD}final{_REST}<\|message\|>)"
    rf"|(?P<channel>{_HEAD}{_REST}<\|message\|>)"
    rf"|(?P<partial>(?:<\|end\|>\s*)?(?:<\|start\|>[\w.]{{0,40}}|{_HEAD}{_REST})(?:<[|\w]*)?\Z)"
    r"|(?P<end><\|(?:end|call)\|>)"
)
_BARE_START = re.compile(r"\s*analysis(?=[A-Z])")
_BARE_FINAL = "assistantfinal"
# A fence begins on a line of its own, and ends with a line of as many backticks or more (a closing tag may follow on
# it), or with the text.
_FENCE = re.compile(
    rf"(`{{3,}})(?!`)(?!.*(?:`|{_CLOSING})).*\n(?s:.*?)(?:^[ \t]*\1`*(?=[ \t\r]*(?:$|{_CLOSING}))|\Z)", re.MULTILINE
)
_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")  # "." stops at the end of the line
_INDENT = 40
"""Spaces before a fence at most."""
_OPEN_QUOTE = re.compile(r"(?:^|[^\w.,;!?)\]}$])[\"'\u2018\u201c\u00ab\u300c\u300e]\Z")
_CLOSE_QUOTES = "\"'\u2019\u201d\u00bb\u300d\u300f"
_QUOTED_PAIR = 40
"""Characters between two quoted tags at most."""


class Thought(NamedTuple):
    """Hold the offsets of one thought: [start, end) with its tags, [inner, outer) without them.

    A tag that is dropped is a thought without text.
    """

    start: int
    inner: int
    outer: int
    end: int


class Thoughts(NamedTuple):
    """Hold the thoughts of a content, in order, and the shape they came in.

    `shape`: a key of `qwq_nb.endpoint.reasoning.SHAPES`; empty if nothing but tags around the answer was found.
    `is_open`: the last thought was never closed.
    """

    spans: list[Thought]
    shape: str
    is_open: bool

    def reasoning(self, text: str) -> list[str]:
        """Return the thoughts' texts, unstripped. What only a dropped tag parts is one text."""
        found: list[str] = []
        previous = -1
        for thought in self.spans:
            piece = text[thought.inner : thought.outer]
            if found and thought.inner == previous:
                found[-1] += piece
            elif piece:
                found.append(piece)
            previous = thought.end
        return found

    def answer(self, text: str) -> str:
        """Return the text around the thoughts. Words that only a thought parted stay apart."""
        pieces: list[str] = []
        position, last = 0, ""
        for start, end in [*((thought.start, thought.end) for thought in self.spans), (len(text), len(text))]:
            piece = text[position:start]
            if piece:
                if last and not last.isspace() and not piece[0].isspace():
                    pieces.append("\n")
                pieces.append(piece)
                last = piece[-1]
            position = end
        return "".join(pieces)


class _Mark(NamedTuple):
    """Hold one tag that is text: what it does (`open`, `close`, `end`, `drop`, `partial`), its family, its offsets."""

    kind: str
    family: int
    start: int
    end: int


_GROUPS = {"final": "close", "channel": "open", "end": "end", "partial": "partial"}


def has_tag(piece: str) -> bool:
    """Return whether a piece of text contains a whole tag."""
    return _LITERAL.search(piece) is not None


may_have_tag: Callable[[str], object] = re.compile(
    rf"[<\[\u25c1](?:[{re.escape(''.join(sorted({tag[1] for tag in _LITERALS})))}]|\Z)"
).search
"""Return whether a piece of text may contain a tag or the beginning of one. Most brackets are told from them here."""


def tag_start(text: str) -> str:
    """Return the end of `text` that may be the beginning of a tag."""
    at = max(text.rfind("<"), text.rfind("["), text.rfind("\u25c1"))
    return text[at:] if at >= 0 and text[at:] in _TAG_STARTS else ""


def find_thoughts(
    text: str, *, is_fielded: bool = False, prefilled: bool | None = None, is_cut: bool = False
) -> Thoughts | None:
    """Return the thoughts in a content; None if no tag marks one.

    `is_fielded`: reasoning came in a field of its own too. `prefilled`: whether the template opens the tag; None: not
    known. `is_cut`: the text did not end by itself.
    """
    if not _LITERAL.search(text) and not _BARE_START.match(text):
        return None
    finder = _Finder(text, is_fielded, prefilled, is_cut)
    finder.run()
    return finder.found()


class _Finder:
    """Walk through the tags of one text."""

    def __init__(self, text: str, is_fielded: bool, prefilled: bool | None, is_cut: bool) -> None:
        self.text = text
        self.is_fielded = is_fielded
        self.prefilled = prefilled
        self.is_cut = is_cut
        self.spans: list[Thought] = []
        self.shape = ""
        self.is_open = False
        self.begin = 0
        """Where the text outside of thoughts began."""

    @property
    def is_first(self) -> bool:
        """Return whether nothing was thought so far."""
        return not self.shape and not self.is_fielded

    def found(self) -> Thoughts | None:
        if not self.spans:
            return None
        thoughts = Thoughts(self.spans, self.shape, self.is_open)
        if self.is_fielded and self.shape:
            thoughts = thoughts._replace(shape="field_and_tags")
        if self.is_open and not thoughts.answer(self.text).strip():
            thoughts = thoughts._replace(shape="unclosed")
        return thoughts

    def run(self) -> None:
        position: int | None = 0
        while position is not None:
            position = self._walk(position)

    def _walk(self, position: int) -> int | None:
        """Walk from an offset to the end; return where to go on after a thought that only a tag in code closes."""
        marks = list(_marks(self.text, position))
        last = {mark.family: mark.start for mark in marks if mark.kind in ("close", "end", "partial")}
        lead = len(self.text) - len(self.text.lstrip())
        opened: _Mark | None = None
        for mark in marks:
            if opened is not None:
                # An opening tag within a thought is a mention; a harmony channel ends with the next one.
                if mark.family == opened.family and (mark.kind != "open" or mark.family == _HARMONY):
                    self._add(opened.start, opened.end, mark.start, mark.start if mark.kind == "open" else mark.end)
                    opened = mark if mark.kind == "open" else None
                    self.is_open = mark.kind == "partial"
                continue
            if mark.kind == "open":
                if self.is_first and self.prefilled and mark.start != lead and mark.family not in (_HARMONY, _BARE):
                    continue
                if self.is_first and mark.start != lead and not last and _is_mention(self.text, mark):
                    continue  # a sentence about tags, by a model that does not think between them
                if self.is_first or mark.family == _HARMONY or self._is_thought(mark, last.get(mark.family, -1)):
                    opened = mark
                    self.shape = self.shape or "tags"
                    if self.spans or self.is_fielded or mark.start < last.get(mark.family, -1):
                        continue
                    return self._close_otherwise(mark, marks)
            elif mark.kind == "close":
                self._close(mark)
            elif mark.kind == "drop" or (mark.kind == "end" and mark.family == _HARMONY):
                self._drop(mark)
            elif mark.kind == "partial":
                self.shape, self.is_open = self.shape or "tags", True
                self._drop(mark)
        if opened is not None:
            self._leave_open(opened)
        elif self.is_first and self.prefilled is not False:
            return self._closed_in_code()
        return None

    def _add(self, start: int, inner: int, outer: int, end: int) -> None:
        while self.spans and self.spans[-1].start >= start:
            self.spans.pop()  # tags dropped within what turns out to be a thought
        self.spans.append(Thought(start, inner, outer, end))
        self.begin = end

    def _drop(self, mark: _Mark) -> None:
        self.spans.append(Thought(mark.start, mark.end, mark.end, mark.end))

    def _is_thought(self, mark: _Mark, last_close: int) -> bool:
        """Return whether an opening tag after a closed thought begins another one."""
        if _is_mention(self.text, mark):
            return False
        line = self.text[max(self.begin, self.text.rfind("\n", 0, mark.start) + 1) : mark.start]
        return mark.start < last_close or not line.strip()

    def _close(self, mark: _Mark) -> None:
        """Take a closing tag without an opening one."""
        if self.is_first:
            self.shape = "prefilled"
            self._add(0, 0, mark.start, mark.end)
        elif _is_mention(self.text, mark):
            return
        elif not self.text[self.begin : mark.start].strip() or not (self.is_cut or self.text[mark.end :].strip()):
            self.shape = self.shape or "tags"
            self._drop(mark)
            self.begin = mark.end
        else:
            self.shape = self.shape or "tags"
            self._add(self.begin, self.begin, mark.start, mark.end)

    def _leave_open(self, opened: _Mark) -> None:
        """End with a thought that was never closed."""
        end = len(self.text)
        if not any(thought.outer > thought.inner for thought in self.spans) and not self.is_fielded and self.begin == 0:
            self._add(0, 0, opened.start, opened.end)
            self._add(opened.end, opened.end, end, end)
        else:
            self._add(opened.start, opened.end, end, end)
        self.is_open = True

    def _close_otherwise(self, opened: _Mark, marks: list[_Mark]) -> int | None:
        """Close the first thought by its last closing tag in code, or by one of another family; else leave it open."""
        closing = TAGS[opened.family][1] if opened.family < _HARMONY else ()
        at, tag = max(((self.text.rfind(tag, opened.end), tag) for tag in closing), default=(-1, ""))
        other = next((mark for mark in marks if mark.kind == "close" and mark.start >= opened.end), None)
        if at < 0 and other is not None:
            at, tag = other.start, self.text[other.start : other.end]
        if at < 0:
            self._leave_open(opened)
            return None
        self._add(opened.start, opened.end, at, at + len(tag))
        return at + len(tag)

    def _closed_in_code(self) -> int | None:
        """End a thought that the prompt opened by the last closing tag, in code though it is."""
        at, tag = max((self.text.rfind(tag), tag) for tag, (kind, _) in _FAMILY.items() if kind == "close")
        if at < 0:
            return None
        self.shape = "prefilled"
        self._add(0, 0, at, at + len(tag))
        return at + len(tag)


def _marks(text: str, position: int) -> list[_Mark]:
    """Return the tags from an offset on that are text."""
    found: list[_Mark] = []
    if position == 0 and (bare := _BARE_START.match(text)):
        found.append(_Mark("open", _BARE, 0, bare.end()))
        position = bare.end()
        if (at := text.find(_BARE_FINAL, position)) >= 0:
            found.append(_Mark("end", _BARE, at, at + len(_BARE_FINAL)))
    found += _tags(text, position)
    found.sort(key=lambda mark: mark.start)
    spans = _code(text, position, found[-1].start) if found and "`" in text else []
    starts = [start for start, _ in spans]
    if spans:
        found = [m for m in found if not ((at := bisect_right(starts, m.start)) and m.start < spans[at - 1][1])]
    quoted = _quoted(text, found)
    return [mark for mark in found if mark.start not in quoted]


def _tags(text: str, position: int) -> Iterator[_Mark]:
    for match in _LITERAL.finditer(text, position):
        if match.start() < position:
            continue  # within a header of several words
        if match[0] in _FAMILY:
            yield _Mark(*_FAMILY[match[0]], match.start(), match.end())
        elif whole := _HARMONY_MARK.match(text, match.start()):
            yield _Mark(_GROUPS[whole.lastgroup or ""], _HARMONY, whole.start(), whole.end())
            position = whole.end()


def _code(text: str, position: int, end: int) -> list[tuple[int, int]]:
    """Return the spans of Markdown code (``` fences, inline spans) that begin between two offsets."""
    spans = []
    at = text.find("`", position, end)
    while at >= 0:
        line = max(text.rfind("\n", 0, at) + 1, at - _INDENT)
        before = text[line:at].rstrip(" \t")
        is_alone = before[-1] in ">]\u25b7" if before else line != at - _INDENT
        match = _FENCE.match(text, at) if is_alone else None
        match = match or _INLINE_CODE.match(text, at)
        if match:
            spans.append(match.span())
            at = match.end()
        else:
            while text.startswith("`", at):
                at += 1
        at = text.find("`", at, end)
    return spans


def _quoted(text: str, marks: list[_Mark]) -> set[int]:
    """Return the offsets of the tags between quotation marks: one, or a pair with a few words between them."""
    found = set()
    for mark, following in zip_longest(marks, marks[1:]):
        if not _OPEN_QUOTE.search(text[max(0, mark.start - 2) : mark.start]):
            continue
        if text[mark.end : mark.end + 1] in _CLOSE_QUOTES and mark.end < len(text):
            found.add(mark.start)
        elif (
            following is not None
            and following.end < len(text)
            and text[following.end] in _CLOSE_QUOTES
            and following.start - mark.end <= _QUOTED_PAIR
            and "\n" not in text[mark.end : following.start]
        ):
            found |= {mark.start, following.start}
    return found


def _is_mention(text: str, mark: _Mark) -> bool:
    """Return whether a tag stands between spaces within a sentence."""
    before, after = text[max(0, mark.start - 1) : mark.start], text[mark.end : mark.end + 2]
    return before == " " and len(after) == 2 and after[0] == " " and after[1].islower()
