"""Hold two parties' verdicts on the same answers against each other: a judge's, a reader's, another judge's."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from qwq_nb.core.agreement import Kappa, kappa_of
from qwq_nb.core.records import SampleResult
from qwq_nb.errors import OptionError, listed
from qwq_nb.run.run import Run
from qwq_nb.store.judgements import Judgements, Judging, read_judgements
from qwq_nb.store.rulings import applies, read_rulings

__all__ = ["GRADER", "READER", "Held", "Opinion", "Side", "held", "judge_side", "named_sides", "shown_judge"]

READER = "reader"
GRADER = "grader"

Key = tuple[str, int]


class Opinion(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one party's verdict on one answer, and why."""

    correct: bool
    why: str = ""


class Side(msgspec.Struct, kw_only=True):
    """Hold one party and its opinions, by sample id and repeat."""

    name: str
    """In words: `your rulings`, `the judge M`, `the grader`."""
    opinions: dict[Key, Opinion]


class Held(msgspec.Struct, kw_only=True):
    """Hold two parties against each other: counts, κ, and the answers on which they differ, in the run's order."""

    first: Side
    second: Side
    counts: tuple[int, int, int, int]
    """Correct by both, by the first alone, by the second alone, by neither."""
    kappa: Kappa
    differing: list[SampleResult]


def shown_judge(judging: Judging) -> str:
    """Name a judge in words: its model, its endpoint if that says more, and by what it judged."""
    by = {"rubric": f", rubric {judging.rubric_name}", "pairwise": f", pairs with {judging.against}"}.get(
        judging.protocol, ""
    )
    return f"{judging.model}{'' if judging.judge == judging.model else f' at {judging.judge}'}{by}"


def reader_side(run: Run, results: Sequence[SampleResult]) -> Side:
    """Return the rulings that apply to the present answers."""
    rulings = read_rulings(run.directory, run.model)
    found = {}
    for result in results:
        ruling = rulings.get((result.sample.id, result.repeat))
        if ruling is not None and applies(ruling, result):
            found[result.sample.id, result.repeat] = Opinion(correct=bool(ruling.correct), why=ruling.note)
    return Side(name="your rulings", opinions=found)


def grader_side(results: Sequence[SampleResult]) -> Side:
    """Return the verdicts of the benchmarks' own graders."""
    graded = {
        (r.sample.id, r.repeat): Opinion(correct=r.outcome == "correct", why=r.verdict.explanation)
        for r in results
        if r.verdict is not None and r.verdict.status == "graded"
    }
    return Side(name="the grader", opinions=graded)


def judge_side(kept: Judgements, judging: Judging, results: Sequence[SampleResult]) -> Side:
    """Return a judge's decisions on the present answers."""
    found = {}
    for result in results:
        word = kept.on(judging.id, result)
        if word is not None and word.decides:
            found[result.sample.id, result.repeat] = Opinion(correct=word.verdict == "correct", why=word.reason)
    return Side(name=f"the judge {shown_judge(judging)}", opinions=found)


def held(first: Side, second: Side, results: Sequence[SampleResult]) -> Held:
    """Hold two sides against each other, on the answers of which both have a verdict."""
    counts = [0, 0, 0, 0]
    differing = []
    for result in results:
        key = result.sample.id, result.repeat
        a, b = first.opinions.get(key), second.opinions.get(key)
        if a is None or b is None:
            continue
        counts[(0 if a.correct else 2) if b.correct else (1 if a.correct else 3)] += 1
        if a.correct != b.correct:
            differing.append(result)
    both, only_first, only_second, neither = counts
    kappa = kappa_of(both, only_first, only_second, neither)
    return Held(
        first=first,
        second=second,
        counts=(both, only_first, only_second, neither),
        kappa=kappa,
        differing=differing,
    )


def named_sides(run: Run, judge: str | None, against: str) -> tuple[Side, Side, list[SampleResult]]:
    """Return the sides of `run.agreement(judge, against)`, and the results.

    `judge`: a judge's model, endpoint, rubric or id; None: the one asked last. `against`: `reader`, `grader`, or
    another judge.

    Raises:
        OptionError: no judge has decided anything in this run, or none of that name.
    """
    results = run.graded()
    kept = read_judgements(run.directory, run.model)
    judgings = [j for j in kept.judgings.values() if j.protocol != "pairwise" and kept.verdicts.get(j.id)]
    if not judgings:
        raise OptionError(f"No judge has decided on the answers of the run {run.name!r}: %qwq_judge asks one.")
    chosen = judgings[-1] if judge is None else _named(judge, judgings)
    second = judge_side(kept, chosen, results)
    if against == READER:
        return reader_side(run, results), second, results
    if against == GRADER:
        return grader_side(results), second, results
    return judge_side(kept, _named(against, judgings), results), second, results


def _named(name: str, judgings: Sequence[Judging]) -> Judging:
    """Return the judging asked last that a name means."""
    for judging in reversed(judgings):
        if name in (judging.model, judging.judge, judging.rubric_name, judging.id):
            return judging
    known = listed(dict.fromkeys(j.model for j in judgings))
    raise OptionError(f"No judge {name!r} has decided anything in this run. There: {known}; also {READER}, {GRADER}.")
