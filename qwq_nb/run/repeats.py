"""Compute avg@k, pass@k and cons@k of each subset of a run with repeats, with intervals over problems.

All three are means over problems of the value expected from k answers drawn at random, without replacement, from the n
≥ k answers that a problem has; the order in which they came does not matter. Shares are 0…1.

avg@k   the share of correct answers. It is the same for every k but for the problems that have fewer than k answers.
pass@k  whether at least one of the k is correct: 1 - C(n - c, k) / C(n, k), without bias (Chen et al. 2021).
cons@k  whether the answer that most of the k agree on is correct (Wang et al. 2023, "self-consistency"; called cons@64
        by DeepSeek-R1, 2025). At k = n it is the one vote over all answers; below, the exact mean over all C(n, k)
        votes, by counting and not by sampling, so that it is the same every time.

Sources: Chen, M. et al. (2021), arXiv:2107.03374, section 2.1. Wang, X. et al. (2023), "Self-consistency improves chain
of thought reasoning", ICLR, arXiv:2203.11171. DeepSeek-AI (2025), arXiv:2501.12948, section 3. Intervals: of avg@k
`stats.clustered_interval`, of the others `mean_interval`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb, exp, lgamma, log, log1p

import msgspec

from qwq_nb.core.apart import mixed_subsets
from qwq_nb.core.graded_metrics import graded_metrics
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import RepeatScores
from qwq_nb.core.stats import Interval, interval_of_counts, interval_of_groups, pass_at_k, variance_parts
from qwq_nb.core.tally import Population
from qwq_nb.trace.boxed import trimmed

__all__ = [
    "REPEAT_COLUMNS",
    "RepeatRow",
    "Votes",
    "cons_at_k",
    "grouped_answers",
    "mean_interval",
    "repeat_rows",
    "repeat_scores",
    "vote_key",
    "votes_of",
]


class RepeatRow(msgspec.Struct, kw_only=True):
    """Hold one row of `run.repeats()`: a subset, or all of a benchmark, at one k. Shares are 0…1, intervals 95 %."""

    benchmark: str
    subset: str
    k: int
    problems: int
    """Problems with k answers or more: those that the row is about."""
    short: int
    """Problems with fewer than k answers, left out of this row."""
    left_out: int
    """Answers of the whole subset that are errors or pending: they neither vote nor count as failures."""
    avg_at_k: float | None
    avg_low: float | None
    avg_high: float | None
    pass_at_k: float | None
    pass_low: float | None
    pass_high: float | None
    cons_at_k: float | None
    cons_low: float | None
    cons_high: float | None
    correlation: float | None = None
    """Of the answers to one problem: 0 where repeats are as good as new problems, 1 where they are copies."""
    from_problems: float | None = None
    """Share of the variance of avg@k that comes from which problems were asked, which more repeats cannot narrow; the
    rest is chance in the answers (`stats.variance_parts`).
    """


REPEAT_COLUMNS: tuple[str, ...] = RepeatRow.__struct_fields__


class Votes(msgspec.Struct, frozen=True):
    """Hold one problem's answers, as they vote."""

    n: int
    """Answers that count: all but errors and pending ones."""
    correct: int
    groups: tuple[tuple[int, float], ...]
    """Of each group of equal answers: its size, and the share 0…1 of its graded members that are correct."""

    @property
    def silent(self) -> int:
        """Return the number of answers without an extracted value.

        They do not vote; where none votes, nothing is correct.
        """
        return self.n - sum(size for size, _ in self.groups)


def repeat_scores(
    results: Iterable[SampleResult], population: Population | None = None
) -> dict[tuple[str, str], RepeatScores]:
    """Compute the scores at the largest k by benchmark and subset (`all` too); none where no problem has two answers.

    They are those of the last row of `repeat_rows` for the same subset.
    """
    rows = repeat_rows(results, population, only_largest=True)
    repeated = {row.benchmark for row in rows if row.k > 1}
    names = RepeatScores.__struct_fields__
    return {
        (row.benchmark, row.subset): RepeatScores(**{name: getattr(row, name) for name in names})
        for row in rows
        if row.benchmark in repeated
    }


def repeat_rows(
    results: Iterable[SampleResult], population: Population | None = None, *, only_largest: bool = False
) -> list[RepeatRow]:
    """Compute rows by benchmark and subset, then `all`.

    Of each, one row for k = 1, 2, 4, … and for the most answers that a problem has (`only_largest`: for these alone). A
    benchmark whose score is not 0 or 1 has none: nothing is right or wrong there. `population`: the sizes of the
    subsets in the benchmark; with it each subset weighs by its size in the row `all`, as in `run.table()`.
    """
    sizes = population or {}
    benchmarks: dict[str, dict[str, dict[str, list[SampleResult]]]] = {}
    given = list(results)
    degrees = graded_metrics(given)
    for result in given:
        sample = result.sample
        if sample.benchmark in degrees:
            continue
        problems = benchmarks.setdefault(sample.benchmark, {}).setdefault(sample.subset, {})
        problems.setdefault(sample.id, []).append(result)
    rows = []
    for benchmark, subsets in benchmarks.items():
        known = sizes.get(benchmark, {})
        groups: list[tuple[int, list[list[SampleResult]]]] = []
        mixed = mixed_subsets(benchmark, subsets)
        for subset, problems in subsets.items():
            answered = list(problems.values())
            rows += _rows(benchmark, subset, [(len(answered), answered)], only_largest)
            if subset in mixed:
                groups.append((max(known.get(subset, 0), len(answered)), answered))
        rows += _rows(benchmark, "all", groups, only_largest)
    return rows


def _rows(
    benchmark: str, subset: str, groups: Sequence[tuple[int, list[list[SampleResult]]]], only_largest: bool
) -> list[RepeatRow]:
    """Make the rows of groups of problems, each with the number of problems that it stands for."""
    votes = [(size, [votes_of(problem) for problem in problems]) for size, problems in groups]
    counted = [v for _, own in votes for v in own]
    left_out = sum(len(problem) for _, problems in groups for problem in problems) - sum(v.n for v in counted)
    rows = []
    most = max((v.n for v in counted), default=0)
    for k in [max(most, 1)] if only_largest else counts_of(most):
        enough = [(size, [v for v in own if v.n >= k]) for size, own in votes]
        kept = [v for _, own in enough for v in own]
        parts = variance_parts((v.n, v.correct) for v in kept)
        columns: dict[str, float | None] = {}
        for name, value_of in (
            ("avg", lambda v: v.correct / v.n),
            ("pass", lambda v, k=k: pass_at_k(v.n, v.correct, k)),
            ("cons", lambda v, k=k: cons_at_k(v.groups, v.silent, k)),
        ):
            values = [(size, [value_of(v) for v in own]) for size, own in enough]
            value = _mean(values)
            if name == "avg":
                pairs = [[(float(v.n), float(v.correct)) for v in own] for _, own in enough]
            else:
                draws = sum(v.n for v in kept) / k / max(len(kept), 1)
                pairs = [_as_answers(own, draws * len(own)) for _, own in values]
            low, high = _interval(list(zip([size for size, _ in enough], pairs, strict=True)))
            if value is not None and low is not None and high is not None:
                # With more answers to some problems than to others the mean over problems is not the share of answers.
                low, high = min(low, value), max(high, value)
            columns |= {f"{name}_at_k": value, f"{name}_low": low, f"{name}_high": high}
        rows.append(
            RepeatRow(
                benchmark=benchmark,
                subset=subset,
                k=k,
                problems=len(kept),
                short=len(counted) - len(kept),
                left_out=left_out,
                **columns,
                correlation=parts.correlation if parts else None,
                from_problems=parts.share_of_problems if parts else None,
            )
        )
    return rows


def _mean(groups: Sequence[tuple[int, Sequence[float]]]) -> float | None:
    """Compute the mean of the groups' means, each weighted by its size; a group without values weighs nothing."""
    known = [(size, values) for size, values in groups if values]
    if all(size == len(values) for size, values in known):
        found = [value for _, values in known for value in values]
        return sum(found) / len(found) if found else None
    return sum(size * sum(values) / len(values) for size, values in known) / sum(size for size, _ in known)


def _interval(groups: Sequence[tuple[int, Sequence[tuple[float, float]]]]) -> Interval:
    known = [(size, pairs) for size, pairs in groups if pairs]
    if all(size == len(pairs) for size, pairs in known):
        return interval_of_counts(pair for _, pairs in known for pair in pairs)
    return interval_of_groups(known)


def counts_of(most: int) -> list[int]:
    """Return 1, 2, 4, … below `most`, then `most`; [1] where there is nothing yet, so that no subset is missing."""
    powers = [2**i for i in range(max(most, 1).bit_length()) if 2**i < most]
    return [*powers, max(most, 1)]


def votes_of(problem: Iterable[SampleResult]) -> Votes:
    """Group one problem's repeats by equal answers.

    Every answer votes that counts (truncated ones too) and from which the benchmark's grader extracted a value. All
    that the grader takes for the gold answer are equal: that is the benchmark's own equivalence, at no cost. The others
    are equal where their `vote_key` is; an answer with the key of a correct one joins the correct ones. So wrong
    answers that differ in more than their form (`\\sqrt{8}` and `2\\sqrt{2}`) are told apart, which splits their votes
    and favours the correct answer a little.
    """
    counted = grouped_answers(problem)
    sizes: Counter[str] = Counter()
    graded: Counter[str] = Counter()
    good: Counter[str] = Counter()
    for result, group in counted:
        if group:
            sizes[group] += 1
            graded[group] += result.verdict is not None and result.verdict.status == "graded"
            good[group] += result.outcome == "correct"
    groups = sorted((size, good[name] / max(graded[name], good[name], 1)) for name, size in sizes.items())
    return Votes(len(counted), sum(r.outcome == "correct" for r, _ in counted), tuple(groups))


def grouped_answers(problem: Iterable[SampleResult]) -> list[tuple[SampleResult, str]]:
    """Return the answers to one problem that count, each with the name of its group of equal answers, as `votes_of`
    says; the name is empty where it has no vote."""
    counted = [r for r in problem if counts(r.outcome)]
    keys = [vote_key(r.verdict.extracted) if r.verdict else "" for r in counted]
    right = {key for key, r in zip(keys, counted, strict=True) if r.outcome == "correct"}
    found = []
    for key, result in zip(keys, counted, strict=True):
        correct = result.outcome == "correct"
        group = "correct" if correct or (key and key in right) else f"={key}" if key else ""
        found.append((result, group))
    return found


_LAYOUT = re.compile(r"\\(?:displaystyle|left|right|[,!;:> ])|~|\\q?quad\b|\s+")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:(?:,|\{,\})\d{3})+(?:\.\d+)?")
_FRACTION = re.compile(r"(-?)(?:\\frac(?:\{(\d{1,30})\}\{(\d{1,30})\}|(\d)(\d))|(\d{1,30})/(\d{1,30}))")
_DECIMAL = re.compile(r"[-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})")


def vote_key(extracted: str) -> str:
    """Return what equal answers have in common: no LaTeX layout, and numbers by value (`0.50`, `\\frac12`, `1/2`).

    Numbers are whole, decimal, with thousands' commas, or fractions of whole numbers. Nothing is computed: it costs
    microseconds where the grader takes milliseconds.
    """
    text = _LAYOUT.sub("", trimmed(extracted))
    text = re.sub(r"\\[dt]frac", r"\\frac", text)
    if _THOUSANDS.fullmatch(text):
        text = text.replace("{,}", "").replace(",", "")
    number = None
    if _DECIMAL.fullmatch(text):
        number = Fraction(text)
    elif match := _FRACTION.fullmatch(text):
        over, under = (int(part) for part in match.groups()[1:] if part)
        number = Fraction(over, under) * (-1 if match[1] else 1) if under else None
    return text if number is None else str(number)


@lru_cache(maxsize=65536)
def cons_at_k(groups: tuple[tuple[int, float], ...], silent: int, k: int) -> float:
    """Compute the share 0…1 of the votes of k answers, drawn from all without replacement, that are correct. Exact.

    `groups` are sizes and worth (0…1) of the groups of equal answers, `silent` the answers without a vote. The largest
    group wins; several largest ones share the win evenly, as if one of them were drawn by lot. Without any vote: 0.

    Method: k draws without replacement are binomial counts (p = k / n) given that they add up to k. For each winning
    size a, the counts of all groups are convolved with none above a, and those at a counted.

    Raises:
        ValueError: unless 1 <= k <= all answers.
    """
    sizes = [size for size, _ in groups]
    n = sum(sizes) + silent
    if not 1 <= k <= n:
        raise ValueError(f"cons@{k} of {n} answers is not defined: it needs 1 <= k <= n")
    if k == n or len(groups) == 1 == k:
        top = max(sizes, default=0)
        first = [worth for size, worth in groups if size == top] if k == n else [w * s / n for s, w in groups]
        return sum(first) / len(first) if first else 0.0
    import numpy as np

    p = k / n
    pmf = {size: [_binomial(size, p, b) for b in range(min(size, k) + 1)] for size in {*sizes, silent}}
    start = np.zeros(k + 1)
    start[: len(pmf[silent])] = pmf[silent]
    right = 0.0
    for a in range(1, min(k, max(sizes, default=0)) + 1):
        # [t, v]: t groups have a votes, all have v; `worth` is the same times the sum of those t groups' worth.
        ways = np.zeros((k // a + 1, k + 1))
        ways[0] = start
        worth = np.zeros_like(ways)
        for size, share in groups:
            odds, old, old_worth = pmf[size], ways, worth
            ways, worth = old * odds[0], old_worth * odds[0]
            for b in range(1, min(a - 1, size) + 1):
                ways[:, b:] += odds[b] * old[:, :-b]
                worth[:, b:] += odds[b] * old_worth[:, :-b]
            if a <= size:
                ways[1:, a:] += odds[a] * old[:-1, :-a]
                worth[1:, a:] += odds[a] * (old_worth[:-1, :-a] + share * old[:-1, :-a])
        right += sum(float(worth[t, k]) / t for t in range(1, k // a + 1))
    return min(max(right / _binomial(n, p, k), 0.0), 1.0)


def _binomial(n: int, p: float, b: int) -> float:
    """Compute the probability of b hits in n, 0 < p < 1; by logarithms for large n, since C(2000, 1000) is no float."""
    if n <= 60:
        return comb(n, b) * p**b * (1 - p) ** (n - b)
    return exp(lgamma(n + 1) - lgamma(b + 1) - lgamma(n - b + 1) + b * log(p) + (n - b) * log1p(-p))


def mean_interval(values: Sequence[float], draws: float, confidence: float = 0.95) -> Interval:
    """Compute the interval of the mean of one value 0…1 a problem, each from `draws` / problems independent draws.

    A value from k draws is as k answers to the problem of which so many are correct (`stats.interval_of_counts`): the
    correlation is estimated from the scatter of the values, with its own uncertainty. Where all values are 0 or 1, and
    so at 0 % and 100 %, it is never narrower than Wilson's of the problems. With one draw a problem, right or wrong,
    the interval is `stats.wilson`. Without values: (None, None).
    """
    return interval_of_counts(_as_answers(values, draws), confidence)


def _as_answers(values: Sequence[float], draws: float) -> list[tuple[float, float]]:
    each = max(draws / len(values), 1.0) if values else 1.0
    return [(each, each * min(max(value, 0.0), 1.0)) for value in values]
