"""Render the tables of a run as html: accuracy by subset, and published scores for orientation."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from qwq_nb.core.run_record import GroupRow, RunRecord, SubsetRow
from qwq_nb.run.group_table import GROUP_HEADS, group_cells, tests_of, told_apart
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import Html, esc
from qwq_nb.view.tables import Row, html_table, meter, share_cell, strong, unbroken
from qwq_nb.view.wording import UNKNOWN, duration, estimated_from, is_known, number, percent, row_interval, row_score

__all__ = ["groups_table", "references_table", "results_table"]

_HEADS: Final = (
    "subset",
    "n",
    "correct",
    "accuracy",
    "95 % interval",
    "of finished",
    "tests passed",
    "truncated",
    "no answer",
    "not gradable",
    "errors",
    "pending",
    "awaiting ruling",
    "reasoning tokens",
    "answer tokens",
    "first token",
    "tokens/s",
)

_READING: Final = (
    "Accuracy is correct of all that were answered, with its 95 % interval (Wilson's; where there are repeats a "
    "Beta-binomial posterior's); “of finished” leaves the truncated out. "
    "In the row “all” it is the accuracy on all of the benchmark's problems, each subset weighted by its size: an "
    "estimate where a part was asked, exact where each was (in brackets the interval for problems like them). "
    "Errors are not counted as wrong. Tokens are means, first token and tokens/s are medians."
)
_READING_SCORES: Final = (
    " Where a benchmark's score is not 0 or 1, its mean stands in the place of the accuracy, with the score's name "
    "and its interval; “correct” are the answers that score 1."
)
_READING_RULINGS: Final = (
    " Answers that await a ruling have nothing to be graded against, and are left out of the accuracy until "
    "run.rule(id, True or False)."
)

_RARE: Final = {"pending": "pending", "awaiting ruling": "awaiting_ruling", "tests passed": "tests_total"}
"""Columns that stand there only if a row has something in that field."""


def results_table(rows: list[SubsetRow], *, only_all: bool = False) -> str:
    """Return one row a subset, then `all`, for each benchmark. `only_all` leaves the subsets out (live)."""
    rare = [name for name, field in _RARE.items() if any(getattr(row, field) for row in rows)]
    degrees = any(row.metric for row in rows)
    heads = [head for head in _HEADS if head in rare or head not in _RARE]
    title = "Accuracy by subset"
    if degrees:
        heads[heads.index("accuracy")] = "score" if all(row.metric for row in rows) else "accuracy or score"
        title = "Scores by subset"
    lines: list[Row] = []
    for benchmark, group in groupby(rows, key=lambda row: row.benchmark):
        lines += [benchmark, *(_result(row, rare) for row in group if row.subset == "all" or not only_all)]
    reading = _READING + (_READING_SCORES if degrees else "") + (_READING_RULINGS if "awaiting ruling" in rare else "")
    return f"{html_table(title, heads, lines)}<p><small>{reading}</small></p>\n"


def _result(row: SubsetRow, rare: list[str]) -> list[str]:
    said = estimated_from(row) if row.subset == "all" else ""
    accuracy = _score(row) if row.metric else share_cell(row.accuracy)
    cells = [
        f"{row.n:,}",
        f"{row.correct:,}",
        Html(f"{accuracy}<br><small>{said}</small>") if said else accuracy,
        row_interval(row),
        percent(row.accuracy_finished),
        *([tests_of(row.tests_passed, row.tests_total)] if "tests passed" in rare else []),
        f"{row.truncated:,}",
        f"{row.no_answer:,}",
        f"{row.not_gradable:,}",
        f"{row.errors:,}",
        *(f"{getattr(row, _RARE[name]):,}" for name in rare if name != "tests passed"),
        number(row.mean_reasoning_tokens),
        number(row.mean_answer_tokens),
        unbroken(duration(row.ttft_p50_s)),
        number(row.tokens_per_s_p50, 1),
    ]
    if row.subset == "all":
        return [strong(cell) for cell in (row.subset, *cells)]
    return [unbroken(row.subset), *cells]


def groups_table(rows: Iterable[GroupRow]) -> str:
    """Return the answers by difficulty, platform and month; nothing if there is nothing to tell apart."""
    told = told_apart(rows)
    if not told:
        return ""
    lines: list[Row] = []
    for (benchmark, by), group in groupby(told, key=lambda row: (row.benchmark, row.by)):
        lines += [f"{benchmark} by {by}", *([row.name, *group_cells(row)] for row in group)]
    return html_table("Accuracy by difficulty, platform and month", ["", *GROUP_HEADS], lines)


def _score(row: SubsetRow) -> Html:
    """Return a cell with a bar, the mean score and its name."""
    bar = f"<br>{meter(row.mean_score)}" if is_known(row.mean_score) and 0 <= row.mean_score <= 1 else ""
    return Html(f"{row_score(row)}{bar}<br><small>mean {esc(one_line(row.metric, 60))}</small>")


def references_table(record: RunRecord) -> str:
    """Return published scores beside ours; nothing if there are none."""
    if not record.references:
        return ""
    names = ("benchmark", "subset", "model", "score", "n", "source")
    rows = []
    for reference in record.references[:50]:
        score = reference.get("score")
        shown = {**reference, "score": percent(score) if isinstance(score, float) else score}
        rows.append([_plain(shown.get(name)) for name in names])
    caption = "Published scores, for orientation: prompts, sampling and graders differ"
    return html_table(caption, names, rows, row_heads=False)


def _plain(value: Any) -> str:
    """Sources are strings or small mappings; links are shown as text, never made live."""
    if isinstance(value, dict):
        return " ".join(_plain(part) for part in value.values())
    return UNKNOWN if value is None else str(value)[:500]
