"""Compute the rows of a sweep, one a setting, and state what may be concluded from all of them. Pure.

A setting is one point of the grid: a value for each axis. All settings answer the same problems, so they are compared
in pairs (`qwq_nb.core.paired`), and Holm's procedure (1979) corrects for comparing several with one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from qwq_nb.analysis.sweep.grid import axis_text
from qwq_nb.core.apart import together
from qwq_nb.core.graded_metrics import graded_metrics
from qwq_nb.core.outcomes import counts
from qwq_nb.core.paired import Problem, holm, paired_p
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import SubsetRow
from qwq_nb.core.stats import Interval, interval_of_groups
from qwq_nb.core.tally import tally
from qwq_nb.view.wording import p_said, percent

__all__ = ["SettingRow", "caveat", "finished", "leader", "pairs", "sweep_conclusion", "with_numbers", "with_p_values"]


class SettingRow(msgspec.Struct, kw_only=True):
    """Hold one row of `Sweep.table()`. Shares are 0…1; means are over the answers that count for `accuracy`."""

    values: dict[str, str | int | float | None] = {}
    """The setting: axis → value; None is `off`, left out of the request."""
    state: str = "waiting"
    """`waiting`, `running`, `complete`, `stopped` or `failed`."""
    done: int = 0
    n: int = 0
    """Samples × repeats planned, of all benchmarks together."""
    correct: int = 0
    answered: int = 0
    """n − errors − pending."""
    accuracy: float | None = None
    """As in `run.table()`: of all problems of the benchmark, estimated where a part of them was asked. Each of several
    benchmarks weighs as much as it has problems.
    """
    ci_low: float | None = None
    ci_high: float | None = None
    """95 %: of the accuracy on problems like these, which has width where all were asked too."""
    mean_tokens: float | None = None
    """Reasoning and answer tokens of one answer. Truncated answers are included, unlike in `run.table()`: they cost
    too.
    """
    truncated_share: float | None = None
    loop_rate: float | None = None
    """Share of answers whose reasoning ends in a loop, of those that were analysed; None where none was."""
    mean_latency_s: float | None = None
    """Mean seconds of one answer, of the attempt that counted."""
    p_value: float | None = None
    """Two-sided paired exact test against the first setting (`paired.paired_p`), not corrected for the other settings.
    """
    errors: int = 0
    pending: int = 0
    problems: int = 0
    by_benchmark: dict[str, float | None] = {}
    """Accuracy of each benchmark, where there are several."""
    run: str = ""
    """The run's name; empty before its turn."""
    problem: str = ""
    """Why the setting failed."""

    @property
    def label(self) -> str:
        """Return the setting in words: `temperature 0.6, top_k 20`."""
        return ", ".join(f"{axis} {axis_text(value)}" for axis, value in self.values.items())


def with_numbers(
    row: SettingRow, results: Sequence[SampleResult], table: Sequence[SubsetRow] | None = None
) -> SettingRow:
    """Return `row` with its numbers from the results of its run, and from its `table` (`run.rows()`).

    Without the table it is that of results that are all there is.
    """
    table = tally(results, metrics=graded_metrics(results)) if table is None else table
    # Of answers in subsets that stand apart the tokens count, and no accuracy.
    scored = [r for r in together(results, lambda result: result.sample) if counts(r.outcome)]
    counted = [r for r in results if counts(r.outcome)]
    correct = sum(r.outcome == "correct" for r in scored)
    groups: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for r in scored:
        problems = groups.setdefault((r.sample.benchmark, r.sample.subset), {})
        answers, right = problems.get(r.sample.id, (0, 0))
        problems[r.sample.id] = answers + 1, right + (r.outcome == "correct")
    whole = [part for part in table if part.subset == "all"]
    accuracy, (low, high) = _accuracy(whole, table, groups)
    completions = [r.completion for r in counted if r.completion is not None]
    analysed = [r.analysis for r in counted if r.analysis is not None]
    pending = sum(r.outcome == "pending" for r in results)
    return msgspec.structs.replace(
        row,
        n=len(results),
        done=len(results) - pending,
        correct=correct,
        answered=len(scored),
        accuracy=accuracy,
        ci_low=low,
        ci_high=high,
        mean_tokens=_share(sum(c.completion_tokens for c in completions), len(completions)),
        truncated_share=_share(sum(r.outcome == "truncated" for r in counted), len(counted)),
        loop_rate=_share(sum(a.loop is not None for a in analysed), len(analysed)),
        mean_latency_s=_share(sum(c.latency_s for c in completions), len(completions)),
        errors=sum(r.outcome == "error" for r in results),
        pending=pending,
        problems=sum(map(len, groups.values())),
        by_benchmark={part.benchmark: part.accuracy for part in whole} if len(whole) > 1 else {},
    )


def _accuracy(
    whole: Sequence[SubsetRow],
    table: Sequence[SubsetRow],
    groups: Mapping[tuple[str, str], Mapping[str, tuple[int, int]]],
) -> tuple[float | None, Interval]:
    """Return the accuracy on the benchmarks together, and its interval on problems like theirs.

    A score that is not 0 or 1 has no accuracy.
    """
    if any(row.metric for row in whole):
        return None, (None, None)
    if len(whole) == 1:
        row = whole[0]
        low, high = (row.ci_low, row.ci_high) if row.similar_low is None else (row.similar_low, row.similar_high)
        return row.accuracy, (None, None) if low is None or high is None else (low, high)
    known = all(row.population for row in whole)
    weights = [(row.population or 0) if known else row.answered for row in whole]
    found = [(weight, row.accuracy) for weight, row in zip(weights, whole, strict=True) if row.accuracy is not None]
    accuracy = _share(sum(weight * share for weight, share in found), sum(weight for weight, _ in found))
    sizes = {(row.benchmark, row.subset): row.population for row in table}
    parts = [
        ((sizes.get(key) or len(problems)) if known else len(problems), list(problems.values()))
        for key, problems in groups.items()
    ]
    return accuracy, interval_of_groups(parts)


def pairs(first: Iterable[SampleResult], other: Iterable[SampleResult]) -> list[Problem]:
    """Count for each problem the repeats that both answered.

    A problem's counts are: all of them, those correct in the first alone, those correct in the other alone.
    """
    known = {(r.sample.benchmark, r.sample.id, r.repeat): r.outcome for r in first}
    problems: dict[tuple[str, str], Problem] = {}
    for r in together(other, lambda result: result.sample):
        before = known.get((r.sample.benchmark, r.sample.id, r.repeat), "pending")
        if not (counts(before) and counts(r.outcome)):
            continue
        n, only_a, only_b = problems.get((r.sample.benchmark, r.sample.id), (0, 0, 0))
        a, b = before == "correct", r.outcome == "correct"
        problems[r.sample.benchmark, r.sample.id] = n + 1, only_a + (a and not b), only_b + (b and not a)
    return list(problems.values())


def with_p_values(
    rows: Sequence[SettingRow], results: Sequence[Sequence[SampleResult]], barred: Sequence[bool] = ()
) -> list[SettingRow]:
    """Return the rows with the paired exact p-value against the first, where both settings are complete.

    `barred`: the settings that are not comparable with the first; they get none.
    """
    if not rows or rows[0].state != "complete":
        return list(rows)
    made = [rows[0]]
    left_out = barred or [False] * len(rows)
    for row, own, is_barred in zip(rows[1:], results[1:], left_out[1:], strict=True):
        known = row.state == "complete" and not is_barred and row.accuracy is not None
        p = paired_p(pairs(results[0], own)) if known else None
        made.append(msgspec.structs.replace(row, p_value=p))
    return made


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


# -- what may be concluded ---------------------------------------------------------------------------------------


def finished(rows: Iterable[SettingRow]) -> list[SettingRow]:
    """Return the settings that are complete and have an accuracy."""
    return [row for row in rows if row.state == "complete" and row.accuracy is not None]


def leader(rows: Iterable[SettingRow]) -> SettingRow | None:
    """Return the finished setting of the highest accuracy; of several the one with the fewest tokens."""
    return max(finished(rows), key=lambda r: (r.accuracy or 0.0, -(r.mean_tokens or 0.0)), default=None)


def sweep_conclusion(rows: Sequence[SettingRow]) -> str:
    """Return what the finished settings show, and what they do not, in words."""
    done, best = finished(rows), leader(rows)
    head = "" if len(done) == len(rows) else f"{len(done)} of {len(rows)} settings are finished. "
    if best is None or len(done) < 2:
        return f"{head}There is nothing to compare yet." if len(rows) > 1 else f"{head}One setting compares to nothing."
    over = f"{best.problems:,} problem{'' if best.problems == 1 else 's'}"
    equals = [row for row in done if row is not best and _overlap(row, best)]
    if len(equals) == len(done) - 1:
        all_of = "both" if len(done) == 2 else f"all {len(done)}"
        told = f"The 95 % intervals of {all_of} settings overlap on {over}: they tell no setting from another."
    else:
        apart = len(done) - 1 - len(equals)
        told = (
            f"On {over} the interval of the highest, {best.label} ({percent(best.accuracy)}), lies apart from "
            f"{apart} of {len(done) - 1} others."
        )
    return f"{head}{told}{_tested(done)}"


def _tested(done: Sequence[SettingRow]) -> str:
    """State the paired tests, which show more than intervals do, since they compare the same problems."""
    tested = [row for row in done if row.p_value is not None]
    if not tested:
        return ""
    adjusted = holm([row.p_value or 0.0 for row in tested])
    found = [(row, p) for row, p in zip(tested, adjusted, strict=True) if p < 0.05]
    times = "" if len(tested) == 1 else f", corrected for {len(tested)} comparisons"
    if not found:
        return f" Against the first setting, problem by problem, none differs at the 5 % level (paired exact{times})."
    named = "; ".join(f"{row.label} ({p_said(p)})" for row, p in found[:4])
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""
    differ = "differs" if len(found) == 1 else "differ"
    return f" Against the first setting, problem by problem, {differ}: {named}{more} (paired exact{times})."


def caveat(best: SettingRow, rows: Sequence[SettingRow]) -> str:
    """Return the caveat that belongs beside the highest accuracy of several."""
    done = finished(rows)
    others = sum(row is not best and _overlap(row, best) for row in done)
    ties = sum(row is not best and row.accuracy == best.accuracy for row in done)
    words = [f"The highest of {len(done)} on {best.problems:,} problems"]
    if ties:
        words.append(f"(as high as {ties} other{'' if ties == 1 else 's'}; this one with the fewest tokens)")
    if others:
        of_all = f"all {others}" if others == len(done) - 1 > 1 else f"{others} of the {len(done) - 1}"
        words.append(f"whose interval overlaps with {of_all} others" if len(done) > 2 else "whose intervals overlap")
    return (
        f"{' '.join(words)}. The highest of several looks better than it is, by chance alone: confirm it on other "
        f"problems (another --seed, or no --limit) before it is reported."
    )


def _overlap(one: SettingRow, other: SettingRow) -> bool:
    if one.ci_low is None or one.ci_high is None or other.ci_low is None or other.ci_high is None:
        return True
    return one.ci_low <= other.ci_high and other.ci_low <= one.ci_high
