"""Compute the means of further measures' columns (`qwq_nb.trace.measures`), and list what could not be measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import inf

import msgspec

from qwq_nb.core.estimates import Estimate, grouped, mean_estimate
from qwq_nb.core.records import SampleResult
from qwq_nb.trace.measures import further_measures, measured_columns

__all__ = ["FurtherRow", "columns_of", "further_notes", "further_rows"]


class FurtherRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the columns of a subset, or of all of a benchmark (`subset == "all"`)."""

    benchmark: str
    subset: str
    columns: dict[str, Estimate]
    """Mean over the answers that have a value, with its 95 % interval clustered by problem; see `core.estimates`."""


def columns_of(result: SampleResult) -> dict[str, float | None]:
    """Return the columns of all further measures for one answer, by `measure_column`."""
    return {name: value for measure in further_measures() for name, value in measured_columns(measure, result).items()}


def further_rows(results: Sequence[SampleResult]) -> list[FurtherRow]:
    """Return one row a subset and one for all of each benchmark, in order of appearance; none without measures."""
    if not further_measures():
        return []
    found = {id(result): columns_of(result) for result in results}
    names = dict.fromkeys(name for columns in found.values() for name in columns)
    if not names:
        return []
    rows = []
    for (benchmark, subset), group in grouped(results):
        values: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
        for result in group:
            for name, value in found[id(result)].items():
                if value is not None and -inf < value < inf:
                    values[name].append((result.sample.id, float(value)))
        columns = {name: mean_estimate(values[name], least=-inf) for name in names}
        rows.append(FurtherRow(benchmark=benchmark, subset=subset, columns=columns))
    return rows


def further_notes(results: Sequence[SampleResult]) -> list[str]:
    """Return a sentence for each further measure that failed, however often it did."""
    notes = []
    for name in further_measures():
        errors: Counter[str] = Counter()
        for result in results:
            entry = result.analysis.measures.get(name) if result.analysis is not None else None
            if isinstance(entry, dict) and "error" in entry:
                errors[str(entry["error"])] += 1
        if errors:
            first, _ = errors.most_common(1)[0]
            failed = f"{errors.total():,} of {len(results):,} answers"
            notes.append(f"The measure {name} failed on {failed}, which have no value of it: {first}")
    return notes
