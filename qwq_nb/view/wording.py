"""Define the words, signs and number formats that html and plain text share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeGuard

from qwq_nb.core.records import OUTCOMES, Outcome
from qwq_nb.core.run_record import InFlight, RunRecord, SampleView, SubsetRow
from qwq_nb.core.vocabulary import DEMO_NOTICE, FAILURES_FIRST, VOCABULARY, flag_word

__all__ = [
    "DEMO_NOTICE",
    "SIGNS",
    "UNKNOWN",
    "WORDS",
    "cost_facts",
    "count",
    "duration",
    "estimated_from",
    "flag_word",
    "interval",
    "is_known",
    "money",
    "number",
    "outcome_counts",
    "overall",
    "p_text",
    "percent",
    "phase",
    "points",
    "row_interval",
    "row_score",
    "sample_key",
    "sampling",
    "signed",
]

UNKNOWN = "–"
"""What stands where a number is not known."""

SCORE_DIGITS = 3
"""Decimals of a score that is not 0 or 1."""
_HUGE = 1e15
"""From here on a number's digits would say no more, and fill the line."""

WORDS: dict[Outcome, str] = {outcome: words.word for outcome, words in VOCABULARY.outcomes.items()}

SIGNS: dict[Outcome, str] = {outcome: words.sign for outcome, words in VOCABULARY.outcomes.items()}


def sample_key(view: SampleView) -> tuple[int, str, int]:
    """Return the sort key of a view: failures first, then by id and repeat."""
    return FAILURES_FIRST.index(view.outcome), view.id, view.repeat


def count(n: int, noun: str) -> str:
    """Format a number with its noun: `1 sample`, `2,000 samples`."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def outcome_counts(views: Iterable[SampleView]) -> str:
    """Count the views by outcome, in words: `8 correct, 1 wrong, 1 truncated`."""
    seen = Counter(view.outcome for view in views)
    return ", ".join(f"{seen[outcome]:,} {WORDS[outcome]}" for outcome in OUTCOMES if seen[outcome])


def is_known(value: float | None) -> TypeGuard[float]:
    """Return whether a value is a number: neither missing nor NaN nor infinite."""
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int = 0) -> str:
    """Format a number with commas and `digits` decimals; UNKNOWN where it is not known.

    Every number that is drawn is rounded here: halves away from 0, as a reader rounds what the number is in decimal
    (95.35 to 95.4), and not what its binary form falls short of it. 15 digits are read, which all binary numbers have.
    From 1e15 on it is `1.2e15`. `number` of `labextension/src/record/format.ts` is the same rule, and
    `labextension/src/__tests__/record/numbers.json` has examples that both are tested with.
    """
    if not is_known(value):
        return UNKNOWN
    if abs(value) >= _HUGE:
        return f"{value:.1e}".replace("+", "")
    exact = Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{abs(exact) if exact.is_zero() else exact:,f}"


def percent(share: float | None) -> str:
    """Format a share 0…1 as `83.3 %`; UNKNOWN where it is not known."""
    return f"{number(100 * share, 1)} %" if is_known(share) else UNKNOWN


def interval(low: float | None, high: float | None, dash: str = "–") -> str:
    """Format an interval of a share: `55.2 – 95.3 %`.

    It is `exact` where it has no width, and UNKNOWN where it is not known.
    """
    if not (is_known(low) and is_known(high)):
        return UNKNOWN
    return "exact" if low == high else f"{percent(low)[:-2]} {dash} {percent(high)}"


def row_score(row: SubsetRow) -> str:
    """Format a row's score: the accuracy in per cent, or the mean of scores that are not 0 or 1: `0.583`."""
    return number(row.mean_score, SCORE_DIGITS) if row.metric else percent(row.accuracy)


def row_interval(row: SubsetRow, dash: str = "–") -> str:
    """Format a row's interval; beside an exact one, in brackets, the interval for problems like the benchmark's."""
    shown = score_interval if row.metric else interval
    own = shown(row.ci_low, row.ci_high, dash)
    if own != "exact" or not is_known(row.similar_low):
        return own
    return f"exact ({shown(row.similar_low, row.similar_high, dash)})"


def score_interval(low: float | None, high: float | None, dash: str = "–") -> str:
    """Format an interval of a mean score: `0.41 – 0.75`, or as `interval` does."""
    if not (is_known(low) and is_known(high)):
        return UNKNOWN
    return "exact" if low == high else f"{number(low, SCORE_DIGITS)} {dash} {number(high, SCORE_DIGITS)}"


def estimated_from(row: SubsetRow) -> str:
    """Say of what a row's accuracy is an estimate: `estimated from 200 of 500`; empty where all were asked."""
    whole = row.estimated_of
    if whole is None or row.score is None:
        return ""
    return f"estimated from {row.answered:,} of {whole:,}" + (" answers" if row.n != row.problems else "")


def points(share: float | None) -> str:
    """Format a difference of shares in percentage points: `+1.2`, `−0.4`, `0.0`; UNKNOWN where it is not known."""
    if not is_known(share):
        return UNKNOWN
    text = number(100 * share, 1)
    return text if text == "0.0" else text.replace("-", "−") if share < 0 else f"+{text}"


def signed(share: float | None) -> str:
    """Format a difference of shares with its unit: `+1.2 points`, `−0.4 points`; UNKNOWN where it is not known."""
    return f"{points(share)} points" if is_known(share) else UNKNOWN


def p_text(p: float | None) -> str:
    """Format a p-value: `0.45`, `0.012`, `0.0003`, or `< 0.0001`; UNKNOWN where it is not known."""
    if not is_known(p):
        return UNKNOWN
    return "< 0.0001" if p < 0.0001 else number(p, 4 if p < 0.001 else 3 if p < 0.1 else 2)


def money(value: float | None, currency: str = "") -> str:
    """Format an amount: `12.30`, `0.0312 USD`, `0.000439`: two decimals, or three digits of what is less than 1."""
    if not is_known(value):
        return UNKNOWN
    digits = 2 if value >= 1 or value <= 0 else min(2 - math.floor(math.log10(value)), 20)
    return f"{number(value, digits)} {currency}".rstrip()


def cost_facts(record: RunRecord) -> list[str]:
    """List the costs of a run in words; empty without prices.

    `cost 0.0312 USD so far`, `about 0.12 USD at the end`, `0.0041 USD for a correct answer`.
    """
    cost = record.cost
    if cost is None:
        return []
    pending = any(row.pending for row in record.table)
    facts = [f"cost {money(cost.so_far, cost.currency)}" + (" so far" if pending else "")]
    if pending and cost.expected is not None:
        facts.append(f"about {money(cost.expected, cost.currency)} at the end")
    if cost.per_correct is not None:
        facts.append(f"{money(cost.per_correct, cost.currency)} for a correct answer")
    if cost.uncounted:
        facts.append(f"{count(cost.uncounted, 'answer')} without the server's token count")
    return facts


def duration(seconds: float | None) -> str:
    """Format seconds: `8.2 s`, `3 min 20 s`, `2 h 05 min`; UNKNOWN where they are not known."""
    if not is_known(seconds):
        return UNKNOWN
    if seconds < 60:
        return f"{number(seconds, 1)} s"
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{number(minutes // 60)} h {minutes % 60:02d} min"


def sampling(record: RunRecord) -> str:
    """List the sampling options that are set, in the order given: `temperature 0.6, top_p 0.95`."""
    return ", ".join(f"{key} {value}" for key, value in record.sampling.items() if value is not None)


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
