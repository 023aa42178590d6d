"""Render what a model wrote as html: a small Markdown (bold, italics, headings, lists, code, tables), formulas apart.

`render_markdown` is the one way from a model's text to the html of an output. Html, links, images, references and
entities are no syntax here, but text: what a model writes asks no server for anything. Asymptote's code, which draws
the figures of MATH, is code: `[asy] … [/asy]`, with its tags. `labextension/src/text/markdown.ts` reads texts alike;
`tests/view/markdown_corpus.json` holds both to that.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from qwq_nb.view.tex import Piece, formulas

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["Writers", "render_markdown"]

LONGEST: Final = 200_000
"""Characters of a text that are read as Markdown; a longer one has paragraphs alone."""
DEEPEST: Final = 24
"""Levels of lists, quotes and emphasis within one another; a text with more has paragraphs alone."""

_OFF: Final = (
    *("html_block", "html_inline", "link", "image", "autolink", "reference", "entity", "code", "lheading"),
    "text_join",
)
_SYNTAX: Final = re.compile(r"[*_`|]|^[ \t]{0,12}(?:[-+#>]|\d{1,9}[.)]|~~~)|\\[*_`#~>+.|-]", re.M)
_ESCAPED: Final = frozenset("*_`#~>+.-")
"""What a backslash is taken away from; before anything else it may be TeX's."""
_FENCE: Final = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})([^\n]*)$", re.M)
_TAG: Final = re.compile(r"(?<!`)\[(/?)asy\](?!`)", re.I)
"""A tag of Asymptote's code; one that is quoted in backticks is none."""
_LONGEST_ASY: Final = 12_000
"""Characters of such code, at most; what is longer is read as text."""
_BLANK: Final = re.compile(r"\n[ \t]*\n\s*")
_LEAD: Final = re.compile(r"(?:^|\n)[ \t>]*\Z")
_BLOCK_MARK: Final = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t]+)*")
_TAGS: Final = {
    "paragraph": "p",
    "bullet_list": "ul",
    "list_item": "li",
    "blockquote": "blockquote",
    "strong": "strong",
    "em": "em",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "th": "th",
    "td": "td",
}


class Writers(NamedTuple):
    """Hold the functions that write text as html: the renderer itself writes tags alone."""

    text: Callable[[str], str]
    """Text within a line."""
    code: Callable[[str], str]
    """Text as typed within `code` or `pre`."""
    formula: Callable[[Piece], str]
    """A formula, or an escaped dollar."""


def render_markdown(text: str, write: Writers, hit: tuple[int, int] | None = None) -> str:
    """Return a text as html. What stands at `hit` (offsets) is marked, within a formula the whole formula.

    `text` is visible already (`view.clean.visible`). The html holds no attribute but a list's first number.
    """
    return _Render(text, write, hit).html()


def fences_of(text: str) -> list[tuple[int, int]]:
    """Return the stretches of fenced code, with their fences; one that is never closed ends with the text."""
    found: list[tuple[int, int]] = []
    opened: tuple[int, str] | None = None
    for match in _FENCE.finditer(text) if "```" in text or "~~~" in text else ():
        fence, rest = match[1], match[2]
        if opened is None:
            if fence[0] == "~" or "`" not in rest:
                opened = (match.start(), fence)
        elif fence.startswith(opened[1]) and not rest.strip():
            found.append((opened[0], match.end()))
            opened = None
    if opened is not None:
        found.append((opened[0], len(text)))
    return found


def asy_of(text: str, fences: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the stretches of Asymptote's code with their tags, none of them in fenced code.

    Code has a semicolon, so that a sentence about the tags is none. Where the end is missing (a cut), it is the
    paragraph below the tag.
    """
    found: list[tuple[int, int]] = []
    opened: tuple[int, int] | None = None

    def add(low: int, after: int, high: int) -> None:
        if ";" in text[after:high] and high - low <= _LONGEST_ASY:
            found.append((low, high))

    def give(until: int) -> None:
        if opened is not None and re.match(r"[ \t]*\n", text[opened[1] : until]):
            below = text[opened[1] : until].rstrip()
            blank = re.search(r"\S[ \t]*\n[ \t]*\n", below)
            add(*opened, opened[1] + (blank.start() + 1 if blank else len(below)))

    left = [*fences, (len(text), len(text))]
    for match in _TAG.finditer(text):
        while left[0][1] <= match.start():
            give(left.pop(0)[0])
            opened = None
        if left[0][0] <= match.start():
            continue
        if not match[1]:
            give(match.start())
            opened = match.span()
        elif opened is not None:
            add(*opened, match.end())
            opened = None
    give(left[0][0])
    return found


def formulas_of(text: str) -> list[Piece]:
    """Return the formulas and escaped dollars of a text, in order; none of them is in code of several lines."""
    found: list[Piece] = []
    fences = fences_of(text)
    edges = [0, *(edge for code in sorted([*fences, *asy_of(text, fences)]) for edge in code), len(text)]
    for low, high in list(pairwise(edges))[::2]:
        for piece in formulas(text[low:high]):
            # What has a backtick in it has found its dollar beyond a span of code.
            if "`" not in piece.shown:
                found.append(piece._replace(start=piece.start + low, end=piece.end + low))
    return found


@functools.cache
def _parser() -> MarkdownIt:
    # Imported when a text is first rendered: `%load_ext` is to be fast.
    from markdown_it import MarkdownIt

    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": DEEPEST + 6}
    return MarkdownIt("commonmark", options).enable("table").disable(_OFF)


class _Render:
    """Hold one text while it is rendered: formulas and the marked span stand in it as letters that no syntax has."""

    def __init__(self, text: str, write: Writers, hit: tuple[int, int] | None) -> None:
        self._source = text
        self._write = write
        self._formulas = formulas_of(text)
        self._asy = asy_of(text, fences_of(text))
        self._hit = self._within_text(hit)
        self._mark = next((c for c in map(chr, range(0xE000, 0xF900)) if c not in text), "")
        self._is_hit = False
        self._hold = re.compile(f"{self._mark}([0-9]+|[<>]){self._mark}") if self._mark else None

    def html(self) -> str:
        if not self._mark:
            return self._paragraphs(self._source)
        # Prose and Asymptote's code by turns.
        parts = re.split(f"{self._mark}[\\[\\]]{self._mark}", self._masked())
        return "".join(self._pre(part) if i % 2 else self._prose(part) for i, part in enumerate(parts))

    def _prose(self, masked: str) -> str:
        if len(self._source) > LONGEST or not _SYNTAX.search(masked):
            return self._paragraphs(masked)
        tokens = _parser().parse(masked)
        if any(t.level >= DEEPEST or any(c.level >= DEEPEST for c in t.children or ()) for t in tokens):
            return self._paragraphs(masked)
        return "".join(self._blocks(tokens, masked))

    def _within_text(self, hit: tuple[int, int] | None) -> tuple[int, int] | None:
        """The span without the signs at its line's beginning that say what the line is, and with whole formulas."""
        if hit is None:
            return None
        start, end = hit
        end = start + len(self._source[start:end].rstrip())
        if _LEAD.search(self._source, 0, start):
            start = min(_BLOCK_MARK.match(self._source, start).end(), end)  # type: ignore[union-attr]
        for piece in self._formulas:
            if piece.start < end and start < piece.end:
                start, end = min(start, piece.start), max(end, piece.end)
        return (start, end) if start < end else None

    def _masked(self) -> str:
        """The text with a number in the place of every formula, and signs around figures' code and the hit."""
        m = self._mark
        places = [(p.start, 2, p.end, f"{m}{i}{m}") for i, p in enumerate(self._formulas)]
        for low, high in self._asy:
            places += [(low, 0, low, f"{m}[{m}"), (high, -1, high, f"{m}]{m}")]
        if self._hit is not None:
            places += [(self._hit[0], 1, self._hit[0], f"{m}<{m}"), (self._hit[1], -2, self._hit[1], f"{m}>{m}")]
        parts, position = [], 0
        for start, _, end, sign in sorted(places):
            parts += [self._source[position:start], sign]
            position = end
        return "".join([*parts, self._source[position:]])

    def _paragraphs(self, masked: str) -> str:
        parts = [part for part in _BLANK.split(masked.strip("\n")) if part.strip()]
        return "".join(f"<p>{'<br>'.join(map(self._text, part.strip().split(chr(10))))}</p>" for part in parts)

    def _text(self, masked: str) -> str:
        """A text within a line, with its formulas."""
        if self._hold is None:
            return self._write.text(masked)
        parts, position = [], 0
        for match in self._hold.finditer(masked):
            parts.append(self._marked(self._write.text(masked[position : match.start()])))
            position = match.end()
            if match[1] in "<>":
                self._is_hit = match[1] == "<"
            else:
                parts.append(self._marked(self._write.formula(self._formulas[int(match[1])])))
        return "".join([*parts, self._marked(self._write.text(masked[position:]))])

    def _pre(self, masked: str) -> str:
        return f"<pre><code>{self._code(masked)}</code></pre>".replace("\n", "&#10;")

    def _code(self, masked: str) -> str:
        """A text as typed; formulas in it are none."""
        if self._hold is None:
            return self._write.code(masked)
        parts, position = [], 0
        for match in self._hold.finditer(masked):
            if match[1] in "<>":
                parts.append(self._marked(self._write.code(self._restored(masked[position : match.start()]))))
                position = match.end()
                self._is_hit = match[1] == "<"
        return "".join([*parts, self._marked(self._write.code(self._restored(masked[position:])))])

    def _restored(self, masked: str) -> str:
        def source(match: re.Match[str]) -> str:
            piece = self._formulas[int(match[1])] if match[1] not in "<>" else None
            return self._source[piece.start : piece.end] if piece else ""

        return self._hold.sub(source, masked) if self._hold else masked

    def _marked(self, html: str) -> str:
        return f"<mark>{html}</mark>" if html and self._is_hit else html

    def _blocks(self, tokens: list[Token], masked: str) -> Iterator[str]:
        lines = masked.split("\n")
        skipped = ""
        for token in tokens:
            if skipped:
                skipped = "" if token.type == skipped else skipped
            elif token.type == "table_open" and token.map and _has_more_cells(lines[token.map[0] : token.map[1]]):
                # What the parser would drop is there to be read.
                rows = "\n".join(lines[token.map[0] : token.map[1]])
                yield self._pre(rows)
                skipped = "table_close"
            elif token.type == "inline":
                yield "".join(self._inline(token.children or []))
            elif token.type in ("fence", "code_block"):
                yield self._pre(token.content.removesuffix("\n"))
            elif token.type == "hr":
                yield "<hr>"
            elif not token.hidden:
                yield _tag(token)

    def _inline(self, tokens: list[Token]) -> Iterator[str]:
        for token in tokens:
            if token.type == "text":
                yield self._text(token.content)
            elif token.type == "text_special":
                yield self._text(token.content if token.content in _ESCAPED else token.markup)
            elif token.type in ("softbreak", "hardbreak"):
                yield "<br>"
            elif token.type == "code_inline":
                yield f"<code>{self._code(token.content)}</code>"
            else:
                yield _tag(token)


def _tag(token: Token) -> str:
    """The tag that a token opens or closes. A heading is none of the page's: front ends make a contents of those."""
    name, _, side = token.type.rpartition("_")
    if name == "heading":
        return "<p><strong>" if side == "open" else "</strong></p>"
    if name == "ordered_list":
        start = token.attrGet("start")
        return ("<ol>" if start is None else f'<ol start="{int(start)}">') if side == "open" else "</ol>"
    tag = "table" if name == "table" else _TAGS[name]
    return f"<{tag}>" if side == "open" else f"</{tag}>"


def _has_more_cells(rows: list[str]) -> bool:
    """Whether a row of a table has more cells than its head: GFM leaves those out."""
    from markdown_it.rules_block.table import escapedSplit

    counts = [len(escapedSplit(row.strip().strip("|"))) for row in rows]
    return any(count > counts[0] for count in counts[1:])
