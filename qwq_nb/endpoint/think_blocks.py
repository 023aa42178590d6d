"""Find the thoughts in a completion's content by the tags around them (`think_tags`). Pure.

The rules, for texts in which nothing was thought before:

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

from typing import NamedTuple

from qwq_nb.endpoint.think_tags import BARE, FAMILY, HARMONY, TAGS, Mark, has_tags, is_mention, marks_from

__all__ = ["Thought", "Thoughts", "find_thoughts"]


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


def find_thoughts(
    text: str, *, is_fielded: bool = False, prefilled: bool | None = None, is_cut: bool = False
) -> Thoughts | None:
    """Return the thoughts in a content; None if no tag marks one.

    `is_fielded`: reasoning came in a field of its own too. `prefilled`: whether the template opens the tag; None: not
    known. `is_cut`: the text did not end by itself.
    """
    if not has_tags(text):
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
        marks = list(marks_from(self.text, position))
        last = {mark.family: mark.start for mark in marks if mark.kind in ("close", "end", "partial")}
        lead = len(self.text) - len(self.text.lstrip())
        opened: Mark | None = None
        for mark in marks:
            if opened is not None:
                # An opening tag within a thought is a mention; a harmony channel ends with the next one.
                if mark.family == opened.family and (mark.kind != "open" or mark.family == HARMONY):
                    self._add(opened.start, opened.end, mark.start, mark.start if mark.kind == "open" else mark.end)
                    opened = mark if mark.kind == "open" else None
                    self.is_open = mark.kind == "partial"
                continue
            if mark.kind == "open":
                if self.is_first and self.prefilled and mark.start != lead and mark.family not in (HARMONY, BARE):
                    continue
                if self.is_first and mark.start != lead and not last and is_mention(self.text, mark):
                    continue  # a sentence about tags, by a model that does not think between them
                if self.is_first or mark.family == HARMONY or self._is_thought(mark, last.get(mark.family, -1)):
                    opened = mark
                    self.shape = self.shape or "tags"
                    if self.spans or self.is_fielded or mark.start < last.get(mark.family, -1):
                        continue
                    return self._close_otherwise(mark, marks)
            elif mark.kind == "close":
                self._close(mark)
            elif mark.kind == "drop" or (mark.kind == "end" and mark.family == HARMONY):
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

    def _drop(self, mark: Mark) -> None:
        self.spans.append(Thought(mark.start, mark.end, mark.end, mark.end))

    def _is_thought(self, mark: Mark, last_close: int) -> bool:
        """Return whether an opening tag after a closed thought begins another one."""
        if is_mention(self.text, mark):
            return False
        line = self.text[max(self.begin, self.text.rfind("\n", 0, mark.start) + 1) : mark.start]
        return mark.start < last_close or not line.strip()

    def _close(self, mark: Mark) -> None:
        """Take a closing tag without an opening one."""
        if self.is_first:
            self.shape = "prefilled"
            self._add(0, 0, mark.start, mark.end)
        elif is_mention(self.text, mark):
            return
        elif not self.text[self.begin : mark.start].strip() or not (self.is_cut or self.text[mark.end :].strip()):
            self.shape = self.shape or "tags"
            self._drop(mark)
            self.begin = mark.end
        else:
            self.shape = self.shape or "tags"
            self._add(self.begin, self.begin, mark.start, mark.end)

    def _leave_open(self, opened: Mark) -> None:
        """End with a thought that was never closed."""
        end = len(self.text)
        if not any(thought.outer > thought.inner for thought in self.spans) and not self.is_fielded and self.begin == 0:
            self._add(0, 0, opened.start, opened.end)
            self._add(opened.end, opened.end, end, end)
        else:
            self._add(opened.start, opened.end, end, end)
        self.is_open = True

    def _close_otherwise(self, opened: Mark, marks: list[Mark]) -> int | None:
        """Close the first thought by its last closing tag in code, or by one of another family; else leave it open."""
        closing = TAGS[opened.family][1] if opened.family < HARMONY else ()
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
        at, tag = max((self.text.rfind(tag), tag) for tag, (kind, _) in FAMILY.items() if kind == "close")
        if at < 0:
            return None
        self.shape = "prefilled"
        self._add(0, 0, at, at + len(tag))
        return at + len(tag)
