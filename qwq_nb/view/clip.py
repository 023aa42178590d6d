"""Cut texts to a budget of characters, and make records lean: a notebook cannot carry 500 traces of 40 kB.

Questions and answers come before reasoning, and failures before the rest: a correct sample is rarely opened.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.drawn_parts import Track
from qwq_nb.core.execution import Execution, FailedTest
from qwq_nb.core.records import Analysis
from qwq_nb.core.run_record import Clip, Reason, SampleView, SubsetRow, TurnView
from qwq_nb.core.text import valid_text

__all__ = ["clip", "clip_again", "fair_limit", "lean", "switches_within"]

HEAD_SHARE: Final = 1 / 3
_SNAP: Final = 60  # characters within which a line's or a word's end is looked for
_SPARSE: Final = (SampleView, SubsetRow, Clip, Analysis, Reason, TurnView, BoardRow, Execution, FailedTest, Track)
_PLAIN: Final = frozenset({int, bool, type(None)})


def clip(text: str, limit: int) -> Clip:
    """Cut a text to at most `limit` characters: the beginning and the end, with the middle left out.

    A third is head, two thirds tail: how a thought begins is much the same everywhere, while its end shows what the
    answer came from, or the loop in which it was cut off.
    """
    text = valid_text(text)
    if len(text) <= limit:
        return Clip(text=text)
    limit = max(limit, 0)
    head = _snap(text, int(limit * HEAD_SHARE), back=True)
    tail = _snap(text, len(text) - (limit - head), back=False) if limit > head else len(text)
    return Clip(text=text[:head] + text[tail:], omitted=tail - head, at=head)


def clip_again(text: Clip | None, limit: int) -> Clip | None:
    """Cut a text to the limit; one that was cut before keeps the count of all that is missing."""
    if text is None or len(text.text) <= limit:
        return text
    if not text.omitted:
        return clip(text.text, limit)
    head = min(text.at, int(limit * HEAD_SHARE))
    tail = len(text.text) - min(len(text.text) - text.at, limit - head)
    return Clip(text=text.text[:head] + text.text[tail:], omitted=text.omitted + tail - head, at=head)


def _snap(text: str, at: int, *, back: bool) -> int:
    """`at`, moved (backwards or forwards) to a line's end, else a word's, and never into a composed character."""
    low, high = (max(at - _SNAP, at // 2), at) if back else (at, min(at + _SNAP, (at + len(text)) // 2))
    window = text[low:high]
    for pattern in (r"\n+", r"\s+"):
        breaks = [match.end() for match in re.finditer(pattern, window)]
        if breaks:
            return low + (breaks[-1] if back else breaks[0])
    while 0 < at < len(text) and _joins(text, at):
        at += -1 if back else 1
    return at


def _joins(text: str, at: int) -> bool:
    """Whether the characters on both sides of `at` are drawn as one (accents, skin tones, flags, ZWJ sequences)."""
    after, before = text[at], text[at - 1]
    if unicodedata.combining(after) or unicodedata.category(after) in ("Mn", "Me", "Mc"):
        return True
    if "\u200d" in (before, after) or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    return "\U0001f1e6" <= after <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff"


def switches_within(switches: Sequence[int], text: Clip | None) -> list[int]:
    """Return the switches of thoughts that are in the part of the text that is left, as offsets of the whole text."""
    if text is None:
        return []
    return [at for at in switches if not text.at <= at < text.at + text.omitted]


def fair_limit(needs: Sequence[int], budget: int) -> int:
    """Return the highest cap under which the needs add up to the budget at most."""
    low, high = 0, max(needs, default=0)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(need, middle) for need in needs) <= budget:
            low = middle
        else:
            high = middle - 1
    return low


def lean(value: Any) -> Any:
    """Return builtins for JSON: no NaN, no surrogates; samples and rows without the fields that are at their defaults.

    The schema requires none of those; spelt out, they would be a third of a saved run of 2,000 samples.
    """
    kind: Any = type(value)
    if kind is str:
        return value if value.isascii() else valid_text(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, msgspec.Struct):
        sparse = isinstance(value, _SPARSE)
        pairs = [(field, getattr(value, field.name)) for field in _fields(kind)]
        return {f.encode_name: lean(item) for f, item in pairs if not sparse or f.required or not _is_default(f, item)}
    if isinstance(value, dict):
        return {valid_text(str(key)): lean(item) for key, item in value.items()}
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, float):
        return value if -1e300 < value < 1e300 else None
    if isinstance(value, Iterable):
        return [lean(item) for item in value]
    return value if value is None or isinstance(value, bool | int) else valid_text(str(value))


@functools.cache
def _fields(kind: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Once a type: msgspec evaluates the annotations anew at each call, which was half of an update's time."""
    return msgspec.structs.fields(kind)


def _is_default(field: msgspec.structs.FieldInfo, value: Any) -> bool:
    if field.default_factory is not msgspec.NODEFAULT:
        return bool(value == field.default_factory())
    return bool(value == field.default)
