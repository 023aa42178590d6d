"""Render the tables of a run as html: accuracy by subset, and published scores for orientation."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from qwq_nb.core.run_record import GroupRow, RunRecord, SubsetRow
from qwq_nb.run.group_table import GROUP_HEADS, group_cells, told_apart
from qwq_nb.run.table_columns import SCORES, cell, columns_of, folded, head, short_of
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import Html, esc
from qwq_nb.view.tables import Row, html_table, meter, on_one_line, share_cell, strong, unbroken
from qwq_nb.view.wording import UNKNOWN, estimated_from, is_known, percent, row_score

__all__ = ["groups_table", "references_table", "results_table"]

_ON_ONE_LINE: Final = {*SCORES, "interval", "untruncated", "tokens", "first_token"}

_READING: Final = (
    "Accuracy is correct of all that were answered, with its 95 % interval (Wilson's; where there are repeats a "
    "Beta-binomial posterior's). "
    "In the row “all” it is the accuracy on all of the benchmark's problems, each subset weighted by its size: an "
    "estimate where a part was asked, exact where each was (in brackets the interval for problems like them). "
    "Errors are not counted as wrong. Tokens are means of the answers that were not truncated, reasoning + answer; "
    "first token and tokens/s are medians."
)
_READING_SCORES: Final = (
    " Where a benchmark's score is not 0 or 1, its mean stands in the place of the accuracy, with the score's name "
    "and its interval; “correct” are the answers that score 1."
)
_READING_REPEATS: Final = (
    " pass@k is the chance that at least one of k answers to a problem is correct, cons@k that their majority vote is, "
    "with 95 % intervals over problems."
)
_READING_RULINGS: Final = (
    " Answers that await a ruling have nothing to be graded against, and are left out of the accuracy until "
    "run.rule(id, True or False)."
)


def results_table(rows: list[SubsetRow], *, only_all: bool = False) -> str:
    """Return one row a subset, then `all`, for each benchmark. `only_all` leaves the subsets out (live)."""
    columns = columns_of(rows)
    heads = ["subset", *(head(name, rows) for name in columns)]
    degrees = any(row.metric for row in rows)
    lines: list[Row] = []
    for benchmark, group in groupby(rows, key=lambda row: row.benchmark):
        lines += [benchmark, *(_result(row, columns) for row in group if row.subset == "all" or not only_all)]
    none = f"{zeros}. " if (zeros := folded(rows)) else ""
    reading = none + _READING + (_READING_SCORES if degrees else "")
    if "pass_at_k" in columns:
        left = short_of(rows)
        reading += _READING_REPEATS + (f" {left[0].upper()}{left[1:]}." if left else "")
    reading += _READING_RULINGS if "awaiting_ruling" in columns else ""
    title = "Scores by subset" if degrees else "Accuracy by subset"
    return f"{html_table(title, heads, lines)}<p><small>{reading}</small></p>\n"


def _result(row: SubsetRow, columns: list[str]) -> list[str]:
    cells = [_cell(name, row) for name in columns]
    if row.subset == "all":
        return [strong(each) for each in (row.subset, *cells)]
    return [unbroken(row.subset), *cells]


def _cell(name: str, row: SubsetRow) -> str:
    if name != "accuracy":
        return on_one_line(cell(name, row)) if name in _ON_ONE_LINE else cell(name, row)
    said = estimated_from(row) if row.subset == "all" else ""
    shown = _score(row) if row.metric else share_cell(row.accuracy)
    return Html(f"{shown}<br><small>{said}</small>") if said else shown


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
