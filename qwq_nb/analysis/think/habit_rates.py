"""Compute the rates of marks: overthinking, underthinking, loops, …, and those of further measures.

The rules of the marks and their sources stand in `qwq_nb.trace.built_in`. Peers are the samples of the same run and
benchmark subset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from qwq_nb.core.estimates import Estimate, grouped, mean_estimate, share_estimate
from qwq_nb.core.outcomes import is_answered
from qwq_nb.core.records import SampleResult
from qwq_nb.trace.habits import HABITS, wasted_tokens
from qwq_nb.trace.measures import Mark, marks_among
from qwq_nb.trace.thresholds import DEFAULT, Thresholds

__all__ = ["HabitRow", "habit_rows", "with_marks"]


class HabitRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold how often each habit was marked in a subset, or in all of a benchmark (`subset == "all"`)."""

    benchmark: str
    subset: str
    n: int
    """Samples × repeats that were analysed."""
    rates: dict[str, Estimate]
    """Mark → share of the samples with it, 0…1, with its 95 % interval; for all of `HABITS`, then those asked for."""
    counts: dict[str, int]
    """Habit → number of samples with its mark."""
    loop_tokens: int
    """Tokens spent in loops, of all samples together."""
    loop_tokens_mean: Estimate
    """Tokens spent in loops, mean of a sample."""


def habit_rows(
    results: Iterable[SampleResult], thresholds: Thresholds = DEFAULT, further: Sequence[str] = ()
) -> list[HabitRow]:
    """Compute one row a subset and one for all of each benchmark; peers are those of the subset in both.

    `further` names marks of further measures that have a rate too.
    """
    measured = [r for r in results if r.analysis is not None and is_answered(r.outcome)]
    marks = {id(result): {mark.name for mark in found} for result, found in with_marks(measured, thresholds)}
    names = [*HABITS, *further]
    return [_row(*name, rows, marks, names) for name, rows in grouped(measured)]


def with_marks(results: Iterable[SampleResult], thresholds: Thresholds) -> list[tuple[SampleResult, list[Mark]]]:
    """Return each result with its marks, in the order of benchmark and subset."""
    groups: dict[tuple[str, str], list[SampleResult]] = {}
    for result in results:
        groups.setdefault((result.sample.benchmark, result.sample.subset), []).append(result)
    return [pair for group in groups.values() for pair in zip(group, marks_among(group, thresholds), strict=True)]


def _row(
    benchmark: str, subset: str, results: list[SampleResult], marks: dict[int, set[str]], names: list[str]
) -> HabitRow:
    wasted = [(r.sample.id, wasted_tokens(r)) for r in results]
    return HabitRow(
        benchmark=benchmark,
        subset=subset,
        n=len(results),
        rates={mark: share_estimate([(r.sample.id, mark in marks[id(r)]) for r in results]) for mark in names},
        counts={mark: sum(mark in marks[id(r)] for r in results) for mark in names},
        loop_tokens=round(sum(tokens for _, tokens in wasted)),
        loop_tokens_mean=mean_estimate(wasted),
    )
