"""Find repetition loops in a reasoning: the same span over and over, to its end or until the model gets out.

Measure: the start of the first repetition, the end of the last, the period and the number of repeats (characters). From
`start` to `end` the text is wasted: it says nothing that had not been said.

A loop is a run of one period of at most `LONGEST_PERIOD` characters, word for word but for up to `SLIP` characters
without a digit here and there ("Wait," once, a space more), at most 5 % of the run. It needs

- at least 4 repeats (3 where the period has 400 characters or more) and 200 characters wasted;
- for a period below 100 characters so many repeats that 400 are wasted ("a, b, a, b" is no loop; 40 of them are), or
  200 where it is words and the trace ends in it;
- for a period without letters 1,000 wasted characters: rows of a table, rulers and long divisions repeat honestly.

A loop is also a stretch of which more than half is sentences or lines that stood, word for word, within the longest
period before, if `ROUNDS_LEAST` characters were wasted so and each of them came three times or more on average: a model
that goes round the same steps with a few new words between. `period` is then the median distance of a repetition.

A loop whose numbers change ("case 12: no. case 13: no.") is not found: counting up looks the same. Nor is one that says
the same in other words.

The way: text at every `STEP`-th character is looked for again within the longest period (C speed); where it comes
again, the run is stretched to both sides by comparing the text with itself at that distance. Each position costs a
bounded amount of work, and a loop that was found is skipped, so the whole is linear.

Source: none; QwQ's and DeepSeek-R1's model cards warn of "endless repetition" at low temperature without defining it.
"""

from __future__ import annotations

import re
from statistics import median

from qwq_nb.core.records import Loop

__all__ = ["LONGEST_PERIOD", "SLIP", "STEP", "find_loop", "find_loops"]

LONGEST_PERIOD = 4000
SLIP = 12
"""Characters by which a repeat may differ at one position."""

STEP = 48
ROUNDS_LEAST = 400
"""Characters of sentences said again that make going round in circles a loop."""

_NEEDLE = 32
"""Characters that must come again, word for word, for a position to be looked at."""

_SENTENCE = re.compile(r"[^.!?\n。！？]{0,1000}[.!?\n。！？ ]?")
_CHUNK = 2048
_TABLE = frozenset("|-=_+*#.:<>/\\~ \t\n\r")


def find_loop(text: str) -> Loop | None:
    """Return the loop that wasted most characters, or None."""
    found = find_loops(text)
    rounds = _find_rounds(text)
    return max([*found, rounds] if rounds else found, key=lambda loop: loop.end - loop.start, default=None)


def find_loops(text: str) -> list[Loop]:
    """Return the loops of one period, in the order of the text; they do not overlap."""
    loops: list[Loop] = []
    at, read = 0, 0
    while at + 2 * _NEEDLE <= len(text):
        loop = _loop_at(text, at, read)
        if loop:
            loops.append(loop)
            read = loop.end
            at = max(loop.end, at + STEP)
        else:
            at += STEP
    return loops


def _find_rounds(text: str) -> Loop | None:
    """The stretch with most text in sentences that were said before, if it wasted enough."""
    last: dict[str, int] = {}
    score, begin = 0, 0
    best = (0, 0, 0)
    said: list[tuple[int, int, str, int]] = []
    for match in _SENTENCE.finditer(text):
        sentence = match.group().strip().lower()
        if not sentence:
            continue
        size, start = match.end() - match.start(), match.start()
        before = last.get(sentence, -LONGEST_PERIOD - 1)
        last[sentence] = start
        again = start - before if start - before <= LONGEST_PERIOD else 0
        said.append((start, match.end(), sentence, again))
        if score <= 0:
            score, begin = 0, start
        score += size if again else -size
        if score > best[0]:
            best = (score, begin, match.end())
    _, start, end = best
    inside = [part for part in said if start <= part[0] < end]
    repeated = sum(stop - at for at, stop, _, again in inside if again)
    distinct = sum({sentence: len(sentence) + 1 for _, _, sentence, again in inside if again}.values())
    if repeated < ROUNDS_LEAST or repeated < 2 * distinct or not any(c.isalpha() for c in text[start:end]):
        return None
    period = int(median(again for *_, again in inside if again))
    return Loop(start=start, end=end, period=period, repeats=max((end - start) // period + 1, 3))


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
        return 1000
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
