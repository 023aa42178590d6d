"""Fit a run's samples into the size limit of an output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from qwq_nb.core.drawn_parts import Drawing, Track
from qwq_nb.core.execution import Execution, without_texts
from qwq_nb.core.outcomes import is_failure
from qwq_nb.core.records import Analysis
from qwq_nb.core.run_record import Clip, SampleView, TurnView
from qwq_nb.run.clip_pictures import fit_pictures, picture_cost
from qwq_nb.run.html_samples import FOLD_ALL, LIST_ALL
from qwq_nb.run.turn_views import fitted_turns, shortened_turns, turn_texts
from qwq_nb.view.clean import one_line
from qwq_nb.view.clip import clip_again, fair_limit, lean, switches_within
from qwq_nb.view.wording import sample_key

__all__ = ["fit_samples", "row_cost", "text_cost"]


_INDENT: Final = 12  # a field's line in a notebook file: indentation, line break, comma


_SWITCH: Final = 22  # a switch's line in a notebook file


_HTML_FOLD: Final = 420  # a sample's fold in the html, without its texts


_HTML_LINE: Final = 230


_TURN: Final = 400  # a turn's item in the html, without its texts


_FOR_ROWS: Final = 2 / 3  # share of the bytes beyond which what was sent back between turns is shortened


_SENT_BACK: Final = (160, 60)  # characters of it then, the longer ones first
_PICTURES: Final = 1 / 2  # share of the bytes that the clips of games may take


_TRACKS: Final = 1 / 8  # share of the bytes that the answers stated in reasonings may take


_FLOOR: Final = 1 / 3  # share of the bytes for texts that is divided evenly among all samples


_SHORT: Final = {"gold": 300, "extracted": 300, "second_extracted": 300, "why": 300, "id": 200, "error": 1_000}


def fit_samples(views: Sequence[SampleView], budget_bytes: int, *, in_html: bool = True) -> list[SampleView]:
    """Clip the views so that their share of a saved bundle is about `budget_bytes`.

    That is JSON and html together; live updates have samples in their JSON only (`in_html=False`).

    Rows come first; a third of what is left is shared evenly, the rest goes to failures until they are whole, then to
    the others. Turns are shortened, then left out from the end, before they take the place of all texts. Where not even
    rows fit, their values shrink, then correct rows are dropped, then failures from the end.
    """
    pictures = fit_pictures(views, int(budget_bytes * _PICTURES), in_html=in_html)
    views = [msgspec.structs.replace(view, picture=found) for view, found in zip(views, pictures, strict=True)]
    budget_bytes -= sum(picture_cost(found, in_html=in_html) for found in pictures)
    views = _with_drawings(views, budget_bytes // 2, in_html=in_html)
    views = _with_tracks(views, int(budget_bytes * _TRACKS), in_html=in_html)
    failed = [is_failure(view) for view in views]
    folds = [in_html and (bad or len(views) <= FOLD_ALL) for bad in failed]
    line = _HTML_LINE if in_html else 0
    views = _with_fewer_turns(views, folds, line, int(budget_bytes * _FOR_ROWS))
    rows = [_tidy(view) for view in views]
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


def _with_fewer_turns(views: Sequence[SampleView], folds: Sequence[bool], line: int, most: int) -> Sequence[SampleView]:
    """Shorten what was sent back between turns until the rows take `most` bytes; then leave turns out.

    Those of the samples that are listed last go first: correct ones before failures.
    """
    if not any(view.turns for view in views):
        return views

    def costs(shown: Sequence[SampleView]) -> list[int]:
        rows = map(_tidy, shown)
        return [row_cost(row, _HTML_FOLD if fold else line) for row, fold in zip(rows, folds, strict=True)]

    base = costs(views)
    for length in _SENT_BACK:
        if sum(base) <= most:
            return views
        views = [msgspec.structs.replace(view, turns=shortened_turns(view.turns, length)) for view in views]
        base = costs(views)
    kept = list(views)
    without = [msgspec.structs.replace(view, turns=[]) for view in views]
    over = sum(base) - most
    saved = [cost - bare for cost, bare in zip(base, costs(without), strict=True)]
    for position in sorted(range(len(kept)), key=lambda i: sample_key(kept[i]), reverse=True):
        if over <= 0:
            break
        kept[position] = without[position]
        over -= saved[position]
    return kept


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


def _with_tracks(views: Sequence[SampleView], budget_bytes: int, *, in_html: bool) -> list[SampleView]:
    """Return the views with as many of their tracks as fit: those of failures before others."""
    kept = list(views)
    for position in sorted(range(len(kept)), key=lambda i: not is_failure(kept[i])):
        track = kept[position].track
        if track is not None:
            budget_bytes -= track_cost(track, in_html=in_html)
            if budget_bytes < 0:
                kept[position] = msgspec.structs.replace(kept[position], track=None)
    return kept


def track_cost(track: Track, *, in_html: bool) -> int:
    """Count the bytes of a track in a saved bundle: in the JSON, with a line a value, and as a line of the html."""
    values = sum(_json_cost(value) for value in track.values)
    whole = values + len(track.places) + 60 + _INDENT * (8 + len(track.values) + len(track.right))
    return whole + (values + 120 if in_html else 0)


def drawing_cost(drawing: Drawing, *, in_html: bool) -> int:
    """Count the bytes of a drawing in a saved bundle: in the JSON, and as base64 in the html."""
    whole = _json_cost(drawing.svg) + len(drawing.alt) + 6 * _INDENT
    return whole + (len(drawing.svg.encode()) * 4 // 3 + len(drawing.alt) + 80 if in_html else 0)


def _texts(view: SampleView) -> list[Clip]:
    own = [text for text in (view.question, view.reasoning, view.answer, view.code) if text is not None]
    return own + turn_texts(view.turns)


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
            turns=view.turns,
            analysis=_analysis(view, view.reasoning),
        )
    texts = (view.question, view.answer, view.reasoning)
    question, answer, reasoning = (len(text.text) if text else 0 for text in texts)
    program = len(view.code.text) if view.code else 0
    of_turns = sum(len(text.text) for text in turn_texts(view.turns))
    for_turns = int(of_turns * share)
    space = int((question + answer + reasoning + program) * share)
    for_program = min(program, space // 4)
    space -= for_program
    for_question = min(question, max(space // 4, space - answer - reasoning))
    for_answer = min(answer, max((space - for_question) // 2, space - for_question - reasoning))
    left = clip_again(view.reasoning, space - for_question - for_answer)
    return msgspec.structs.replace(
        row,
        question=clip_again(view.question, for_question),
        answer=clip_again(view.answer, for_answer),
        reasoning=left,
        code=clip_again(view.code, for_program),
        turns=fitted_turns(view.turns, for_turns),
        analysis=_analysis(view, left),
    )


def _analysis(view: SampleView, reasoning: Clip | None) -> Analysis | None:
    """Return the analysis with those switches that are in `reasoning`."""
    if view.analysis is None or not view.analysis.switches:
        return view.analysis
    return msgspec.structs.replace(view.analysis, switches=switches_within(view.analysis.switches, reasoning))


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
        turns=fitted_turns(view.turns, 0),
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
            calls=[],
            turns=[],
            drawing=None,
            track=None,
            gold=_cut(row.gold, 24),
            extracted=_cut(row.extracted, 24),
            second_extracted="",
            error=_cut(row.error, 80),
            choices=[],
            source_id="" if row.repeat else _cut(row.source_id, 24),
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
    fields = lean(msgspec.structs.replace(row, picture=None, track=None))
    cost = sum(_json_cost(value) + len(name) + 4 + _INDENT for name, value in fields.items()) + 2 * _INDENT
    cost += 3 * _INDENT if row.reason else 0
    if row.track is not None:
        cost += track_cost(row.track, in_html=bool(in_html))
    if row.drawing is not None:
        # Its JSON is counted above.
        cost += drawing_cost(row.drawing, in_html=bool(in_html)) - _json_cost(row.drawing.svg)
    if row.execution is not None:
        # Its fields' lines; its texts once more in the html.
        cost += 14 * _INDENT + (text_cost(_json_text(row.execution), in_html=True) // 2 if in_html else 0)
    if row.calls:
        # Their fields' lines; their texts once more in the html.
        cost += 8 * _INDENT * (len(row.calls) + sum(len(call.arguments) for call in row.calls))
        cost += text_cost(json.dumps(msgspec.to_builtins(row.calls)), in_html=True) // 2 if in_html else 0
    cost += sum(_turn_cost(turn, in_html > _HTML_LINE) for turn in row.turns)
    if not in_html:
        return cost
    return cost + in_html + sum(len(text.encode()) for text in (row.id, row.gold, row.extracted, row.why, row.error))


def _turn_cost(turn: TurnView, in_html: bool) -> int:
    """Count what a turn takes besides its JSON: the lines of its fields, and an item of a list in the html."""
    lines = 12 + 8 * (turn.execution is not None)
    if not in_html:
        return lines * _INDENT
    sent_back = [turn.malformed, turn.syntax_error, _json_text(turn.execution) if turn.execution else ""]
    return lines * _INDENT + _TURN + sum(text_cost(text, in_html=True) // 2 for text in sent_back if text)


def text_cost(text: str, *, in_html: bool) -> int:
    """Count the bytes of a text in a saved bundle: once as JSON, and once as escaped html where it is in a fold."""
    cost = _json_cost(text) + 3 * _INDENT
    if not in_html:
        return cost
    return (
        2 * cost + 4 * (text.count("<") + text.count(">") + text.count("\n")) + 5 * (text.count('"') + text.count("'"))
    )


def _json_text(execution: Execution) -> str:
    if (game := execution.game) is not None:
        error = game.error
        texts = (*game.says.values(), *(() if error is None else (error.what, error.source, error.traceback)))
        return "".join(texts) + 60 * len(game.checks) * " "
    first = execution.first_failed
    return "" if first is None else "".join((first.input, first.expected, first.got, first.stderr))


def _json_cost(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
