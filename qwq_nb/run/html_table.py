"""The tables of the html view: accuracy by subset, and published scores for orientation."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from qwq_nb.core.run_record import RunRecord, SubsetRow
from qwq_nb.view.html import esc
from qwq_nb.view.wording import is_known, number, percent

__all__ = ["references_table", "results_table"]

_HEADS: Final = (
    "subset",
    "n",
    "correct",
    "accuracy",
    "95 % interval",
    "of finished",
    "truncated",
    "no answer",
    "not gradable",
    "errors",
    "pending",
    "reasoning tokens",
    "answer tokens",
    "first token",
    "tokens/s",
)

_READING: Final = (
    "Accuracy is correct of all that were answered, with its Wilson interval; “of finished” leaves the truncated out. "
    "Errors are not counted as wrong. Tokens are means, first token and tokens/s are medians."
)


def results_table(rows: list[SubsetRow], *, only_all: bool = False) -> str:
    """One row a subset, then `all`, for each benchmark. `only_all` leaves the subsets out (long tables, live)."""
    pending = any(row.pending for row in rows)
    heads = [head for head in _HEADS if pending or head != "pending"]
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    bodies = []
    for benchmark, group in groupby(rows, key=lambda row: row.benchmark):
        title = f'<tr><th scope="rowgroup" colspan="{len(heads)}" style="text-align:left">{esc(benchmark)}</th></tr>'
        lines = [_result(row, pending) for row in group if row.subset == "all" or not only_all]
        bodies.append(f"<tbody>{title}{''.join(lines)}</tbody>")
    table = _table("Accuracy by subset", head, "".join(bodies))
    return f"{table}<p><small>{_READING}</small></p>\n"


def _table(caption: str, head: str, bodies: str) -> str:
    """A table that scrolls by itself where it is wider than the page."""
    top = f'<caption style="text-align:left">{caption}</caption><thead><tr>{head}</tr></thead>'
    return f'<div style="overflow-x:auto"><table style="margin-left:0;font-size:0.85em">{top}{bodies}</table></div>\n'


def _result(row: SubsetRow, pending: bool) -> str:
    known = is_known(row.ci_low) and is_known(row.ci_high)
    interval = f"{percent(row.ci_low)[:-2]} &ndash; {percent(row.ci_high)}" if known else "-"
    cells = [
        f"{row.n:,}",
        f"{row.correct:,}",
        _meter(row.accuracy),
        interval,
        percent(row.accuracy_finished),
        f"{row.truncated:,}",
        f"{row.no_answer:,}",
        f"{row.not_gradable:,}",
        f"{row.errors:,}",
        *([f"{row.pending:,}"] if pending else []),
        number(row.mean_reasoning_tokens),
        number(row.mean_answer_tokens),
        f"{row.ttft_p50_s:.2f}&nbsp;s" if is_known(row.ttft_p50_s) else "-",
        number(row.tokens_per_s_p50, 1),
    ]
    whole = row.subset == "all"
    name = f"<strong>{esc(row.subset)}</strong>" if whole else esc(row.subset).replace(" ", "&nbsp;")
    body = "".join(f"<td><strong>{cell}</strong></td>" if whole else f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row" style="text-align:left">{name}</th>{body}</tr>'


def _meter(share: float | None) -> str:
    """The share in words, then as a bar: the bar is an extra, some viewers drop it."""
    if not is_known(share):
        return "-"
    bar = f'<meter min="0" max="1" value="{min(max(share, 0.0), 1.0):.4f}" style="width:5em"></meter>'
    return f"{percent(share)}<br>{bar}"


def references_table(record: RunRecord) -> str:
    """Published scores beside ours; nothing if there are none."""
    if not record.references:
        return ""
    names = ("benchmark", "subset", "model", "score", "n", "source")
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    lines = []
    for reference in record.references[:50]:
        score = reference.get("score")
        shown = {**reference, "score": percent(score) if isinstance(score, float) else score}
        cells = (_plain(shown.get(name)) for name in names)
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    caption = "Published scores, for orientation: prompts, sampling and graders differ"
    body = "".join(lines)
    return _table(caption, heads, f"<tbody>{body}</tbody>")


def _plain(value: Any) -> str:
    """Sources are strings or small mappings; links are shown as text, never made live."""
    if isinstance(value, dict):
        return " ".join(_plain(part) for part in value.values())
    return "-" if value is None else esc(str(value)[:500])
