"""Find where a reasoning goes round in circles: it says again what it has said, with other words or numbers between.

Three signs, each a loop (`core.records.Loop`) whose period is the median distance of a repetition:

- rounds: a stretch of which more than half is sentences, or clauses, that stood, word for word, within the longest
  period before, if `ROUNDS_LEAST` characters were wasted so and each of them came three times or more on average;
- returns: a stretch of which more than half of the words stand in runs of `_RUN` words that the reasoning has had twice
  before, `_NEAR` characters or more away, if they are `RETURNS_LEAST` words or more: the same arguments in turn ("a
  dog", "a bed", "a dog" …). Runs of which most are numbers do not count, nor do those that come again at once, as
  the lines of a list and the cases of a count do, nor a copy of `_COPY` words or more, as of a document;
- a block of `_LINES` lines, the same but for its numbers, that comes `BLOCKS_LEAST` times over `BLOCKS_OVER` characters
  or more, each time `_NEAR` characters or more after the one before: the same attempt with other numbers.

Numbers are words like others in the first two: counting up ("case 12: no. case 13: no.") is no circle. What stands in
the question may be said again and again. Code, data and tables count as something new (`trace.prose`). What says the
same in other words altogether is not found.

Source: none. The thresholds are between what hand-labelled traces of either kind have (`tests/trace/loop_labels.json`).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from qwq_nb.core.records import Loop
from qwq_nb.trace.findings import Span

__all__ = ["BLOCKS_LEAST", "BLOCKS_OVER", "RETURNS_LEAST", "ROUNDS_LEAST", "find_circles"]

ROUNDS_LEAST = 400
"""Characters of clauses said again that make going round in circles a loop."""

RETURNS_LEAST = 180
"""Words said for the third time or more."""

BLOCKS_LEAST = 30
BLOCKS_OVER = 50_000
_RUN = 5
_LINES = 3
_NEAR = 400
_COPY = 60
_EDIT = 16
"""Characters that an edit adds to a copy or takes from it."""

_SHORT = 15
"""Characters: a shorter clause ("so", "wait, no") says nothing by itself."""

_SENTENCE = re.compile(r"[^.!?\n。！？]{0,1000}[.!?\n。！？ ]?")
_CLAUSE = re.compile(r"[^.!?,;:\n。！？，；：]{0,1000}[.!?,;:\n。！？，；： ]?")
_CHARACTER = "\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_WORD = re.compile(rf"[{_CHARACTER}]|[^\W\d_{_CHARACTER}]+(?:['’][^\W\d_]+)?|\d+(?:[.,/]\d+)*")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,/]\d+)*")
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_SIGNS = re.compile(r"[\W_]+")


def find_circles(text: str, question: str, code: Sequence[Span], loops: Sequence[Loop], longest: int) -> list[Loop]:
    """Return the stretches that go round in circles, one a sign at most.

    `code` are the spans of the text that say nothing again, and `loops` the loops of one period, both in order;
    `longest` is the most characters between a clause and its repetition.
    """
    found = [
        _find_rounds(text, question, code, longest, _SENTENCE, 1),
        _find_rounds(text, question, code, longest, _CLAUSE, _SHORT),
    ]
    said = _joined([*loops, *(loop for loop in found if loop is not None)])
    found += [_find_returns(text, question, code, said), _find_blocks(text, code)]
    return [loop for loop in found if loop is not None]


def _joined(loops: Sequence[Loop]) -> list[Span]:
    """The loops as spans that do not overlap, in order."""
    spans: list[Span] = []
    for start, end in sorted((loop.start, loop.end) for loop in loops):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans


class _Within:
    """Whether places, asked for in ascending order, lie in spans."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = iter(spans)
        self._span = next(self._spans, None)

    def __call__(self, place: int) -> bool:
        while self._span is not None and self._span[1] <= place:
            self._span = next(self._spans, None)
        return self._span is not None and self._span[0] <= place


def _loop(start: int, end: int, distances: Sequence[int], least: int = 3) -> Loop:
    period = max(int(median(distances)), 1)
    return Loop(start=start, end=end, period=period, repeats=max((end - start) // period + 1, least))


def _find_rounds(
    text: str, question: str, code: Sequence[Span], longest: int, part: re.Pattern[str], short: int
) -> Loop | None:
    """The stretch with most text in parts that were said before, if it wasted enough.

    `part` matches a sentence or a clause; of fewer characters than `short` it is passed over.
    """
    is_code = _Within(code)
    asked = {_said(match) for match in part.finditer(question)}
    last: dict[str, int] = {}
    score, begin = 0, 0
    best = (0, 0, 0)
    said: list[tuple[int, int, str, int]] = []
    for match in part.finditer(text):
        clause = _said(match)
        if len(clause) < short or (short > 1 and not any(map(str.isalpha, clause))):
            continue
        size, start = match.end() - match.start(), match.start()
        again = 0
        if not is_code(start) and clause not in asked:
            before = last.get(clause, -longest - 1)
            last[clause] = start
            again = start - before if start - before <= longest else 0
        said.append((start, match.end(), clause, again))
        if score <= 0:
            score, begin = 0, start
        score += size if again else -size
        if score > best[0]:
            best = (score, begin, match.end())
    _, start, end = best
    inside = [part for part in said if start <= part[0] < end]
    repeated = sum(stop - at for at, stop, _, again in inside if again)
    distinct = sum({clause: len(clause) + 1 for _, _, clause, again in inside if again}.values())
    if repeated < ROUNDS_LEAST or repeated < 2 * distinct or not any(map(str.isalpha, text[start:end])):
        return None
    return _loop(start, end, [again for *_, again in inside if again])


def _said(clause: re.Match[str]) -> str:
    """The words of a sentence or clause, without its bullet and its end."""
    return clause.group().lower().strip(" \t\n.,;:!?。！？，；：*-+•#>")


class _Words:
    """The words of a text: a number for each, and where it stands. Chinese and Japanese characters are words."""

    def __init__(self, text: str, numbers: dict[str, int]) -> None:
        self.ids = array("q")
        self.starts = array("q")
        for match in _WORD.finditer(text):
            self.ids.append(numbers.setdefault(match.group().lower(), len(numbers)))
            self.starts.append(match.start())
        self._figures = {number for word, number in numbers.items() if word[0].isdigit()}
        characters = {number for word, number in numbers.items() if len(word) == 1 and word > "\u3000"}
        self.characters = sum(map(characters.__contains__, self.ids)) if characters else 0

    def figures(self, begin: int, end: int) -> int:
        """How many of the words from one to before another are numbers."""
        return sum(map(self._figures.__contains__, self.ids[begin:end]))

    def runs(self, size: int) -> Iterator[int]:
        """A number for each run of words; the same for the same run."""
        return map(hash, zip(*(self.ids[at:] for at in range(size)), strict=False))


def _find_returns(text: str, question: str, code: Sequence[Span], loops: Sequence[Span]) -> Loop | None:
    """The stretch with most words in runs that were said twice before, if they are enough."""
    numbers: dict[str, int] = {}
    words = _Words(text, numbers)
    # Two characters of Chinese are about a word of English.
    scale = 2 if 2 * words.characters > len(words.ids) else 1
    size, least = scale * _RUN, scale * RETURNS_LEAST
    if len(words.ids) < least:
        return None
    asked = set(_Words(question, numbers).runs(size))
    is_code, in_loop = _Within(code), _Within(loops)
    again = _returned(words, size, asked)
    if sum(map(bool, again)) < least:
        return None
    score, begin = 0, 0
    best = (0, 0, 0)
    for at, distance in enumerate(again):
        if score <= 0:
            score, begin = 0, at
        place = words.starts[at]
        score += 1 if in_loop(place) or (distance and not is_code(place)) else -1
        if score > best[0]:
            best = (score, begin, at)
    _, start, end = best
    distances = [distance for distance in again[start : end + 1] if distance]
    if len(distances) < least:
        return None
    last = _WORD.match(text, words.starts[end])
    return _loop(words.starts[start], last.end() if last else len(text), distances)


def _returned(words: _Words, size: int, asked: set[int]) -> array[int]:
    """For each word the distance, in characters, to where a run with it stood before; 0 where it did not, twice."""
    again = array("q", bytes(8 * len(words.ids)))
    seen: dict[int, tuple[int, int]] = {}
    for at, run in enumerate(words.runs(size)):
        start = words.starts[at]
        times, last = seen.get(run, (0, 0))
        if (
            times > 1
            and start - last >= _NEAR
            and run not in asked
            and 2 * words.figures(at, at + size) <= size  # else it is a calculation
        ):
            for place in range(at, at + size):
                again[place] = start - last
        seen[run] = (times + 1, start)
    _without_copies(again)
    return again


def _without_copies(again: array[int]) -> None:
    """Set to 0 what copies a passage of `_COPY` words or more: at about one distance from what was said before."""
    begin = 0
    for at in range(1, len(again) + 1):
        if at < len(again) and again[at] and abs(again[at] - again[at - 1]) <= _EDIT:
            continue
        if again[begin] and at - begin >= _COPY:
            again[begin:at] = array("q", bytes(8 * (at - begin)))
        begin = at


def _find_blocks(text: str, code: Sequence[Span]) -> Loop | None:
    """The lines that come again most often with other numbers, if that is often and over much of the text."""
    if len(text) < BLOCKS_OVER:
        return None
    is_code = _Within(code)
    lines = [
        (match.start(), match.end(), _SIGNS.sub(" ", _NUMBER.sub("0", match.group().lower())).strip())
        for match in _LINE.finditer(text)
        if not is_code(match.start())
    ]
    places: dict[int, list[int]] = {}
    for at in range(len(lines) - _LINES + 1):
        block = tuple(line for _, _, line in lines[at : at + _LINES])
        if sum(map(str.isalpha, "".join(block))) < 8 * _LINES:
            continue
        found = places.setdefault(hash(block), [])
        if not found or lines[at][0] - lines[found[-1]][0] >= _NEAR:
            found.append(at)
    often = max(places.values(), key=len, default=[])
    if len(often) < BLOCKS_LEAST:
        return None
    starts = [lines[at][0] for at in often]
    start, end = starts[1], lines[often[-1] + _LINES - 1][1]
    if end - starts[0] < BLOCKS_OVER:
        return None
    return _loop(start, end, [b - a for a, b in pairwise(starts)], len(often))
