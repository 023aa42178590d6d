"""Say whose word a run's accuracy is: the grader's, a judge's, or the reader's."""

from __future__ import annotations

from collections.abc import Sequence

from qwq_nb.core.outcomes import UNGRADED, counts
from qwq_nb.core.records import SampleResult
from qwq_nb.run.run import Run
from qwq_nb.view.clean import one_line
from qwq_nb.view.wording import interval, is_known, row_interval, row_score

__all__ = ["accuracy_sentences"]


def accuracy_sentences(run: Run) -> list[str]:
    """Return a sentence a benchmark: its score as the run's table has it, and by whose verdicts."""
    results = run.results()
    said = []
    for row in run.rows():
        if row.subset != "all":
            continue
        own = [r for r in results if r.sample.benchmark == row.benchmark]
        name = row.metric or "accuracy"
        awaiting = f"; {row.awaiting_ruling:,} await a verdict" if row.awaiting_ruling else ""
        if row.score is None:
            said.append(f"{one_line(row.benchmark, 60)}: no {name} yet{awaiting}.")
            continue
        score = f"{name} {row_score(row)}, 95 % interval {row_interval(row)}"
        if is_known(row.similar_low) and row.ci_low == row.ci_high:
            ends = interval(row.similar_low, row.similar_high)
            score = f"{name} {row_score(row)}, 95 % interval for problems like these {ends}"
        said.append(f"{one_line(row.benchmark, 60)}: {score}, by {_words(own)}{awaiting}.")
    return said


def _words(results: Sequence[SampleResult]) -> str:
    counted = [r for r in results if counts(r.outcome)]
    judges: dict[str, int] = {}
    reader = grader = 0
    for result in counted:
        verdict = result.verdict
        if verdict is not None and verdict.judge:
            judges[verdict.judge] = judges.get(verdict.judge, 0) + 1
        elif verdict is not None and verdict.status in UNGRADED:
            reader += 1
        else:
            grader += 1
    parts = [f"{n:,} of the judge {one_line(judge, 80)}" for judge, n in judges.items()]
    parts += [f"{reader:,} of yours"] if reader else []
    parts += [f"{grader:,} of the grader"] if grader else []
    n = len(counted)
    return f"{n:,} verdict{'' if n == 1 else 's'}: {', '.join(parts)}"
