"""Find repetition loops in a reasoning: the same span over and over, to its end or until the model gets out.

Measure: the start of the first repetition, the end of the last, the period and the number of repeats (characters). From
`start` to `end` the text is wasted: it says nothing that had not been said.

A loop is a run of one period of at most `LONGEST_PERIOD` characters, word for word but for up to `SLIP` characters
without a digit here and there ("Wait," once, a space more), at most 5 % of the run. It needs

- at least 4 repeats (3 where the period has 400 characters or more) and 200 characters wasted;
- for a period below 100 characters so many repeats that 400 are wasted ("a, b, a, b" is no loop; 40 of them are), or
  200 where it is words and the trace ends in it;
- for a period without letters 1,000 wasted characters: rows of a table, rulers and long divisions repeat honestly.
  Where the trace ends in it 300 are enough, 600 for a period below `_LETTERLESS` characters, but 1,000 for a ruler;
- where more than half of it is code, data or a table (`trace.prose`): 8 repeats and 1,000 characters to the trace's
  end. Code says the same again honestly; what is written until the token limit cuts it does not.

A model that goes round and round without saying it word for word is found by `trace.circling`; of all loops the one
that wasted most counts.

The way: text at every `STEP`-th character is looked for again within the longest period (C speed); where it comes
again, the run is stretched to both sides by comparing the text with itself at that distance. Each position costs a
bounded amount of work, and a loop that was found is skipped, so the whole is linear.

Source: none; QwQ's and DeepSeek-R1's model cards warn of "endless repetition" at low temperature without defining it.
"""

from __future__ import annotations

from collections.abc import Sequence

from qwq_nb.core.records import Loop
from qwq_nb.trace.circling import find_circles
from qwq_nb.trace.findings import Span
from qwq_nb.trace.prose import code_spans, covered

__all__ = ["LONGEST_PERIOD", "SLIP", "STEP", "find_loop", "find_loops"]

LONGEST_PERIOD = 4000
SLIP = 12
"""Characters by which a repeat may differ at one position."""

STEP = 48
_NEEDLE = 32
"""Characters that must come again, word for word, for a position to be looked at."""

_CHUNK = 2048
_LETTERLESS = 12
"""Characters of a period without letters from which on it is more than a ruler or a decimal."""

_TABLE = frozenset("|-=_+*#.:<>/\\~ \t\n\r")


def find_loop(text: str, question: str = "") -> Loop | None:
    """Return the loop that wasted most characters, or None. What stands in the question may be said again and again."""
    code = code_spans(text)
    loops = find_loops(text, code)
    found = [*loops, *find_circles(text, question, code, loops, LONGEST_PERIOD)]
    return max(found, key=lambda loop: loop.end - loop.start, default=None)


def find_loops(text: str, code: Sequence[Span]) -> list[Loop]:
    """Return the loops of one period, in the order of the text; they do not overlap. `code` is that of the text."""
    text = text.rstrip()
    in_code = covered(code)
    loops: list[Loop] = []
    at, read = 0, 0
    while at + 2 * _NEEDLE <= len(text):
        loop = _loop_at(text, at, read)
        if loop:
            if _is_no_code(loop, in_code(loop.start - loop.period, loop.end), at_end=loop.end == len(text)):
                loops.append(loop)
            read = loop.end
            at = max(loop.end, at + STEP)
        else:
            at += STEP
    return loops


def _is_no_code(loop: Loop, inside: int, *, at_end: bool) -> bool:
    """Whether a loop with so many characters in code is one all the same."""
    if 2 * inside <= loop.end - loop.start + loop.period:
        return True
    return at_end and loop.repeats >= 8 and loop.end - loop.start >= 1000


def _loop_at(text: str, at: int, begin: int) -> Loop | None:
    needle = text[at : at + _NEEDLE]
    again = text.find(needle, at + 1, at + LONGEST_PERIOD + _NEEDLE)
    if again < 0 or not needle.strip():
        return None
    period = again - at
    end, slips = _stretch(text, at, period)
    if end - at < 2 * period:
        return None
    start = at - _back(text, at, period, max(begin, at - LONGEST_PERIOD - STEP))
    unit = text[at : at + period]
    wasted, repeats = end - start - period, (end - start) // period
    if slips > 0.05 * wasted or wasted < _least(unit, at_end=end >= len(text) - period):
        return None
    if repeats < (3 if period >= 400 else 4):
        return None
    return Loop(start=start + period, end=end, period=period, repeats=repeats)


def _least(unit: str, *, at_end: bool) -> int:
    """How many characters must be wasted."""
    if not any(c.isalpha() for c in unit) or _TABLE.issuperset(unit):
        if not at_end or (len(unit) < _LETTERLESS and _TABLE.issuperset(unit)):
            return 1000
        return 300 if len(unit) >= _LETTERLESS else 600
    if len(unit) >= 100 or (at_end and len(unit) > 3):
        return 200
    return 400


def _stretch(text: str, at: int, period: int) -> tuple[int, int]:
    """Where the run ends that repeats what stands `period` characters before, and how many characters slipped."""
    here, there, slips = at, at + period, 0
    while True:
        same = _common(text, here, there)
        here, there = here + same, there + same
        if there >= len(text) or there - at < 2 * period or same < min(period, _NEEDLE):
            break
        slip = _slip(text, here, there)
        if slip is None:
            break
        here, there = here + slip[0], there + slip[1]
        if abs(there - here - period) >= min(period, 4 * SLIP):  # it is another distance, or the text with itself
            break
        slips += max(slip)
    return there, slips


def _slip(text: str, here: int, there: int) -> tuple[int, int] | None:
    """How many characters to leave out on either side so that the two go on alike; none of them may be a digit."""
    for total in range(1, SLIP + 1):
        for left in range(total + 1):
            right = total - left
            ahead = text[there + right : there + right + _NEEDLE]
            if len(ahead) == _NEEDLE and text.startswith(ahead, here + left):
                out = text[here : here + left] + text[there : there + right]
                return None if any(c.isdigit() for c in out) else (left, right)
    return None


def _common(text: str, here: int, there: int) -> int:
    """How many characters are the same from two positions on."""
    done, size = 0, 64
    while text[there + done : there + done + size] == text[here + done : here + done + size]:
        if there + done + size >= len(text):
            return len(text) - there
        done += size
        size = min(2 * size, _CHUNK)
    left, right = text[here + done : here + done + size], text[there + done : there + done + size]
    return done + next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )


def _back(text: str, at: int, period: int, floor: int) -> int:
    """How many characters before `at` are the same as those a period later."""
    done = 0
    while at - done - 1 >= floor and text[at - done - 1] == text[at - done - 1 + period]:
        done += 1
    return done
