"""Plan what a judge is asked: which answers, by which protocol, and what the first requests are. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.analysis.judge.prompts import pair_messages, rubric_messages
from qwq_nb.analysis.judge.rubric import Rubric
from qwq_nb.core.outcomes import UNGRADED, is_answered
from qwq_nb.core.records import Message, SampleResult
from qwq_nb.store.judgements import Judgements, JudgeVerdict, Judging, Protocol

__all__ = [
    "Unit",
    "Units",
    "answer_of",
    "awaited_units",
    "limited",
    "own_requests",
    "pair_units",
    "rubric_units",
    "tokens_of",
]

CHARS_A_TOKEN: Final = 4
"""By which prompts are estimated before a server has counted them."""


class Unit(msgspec.Struct, kw_only=True):
    """Hold one thing to judge: an answer, or two answers to one problem."""

    result: SampleResult
    other: SampleResult | None = None

    @property
    def key(self) -> tuple[str, int]:
        """Return its sample id and repeat."""
        return self.result.sample.id, self.result.repeat

    @property
    def awaits_judge(self) -> bool:
        """Return whether its benchmark says that another model has to judge it."""
        return self.result.verdict is not None and self.result.verdict.status == "awaits_judge"


class Units(msgspec.Struct, kw_only=True):
    """Hold what one judging has to decide, and what it leaves out."""

    judging: Judging
    units: list[Unit]
    without_answer: int = 0
    """Answers without text, which nobody can judge."""

    def missing(self, kept: Judgements) -> list[Unit]:
        """Return the units that have no verdict yet."""
        return [unit for unit in self.units if self.verdict(kept, unit) is None]

    def verdict(self, kept: Judgements, unit: Unit) -> JudgeVerdict | None:
        """Return the verdict on a unit; None if there is none."""
        return kept.on(self.judging.id, unit.result, unit.other)


def answer_of(result: SampleResult) -> str:
    """Return the text of an answer; empty where there is none."""
    return result.completion.answer if result.completion is not None else ""


def awaited_units(results: Sequence[SampleResult]) -> list[Unit]:
    """Return the answers that have no verdict of their benchmark's grader, since it has none to give."""
    return [Unit(result=r) for r in results if r.verdict is not None and r.verdict.status in UNGRADED]


def rubric_units(results: Sequence[SampleResult]) -> tuple[list[Unit], int]:
    """Return all answers that have text, and how many have none."""
    answered = [r for r in results if is_answered(r.outcome)]
    units = [Unit(result=r) for r in answered if answer_of(r).strip()]
    return units, len(answered) - len(units)


def pair_units(results: Sequence[SampleResult], others: Sequence[SampleResult]) -> tuple[list[Unit], int]:
    """Return the pairs of answers to the same problem, by id, repeat and question, and how many lack a text."""
    by_key = {(r.sample.id, r.repeat): r for r in others if is_answered(r.outcome)}
    units, without = [], 0
    for result in results:
        other = by_key.get((result.sample.id, result.repeat))
        if other is None or not is_answered(result.outcome) or other.sample.question != result.sample.question:
            continue
        if answer_of(result).strip() and answer_of(other).strip():
            units.append(Unit(result=result, other=other))
        else:
            without += 1
    return units, without


def limited(units: Sequence[Unit], limit: int | None) -> list[Unit]:
    """Return the units of the first `limit` problems of each benchmark; None: all."""
    if limit is None:
        return list(units)
    kept: dict[str, dict[str, None]] = {}
    chosen = []
    for unit in units:
        ids = kept.setdefault(unit.result.sample.benchmark, {})
        if unit.key[0] in ids or len(ids) < limit:
            ids[unit.key[0]] = None
            chosen.append(unit)
    return chosen


def tokens_of(messages: Sequence[Message]) -> int:
    """Return the estimated tokens of a request: a quarter of its characters."""
    return round(sum(len(message["content"]) for message in messages) / CHARS_A_TOKEN)


def own_requests(protocol: Protocol, rubric: Rubric, unit: Unit) -> list[list[Message]]:
    """Return the requests for a unit by a rubric, or in pairs: there one for each order, the own answer first."""
    sample = unit.result.sample
    if protocol != "pairwise" or unit.other is None:
        return [rubric_messages(rubric, sample.question, answer_of(unit.result), sample.gold)]
    own, other = answer_of(unit.result), answer_of(unit.other)
    return [pair_messages(rubric, sample.question, *texts) for texts in ((own, other), (other, own))]
