"""List the candidate answers that a reasoning states on its way, with their places: "204 → 204 → 60"."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from qwq_nb.core.records import SampleResult
from qwq_nb.view.clean import one_line

__all__ = ["Candidate", "candidates_line", "stated_candidates"]

_SHOWN: Final = 12
_LENGTH: Final = 60
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
    texts = [one_line(candidate.text, _LENGTH) for candidate in candidates]
    if len(texts) > _SHOWN:
        texts = [*texts[: _SHOWN // 2], f"… {len(texts) - _SHOWN:,} more …", *texts[-_SHOWN // 2 :]]
    return " → ".join(texts)


def _bare(text: str) -> str:
    text = text.strip().strip("$*").strip()
    box = _BOX.match(text)
    return (box.group(1).removesuffix("}") if box else text).strip().strip("$").strip()
