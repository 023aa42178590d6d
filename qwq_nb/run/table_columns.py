"""Choose the columns of a run's table, the same in html and in plain text, and write their cells.

Names, titles and order are in `core/vocabulary.json`; `labextension/src/model/columns.ts` chooses from the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from qwq_nb.core.formats import UNKNOWN, count, duration, is_known, number, percent, range_of
from qwq_nb.core.run_record import SubsetRow
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.run.group_table import tests_of
from qwq_nb.view.wording import row_interval, row_score

__all__ = ["SCORES", "cell", "columns_of", "folded", "head", "short_of", "token_cell"]

SCORES: Final = ("avg_at_k", "pass_at_k", "cons_at_k")
"""Columns that only rows with repeats have."""

_SPEEDS: Final = ("first_token", "speed")
_COUNTS: Final = frozenset(
    {"n", "correct", "wrong", "truncated", "no_answer", "not_gradable", "errors", "pending", "awaiting_ruling"}
)
"""Columns that are a field of the row as it is."""


def columns_of(rows: Sequence[SubsetRow], *, times: bool = True) -> list[str]:
    """Return the names of the columns that tell something of the rows, in order; without speeds unless `times`.

    Left out are counts that are 0 in all rows (`folded` says which), the accuracy without the truncated answers where
    none is truncated, tests where no code was run, and avg@k where it is the accuracy.
    """
    return [name for name, words in VOCABULARY.columns.items() if _is_told(name, words.zero, rows, times)]


def _is_told(name: str, zero: str, rows: Sequence[SubsetRow], times: bool) -> bool:
    if name in _SPEEDS:
        return times
    if name == "untruncated":
        return any(row.truncated for row in rows)
    if name == "tests":
        return any(row.tests_total for row in rows)
    if name in SCORES:
        return any(row.repeated for row in rows) and (name != "avg_at_k" or not _is_accuracy(rows))
    return zero == "show" or any(getattr(row, name) for row in rows)


def _is_accuracy(rows: Sequence[SubsetRow]) -> bool:
    """Whether avg@k is the accuracy: where every problem has as many answers, and all problems were asked."""
    return all(
        row.accuracy is None or (is_known(row.repeated.avg_at_k) and abs(row.repeated.avg_at_k - row.accuracy) < 1e-9)
        for row in rows
        if row.repeated is not None
    )


def folded(rows: Sequence[SubsetRow]) -> str:
    """Say which counts are 0 in all rows: `0 truncated, 0 no answer, 0 errors`; empty where none is."""
    names = [name for name, words in VOCABULARY.columns.items() if words.zero == "fold"]
    none = [name for name in names if not any(getattr(row, name) for row in rows)]
    return ", ".join(f"0 {VOCABULARY.columns[name].word}" for name in none)


def head(name: str, rows: Sequence[SubsetRow], *, short: bool = False) -> str:
    """Return the head of a column; `short` in plain text. Where avg@k is the accuracy, that column says so."""
    words = VOCABULARY.columns[name]
    k = max((row.repeated.k for row in rows if row.repeated), default=0)
    if name == "accuracy":
        degrees = [row.metric for row in rows if row.metric]
        if degrees:
            return "score" if len(degrees) == len(rows) else "accuracy or score"
        if k and _is_accuracy(rows):
            return f"accuracy = avg@{k}"
    return ((short and words.short) or words.word).replace("{k}", str(k))


def token_cell(row: SubsetRow) -> str:
    """Write mean reasoning and answer tokens: `599 + 6`."""
    if not is_known(row.mean_reasoning_tokens) and not is_known(row.mean_answer_tokens):
        return UNKNOWN
    return f"{number(row.mean_reasoning_tokens)} + {number(row.mean_answer_tokens)}"


def cell(name: str, row: SubsetRow) -> str:
    """Write the cell of a column as plain text."""
    return number(getattr(row, name)) if name in _COUNTS else _CELLS[name](row)


def _score_of(name: str) -> Callable[[SubsetRow], str]:
    short = name.partition("_")[0]

    def written(row: SubsetRow) -> str:
        found = row.repeated
        if found is None:
            return UNKNOWN
        value, low, high = (getattr(found, each) for each in (name, f"{short}_low", f"{short}_high"))
        ends = f" ({range_of(number(100 * low, 1), number(100 * high, 1))})" if is_known(low) and is_known(high) else ""
        return f"{percent(value)}{ends}" if is_known(value) else UNKNOWN

    return written


_CELLS: Final[dict[str, Callable[[SubsetRow], str]]] = {
    "accuracy": row_score,
    "interval": row_interval,
    **{name: _score_of(name) for name in SCORES},
    "untruncated": lambda row: percent(row.accuracy_finished),
    "tests": lambda row: tests_of(row.tests_passed, row.tests_total),
    "tokens": token_cell,
    "first_token": lambda row: duration(row.ttft_p50_s),
    "speed": lambda row: number(row.tokens_per_s_p50, 1),
}


def short_of(rows: Sequence[SubsetRow]) -> str:
    """Say of how many problems avg@k, pass@k and cons@k are, where some have fewer than k answers; else nothing."""
    left = [row.repeated for row in rows if row.repeated and row.repeated.short and row.subset == "all"]
    if not left:
        return ""
    return "; ".join(
        f"avg@{each.k}, pass@{each.k} and cons@{each.k} are of the {count(each.problems, 'problem')} "
        f"with {each.k} answers"
        for each in left
    )
