"""Fit a run's samples into the size limit of an output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.execution import Execution, without_texts
from qwq_nb.core.outcomes import is_failure
from qwq_nb.core.records import Analysis
from qwq_nb.core.run_record import Clip, Drawing, SampleView
from qwq_nb.run.html_samples import FOLD_ALL, LIST_ALL
from qwq_nb.view.clean import one_line
from qwq_nb.view.clip import HEAD_SHARE, clip, fair_limit, lean, switches_within
from qwq_nb.view.wording import sample_key

__all__ = ["fit_samples", "row_cost", "text_cost"]


_INDENT: Final = 12  # a field's line in a notebook file: indentation, line break, comma


_SWITCH: Final = 22  # a switch's line in a notebook file


_HTML_FOLD: Final = 420  # a sample's fold in the html, without its texts


_HTML_LINE: Final = 230


_FLOOR: Final = 1 / 3  # share of the bytes for texts that is divided evenly among all samples


_SHORT: Final = {"gold": 300, "extracted": 300, "second_extracted": 300, "why": 300, "id": 200, "error": 1_000}


def fit_samples(views: Sequence[SampleView], budget_bytes: int, *, in_html: bool = True) -> list[SampleView]:
    """Clip the views so that their share of a saved bundle is about `budget_bytes`.

    That is JSON and html together; live updates have samples in their JSON only (`in_html=False`).

    Rows come first; a third of what is left is shared evenly, the rest goes to failures until they are whole, then to
    the others. Where not even rows fit, their values shrink, then correct rows are dropped, then failures from the end.
    """
    views = _with_drawings(views, budget_bytes // 2, in_html=in_html)
    rows = [_tidy(view) for view in views]
    failed = [is_failure(view) for view in views]
    folds = [in_html and (bad or len(views) <= FOLD_ALL) for bad in failed]
    line = _HTML_LINE if in_html else 0
    base = [row_cost(row, _HTML_FOLD if fold else line) for row, fold in zip(rows, folds, strict=True)]
    if sum(base) > budget_bytes:
        return _rows_only(rows, budget_bytes, line)
    needs = [
        sum(text_cost(text.text, in_html=fold) for text in _texts(view)) + _SWITCH * len(_switches(view))
        for view, fold in zip(views, folds, strict=True)
    ]
    left = budget_bytes - sum(base)
    if sum(needs) <= left:
        return [_with_texts(row, view, None) for row, view in zip(rows, views, strict=True)]

    floor = fair_limit(needs, int(left * _FLOOR))
    spent = sum(min(need, floor) for need, bad in zip(needs, failed, strict=True) if not bad)
    high = max(floor, fair_limit([n for n, bad in zip(needs, failed, strict=True) if bad], left - spent))
    spent = sum(min(need, high) for need, bad in zip(needs, failed, strict=True) if bad)
    low = max(floor, fair_limit([n for n, bad in zip(needs, failed, strict=True) if not bad], left - spent))
    return [
        _with_texts(row, view, None if need <= (cap := high if bad else low) else cap / need)
        for row, view, need, bad in zip(rows, views, needs, failed, strict=True)
    ]


def _with_drawings(views: Sequence[SampleView], budget_bytes: int, *, in_html: bool) -> list[SampleView]:
    """Return the views with as many of their drawings as fit: those of failures before others."""
    left, kept = budget_bytes, set()
    for position in sorted(range(len(views)), key=lambda i: not is_failure(views[i])):
        drawing = views[position].drawing
        left -= drawing_cost(drawing, in_html=in_html) if drawing is not None else 0
        if left >= 0:
            kept.add(position)
    return [
        view if position in kept or view.drawing is None else msgspec.structs.replace(view, drawing=None)
        for position, view in enumerate(views)
    ]


def drawing_cost(drawing: Drawing, *, in_html: bool) -> int:
    """Count the bytes of a drawing in a saved bundle: in the JSON, and as base64 in the html."""
    whole = _json_cost(drawing.svg) + len(drawing.alt) + 6 * _INDENT
    return whole + (len(drawing.svg.encode()) * 4 // 3 + len(drawing.alt) + 80 if in_html else 0)


def _texts(view: SampleView) -> list[Clip]:
    return [text for text in (view.question, view.reasoning, view.answer, view.code) if text is not None]


def _switches(view: SampleView) -> list[int]:
    return view.analysis.switches if view.analysis and view.reasoning else []


def _with_texts(row: SampleView, view: SampleView, share: float | None) -> SampleView:
    """Return the row with its texts, whole (None) or cut to a share of their size, the reasoning before the others.

    Of the reasoning's switches it has those that stand in what is left.
    """
    if share is None:
        return msgspec.structs.replace(
            row,
            question=view.question,
            reasoning=view.reasoning,
            answer=view.answer,
            code=view.code,
            analysis=_analysis(view, view.reasoning),
        )
    texts = (view.question, view.answer, view.reasoning)
    question, answer, reasoning = (len(text.text) if text else 0 for text in texts)
    program = len(view.code.text) if view.code else 0
    space = int((question + answer + reasoning + program) * share)
    for_program = min(program, space // 4)
    space -= for_program
    for_question = min(question, max(space // 4, space - answer - reasoning))
    for_answer = min(answer, max((space - for_question) // 2, space - for_question - reasoning))
    left = _again(view.reasoning, space - for_question - for_answer)
    return msgspec.structs.replace(
        row,
        question=_again(view.question, for_question),
        answer=_again(view.answer, for_answer),
        reasoning=left,
        code=_again(view.code, for_program),
        analysis=_analysis(view, left),
    )


def _analysis(view: SampleView, reasoning: Clip | None) -> Analysis | None:
    """Return the analysis with those switches that are in `reasoning`."""
    if view.analysis is None or not view.analysis.switches:
        return view.analysis
    return msgspec.structs.replace(view.analysis, switches=switches_within(view.analysis.switches, reasoning))


def _again(text: Clip | None, limit: int) -> Clip | None:
    """Cut a text to the limit; one that was cut before keeps the count of all that is missing."""
    if text is None or len(text.text) <= limit:
        return text
    if not text.omitted:
        return clip(text.text, limit)
    head = min(text.at, int(limit * HEAD_SHARE))
    tail = len(text.text) - min(len(text.text) - text.at, limit - head)
    return Clip(text=text.text[:head] + text.text[tail:], omitted=text.omitted + tail - head, at=head)


def _tidy(view: SampleView) -> SampleView:
    """Return the row without its texts, its other fields cut to the length of a line."""
    short = {name: one_line(getattr(view, name), limit) for name, limit in _SHORT.items()}
    return msgspec.structs.replace(
        view,
        **short,
        question=None,
        reasoning=None,
        answer=None,
        code=None,
        analysis=_analysis(view, None),
        choices=[_cut(choice, 1_000) for choice in view.choices[:12]],
        flags=[_cut(flag, 40) for flag in view.flags[:12]],
        ruling=view.ruling and msgspec.structs.replace(view.ruling, note=_cut(view.ruling.note, 500)),
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _rows_only(rows: list[SampleView], budget: int, line: int) -> list[SampleView]:
    """Return ids and outcomes, in the views' order; failures are the last to be dropped."""
    bare = [
        msgspec.structs.replace(
            row,
            why="",
            reason=None,
            execution=without_texts(row.execution),
            drawing=None,
            gold=_cut(row.gold, 24),
            extracted=_cut(row.extracted, 24),
            second_extracted="",
            error=_cut(row.error, 80),
            choices=[],
            source_id="",
            file="",
            finish_reason="",
            attempts=0,
            ttft_s=None,
        )
        for row in rows
    ]
    kept: set[int] = set()
    for position in sorted(range(len(bare)), key=lambda i: sample_key(bare[i])):
        listed = is_failure(bare[position]) or len(bare) <= LIST_ALL
        budget -= row_cost(bare[position], line if listed else 0)
        if budget < 0:
            break
        kept.add(position)
    return [row for position, row in enumerate(bare) if position in kept]


def row_cost(row: SampleView, in_html: int) -> int:
    """Count the bytes of a row in a saved bundle.

    These are its JSON and, where the html lists it, `in_html` bytes more besides its values.
    """
    fields = lean(row)
    cost = sum(_json_cost(value) + len(name) + 4 + _INDENT for name, value in fields.items()) + 2 * _INDENT
    cost += 3 * _INDENT if row.reason else 0
    if row.drawing is not None:
        # Its JSON is counted above.
        cost += drawing_cost(row.drawing, in_html=bool(in_html)) - _json_cost(row.drawing.svg)
    if row.execution is not None:
        # Its fields' lines; its texts once more in the html.
        cost += 24 * _INDENT + (text_cost(_json_text(row.execution), in_html=True) // 2 if in_html else 0)
    if not in_html:
        return cost
    return cost + in_html + sum(len(text.encode()) for text in (row.id, row.gold, row.extracted, row.why, row.error))


def text_cost(text: str, *, in_html: bool) -> int:
    """Count the bytes of a text in a saved bundle: once as JSON, and once as escaped html where it is in a fold."""
    cost = _json_cost(text) + 3 * _INDENT
    if not in_html:
        return cost
    return (
        2 * cost + 4 * (text.count("<") + text.count(">") + text.count("\n")) + 5 * (text.count('"') + text.count("'"))
    )


def _json_text(execution: Execution) -> str:
    first = execution.first_failed
    return "" if first is None else "".join((first.input, first.expected, first.got, first.stderr))


def _json_cost(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
