"""Count answers that are programs by difficulty, platform and month of their problems. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import GroupRow
from qwq_nb.core.stats import interval_of_counts

__all__ = ["GROUP_COLUMNS", "group_rows"]

GROUP_COLUMNS: Final[tuple[str, ...]] = GroupRow.__struct_fields__

_DIFFICULTIES: Final = ("easy", "medium", "hard")


class _Group:
    """Gather the answers of one row."""

    def __init__(self) -> None:
        self.n = self.correct = self.passed = self.total = 0
        self.problems: dict[str, tuple[int, int]] = {}

    def add(self, result: SampleResult) -> None:
        self.n += 1
        counted, correct = counts(result.outcome), result.outcome == "correct"
        self.correct += correct
        answers, right = self.problems.get(result.sample.id, (0, 0))
        self.problems[result.sample.id] = answers + counted, right + correct
        execution = result.verdict.execution if result.verdict is not None else None
        if execution is not None:
            self.passed += execution.passed
            self.total += execution.total

    def row(self, benchmark: str, by: str, name: str) -> GroupRow:
        low, high = interval_of_counts(self.problems.values())
        asked = sum(answers for answers, _ in self.problems.values())
        return GroupRow(
            benchmark=benchmark,
            by=by,
            name=name,
            problems=len(self.problems),
            n=self.n,
            correct=self.correct,
            accuracy=self.correct / asked if asked else None,
            ci_low=low,
            ci_high=high,
            tests_passed=self.passed,
            tests_total=self.total,
        )


def group_rows(results: Iterable[SampleResult]) -> list[GroupRow]:
    """Return rows by difficulty, then by platform, then by month, of the problems whose data set says it.

    A benchmark whose problems have none of these has no rows. Difficulties stand from easy to hard, months in order.
    """
    groups: dict[tuple[str, str], dict[str, _Group]] = {}
    for result in results:
        metadata = result.sample.metadata
        values = {
            "difficulty": str(metadata.get("difficulty") or ""),
            "platform": str(metadata.get("platform") or ""),
            "month": str(metadata.get("contest_date") or "")[:7],
        }
        if not any(values.values()):
            continue
        for by, name in values.items():
            if name and result.verdict is not None and result.verdict.execution is not None:
                groups.setdefault((result.sample.benchmark, by), {}).setdefault(name, _Group()).add(result)
    order = ("difficulty", "platform", "month")
    return [
        groups[benchmark, by][name].row(benchmark, by, name)
        for benchmark in dict.fromkeys(benchmark for benchmark, _ in groups)
        for by in order
        if (benchmark, by) in groups
        for name in sorted(groups[benchmark, by], key=_rank)
    ]


def _rank(name: str) -> tuple[int, str]:
    return (_DIFFICULTIES.index(name) if name in _DIFFICULTIES else len(_DIFFICULTIES)), name
