"""Make the rows of `run.judged()`, and the summaries of what each judge said. Pure but for reading the run's files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.estimates import Estimate, mean_estimate
from qwq_nb.core.paired import mcnemar
from qwq_nb.core.records import SampleResult
from qwq_nb.core.stats import clustered_interval
from qwq_nb.run.run import Run
from qwq_nb.run.withhold import WITHHELD
from qwq_nb.store.judgements import Judgements, JudgeVerdict, Judging, read_judgements
from qwq_nb.store.rulings import Ruling, applies, read_rulings

__all__ = ["JUDGED_COLUMNS", "Summary", "judged_rows", "summaries"]

JUDGED_COLUMNS: Final = (
    "benchmark",
    "subset",
    "id",
    "repeat",
    "protocol",
    "judge",
    "model",
    "rubric",
    "against",
    "under_test",
    "verdict",
    "score",
    "metric",
    "reason",
    "ruling",
    "agrees",
    "requests",
    "prompt_tokens",
    "completion_tokens",
    "seconds",
    "at",
)


class Summary(msgspec.Struct, kw_only=True):
    """Hold what one judge said of one benchmark."""

    judging: Judging
    benchmark: str
    n: int
    """Answers, or pairs, with a verdict."""
    counts: dict[str, int]
    """By verdict."""
    share: Estimate
    """Of correct among the decided answers; of pairs the mean of 1 (win), 0.5 (tie, inconsistent) and 0 (loss)."""
    mean_score: Estimate | None = None
    """Where scores are neither 0 nor 1."""
    metric: str = ""
    undecided: dict[str, int] = {}
    """Why there is no decision: reason → how often."""
    p: float | None = None
    """Of pairs: that wins and losses are equally likely (exact sign test)."""


def judged_rows(run: Run) -> list[dict[str, Any]]:
    """Return a dict of JUDGED_COLUMNS for each verdict on a present answer, judge by judge, in the run's order.

    Reasons on texts that are withheld are withheld too. `ruling` is the reader's (`correct`, `not correct`; None:
    none), `agrees` whether both decided the same.
    """
    results = run.graded()
    kept, rulings = read_judgements(run.directory, run.model), read_rulings(run.directory, run.model)
    hidden = run.withheld
    rows = []
    for judging in kept.judgings.values():
        for result, word in present(kept, judging, results):
            ruling = _ruled(rulings, result)
            rows.append(
                {
                    "benchmark": result.sample.benchmark,
                    "subset": result.sample.subset,
                    "id": result.sample.id,
                    "repeat": result.repeat,
                    "protocol": judging.protocol,
                    "judge": judging.judge,
                    "model": judging.model,
                    "rubric": judging.rubric_name,
                    "against": judging.against,
                    "under_test": judging.under_test,
                    "verdict": word.verdict,
                    "score": word.score,
                    "metric": word.metric,
                    "reason": WITHHELD if result.sample.benchmark in hidden else word.reason,
                    "ruling": None if ruling is None else "correct" if ruling else "not correct",
                    "agrees": None if ruling is None or not word.decides else ruling == (word.verdict == "correct"),
                    "requests": word.requests,
                    "prompt_tokens": word.prompt,
                    "completion_tokens": word.completion,
                    "seconds": word.seconds,
                    "at": word.at,
                }
            )
    return rows


def present(
    kept: Judgements, judging: Judging, results: Sequence[SampleResult]
) -> list[tuple[SampleResult, JudgeVerdict]]:
    """Return a judging's verdicts on the present answers, in the run's order."""
    found = [(result, kept.on(judging.id, result)) for result in results]
    return [(result, word) for result, word in found if word is not None]


def _ruled(rulings: Mapping[tuple[str, int], Ruling], result: SampleResult) -> bool | None:
    ruling = rulings.get((result.sample.id, result.repeat))
    return bool(ruling.correct) if ruling is not None and applies(ruling, result) else None


def summaries(kept: Judgements, results: Sequence[SampleResult], wanted: Sequence[Judging]) -> list[Summary]:
    """Return the summaries of judgings, each benchmark apart; of those only that have a verdict."""
    found = []
    for judging in wanted:
        words = present(kept, judging, results)
        for benchmark in dict.fromkeys(result.sample.benchmark for result, _ in words):
            own = [(r, w) for r, w in words if r.sample.benchmark == benchmark]
            found.append(_summary(judging, benchmark, own))
    return found


def _summary(judging: Judging, benchmark: str, words: Sequence[tuple[SampleResult, JudgeVerdict]]) -> Summary:
    counts = Counter(str(word.verdict) for _, word in words)
    scored = [(result.sample.id, word.score) for result, word in words if word.score is not None]
    known = [(id, float(score)) for id, score in scored if score is not None]
    undecided = Counter(word.reason for _, word in words if word.verdict == "no decision")
    made = Summary(
        judging=judging,
        benchmark=benchmark,
        n=len(words),
        counts=dict(counts),
        share=Estimate(),
        undecided=dict(undecided),
    )
    if judging.protocol == "pairwise":
        made.share = mean_estimate(known, most=1.0)
        made.p = mcnemar(counts["win"], counts["loss"]) if counts["win"] + counts["loss"] else None
        return made
    groups: dict[str, list[bool]] = {}
    for result, word in words:
        if word.decides:
            groups.setdefault(result.sample.id, []).append(word.verdict == "correct")
    decided = sum(map(len, groups.values()))
    if decided:
        low, high = clustered_interval(list(groups.values()))
        made.share = Estimate(value=counts["correct"] / decided, low=low, high=high, n=decided)
    if any(score not in (0.0, 1.0) for _, score in known):
        least = min(0.0, *(score for _, score in known))
        made.mean_score = mean_estimate(known, least=least, most=max(1.0, *(score for _, score in known)))
        made.metric = next((word.metric for _, word in words if word.metric), "score")
    return made
