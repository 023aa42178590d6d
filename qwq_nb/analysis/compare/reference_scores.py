"""Compare a run's rows with published scores: does the published score lie in the run's interval? Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qwq_nb.core.run_record import SubsetRow
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.run.references import published_name, references_for

__all__ = ["REFERENCE_COLUMNS", "reference_rows"]

REFERENCE_COLUMNS = (
    "benchmark",
    "subset",
    "n",
    "accuracy",
    "ci_low",
    "ci_high",
    "published",
    "published_n",
    "expected",
    "difference",
    "conclusion",
    "reference",
    "source",
    "sampling",
)


def reference_rows(rows: Iterable[SubsetRow], name: str, *, whole: bool = True) -> list[dict[str, Any]]:
    """Set each row of a run's table beside the published score of `name` on it, as dicts of REFERENCE_COLUMNS.

    `name` is a model's published name, or one that a server has for it (`qwq:32b-q4_K_M`). Scores are shares 0…1.
    `expected` is the published score: a run's accuracy on `all` is for all of the benchmark's problems. Of a run that
    does not know their number it is for those asked, of which a limit takes as many of each level: there `expected` is,
    where the document has every subset, the mean of those scores weighted by the run's own numbers of answers. The
    interval of `all` is that for problems like the benchmark's: a published score is of other answers to them.
    `difference` is the run's accuracy less `expected`. `conclusion` is
    `inside`, `above` or `below`: the position of the run's accuracy if the expected score is outside its 95 % interval.
    That says whether the run reproduces the score, and ignores the uncertainty of the published score itself. `whole`:
    the run is not confined to some levels or subsets, so that its `all` is the published one.

    Raises:
        OptionError: nothing is published of that model, or nothing on these benchmarks.
    """
    own = [row for row in rows if row.accuracy is not None and (whole or row.subset != "all")]
    benchmarks = dict.fromkeys(row.benchmark for row in own)
    published = references_for(benchmarks)
    names = sorted({str(r["model"]) for r in published})
    folded = {known.casefold(): known for known in names}
    model = folded.get(name.casefold()) or published_name(name)
    if model not in names:
        if not names:
            shown = ", ".join(benchmarks) or "a run without answers"
            raise OptionError(f"No published score is known for {shown}.")
        raise OptionError(
            f"No published score of {name!r} is known for {', '.join(benchmarks)}."
            + did_you_mean(name, names, many=f"Known are {', '.join(names)}.")
        )
    found = []
    for row in own:
        for reference in published:
            if (reference["model"], reference["benchmark"], reference["subset"]) == (model, row.benchmark, row.subset):
                found.append(_row(row, reference, _expected(row, reference, own, published)))
    return found


def _expected(
    row: SubsetRow, reference: dict[str, Any], own: list[SubsetRow], published: list[dict[str, Any]]
) -> float:
    """Return the published score of `all` in the run's mix of subsets, if the same document has the score of each."""
    score = float(reference["score"])
    subsets = [r for r in own if r.benchmark == row.benchmark and r.subset != "all"]
    if row.subset != "all" or len(subsets) < 2 or row.population is not None:
        return score
    wanted = _document(reference)
    scores = {r["subset"]: r["score"] for r in published if _document(r) == wanted}
    answered = {r.subset: r.n - r.errors - r.pending for r in subsets}
    if not all(subset in scores for subset in answered) or _is_whole(row, reference):
        return score
    return sum(float(scores[subset]) * n for subset, n in answered.items()) / sum(answered.values())


def _document(reference: dict[str, Any]) -> tuple[str, ...]:
    """Return what scores of one document have in common. A source's note on one score stands behind a semicolon."""
    return reference["benchmark"], reference["model"], str(reference["source"]).partition(";")[0]


def _is_whole(row: SubsetRow, reference: dict[str, Any]) -> bool:
    """Return whether the run has all problems that the published score is of: then nothing is weighted."""
    return reference["n"] is not None and row.problems == reference["n"] and not (row.errors or row.pending)


def _row(row: SubsetRow, reference: dict[str, Any], expected: float) -> dict[str, Any]:
    score = float(reference["score"])
    own = (row.ci_low, row.ci_high) if row.similar_low is None else (row.similar_low, row.similar_high)
    low, high = own[0] or 0.0, 1.0 if own[1] is None else own[1]
    values = (
        row.benchmark,
        row.subset,
        row.n - row.errors - row.pending,
        row.accuracy,
        *own,
        score,
        reference["n"],
        expected,
        (row.accuracy or 0.0) - expected,
        "inside" if low <= expected <= high else "below" if expected > high else "above",
        reference["model"],
        reference["source"],
        reference["sampling"],
    )
    return dict(zip(REFERENCE_COLUMNS, values, strict=True))
