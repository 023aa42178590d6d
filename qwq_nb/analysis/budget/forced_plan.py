"""Plan forced answers: which samples, cut at which budgets, at what cost. Pure.

A unit is a sample × repeat × budget. Answers that the benchmark's grader decided take part, and those that a token
limit cut, up to their lengths; loops are as other reasonings are. An answer that ends within a budget is not asked
again: the run's own verdict counts there. Asked at its full length it shows whether forcing changes answers
(`fidelity`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.evaluation.continuing.cutting import CutText
from qwq_nb.view.wording import count, money, number, percent

__all__ = ["CutSample", "Plan", "Unit", "cost_sentence", "is_forced", "plan_units"]

ABOUT_SUFFIX: Final = 10
"""Tokens of the words that force an answer, before they are measured."""


class Unit(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one forced answer to ask for."""

    budget: int
    """Thinking tokens that are left; the whole reasoning's for the check of fidelity."""
    chars: int
    whole: bool = False
    cut: Literal["tokens", "pieces"] = "pieces"


class CutSample(msgspec.Struct, kw_only=True):
    """Hold one answer of the run and its units, the longest budget first."""

    result: SampleResult
    tokens: float
    plain: int
    """Prompt tokens of the run's own request."""
    units: list[Unit]


class Plan(msgspec.Struct, kw_only=True):
    """Hold all units of one benchmark of a run, and what they cost."""

    samples: list[CutSample]
    max_tokens: int
    uncounted: int = 0
    """Answers left out because the run has no count of their prompts' tokens, without which nothing can be proved."""
    run_tokens: float
    """Tokens that the run itself generated for these answers."""

    @property
    def units(self) -> int:
        """Return the number of forced answers."""
        return sum(len(sample.units) for sample in self.samples)

    @property
    def generated(self) -> int:
        """Return the most tokens that are generated."""
        return self.units * self.max_tokens

    @property
    def prompt_tokens(self) -> int:
        """Return the prompt tokens if nothing is cached."""
        return round(sum(s.plain + unit.budget + ABOUT_SUFFIX for s in self.samples for unit in s.units))

    @property
    def cached_prompt_tokens(self) -> int:
        """Return the prompt tokens that are computed where a prefix is cached: each thought once, and each suffix."""
        once = sum(s.plain + max(unit.budget for unit in s.units) for s in self.samples if s.units)
        return round(once + self.units * 2 * ABOUT_SUFFIX)


def is_forced(result: SampleResult) -> bool:
    """Return whether answers are forced from this result's reasoning."""
    completion = result.completion
    decided = result.outcome in ("correct", "wrong", "no_answer", "truncated")
    return completion is not None and decided and counts(result.outcome) and completion.reasoning_tokens > 0


def plan_units(results: Sequence[SampleResult], budgets: Sequence[int], max_tokens: int, limit: int | None) -> Plan:
    """Plan the units of one benchmark's results. `limit`: of the first so many problems only."""
    kept = set(list(dict.fromkeys(r.sample.id for r in results if is_forced(r)))[:limit])
    samples = []
    spent, uncounted = 0.0, 0
    for result in results:
        completion = result.completion
        if completion is None or result.sample.id not in kept or not is_forced(result):
            continue
        if not completion.prompt_tokens:
            uncounted += 1
            continue
        tokens = float(completion.reasoning_tokens)
        reasoning = completion.reasoning
        cut = CutText(reasoning, tokens)
        units = [Unit(budget=b, chars=cut.at(b)) for b in sorted(budgets, reverse=True) if b < tokens]
        if not (completion.is_truncated and not completion.answer.strip()):
            units.insert(0, Unit(budget=round(tokens), chars=len(reasoning), whole=True))
        samples.append(CutSample(result=result, tokens=tokens, plain=completion.prompt_tokens, units=units))
        spent += completion.completion_tokens
    return Plan(samples=samples, max_tokens=max_tokens, run_tokens=spent, uncounted=uncounted)


def cost_sentence(plan: Plan, done: int, prices: tuple[float, float] | None, currency: str) -> str:
    """Say what a plan costs, `done` of whose units are there already."""
    share = plan.generated / plan.run_tokens if plan.run_tokens else None
    said = [
        f"{count(plan.units, 'forced answer')} of {count(len(plan.samples), 'reasoning')}"
        + (f", {done:,} of them there already" if done else "")
        + f": at most {number(plan.generated)} generated tokens ({percent(share)} of the run's)",
        f"prompts {number(plan.prompt_tokens)} tokens, of which a server with a prefix cache computes about "
        f"{number(plan.cached_prompt_tokens)}",
    ]
    if prices is not None:
        cost = (plan.prompt_tokens * prices[0] + plan.generated * prices[1]) / 1e6
        said.append(f"at most {money(cost, currency)} without such a cache")
    return "; ".join(said) + "."
