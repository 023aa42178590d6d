"""Format the numbers of a comparison's row: accuracies in per cent, means of a score that is not 0 or 1 as they are."""

from __future__ import annotations

from qwq_nb.analysis.compare.contrasts import ComparisonRow
from qwq_nb.view.wording import (
    difference_interval,
    difference_of_scores,
    percent,
    points,
    score,
    signed,
    signed_score,
)

__all__ = ["benchmark_title", "difference", "interval", "is_share", "mean"]


def is_share(row: ComparisonRow) -> bool:
    """Return whether a row's numbers are shares of right answers, and not means of another score."""
    return not row.metric


def mean(row: ComparisonRow, value: float | None) -> str:
    """Format an accuracy of a row in per cent, or a mean of its score as it is."""
    return score(value) if row.metric else percent(value)


def difference(row: ComparisonRow, *, unit: bool = True) -> str:
    """Format a row's difference: in percentage points, with their `unit` or without, or of its score as it is."""
    if row.metric:
        return signed_score(row.difference)
    return signed(row.difference) if unit else points(row.difference)


def interval(row: ComparisonRow) -> str:
    """Format a row's interval: in percentage points, `−0.8 to +3.0`, or of its score as it is."""
    return (difference_of_scores if row.metric else difference_interval)(row.ci_low, row.ci_high)


def benchmark_title(row: ComparisonRow) -> str:
    """Return the benchmark's name, with that of its score where that is not 0 or 1."""
    return row.benchmark + (f" (mean {row.metric})" if row.metric else "")
