"""Plan what a judge is asked of a run: by which protocols, about which answers, under which name."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from qwq_nb.analysis.judge.endpoints import is_under_test
from qwq_nb.analysis.judge.rubric import Rubric
from qwq_nb.analysis.judge.units import Unit, Units, answer_of, awaited_units, limited, pair_units, rubric_units
from qwq_nb.bench.registry import own_names
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError, listed
from qwq_nb.run.run import Run
from qwq_nb.store.judgements import Judging, Protocol
from qwq_nb.store.manifest import now

__all__ = ["Part", "named", "plan_awaited", "plan_pairs", "plan_rubric"]


class Part(msgspec.Struct, kw_only=True):
    """Hold one judging of a run, with its rubric (unused by evalscope's protocol) and what it is of, in words."""

    plan: Units
    rubric: Rubric
    what: str


def plan_awaited(run: Run, rubric: Rubric, limit: int | None) -> list[Part]:
    """Plan the answers that have no grader's verdict: by evalscope's protocol, or by the rubric.

    Raises:
        OptionError: there are none.
    """
    results = run.graded()
    awaiting, own = awaited_units(results), own_names()
    # A benchmark of one's own has no protocol of evalscope's, whatever it awaits.
    by_evalscope = [u for u in awaiting if u.awaits_judge and u.result.sample.benchmark not in own]
    others = [u for u in awaiting if not u.awaits_judge or u.result.sample.benchmark in own]
    by_rubric = [u for u in others if answer_of(u.result).strip()]
    parts = [
        _part("evalscope", rubric, limited(by_evalscope, limit)),
        _part("rubric", rubric, limited(by_rubric, limit), without=len(others) - len(by_rubric)),
    ]
    found = [part for part in parts if part.plan.units]
    if not found:
        graded = sum(r.verdict is not None for r in results) - len(awaiting)
        said = f"the {graded:,} graded ones have their benchmark's verdict" if graded else "no answer has text yet"
        raise OptionError(
            f"The run {run.name!r} has no answer that awaits a judge: {said}. --rubric FILE judges all answers by your "
            f"own words, --pairwise OTHER compares them with those of another run."
        )
    return found


def plan_rubric(run: Run, rubric: Rubric, limit: int | None) -> list[Part]:
    """Plan all answers of a run, by a rubric. Raises OptionError if none has text."""
    units, without = rubric_units(run.graded())
    if not units:
        raise OptionError(f"The run {run.name!r} has no answer with text yet: there is nothing to judge.")
    return [_part("rubric", rubric, limited(units, limit), without=without)]


def plan_pairs(run: Run, other: Run, rubric: Rubric, limit: int | None) -> list[Part]:
    """Plan the pairs of two runs' answers to the same problems.

    Raises:
        OptionError: it is one run, or no problem was answered in both.
    """
    if run.path == other.path:
        raise OptionError(f"--pairwise compares two runs; {run.name!r} is named twice.")
    units, without = pair_units(run.graded(), other.graded())
    if not units:
        lacking = f" ({without:,} without text in one)" if without else ""
        raise OptionError(
            f"The runs {run.name!r} and {other.name!r} have no problem that both have answered{lacking}: there is "
            f"nothing to compare. Samples are matched by id, repeat and question."
        )
    part = _part("pairwise", rubric, limited(units, limit), without=without, against=other.name)
    return [msgspec.structs.replace(part, what=f"{run.name} and {other.name}")]


def _part(protocol: Protocol, rubric: Rubric, units: list[Unit], *, without: int = 0, against: str = "") -> Part:
    is_text = protocol != "evalscope"
    judging = Judging(
        protocol=protocol,
        judge="",
        model="",
        rubric=rubric.text if is_text else "",
        rubric_name=rubric.name if is_text else "",
        against=against,
    )
    benchmarks = listed(dict.fromkeys(unit.result.sample.benchmark for unit in units))
    return Part(plan=Units(judging=judging, units=units, without_answer=without), rubric=rubric, what=benchmarks)


def named(part: Part, endpoints: Sequence[Endpoint], run: Run) -> Part:
    """Return a part with its judging made complete by who judges."""
    judging = msgspec.structs.replace(
        part.plan.judging,
        judge="+".join(sorted(one.name for one in endpoints)),
        model=endpoints[0].model,
        under_test=is_under_test(endpoints, run),
        at=now(),
    ).identified()
    return msgspec.structs.replace(part, plan=msgspec.structs.replace(part.plan, judging=judging))
