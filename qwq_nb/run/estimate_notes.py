"""Say of a run's accuracy what it is an estimate of, and what would make it surer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt

from qwq_nb.core.apart import together
from qwq_nb.core.graded_metrics import graded_metrics
from qwq_nb.core.outcomes import counts
from qwq_nb.core.records import SampleResult
from qwq_nb.core.run_record import SubsetRow
from qwq_nb.core.stats import variance_parts
from qwq_nb.errors import one_line
from qwq_nb.store.manifest import Manifest
from qwq_nb.store.scores import GOING_ON
from qwq_nb.view.wording import estimated_from, percent

__all__ = ["estimate_notes", "repeat_notes"]

NAMED_LEVELS = 10
"""Levels or subsets that a note names."""


def estimate_notes(row: SubsetRow, manifest: Manifest) -> list[str]:
    """Say that the accuracy of a row `all` is an estimate, and of what nothing was asked."""
    notes = []
    said = estimated_from(row)
    if said and manifest.state not in GOING_ON:
        what = "mean score" if row.metric else "accuracy"
        of_asked = "" if row.metric else f"; of those asked {percent(row.accuracy_of_asked)} are correct"
        notes.append(
            f"{row.benchmark}: the {what} is {said}{'' if row.n != row.problems else ' problems'}, each level or "
            f"subset weighted by its size{of_asked}."
        )
    left_out = manifest.left_out.get(row.benchmark, [])
    if left_out:
        named = ", ".join(one_line(name, 60) for name in left_out[:NAMED_LEVELS])
        more = f" and {len(left_out) - NAMED_LEVELS} more" if len(left_out) > NAMED_LEVELS else ""
        sizes = manifest.population.get(row.benchmark, {})
        problems = sum(sizes.get(name, 0) for name in left_out)
        notes.append(
            f"{row.benchmark}: --limit {manifest.request.selection.limit} leaves out {named}{more} "
            f"({problems:,} of {sum(sizes.values()):,} problems). Nothing is known of them: the interval allows for "
            f"any accuracy there. --limit {len(sizes)} or more asks something of each."
        )
    return notes


def repeat_notes(results: Sequence[SampleResult], manifest: Manifest) -> list[str]:
    """Say for each benchmark of an ended run with repeats whether more problems or more repeats would help."""
    if manifest.request.selection.repeats < 2 or manifest.state in GOING_ON:
        return []
    found: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    degrees = graded_metrics(results)
    for result in together(results, lambda result: result.sample):
        if counts(result.outcome) and result.sample.benchmark not in degrees:
            pair = found[result.sample.benchmark][result.sample.id]
            pair[0] += 1
            pair[1] += result.outcome == "correct"
    notes = []
    for benchmark, problems in found.items():
        parts = variance_parts((k, c) for k, c in problems.values())
        if parts is None or not parts.problems + parts.answers:
            continue
        share = parts.share_of_problems
        by_problems, by_repeats = 1 - sqrt(0.5), 1 - sqrt((1 + share) / 2)
        notes.append(
            f"{benchmark}: {percent(share, 0)} of the variance of the accuracy comes from which problems were "
            f"asked, the rest from chance in the answers. Twice as many problems would narrow its interval by "
            f"{percent(by_problems, 0)}, twice as many repeats by {percent(by_repeats, 0)}."
        )
    return notes
