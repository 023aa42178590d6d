"""Define the words and signs that html and plain text share. How numbers are written is in `core.formats`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from qwq_nb.core.formats import (
    CI,
    SCORE_DIGITS,
    UNKNOWN,
    count,
    difference_interval,
    difference_of_scores,
    duration,
    interval,
    is_known,
    listed_settings,
    money,
    number,
    p_said,
    p_text,
    percent,
    points,
    range_of,
    rough_duration,
    score,
    score_interval,
    signed,
    signed_score,
    significant,
)
from qwq_nb.core.records import OUTCOMES, Outcome
from qwq_nb.core.run_record import InFlight, RunRecord, SampleView, SubsetRow
from qwq_nb.core.vocabulary import DEMO_NOTICE, FAILURES_FIRST, VOCABULARY, flag_word

__all__ = [
    "CI",
    "DEMO_NOTICE",
    "SCORE_DIGITS",
    "SIGNS",
    "UNKNOWN",
    "WORDS",
    "cost_facts",
    "count",
    "difference_interval",
    "difference_of_scores",
    "duration",
    "estimated_from",
    "flag_word",
    "interval",
    "is_known",
    "money",
    "number",
    "outcome_count",
    "outcome_counts",
    "overall",
    "p_said",
    "p_text",
    "percent",
    "phase",
    "points",
    "range_of",
    "rough_duration",
    "row_interval",
    "row_score",
    "sample_key",
    "sampling",
    "score",
    "score_interval",
    "signed",
    "signed_score",
    "significant",
    "state_word",
]

WORDS: dict[Outcome, str] = {outcome: words.word for outcome, words in VOCABULARY.outcomes.items()}

SIGNS: dict[Outcome, str] = {outcome: words.sign for outcome, words in VOCABULARY.outcomes.items()}


def sample_key(view: SampleView) -> tuple[int, str, int]:
    """Return the sort key of a view: failures first, then by id and repeat."""
    return FAILURES_FIRST.index(view.outcome), view.id, view.repeat


def outcome_counts(views: Iterable[SampleView]) -> str:
    """Count the views by outcome, in words: `8 correct, 1 wrong, 1 truncated`."""
    seen = Counter(view.outcome for view in views)
    return ", ".join(outcome_count(outcome, seen[outcome]) for outcome in OUTCOMES if seen[outcome])


def outcome_count(outcome: Outcome, n: int) -> str:
    """Format how many answers have an outcome, in plain grammar: `14 wrong`, `1 error`, `3 errors`."""
    words = VOCABULARY.outcomes[outcome]
    return count(n, words.word, words.plural)


def row_score(row: SubsetRow) -> str:
    """Format a row's score: the accuracy in per cent, or the mean of scores that are not 0 or 1: `0.583`."""
    return score(row.mean_score) if row.metric else percent(row.accuracy)


def row_interval(row: SubsetRow) -> str:
    """Format a row's interval; beside an exact one, in brackets, the interval for problems like the benchmark's."""
    shown = score_interval if row.metric else interval
    own = shown(row.ci_low, row.ci_high)
    if own != "exact" or not is_known(row.similar_low):
        return own
    return f"exact ({shown(row.similar_low, row.similar_high)})"


def estimated_from(row: SubsetRow) -> str:
    """Say of what a row's accuracy is an estimate: `estimated from 200 of 500`; empty where all were asked."""
    whole = row.estimated_of
    if whole is None or row.score is None:
        return ""
    return f"estimated from {row.answered:,} of {whole:,}" + (" answers" if row.n != row.problems else "")


def cost_facts(record: RunRecord) -> list[str]:
    """List the costs of a run in words; empty without prices.

    `cost 0.0312 USD so far`, `about 0.12 USD at the end`, `0.0041 USD for a correct answer`.
    """
    cost = record.cost
    if cost is None:
        return []
    pending = any(row.pending for row in record.table)
    if pending and not cost.so_far and cost.expected is None:
        return []  # nothing is answered yet
    unit = "" if cost.currency else " (in the currency of its prices)"
    facts = [f"cost {money(cost.so_far, cost.currency)}" + (" so far" if pending else "") + unit]
    if pending and cost.expected is not None:
        facts.append(f"about {money(cost.expected, cost.currency)} at the end")
    if cost.per_correct is not None:
        facts.append(f"{money(cost.per_correct, cost.currency)} for a correct answer")
    if cost.uncounted:
        facts.append(f"{count(cost.uncounted, 'answer')} without the server's token count")
    return facts


def state_word(record: RunRecord) -> str:
    """Name the state: a kernel that went away is no stop, an endpoint that is waited for is no pause."""
    if record.interrupted and record.state == "stopped":
        return "interrupted"
    return "waiting for the endpoint" if record.state == "paused" and record.progress.waiting else record.state


def sampling(record: RunRecord) -> str:
    """List the sampling options that are set, in papers' order: `temperature 0.6, top_p 0.95`."""
    return listed_settings(record.sampling)


def overall(record: RunRecord) -> SubsetRow | None:
    """Add up all benchmarks' `all` rows; only the counts and the accuracy of the sum mean something.

    Each benchmark's accuracy weighs as much as it has problems where that is known of all, else as were answered.
    """
    rows = [row for row in record.table if row.subset == "all"]
    if not rows:
        return None
    known = all(row.population for row in rows)
    weights = [row.population or 0 if known else row.answered for row in rows]
    found = [(weight, row.accuracy) for weight, row in zip(weights, rows, strict=True) if row.accuracy is not None]
    asked = sum(weight for weight, _ in found)
    correct = sum(row.correct for row in rows)
    return SubsetRow(
        benchmark="",
        subset="all",
        n=sum(row.n for row in rows),
        correct=correct,
        accuracy=sum(weight * share for weight, share in found) / asked if asked else None,
        ci_low=None,
        ci_high=None,
        accuracy_finished=None,
        truncated=sum(row.truncated for row in rows),
        no_answer=sum(row.no_answer for row in rows),
        not_gradable=sum(row.not_gradable for row in rows),
        errors=sum(row.errors for row in rows),
        mean_reasoning_tokens=None,
        mean_answer_tokens=None,
        ttft_p50_s=None,
        tokens_per_s_p50=None,
        pending=sum(row.pending for row in rows),
        awaiting_ruling=sum(row.awaiting_ruling for row in rows),
    )


def phase(entry: InFlight) -> str:
    """Describe a sample in flight: `answering, 1,204 tokens, 31.0 s`, with the attempt where it is not the first."""
    again = f", attempt {entry.attempt}" if entry.attempt > 1 else ""
    return f"{VOCABULARY.phases[entry.phase]}, {count(entry.tokens, 'token')}, {duration(entry.elapsed_s)}{again}"
