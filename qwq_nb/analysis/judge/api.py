"""Have a run's answers judged by another model (`judge(run, …)`, `%qwq_judge`)."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from qwq_nb.analysis.judge.endpoints import groups_of, is_under_test
from qwq_nb.analysis.judge.judged import Judged
from qwq_nb.analysis.judge.rubric import BUILT_IN, Rubric, read_rubric
from qwq_nb.analysis.judge.session import JudgeSession, Part
from qwq_nb.analysis.judge.units import Unit, Units, awaited_units, limited, pair_units, rubric_units
from qwq_nb.bench.registry import own_names
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import InterruptedWithResult, OptionError, listed
from qwq_nb.run.run import Run
from qwq_nb.store.judgements import Judging, Protocol
from qwq_nb.store.manifest import now

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
    if not hasattr(run, "graded"):
        raise OptionError(f"judge() takes a run, not {type(run).__name__}: load_run() opens one by name or path.")
    for name, value in (("limit", limit), ("concurrency", concurrency)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise OptionError(f"--{name} takes a whole number from 1, not {value!r}.")
    if run.state in ("starting", "running", "paused"):
        raise OptionError(f"The run {run.name!r} is still going on: it is judged when it is over.")
    words = read_rubric(os.fspath(rubric)) if rubric is not None else BUILT_IN
    plans = _plans(run, words, own=rubric is not None, pairwise=pairwise, limit=limit)
    told, spent, failures, notes, asked = [], [], [], [], []
    try:
        for endpoints in groups_of(endpoint, run):
            parts = [_named(part, endpoints, run) for part in plans]
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


def _plans(run: Run, rubric: Rubric, *, own: bool, pairwise: Run | None, limit: int | None) -> list[Part]:
    """Return what is to be judged, for a judge without a name yet.

    Raises:
        OptionError: nothing is.
    """
    results = run.graded()
    if pairwise is not None:
        units, without = pair_units(results, pairwise.graded())
        if run.path == pairwise.path:
            raise OptionError(f"--pairwise compares two runs; {run.name!r} is named twice.")
        if not units:
            why = "no problem that both have answered" + (f" ({without:,} without text in one)" if without else "")
            raise OptionError(f"The runs {run.name!r} and {pairwise.name!r} have {why}: there is nothing to compare.")
        return [_part("pairwise", rubric, limited(units, limit), without, f"{run.name} and {pairwise.name}")]
    if own:
        units, without = rubric_units(results)
        if not units:
            raise OptionError(f"The run {run.name!r} has no answer with text yet: there is nothing to judge.")
        return [_part("rubric", rubric, limited(units, limit), without, _benchmarks(units))]
    parts = []
    # A benchmark of one's own has no protocol of evalscope's, whatever it awaits.
    awaiting = awaited_units(results)
    own_ones = own_names()
    by_evalscope = [u for u in awaiting if u.awaits_judge and u.result.sample.benchmark not in own_ones]
    by_rubric = [u for u in awaiting if not u.awaits_judge or u.result.sample.benchmark in own_ones]
    split: list[tuple[Protocol, list[Unit]]] = [("evalscope", by_evalscope), ("rubric", by_rubric)]
    for protocol, found in split:
        units = limited(found, limit)
        if units:
            parts.append(_part(protocol, rubric, units, 0, _benchmarks(units)))
    if not parts:
        graded = sum(r.verdict is not None for r in results)
        said = f"the {graded:,} graded ones have their benchmark's verdict" if graded else "nothing is answered yet"
        raise OptionError(
            f"The run {run.name!r} has no answer that awaits a judge: {said}. --rubric FILE judges all answers by your "
            f"own words, --pairwise OTHER compares them with those of another run."
        )
    return parts


def _part(protocol: Protocol, rubric: Rubric, units: list[Unit], without: int, what: str) -> Part:
    judging = Judging(protocol=protocol, judge="", model="")
    return Part(plan=Units(judging=judging, units=units, without_answer=without), rubric=rubric, what=what)


def _benchmarks(units: Sequence[Unit]) -> str:
    return listed(dict.fromkeys(unit.result.sample.benchmark for unit in units))


def _named(part: Part, endpoints: Sequence[Endpoint], run: Run) -> Part:
    """Return the part with its judging made complete by who judges."""
    plan = part.plan
    is_text = plan.judging.protocol != "evalscope"
    judging = Judging(
        protocol=plan.judging.protocol,
        judge="+".join(sorted(one.name for one in endpoints)),
        model=endpoints[0].model,
        under_test=is_under_test(endpoints, run),
        rubric=part.rubric.text if is_text else "",
        rubric_name=part.rubric.name if is_text else "",
        against=part.what.removeprefix(f"{run.name} and ") if plan.judging.protocol == "pairwise" else "",
        at=now(),
    ).identified()
    return msgspec.structs.replace(part, plan=msgspec.structs.replace(plan, judging=judging))
