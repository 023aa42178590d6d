"""Name the subsets that stand apart: their score is shown, and is part of no mean over a benchmark.

BFCL's irrelevance asks for no call at all: a model that never calls a function has 100 % there, and would gain by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from qwq_nb.core.records import Sample
from qwq_nb.core.run_record import SubsetRow

__all__ = ["APART", "mixed_subsets", "parts_of", "stands_apart", "together"]

T = TypeVar("T")

APART: dict[str, dict[str, str]] = {
    "bfcl_ast": {"irrelevance": "no function helps there, so that a model that never calls any has 100 %"}
}
"""Benchmark → its subsets that stand apart, each with the reason in words."""


def stands_apart(benchmark: str, subset: str) -> bool:
    """Return whether a subset is no part of its benchmark's score as a whole."""
    return subset in APART.get(benchmark, ())


def mixed_subsets(benchmark: str, subsets: Iterable[str]) -> set[str]:
    """Return those of a benchmark's subsets that its score as a whole is made of.

    Where there are none but such that stand apart, it is made of these: a mean of one subset mixes nothing.
    """
    found = set(subsets)
    return {subset for subset in found if not stands_apart(benchmark, subset)} or found


def together(items: Iterable[T], sample_of: Callable[[T], Sample]) -> list[T]:
    """Return the items of which their benchmarks' scores as a whole are made."""
    found = list(items)
    subsets: dict[str, set[str]] = {}
    for sample in map(sample_of, found):
        subsets.setdefault(sample.benchmark, set()).add(sample.subset)
    if not APART.keys() & subsets.keys():
        return found
    mixed = {benchmark: mixed_subsets(benchmark, own) for benchmark, own in subsets.items()}
    return [item for item in found if sample_of(item).subset in mixed[sample_of(item).benchmark]]


def parts_of(rows: Iterable[SubsetRow]) -> list[SubsetRow]:
    """Return the rows that count every answer once: those of subsets, since some stand apart from the row `all`."""
    given = list(rows)
    divided = {row.benchmark for row in given if row.subset != "all"}
    return [row for row in given if row.subset != "all" or row.benchmark not in divided]
