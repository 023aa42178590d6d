"""Tell what kind of questions results belong to, for what is measured of their reasonings. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qwq_nb.core.records import SampleResult
from qwq_nb.trace.habits import first_correct_tokens

__all__ = ["are_places_known", "is_choice"]

_LETTER = re.compile(r"[A-Z]")


def are_places_known(results: Sequence[SampleResult]) -> bool:
    """Return whether places of right answers are found at all: they are not in reasonings about programs, free
    texts."""
    return any(first_correct_tokens(r) is not None for r in results) or not any(
        r.outcome == "correct" and r.completion is not None and r.completion.reasoning_tokens > 0 for r in results
    )


def is_choice(results: Sequence[SampleResult]) -> bool:
    """Return whether the questions are multiple choice: they have choices, or letters as gold (evalscope's runs)."""
    samples = [result.sample for result in results]
    return any(s.choices for s in samples) or (
        bool(samples) and all(_LETTER.fullmatch(s.gold.strip()) is not None for s in samples)
    )
