"""Look up published rows of code editing, each with the document that reports it.

They are in `published.json` beside this module, as aider's website has them (Apache-2.0), and are for orientation:
prompts, parsers and time limits are not ours, and of a pair their counts of malformed replies are aider's, which see
nothing of an editor's.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Final

import msgspec

from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.stats import wilson

__all__ = ["SAME_EXERCISES", "published_rows"]

SAME_EXERCISES: Final = "133 Python exercises"
"""`BoardRow.exercises` of the published rows on the exercises that this benchmark has."""

_NOT_SAID: Final = ("no_edit", "no_edit_passed")
"""Counts that aider does not have."""


@functools.cache
def _published() -> tuple[BoardRow, ...]:
    data = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return tuple(_row(row, **data["sources"][row["source"]]) for row in data["rows"])


def _row(row: dict[str, object], *, cite: str, exercises: str) -> BoardRow:
    kept = {name: value for name, value in row.items() if name not in ("source", "dirname")}
    made = msgspec.convert(
        {
            **kept,
            **dict.fromkeys(_NOT_SAID),
            "percent_well_formed_by_aider": row["percent_cases_well_formed"],
            "num_malformed_by_aider": row["num_malformed_responses"],
            "currency": "USD",
            "published": True,
            "exercises": exercises,
            "source": cite,
        },
        BoardRow,
    )
    low_1, high_1 = _interval(made.pass_rate_1, made.test_cases)
    low, high = _interval(made.pass_rate_2, made.test_cases)
    return msgspec.structs.replace(made, pass_rate_1_low=low_1, pass_rate_1_high=high_1, ci_low=low, ci_high=high)


def _interval(rate: float | None, n: int) -> tuple[float | None, float | None]:
    """Wilson's interval of a published rate, in per cent; of the count that it was rounded from."""
    low, high = wilson(round((rate or 0) * n / 100), n)
    return (None, None) if low is None or high is None or rate is None else (100 * low, 100 * high)


def published_rows(exercises: str = "") -> list[BoardRow]:
    """Return the published rows: of the exercises named (`SAME_EXERCISES`), or all. The best of each comes first."""
    rows = [row for row in _published() if exercises in ("", row.exercises)]
    return sorted(rows, key=lambda row: (row.exercises != SAME_EXERCISES, -(row.pass_rate_2 or 0)))
