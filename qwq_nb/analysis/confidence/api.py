"""Hold a run's confidence against its verdicts (`run.confidence()`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp
from typing import TYPE_CHECKING, Any, Final

from qwq_nb.analysis.confidence.numbers import auroc, brier, calibration_error, weighted_vote
from qwq_nb.analysis.confidence.report import confidence_html, confidence_text
from qwq_nb.analysis.confidence.rows import ConfidenceRecord, MeasureRow, VoteRow
from qwq_nb.core.estimates import Estimate, difference_estimate
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.core.token_logprobs import TokenLogprobs
from qwq_nb.errors import OptionError
from qwq_nb.run.repeats import grouped_answers, mean_interval
from qwq_nb.run.run import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Confidence", "confidence"]

MEASURES: Final[dict[str, Callable[[TokenLogprobs], float | None]]] = {
    "mean_probability": lambda kept: exp(kept.mean_logprob),
    "mean": lambda kept: kept.mean,
    "tail": lambda kept: kept.tail,
    "lowest_group": lambda kept: kept.lowest_group,
    "bottom_tenth": lambda kept: kept.bottom_tenth,
}
"""Measures of an answer's confidence, by name: see `qwq_nb.trace.confidence`; `mean_probability` is the geometric mean
of its tokens' probabilities."""
PROBABILITY: Final = "mean_probability"
"""The one measure that is a probability, so that calibration can be said of it."""


class Confidence:
    """Hold a run's confidence against its verdicts; shown by a notebook, `table()` and `votes()` as DataFrames."""

    def __init__(self, record: ConfidenceRecord) -> None:
        self.record = record

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row a measure: `benchmark`, `measure`, `n`, `right`, `wrong` (means), `auroc`,
        `auroc_low`, `auroc_high`, `ece`, `brier`."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "benchmark": row.benchmark,
                    "measure": row.measure,
                    "n": row.n,
                    "right": row.right,
                    "wrong": row.wrong,
                    "auroc": row.auroc.value,
                    "auroc_low": row.auroc.low,
                    "auroc_high": row.auroc.high,
                    "ece": row.ece,
                    "brier": row.brier,
                }
                for row in self.record.rows
            ]
        )

    def votes(self) -> pd.DataFrame:
        """Return a DataFrame with a row a vote: `benchmark`, `measure` (empty: cons@n), `problems`, `accuracy` with
        `ci_low` and `ci_high`, `difference` from cons@n with `difference_low` and `difference_high`."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "benchmark": row.benchmark,
                    "measure": row.measure,
                    "problems": row.problems,
                    "accuracy": row.value.value,
                    "ci_low": row.value.low,
                    "ci_high": row.value.high,
                    "difference": row.difference.value,
                    "difference_low": row.difference.low,
                    "difference_high": row.difference.high,
                }
                for row in self.record.votes
            ]
        )

    @property
    def html(self) -> str:
        """Return the tables as html."""
        return confidence_html(self.record)

    def __str__(self) -> str:
        return confidence_text(self.record)

    def __repr__(self) -> str:
        return f"<Confidence of {self.record.run}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": str(self)}


def confidence(run: Run) -> Confidence:
    """Return what the confidence of a run's answers is worth. Needs a run that was asked with `--logprobs K`.

    Raises:
        OptionError: no answer has log probabilities.
    """
    results = [r for r in run.results() if counts(r.outcome) and r.completion is not None]
    known = [(r, kept) for r in results if r.completion is not None and (kept := r.completion.logprobs) is not None]
    if not known:
        raise OptionError(
            f"The run {run.name!r} has no log probabilities. They come with --logprobs K (K alternatives a token, "
            f"mostly 5 or 20), from servers that send them: vLLM, SGLang, llama.cpp do."
        )
    rows: list[MeasureRow] = []
    votes: list[VoteRow] = []
    for benchmark in dict.fromkeys(r.sample.benchmark for r, _ in known):
        own = [(r, kept) for r, kept in known if r.sample.benchmark == benchmark]
        rows += [_row(benchmark, name, own) for name in MEASURES]
        votes += _votes(benchmark, own)
    left_out = len(results) - len(known)
    return Confidence(ConfidenceRecord(run=run.name, demo=run.demo, rows=rows, votes=votes, left_out=left_out))


def _row(benchmark: str, name: str, own: Sequence[tuple[SampleResult, TokenLogprobs]]) -> MeasureRow:
    values = [(value, r.outcome == "correct") for r, kept in own if (value := MEASURES[name](kept)) is not None]
    right, wrong = [v for v, is_right in values if is_right], [v for v, is_right in values if not is_right]
    is_probability = name == PROBABILITY
    return MeasureRow(
        benchmark=benchmark,
        measure=name,
        n=len(values),
        right=sum(right) / len(right) if right else None,
        wrong=sum(wrong) / len(wrong) if wrong else None,
        auroc=auroc(right, wrong),
        ece=calibration_error(values) if is_probability else None,
        brier=brier(values) if is_probability else None,
    )


def _votes(benchmark: str, own: Sequence[tuple[SampleResult, TokenLogprobs]]) -> list[VoteRow]:
    """Vote over all answers to each problem; nothing where every problem has one."""
    problems: dict[str, list[SampleResult]] = {}
    for result, _ in own:
        problems.setdefault(result.sample.id, []).append(result)
    if all(len(answers) == 1 for answers in problems.values()):
        return []
    kept = {(r.sample.id, r.repeat): logprobs for r, logprobs in own}
    grouped = {id: grouped_answers(answers) for id, answers in problems.items()}
    plain = {id: _vote(answers, lambda _: 1.0) for id, answers in grouped.items()}
    rows = [_vote_row(benchmark, "", plain, plain)]
    for name, measure in MEASURES.items():

        def weight(result: SampleResult, measure: Callable[[TokenLogprobs], float | None] = measure) -> float:
            return measure(kept[result.sample.id, result.repeat]) or 0.0

        weighed = {id: _vote(answers, weight) for id, answers in grouped.items()}
        rows.append(_vote_row(benchmark, name, weighed, plain))
    return rows


def _vote(answers: Sequence[tuple[SampleResult, str]], weight: Callable[[SampleResult], float]) -> float:
    return weighted_vote([(group, weight(result), result.outcome == "correct") for result, group in answers])


def _vote_row(benchmark: str, name: str, values: dict[str, float], plain: dict[str, float]) -> VoteRow:
    given = list(values.values())
    low, high = mean_interval(given, len(given))
    return VoteRow(
        benchmark=benchmark,
        measure=name,
        problems=len(values),
        value=Estimate(value=sum(given) / len(given), low=low, high=high, n=len(given)),
        difference=difference_estimate([(id, value - plain[id]) for id, value in values.items()])[0]
        if name
        else Estimate(),
    )
