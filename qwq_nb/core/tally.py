"""Count results by outcome, and make the rows of `run.table()` and `run.samples()`.

`tally` counts; `table_rows` and `sample_rows` give plain dicts that a DataFrame is made of, without pandas.
`accuracy_of_asked` is correct / (all − `error` − `pending` − `awaiting_ruling`): a truncated or not gradable answer is
not correct. `accuracy_finished` is correct / (the same − `truncated`). Intervals are Wilson's, and of a Beta-binomial
posterior where there are repeats (`qwq_nb.core.stats`).

Where the sizes of the subsets in the benchmark are known, the row `all` is about all of its problems: its accuracy and
interval are those of `qwq_nb.core.stratified`, each subset weighted by its size, and exact where every problem was
answered once. Problems whose answers failed weigh nothing in the accuracy, and are unknown to the interval.

Subsets that stand apart (`qwq_nb.core.apart`) have their own rows, and are no part of the row `all`.

Where a benchmark's score is a degree (`metrics`), the rows have its mean and no accuracy (`qwq_nb.core.mean_scores`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from qwq_nb.core.apart import mixed_subsets
from qwq_nb.core.mean_scores import ScoreStratum, mean_of, mean_score_interval, stratified_mean_interval
from qwq_nb.core.outcomes import counts, is_answered
from qwq_nb.core.records import Completion, Outcome, SampleResult
from qwq_nb.core.run_record import SubsetRow
from qwq_nb.core.sequential import in_random_order, interval_in_order, interval_of_strata, time_uniform_interval
from qwq_nb.core.stats import Interval, interval_of_counts, interval_of_groups, quantile
from qwq_nb.core.stratified import Stratum, stratified_interval, stratified_share

__all__ = [
    "SAMPLE_COLUMNS",
    "TABLE_COLUMNS",
    "Population",
    "Watch",
    "sample_rows",
    "table_rows",
    "tally",
    "tokens_per_second",
]

Population = Mapping[str, Mapping[str, int]]
"""Benchmark → subset → problems that the benchmark has in it, of the levels or subsets chosen."""

# A row's fields up to here are the table's columns; those after it are for the views.
_LAST_COLUMN = SubsetRow.__struct_fields__.index("awaiting_ruling")
TABLE_COLUMNS: tuple[str, ...] = SubsetRow.__struct_fields__[: _LAST_COLUMN + 1]

SAMPLE_COLUMNS = (
    "benchmark",
    "subset",
    "id",
    "repeat",
    "outcome",
    "gold",
    "extracted",
    "reasoning_tokens",
    "answer_tokens",
    "finish_reason",
    "attempts",
    "ttft_s",
    "latency_s",
    "error",
    "flags",
    "tests_passed",
    "tests_total",
    "execution",
    "source_id",
)


class _Count:
    """Gather what one row needs, in one pass over the results."""

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.problems: dict[str, tuple[int, int]] = {}
        """Problem → (answers that count, correct ones)."""
        self.scores: dict[str, list[float]] = {}
        """Problem → the scores of its answers that count; one that could not be graded has 0."""
        self.pending: set[str] = set()
        """Problems of which an answer is pending."""
        self.finished = 0
        self.reasoning_tokens = 0
        self.answer_tokens = 0
        self.tests = [0, 0]
        """Tests passed, and tests."""
        self.ttft: list[float] = []
        self.speed: list[float] = []

    def add(self, result: SampleResult) -> None:
        outcome = result.outcome
        self.outcomes[outcome] += 1
        answers, correct = self.problems.get(result.sample.id, (0, 0))
        counted = counts(outcome)
        execution = result.verdict.execution if result.verdict is not None else None
        if execution is not None:
            self.tests[0] += execution.passed
            self.tests[1] += execution.total
        if outcome == "pending":
            self.pending.add(result.sample.id)
        self.problems[result.sample.id] = answers + counted, correct + (outcome == "correct")
        if counted:
            self.scores.setdefault(result.sample.id, []).append(result.verdict.score if result.verdict else 0.0)
        completion = result.completion
        if not is_answered(outcome) or completion is None:
            return
        if completion.ttft_s is not None:
            self.ttft.append(completion.ttft_s)
        speed = tokens_per_second(completion)
        if speed is not None:
            self.speed.append(speed)
        if outcome != "truncated":
            self.finished += 1
            self.reasoning_tokens += completion.reasoning_tokens
            self.answer_tokens += completion.answer_tokens

    def merge(self, other: _Count) -> None:
        self.outcomes.update(other.outcomes)
        self.problems.update(other.problems)  # a problem belongs to one subset
        self.scores.update(other.scores)
        self.pending |= other.pending
        self.finished += other.finished
        self.reasoning_tokens += other.reasoning_tokens
        self.answer_tokens += other.answer_tokens
        self.tests = [mine + its for mine, its in zip(self.tests, other.tests, strict=True)]
        self.ttft += other.ttft
        self.speed += other.speed

    @property
    def counted(self) -> int:
        """Return the number of answers that count."""
        return sum(number for outcome, number in self.outcomes.items() if counts(outcome))

    @property
    def repeats(self) -> int:
        """Return how often each problem is planned to be asked."""
        return round(self.outcomes.total() / len(self.problems)) if self.problems else 1

    def row(self, benchmark: str, subset: str, population: int | None = None) -> SubsetRow:
        outcomes = self.outcomes
        n, correct, counted = outcomes.total(), outcomes["correct"], self.counted
        low, high = interval_of_counts(self.problems.values())
        return SubsetRow(
            benchmark=benchmark,
            subset=subset,
            n=n,
            correct=correct,
            accuracy=_share(correct, counted),
            ci_low=low,
            ci_high=high,
            accuracy_finished=_share(correct, counted - outcomes["truncated"]),
            truncated=outcomes["truncated"],
            no_answer=outcomes["no_answer"],
            not_gradable=outcomes["not_gradable"],
            errors=outcomes["error"],
            mean_reasoning_tokens=_share(self.reasoning_tokens, self.finished),
            mean_answer_tokens=_share(self.answer_tokens, self.finished),
            ttft_p50_s=quantile(self.ttft, 0.5),
            tokens_per_s_p50=quantile(self.speed, 0.5),
            pending=outcomes["pending"],
            wrong=outcomes["wrong"],
            problems=len(self.problems),
            accuracy_of_asked=_share(correct, counted),
            population=None if population is None else max(population, len(self.problems)),
            tests_passed=self.tests[0] if self.tests[1] else None,
            tests_total=self.tests[1] or None,
            awaiting_ruling=outcomes["awaiting_ruling"],
        )

    def mean_row(self, row: SubsetRow, metric: str) -> SubsetRow:
        """Return a row with the mean score, and its interval, in place of the accuracy."""
        low, high = mean_score_interval(self.scores)
        row.accuracy = row.accuracy_finished = row.accuracy_of_asked = row.similar_low = row.similar_high = None
        row.metric, row.mean_score, row.ci_low, row.ci_high = metric, mean_of(self.scores), low, high
        return row


class _Whole(NamedTuple):
    """Hold what is estimated of all problems of a benchmark."""

    accuracy: float | None
    accuracy_finished: float | None
    similar: Interval
    """The interval on problems like these, of any number."""


def _whole(parts: Sequence[tuple[int, _Count]]) -> _Whole:
    """Estimate the accuracy on all problems; `parts` are the size of each subset, and what was asked of it."""
    weights = [size * part.repeats - _failed(part) for size, part in parts]
    asked = [part.counted for _, part in parts]
    correct = [part.outcomes["correct"] for _, part in parts]
    finished = [part.counted - part.outcomes["truncated"] for _, part in parts]
    accuracy = stratified_share(list(zip(weights, asked, correct, strict=True)))
    ended = stratified_share(list(zip(weights, asked, finished, strict=True)))
    if weights == asked:
        # Every subset weighs as much as was asked of it: the same, without rounding.
        accuracy, of_finished = _share(sum(correct), sum(asked)), _share(sum(correct), sum(finished))
    else:
        of_finished = accuracy / ended if accuracy is not None and ended else None
    return _Whole(accuracy, of_finished, _similar(weights, parts, accuracy))


def _interval(parts: Sequence[tuple[int, _Count]], similar: Interval) -> Interval:
    """Return the interval of the accuracy on all problems, for one look at the end."""
    if any(part.repeats > 1 for _, part in parts):
        return _widened(similar, parts)
    return stratified_interval([Stratum(size, part.counted, part.outcomes["correct"]) for size, part in parts])


def _failed(part: _Count) -> int:
    """Return the number of answers that will not come: neither counted nor pending."""
    return part.outcomes.total() - part.counted - part.outcomes["pending"]


def _similar(weights: Sequence[int], parts: Sequence[tuple[int, _Count]], accuracy: float | None) -> Interval:
    """Return the interval of the accuracy on problems like these, of any number, at the same shares of the subsets."""
    groups = [(weight, list(part.problems.values())) for weight, (_, part) in zip(weights, parts, strict=True)]
    if accuracy is None:
        return None, None
    if all(weight == part.counted for weight, (_, part) in zip(weights, parts, strict=True)):
        return interval_of_counts(pair for _, pairs in groups for pair in pairs)
    low, high = interval_of_groups(groups)
    # Where a subset's problems have unequal numbers of answers, its share weighs by answers, and here by problems.
    return min(accuracy, low or 0.0), max(accuracy, 1.0 if high is None else high)


def _widened(interval: Interval, parts: Sequence[tuple[int, _Count]]) -> Interval:
    """Widen the interval of the subsets asked by those of which nothing was: their accuracy may be 0 or 1."""
    low, high = interval
    if low is None or high is None:
        return None, None
    whole = sum(size for size, _ in parts)
    known = sum(size for size, part in parts if part.counted) / whole
    return known * low, 1 - known * (1 - high)


def tally(
    results: Iterable[SampleResult],
    order: Sequence[tuple[str, str]] | None = None,
    population: Population | None = None,
    watch: Watch | None = None,
    metrics: Mapping[str, str] | None = None,
) -> list[SubsetRow]:
    """Make one row a subset, then one row `all`, for each benchmark.

    `results` are all samples × repeats planned, the pending ones too: they make `n`. `order` lists (benchmark, subset)
    pairs in the order of the rows; subsets it does not name follow as they come, and one without results gets a row
    with n = 0. Shares are 0…1, times seconds, speeds tokens a second. Token means are over the finished answers (all
    that `accuracy_finished` counts), the medians of time to first token and speed over all that `accuracy` counts.
    Unknown values are None.

    `population`: the sizes of the subsets in the benchmark, those too that were not asked: with it the row `all` is
    about all of them. A benchmark that it does not name is counted as it was asked. `watch`: the run is looked at while
    it goes on, or was ended by what was seen of it; then the interval of the row `all` is one that holds at every
    moment (`qwq_nb.core.sequential`), unless there are repeats. `metrics`: the names of the scores that are a degree,
    by benchmark.
    """
    sizes, degrees = population or {}, metrics or {}
    benchmarks: dict[str, dict[str, _Count]] = {}
    for benchmark, subset in order or ():
        benchmarks.setdefault(benchmark, {}).setdefault(subset, _Count())
    for result in results:
        subsets = benchmarks.setdefault(result.sample.benchmark, {})
        count = subsets.get(result.sample.subset)
        if count is None:
            count = subsets[result.sample.subset] = _Count()
        count.add(result)
    rows = []
    for benchmark, subsets in benchmarks.items():
        total, known = _Count(), sizes.get(benchmark, {})
        metric = degrees.get(benchmark, "")
        mixed = mixed_subsets(benchmark, [*known, *subsets])
        for subset, count in subsets.items():
            row = count.row(benchmark, subset, known.get(subset))
            rows.append(count.mean_row(row, metric) if metric else row)
            if subset in mixed:
                total.merge(count)
        names = [name for name in known if name in mixed] if set(subsets) <= set(known) else []
        parts = [(known[name], subsets.get(name) or _Count()) for name in names]
        if metric:
            rows.append(_mean_row_of_all(benchmark, total, parts, metric))
        elif parts:
            rows.append(_row_of_all(benchmark, total, parts, watch))
        else:
            rows.append(total.row(benchmark, "all"))
    return rows


class Watch(NamedTuple):
    """Say how a run is looked at that goes on, or that ended by what was seen of it."""

    seed: int
    """Seed of the order in which its problems are asked."""
    in_order: bool
    """Whether that is random over all problems of a benchmark (`--until`), and not spread over its subsets."""
    in_proportion: bool = True
    """Whether the subsets are asked in proportion to their sizes: not so where answers of a limited run came first."""


def _watched(total: _Count, size: int, watch: Watch) -> tuple[float, float]:
    """Return the interval that holds at every moment."""
    if not watch.in_order:
        # Spread over the subsets in proportion, the share that was asked varies less than at random.
        return time_uniform_interval(total.outcomes["correct"], total.counted, size)
    answers: list[bool | None] = []
    for id in in_random_order(total.problems, watch.seed):
        if id in total.pending:
            break
        counted, correct = total.problems[id]
        answers.append(correct > 0 if counted else None)
    return interval_in_order(answers, size)


def _row_of_all(benchmark: str, total: _Count, parts: Sequence[tuple[int, _Count]], watch: Watch | None) -> SubsetRow:
    sizes = [(max(size, len(part.problems)), part) for size, part in parts]
    row, whole = total.row(benchmark, "all", sum(size for size, _ in sizes)), _whole(sizes)
    row.accuracy, row.accuracy_finished = whole.accuracy, whole.accuracy_finished
    size, planned = row.population or 0, len(total.problems)
    if watch is not None and row.pending and row.accuracy is not None and row.n == planned:
        if planned == size and (watch.in_order or watch.in_proportion):
            low, high = _watched(total, size, watch)
        else:
            low, high = interval_of_strata([(n, part.counted, part.outcomes["correct"]) for n, part in sizes])
        row.ci_low, row.ci_high = min(low, row.accuracy), max(high, row.accuracy)
    else:
        row.ci_low, row.ci_high = _interval(sizes, whole.similar)
    row.similar_low, row.similar_high = whole.similar
    return row


def _mean_row_of_all(benchmark: str, total: _Count, parts: Sequence[tuple[int, _Count]], metric: str) -> SubsetRow:
    """Return the row of a benchmark whose score is a degree: about all of its problems, where their number is known."""
    if not parts:
        return total.mean_row(total.row(benchmark, "all"), metric)
    sizes = [(max(size, len(part.problems)), part) for size, part in parts]
    row = total.mean_row(total.row(benchmark, "all", sum(size for size, _ in sizes)), metric)
    row.similar_low, row.similar_high = row.ci_low, row.ci_high
    sums = [sum(sum(scores) for scores in part.scores.values()) for _, part in sizes]
    weights = [size * part.repeats - _failed(part) for size, part in sizes]
    asked = [part.counted for _, part in sizes]
    if weights != asked:
        row.mean_score = stratified_share(list(zip(weights, asked, sums, strict=True)))
    if total.repeats == 1:
        row.ci_low, row.ci_high = stratified_mean_interval([ScoreStratum(size, part.scores) for size, part in sizes])
    return row


def tokens_per_second(completion: Completion) -> float | None:
    """Compute the speed of one completion: tokens after the first / time after the first token.

    So does vLLM's benchmark (`vllm/benchmarks/serve.py`, the inverse of its time per output token). Where nothing was
    streamed, or all came in one burst (the time after the first token under a millisecond), it is tokens / latency.
    None without tokens or time.
    """
    tokens, latency = completion.completion_tokens, completion.latency_s
    if completion.ttft_s is not None and tokens > 1 and latency - completion.ttft_s >= 0.001:
        return (tokens - 1) / (latency - completion.ttft_s)
    return tokens / latency if tokens and latency > 0 else None


def table_rows(rows: Iterable[SubsetRow]) -> list[dict[str, Any]]:
    """Return the rows as dicts of TABLE_COLUMNS."""
    return [{column: getattr(row, column) for column in TABLE_COLUMNS} for row in rows]


def sample_rows(results: Iterable[SampleResult]) -> list[dict[str, Any]]:
    """Return the samples as dicts of SAMPLE_COLUMNS; flags are joined by ", ", so that the column can be searched.

    What is not known without a completion is None.
    """
    rows: list[dict[str, Any]] = []
    for result in results:
        sample, completion, verdict = result.sample, result.completion, result.verdict
        execution = verdict.execution if verdict is not None else None
        row = {column: getattr(completion, column, None) for column in SAMPLE_COLUMNS}
        row |= {
            "benchmark": sample.benchmark,
            "subset": sample.subset,
            "id": sample.id,
            "repeat": result.repeat,
            "outcome": result.outcome,
            "gold": sample.gold,
            "extracted": verdict.extracted if verdict else "",
            "error": result.error,
            "flags": ", ".join(result.flags),
            # A file of evalscope's without times has 0 there.
            "latency_s": row["latency_s"] or None,
            "tests_passed": execution.passed if execution is not None and execution.game is None else None,
            "tests_total": execution.total if execution is not None and execution.game is None else None,
            "execution": execution.status if execution is not None else "",
            "source_id": sample.source_id,
        }
        rows.append(row)
    return rows


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
