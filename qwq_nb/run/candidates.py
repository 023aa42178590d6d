"""List the candidate answers that a reasoning states on its way, with their places: "204 → 204 → 60"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import groupby
from typing import Final, NamedTuple

from qwq_nb.core.drawn_parts import Track
from qwq_nb.core.records import SampleResult
from qwq_nb.trace.values import normal, rational
from qwq_nb.view.clean import one_line
from qwq_nb.view.readable import readable

__all__ = ["Candidate", "candidates_line", "drawn_track", "stated_candidates", "track_places", "track_runs"]

_SHOWN: Final = 12
_LENGTH: Final = 60
_DRAWN: Final = 60
"""Statements of one reasoning that a drawn sample carries: the first and the last half of them where there are more."""
_DRAWN_LENGTH: Final = 40
_BOX: Final = re.compile(r"\\(?:boxed|fbox)\s*\{(.*)\}?\Z", re.S)


class Candidate(NamedTuple):
    """Hold one statement of a candidate answer. Offsets are characters of the reasoning."""

    start: int
    end: int
    text: str
    """What is stated, without `$` and `\\boxed`."""
    right: bool | None
    """Whether it is the right answer; None: the gold answer is not known."""


def stated_candidates(result: SampleResult) -> list[Candidate]:
    """Return what `Analysis.candidates` found in the reasoning, in order; empty without an analysis."""
    if result.analysis is None or result.completion is None:
        return []
    reasoning = result.completion.reasoning
    return [
        Candidate(start, end, _bare(reasoning[start:end]), right)
        for start, end, right in result.analysis.candidates
        if 0 <= start < end <= len(reasoning)
    ]


def candidates_line(candidates: list[Candidate]) -> str:
    """Return the candidates in one line, those in the middle of many left out; empty where there are none."""
    return _line((one_line(readable(candidate.text), _LENGTH), 1) for candidate in candidates)


def drawn_track(result: SampleResult) -> Track | None:
    """Make the track of a result as it is drawn; None where no candidate is stated."""
    candidates = stated_candidates(result)
    half = _DRAWN // 2
    kept = candidates if len(candidates) <= _DRAWN else [*candidates[:half], *candidates[-half:]]
    if not kept:
        return None
    numbers: dict[tuple[Fraction | str, bool | None], int] = {}
    values: list[str] = []
    places = []
    for candidate in kept:
        # 15° and 15 are one value, shown as it is written the shortest.
        number = numbers.setdefault((_same(candidate.text), candidate.right), len(values))
        shown = one_line(readable(candidate.text), _DRAWN_LENGTH)
        if number == len(values):
            values.append(shown)
        values[number] = min(values[number], shown, key=len)
        places.append(f"{candidate.start}+{candidate.end - candidate.start}:{number}")
    right = [number for (_, is_right), number in numbers.items() if is_right]
    return Track(
        values=values,
        right=right,
        given=_given(numbers, right, result),
        places=" ".join(places),
        omitted=len(candidates) - len(kept),
    )


def _same(value: str) -> Fraction | str:
    """Return what values that are the same have in common."""
    found = normal(value)
    number = rational(found)
    return found if number is None else number


def _given(
    numbers: Mapping[tuple[Fraction | str, bool | None], int], right: list[int], result: SampleResult
) -> int | None:
    """Return which of the values is the one that was extracted in the end.

    Of an answer that was found correct it is the right one, however it is written.
    """
    extracted = result.verdict.extracted.strip() if result.verdict is not None else ""
    if not extracted:
        return None
    if result.outcome == "correct" and right:
        return right[0]
    wanted = _same(extracted)
    return next((number for (value, _), number in numbers.items() if value == wanted), None)


def track_places(track: Track) -> list[tuple[int, int, int]]:
    """Return the statements of a track in order: start, end, position in `values`; without what is malformed."""
    found = (re.fullmatch(r"(\d{1,9})\+(\d{1,9}):(\d{1,4})", part) for part in track.places.split())
    places = [(int(m[1]), int(m[1]) + int(m[2]), int(m[3])) for m in found if m]
    return [place for place in places if place[2] < len(track.values)]


def track_runs(track: Track) -> str:
    """Return a track in one line, a value that is stated several times in a row once: `204 ×2 → 60`."""
    said = (track.values[value] for _, _, value in track_places(track))
    return _line((text, len(list(run))) for text, run in groupby(said))


def _line(said: Iterable[tuple[str, int]]) -> str:
    texts = [f"{text} ×{times}" if times > 1 else text for text, times in said]
    if len(texts) > _SHOWN:
        texts = [*texts[: _SHOWN // 2], f"… {len(texts) - _SHOWN:,} more …", *texts[-_SHOWN // 2 :]]
    return " → ".join(texts)


def _bare(text: str) -> str:
    text = text.strip().strip("$*").strip()
    box = _BOX.match(text)
    return (box.group(1).removesuffix("}") if box else text).strip().strip("$").strip()
