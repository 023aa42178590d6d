"""Subsets that stand apart have their row, and are no part of a mean over their benchmark."""

from __future__ import annotations

from qwq_nb.core.apart import parts_of, together
from qwq_nb.core.records import Completion, Outcome, Sample, SampleResult
from qwq_nb.core.tally import tally


def result(subset: str, index: int, outcome: Outcome, benchmark: str = "bfcl_ast") -> SampleResult:
    sample = Sample(
        benchmark=benchmark, subset=subset, id=f"{subset}/{index}", index=index, question="", gold="", messages=[]
    )
    return SampleResult(sample=sample, outcome=outcome, completion=Completion(answer="x"))


MIXED = [*(result("simple", n, "wrong") for n in range(4)), *(result("irrelevance", n, "correct") for n in range(6))]


def test_a_model_that_never_calls_gains_nothing_by_irrelevance() -> None:
    rows = {row.subset: row for row in tally(MIXED)}
    assert (rows["irrelevance"].accuracy, rows["irrelevance"].n) == (1.0, 6)
    assert (rows["all"].accuracy, rows["all"].n, rows["all"].correct) == (0.0, 4, 0)


def test_the_estimate_for_the_whole_benchmark_is_without_it_too() -> None:
    rows = {row.subset: row for row in tally(MIXED, population={"bfcl_ast": {"simple": 40, "irrelevance": 6}})}
    assert (rows["all"].population, rows["all"].accuracy) == (40, 0.0)
    assert rows["irrelevance"].population == 6


def test_alone_it_is_what_the_row_all_is_about() -> None:
    alone = [r for r in MIXED if r.sample.subset == "irrelevance"]
    rows = {row.subset: row for row in tally(alone, population={"bfcl_ast": {"irrelevance": 240}})}
    assert (rows["all"].accuracy, rows["all"].n, rows["all"].population) == (1.0, 6, 240)


def test_every_answer_is_counted_once_by_the_rows_of_subsets() -> None:
    other = [result("default", 0, "correct", benchmark="own")]
    assert sum(row.n for row in parts_of(tally([*MIXED, *other]))) == 11
    assert [row.subset for row in parts_of(row for row in tally(other) if row.subset == "all")] == ["all"]


def test_only_a_benchmark_that_has_such_subsets_is_touched() -> None:
    other = [result("irrelevance", 0, "correct", benchmark="own"), result("simple", 0, "wrong", benchmark="own")]
    assert together(other, lambda r: r.sample) == other
    assert together([*MIXED, *other], lambda r: r.sample) == [*MIXED[:4], *other]
