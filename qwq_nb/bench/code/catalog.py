"""List evalscope's benchmarks whose answers are programs that are run here, and what of their records is a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["BUILT_IN_CODE", "CODE", "CodeFields", "default_subset", "evalscope_runs_code", "runs_code"]


class CodeFields(NamedTuple):
    """Name where a benchmark's tests stand: they are kept apart from samples, and so out of run files."""

    metadata: tuple[str, ...]
    """Of a sample's metadata, as evalscope's adapter makes it."""
    record: Mapping[str, str]
    """Of the raw record: the field, and what stands in its place in a run's data."""
    default_subset: str = ""
    """The subset that is taken if none is named, of a benchmark whose subsets overlap; empty: all of them."""


CODE: Final[dict[str, CodeFields]] = {
    "humaneval": CodeFields(("test",), {"test": ""}),
    "humaneval_plus": CodeFields(("test",), {"test": ""}),
    # The few tests of MBPP's list stand in the prompt, which is made of the record's field.
    "mbpp": CodeFields(("test_list", "test_setup_code"), {}),
    "mbpp_plus": CodeFields(("test_list", "test_imports", "test"), {"test": ""}),
    "live_code_bench": CodeFields(
        ("evaluation_sample",), {"public_test_cases": "[]", "private_test_cases": "[]"}, "release_latest"
    ),
}
"""evalscope's code benchmarks that need one Python interpreter: the others name images or compilers of their own."""

BUILT_IN_CODE: Final = frozenset({"code_editing", "games"})
"""Benchmarks of qwq_nb's own (`qwq_nb.bench.registry.BUILT_IN`) whose answers are programs that are run here."""


def evalscope_runs_code(benchmark: str) -> bool:
    """Return whether it is one of evalscope's benchmarks whose answers are run in the sandbox."""
    return benchmark in CODE


def runs_code(benchmark: str) -> bool:
    """Return whether grading the benchmark runs the model's code in the sandbox."""
    return benchmark in CODE or benchmark in BUILT_IN_CODE


def default_subset(benchmark: str) -> str:
    """Return the subset that is taken if none is named; empty: all of them."""
    return CODE[benchmark].default_subset if benchmark in CODE else ""
