"""Have a run's answers judged by another model (`judge(run, …)`, `%qwq_judge`)."""

from __future__ import annotations

import os
from collections.abc import Sequence

from qwq_nb.analysis.judge.endpoints import groups_of
from qwq_nb.analysis.judge.judged import Judged
from qwq_nb.analysis.judge.planning import named, plan_awaited, plan_pairs, plan_rubric
from qwq_nb.analysis.judge.rubric import BUILT_IN, read_rubric
from qwq_nb.analysis.judge.session import JudgeSession
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError
from qwq_nb.run.run import Run

__all__ = ["JudgeInterrupted", "judge"]

AT_ONCE = 16
"""Requests at once."""


class JudgeInterrupted(InterruptedWithResult):
    """Report that the user interrupted a judging; `judged` holds what there is."""

    def __init__(self, judged: Judged) -> None:
        super().__init__("the verdicts that came are kept; the same line asks for the others", judged)
        self.judged = judged


def judge(
    run: Run,
    *,
    endpoint: Endpoint | str | Sequence[Endpoint | str] | None = None,
    rubric: str | os.PathLike[str] | None = None,
    pairwise: Run | None = None,
    limit: int | None = None,
    concurrency: int | None = None,
    cost: bool = False,
    show: bool = True,
) -> Judged:
    """Ask another model for verdicts on a run's answers, each once; they are kept beside the run (`qwq_judge.jsonl`).

    Without `rubric` and `pairwise`: answers that await a judge are judged by evalscope's own protocol of their
    benchmark, and answers without a reference by a built-in rubric. A judge never overwrites a ruling.

    Args:
        run: the run whose answers are judged.
        endpoint: who judges: an endpoint, its name, or several (also `"a,b"`). Those that serve one model share the
            requests; each other model is a judge of its own. The built-in judge for a run of the built-in endpoint.
        rubric: a file by whose words all answers are judged: a text, or a YAML or JSON list of criteria.
        pairwise: another run, whose answers to the same problems are compared with these, in both orders.
        limit: judge answers to the first so many problems of each benchmark only.
        concurrency: requests at once; 16 by default.
        cost: say what it would cost (`.cost`), and ask for nothing.
        show: draw how far it is.

    Raises:
        OptionError: the run goes on, there is nothing to judge, no judge is named, or an option is out of range.
        DataError: the rubric cannot be read, or is none.
        UnknownEndpoint: no endpoint of that name is set.
        EndpointError: no endpoint would answer any request; what came is kept.
        JudgeInterrupted: the user interrupted; a KeyboardInterrupt that carries what there is.
        WorkerError: the benchmark worker cannot start.
    """
    for given in (run, *([] if pairwise is None else [pairwise])):
        if not hasattr(given, "graded"):
            raise OptionError(f"judge() takes a run, not {type(given).__name__}: load_run() opens one by name or path.")
    for name, value in (("limit", limit), ("concurrency", concurrency)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise OptionError(f"--{name} takes a whole number from 1, not {value!r}.")
    if run.state in ("starting", "running", "paused"):
        raise OptionError(f"The run {run.name!r} is still going on: it is judged when it is over.")
    words = read_rubric(os.fspath(rubric)) if rubric is not None else BUILT_IN
    if pairwise is not None:
        plans = plan_pairs(run, pairwise, words, limit)
    elif rubric is not None:
        plans = plan_rubric(run, words, limit)
    else:
        plans = plan_awaited(run, words, limit)
    told, spent, failures, notes, asked = [], [], [], [], []
    try:
        for endpoints in groups_of(endpoint, run):
            parts = [named(part, endpoints, run) for part in plans]
            asked += [part.plan.judging for part in parts]
            session = JudgeSession(run, parts, endpoints, concurrency=concurrency or AT_ONCE)
            told.append(session.cost())
            if cost:
                continue
            try:
                session.run(show=show)
            finally:
                spent.append(session.spent())
                failures += session.failures
                notes += session.notes
    except KeyboardInterrupt:
        raise JudgeInterrupted(Judged(run, asked, told=told, spent=spent, failures=failures, notes=notes)) from None
    return Judged(run, asked, told=told, spent=spent, failures=failures, notes=notes)
