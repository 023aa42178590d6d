"""Find the tags around thoughts in a text, in the forms of many model families. Pure.

`TAGS` lists the forms with the models that write them. A tag counts where it is text: not inside inline code or a ```
fence, nor between quotation marks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import NamedTuple

__all__ = [
    "BARE",
    "FAMILY",
    "HARMONY",
    "LONGEST",
    "TAGS",
    "Mark",
    "has_tag",
    "has_tags",
    "is_mention",
    "marks_from",
    "may_have_tag",
    "tag_start",
]


def _word(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tags of a word, in the three ways in which models write it: `<think>`, `<Think>`, `<THINK>`."""
    ways = (name, name.capitalize(), name.upper())
    return tuple(f"<{way}>" for way in ways), tuple(f"</{way}>" for way in ways)


TAGS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    _word("think"),  # QwQ, Qwen3, DeepSeek-R1, and most others
    _word("thinking"),  # prompted models, Claude's prompts, gateways
    _word("thought"),  # EXAONE Deep, Gemini behind gateways; Marco-o1 has <Thought>
    _word("thoughts"),  # prompted models
    _word("reasoning"),  # prompted and GRPO-trained models; LLaVA-CoT has <REASONING>
    _word("scratchpad"),  # prompted models
    (("<antThinking>",), ("</antThinking>",)),  # Claude's prompt of 2024
    (("<seed:think>",), ("</seed:think>",)),  # Seed-OSS
    (("<longcat_think>",), ("</longcat_think>",)),  # LongCat-Flash-Thinking
    (("[THINK]",), ("[/THINK]",)),  # Magistral
    (("\u25c1think\u25b7",), ("\u25c1/think\u25b7",)),  # Kimi-VL-Thinking
    # Sky-T1, Bespoke-Stratos: the solution's own tag ends an unclosed thought too
    (("<|begin_of_thought|>",), ("<|end_of_thought|>", "<|begin_of_solution|>")),
    (("<|START_THINKING|>",), ("<|END_THINKING|>", "<|START_RESPONSE|>")),  # Cohere Command A Reasoning
    (("<|inner_prefix|>",), ("<|inner_suffix|>",)),  # Apertus
    (("<|channel>thought",), ("<channel|>",)),  # Gemma 4
    (("<unused94>thought",), ("<unused95>",)),  # MedGemma
    ((), ("[BEGIN FINAL RESPONSE]",)),  # Apriel: the thought has no tag before it
)
"""Opening and closing tags of each family."""
WRAPPERS = ("<|end_of_solution|>", "<|END_RESPONSE|>", "[END FINAL RESPONSE]", "<|return|>")
"""Tags around an answer, which are no part of it."""
HARMONY = len(TAGS)
"""The family of gpt-oss (OpenAI's harmony format): `<|channel|>analysis<|message|>` … `<|end|>`, then
`<|start|>assistant<|channel|>final<|message|>` …"""
_HARMONY_WORDS = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|call|>")
_HEAD = r"(?:<\|start\|>[\w.]*(?: to=[\w.]+)?)?<\|channel\|>"
_REST = r"[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,80})?"
BARE = HARMONY + 1
"""Thoughts between words instead of tags, at the beginning of the content: harmony where the server has removed its
special tokens (`analysis…assistantfinal…`), and Granite 3.2 (`Here is my thought process: … Here is my response: …`).
"""

FAMILY: dict[str, tuple[str, int]] = {
    **{tag: ("open", family) for family, (opening, _) in enumerate(TAGS) for tag in opening},
    **{tag: ("close", family) for family, (_, closing) in enumerate(TAGS) for tag in closing},
    **dict.fromkeys(WRAPPERS, ("drop", -1)),
}
"""Tag → what it does (a kind of `Mark`) and its family."""
_LITERALS = (*FAMILY, *_HARMONY_WORDS)
LONGEST = max(map(len, _LITERALS))
"""Characters of the longest tag."""
_TAG_STARTS = frozenset(tag[:i] for tag in _LITERALS for i in range(1, len(tag)))


def _any_of(words: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, words))


_CLOSING = _any_of(tuple(tag for tag, (kind, _) in FAMILY.items() if kind == "close"))
# All alternatives begin with one of three characters: `re` then skips the text between them fast.
_LITERAL = re.compile(_any_of(_LITERALS))
_HARMONY_MARK = re.compile(
    rf"(?P<final>(?:<\|end\|>\s*)?{_HEAD}final{_REST}<\|message\|>)"
    rf"|(?P<channel>{_HEAD}{_REST}<\|message\|>)"
    rf"|(?P<partial>(?:<\|end\|>\s*)?(?:<\|start\|>[\w.]{{0,40}}|{_HEAD}{_REST})(?:<[|\w]*)?\Z)"
    r"|(?P<end><\|(?:end|call)\|>)"
)
_BARE_START = re.compile(r"\s*(?:analysis(?=[A-Z])|Here(?: i|')s my thought process:)")
_BARE_FINAL = re.compile(r"assistantfinal|Here(?: i|')s my response:\s*")
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


class Mark(NamedTuple):
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


def has_tags(text: str) -> bool:
    """Return whether a whole content has any tag, or begins as harmony does without its special tokens."""
    return has_tag(text) or _BARE_START.match(text) is not None


def marks_from(text: str, position: int) -> list[Mark]:
    """Return the tags from an offset on that are text."""
    found: list[Mark] = []
    if position == 0 and (bare := _BARE_START.match(text)):
        found.append(Mark("open", BARE, 0, bare.end()))
        position = bare.end()
        if final := _BARE_FINAL.search(text, position):
            found.append(Mark("end", BARE, final.start(), final.end()))
    found += _tags(text, position)
    found.sort(key=lambda mark: mark.start)
    spans = _code(text, position, found[-1].start) if found and "`" in text else []
    starts = [start for start, _ in spans]
    if spans:
        found = [m for m in found if not ((at := bisect_right(starts, m.start)) and m.start < spans[at - 1][1])]
    quoted = _quoted(text, found)
    return [mark for mark in found if mark.start not in quoted]


def _tags(text: str, position: int) -> Iterator[Mark]:
    for match in _LITERAL.finditer(text, position):
        if match.start() < position:
            continue  # within a header of several words
        if match[0] in FAMILY:
            yield Mark(*FAMILY[match[0]], match.start(), match.end())
        elif whole := _HARMONY_MARK.match(text, match.start()):
            yield Mark(_GROUPS[whole.lastgroup or ""], HARMONY, whole.start(), whole.end())
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


def _quoted(text: str, marks: list[Mark]) -> set[int]:
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


def is_mention(text: str, mark: Mark) -> bool:
    """Return whether a tag stands between spaces within a sentence."""
    before, after = text[max(0, mark.start - 1) : mark.start], text[mark.end : mark.end + 2]
    return before == " " and len(after) == 2 and after[0] == " " and after[1].islower()
