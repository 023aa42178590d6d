"""Put the marks of further measures into a drawn record, and read them there.

A drawn `Analysis.measures` holds no values but what a viewer marks, measure by measure: `{"marks": [{"name": "hedging",
"start": 12, "end": 40, "says": "9 times maybe"}]}`. `start` and `end` are characters of the reasoning; they are missing
where the mark is of the trace as a whole.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from qwq_nb.core.records import Analysis, SampleResult
from qwq_nb.trace.measures import Mark, further_marks
from qwq_nb.trace.thresholds import DEFAULT

__all__ = ["drawn_marks", "read_marks", "without_words"]

MOST: Final = 10
"""Marks of one measure that a drawn sample carries, the strongest."""
_WORDS: Final = 100
_NAME: Final = 40


def drawn_marks(result: SampleResult) -> dict[str, Any]:
    """Return `Analysis.measures` as it is drawn; empty where no further measure marks anything."""
    made: dict[str, Any] = {}
    for measure, marks in further_marks([result], DEFAULT, ()).items():
        found = sorted(marks[0], key=lambda mark: -mark.weight)[:MOST]
        if found:
            made[measure] = {"marks": [_drawn(mark) for mark in found]}
    return made


def _drawn(mark: Mark) -> dict[str, Any]:
    span = {} if mark.span is None else {"start": mark.span[0], "end": mark.span[1]}
    return {"name": mark.name[:_NAME], **span, "says": mark.says[:_WORDS]}


def read_marks(analysis: Analysis | None) -> list[Mark]:
    """Return the marks that a drawn analysis carries; what is of another form, in a record of a stranger's, is not."""
    found = []
    for drawn in analysis.measures.values() if analysis is not None else ():
        for mark in drawn.get("marks", ()) if isinstance(drawn, dict) else ():
            match mark:
                case {"name": str(name), "start": int(start), "end": int(end)}:
                    found.append(Mark(name, (start, end), str(mark.get("says", ""))))
                case {"name": str(name)}:
                    found.append(Mark(name, None, str(mark.get("says", ""))))
    return found


def without_words(analysis: Analysis | None) -> Analysis | None:
    """Return a drawn analysis without what its marks say, which may quote the text."""
    if analysis is None or not analysis.measures:
        return analysis
    measures = {
        measure: {"marks": [{**mark, "says": ""} for mark in drawn["marks"]]}
        for measure, drawn in analysis.measures.items()
    }
    return msgspec.structs.replace(analysis, measures=measures)
