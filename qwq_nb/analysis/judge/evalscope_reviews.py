"""Write a judge's verdicts by evalscope's protocol into evalscope's own files of the run, and its report.

A review row of the run says that its answer awaits a judge. A further row with the same index follows it, which is the
same but for evalscope's score: of several evalscope takes the last, and this package reads the status, which stays. So
evalscope's tools show the scores of the judge that was asked last. Rulings never enter evalscope's files.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from qwq_nb.analysis.judge.units import Unit
from qwq_nb.core.records import SampleResult, Verdict
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["write_reviews"]

Grade = Callable[[Unit], Awaitable[Verdict]]


async def write_reviews(directory: RunDirectory, units: Sequence[Unit], model: str, judge: str, grade: Grade) -> bool:
    """Append a review row for each unit that evalscope's files do not have by this judge; return whether one was.

    `model`: the model under test. `grade` returns evalscope's verdict by the replies that are kept, without a request.
    """
    groups: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        sample = unit.result.sample
        groups.setdefault((sample.benchmark, sample.subset), []).append(unit)
    written = False
    for (benchmark, subset), group in groups.items():
        file = directory.rows_file("reviews", model, benchmark, subset)
        rows = {key: row for row in directory.rows(file) if (key := _key(row)) is not None}
        for unit in group:
            row = rows.get(unit.key)
            if row is None or _judges(row) == [judge]:
                continue
            verdict = await grade(unit)
            if verdict.status == "graded":
                directory.append(file, _judged(row, verdict, unit.result))
                written = True
    return written


def _key(row: dict[str, Any]) -> tuple[str, int] | None:
    own = row.get("qwq")
    if not isinstance(own, dict) or not isinstance(own.get("id"), str) or not isinstance(own.get("repeat"), int):
        return None
    return own["id"], own["repeat"]


def _judges(row: dict[str, Any]) -> Any:
    """Return evalscope's names of the judges of a row's score; None where it has none."""
    found: Any = row
    for name in ("sample_score", "score", "judge_summary", "judge_models"):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _judged(row: dict[str, Any], verdict: Verdict, result: SampleResult) -> dict[str, Any]:
    before = row["sample_score"] if isinstance(row.get("sample_score"), dict) else {}
    place = {name: before[name] for name in ("sample_id", "group_id", "generation_index") if name in before}
    return {**row, "sample_score": {**verdict.sample_score, "generation_index": result.repeat, **place}}
