"""Render budget curves as html and plain text: what the tokens went into, then the shares at each budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qwq_nb.analysis.budget.curve import CurvePoint
from qwq_nb.analysis.budget.forced_curve import ForcedPoint
from qwq_nb.analysis.budget.native_points import NativePoint
from qwq_nb.analysis.budget.record import MEANING, BudgetPanel
from qwq_nb.core.estimates import Estimate
from qwq_nb.core.formats import CI
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import esc
from qwq_nb.view.tables import Row, demo_frame, demo_line, html_table, share_cell, text_table, unbroken
from qwq_nb.view.wording import UNKNOWN, count, interval, is_known, number, percent, points

__all__ = ["budget_html", "budget_text"]

_HEADS: Final = ("thinking tokens", "right answer stated", CI, "ended and right", CI, "ended")
_FORCED_HEADS: Final = (
    "thinking tokens",
    "accuracy",
    CI,
    "minus full, points",
    "95 % interval, paired",
    "need no more",
    "of the tokens",
    "n",
)
_NATIVE_HEADS: Final = ("the server's own budget", "field", "accuracy", CI, "mean thinking tokens", "n")
_USE: Final = (
    ("xi_o", "ξ_O, outcome efficiency"),
    ("xi_ut", "ξ_UT, underthinking score"),
    ("after", "thinking tokens after the right answer was stated"),
    ("never", "thinking tokens in answers that never state it"),
    ("after_tokens", "tokens after it, mean of the answers that state it"),
    ("never_tokens", "tokens, mean of the answers that never state it"),
)
_READING: Final = (
    "Shares are of all answers that count. Stated: the right answer stands in the reasoning as an answer within so "
    "many thinking tokens. Ended and right: the reasoning has ended within so many, and the answer is right. Intervals "
    "are 95 %, pointwise, by problem. ξ_O: mean of T̂ / T, 0 where the right answer is never stated (arXiv:2412.21187); "
    "ξ_UT: mean of 1 − T̂ / T over the wrong answers, 0 where it is never stated (arXiv:2501.18585; a lower bound); T: "
    "tokens of a reasoning, T̂: those up to the right answer."
)


def budget_text(panels: Sequence[BudgetPanel]) -> str:
    """Render the panels as plain text. It holds no times: curves of the same answers are equal."""
    blocks = []
    for panel in panels:
        lines = [_title(panel)]
        if panel.demo:
            lines.insert(0, demo_line())
        lines += [line for line in (panel.gap_sentence, _spent(panel), *_concluded(panel)) if line]
        lines += [f"Note: {note}" for note in panel.notes]
        use = text_table(("", "value", CI), _use_rows(panel))
        table = text_table(_HEADS, [_cells(panel, point) for point in panel.points], "r")
        blocks += ["\n".join(lines), "\n".join(use), "\n".join(table)]
        if forced := panel.forced_points:
            rows = [_forced_cells(point) for point in forced.values()]
            blocks.append("\n".join(text_table(_FORCED_HEADS, rows, "r")))
        if panel.native:
            blocks.append("\n".join(text_table(_NATIVE_HEADS, [_native_cells(point) for point in panel.native], "r")))
    return "\n\n".join([*blocks, MEANING])


def budget_html(panels: Sequence[BudgetPanel]) -> str:
    """Render the panels as html, without script, style sheet or id."""
    parts = []
    for panel in panels:
        if panel.demo:
            parts.append(demo_frame())
        said = " ".join(line for line in (panel.gap_sentence, _spent(panel), *_concluded(panel)) if line)
        parts.append(f"<p><strong>{esc(_title(panel))}</strong><br>{esc(said)}</p>\n")
        if panel.notes:
            parts.append(f"<ul>{''.join(f'<li>{esc(note)}</li>' for note in panel.notes)}</ul>\n")
        parts.append(html_table("What the thinking tokens went into", ("", "value", CI), _use_rows(panel)))
        rows = []
        for point in panel.points:
            cells = _cells(panel, point)
            stands = share_cell(point.stands.value) if panel.placed else UNKNOWN
            right = share_cell(point.ended_right.value)
            rows.append([unbroken(cells[0]), stands, unbroken(cells[2]), right, unbroken(cells[4]), unbroken(cells[5])])
        parts.append(html_table("By thinking tokens", _HEADS, rows))
        if forced := panel.forced_points:
            shown: list[Row] = [[unbroken(c) for c in _forced_cells(point)] for point in forced.values()]
            parts.append(html_table("Answers forced at so many thinking tokens", _FORCED_HEADS, shown))
        if panel.native:
            whole: list[Row] = [[unbroken(c) for c in _native_cells(point)] for point in panel.native]
            parts.append(html_table("Whole runs with a budget of the server's own", _NATIVE_HEADS, whole))
    parts.append(f"<p><small>{esc(MEANING)} {esc(_READING)}</small></p>\n")
    return f"<div>{''.join(parts)}</div>"


def _title(panel: BudgetPanel) -> str:
    accuracy = f"{percent(panel.accuracy.value)} right with all the thinking"
    return f"{one_line(panel.model, 80)} on {one_line(panel.benchmark, 60)}: {accuracy}, {len(panel.answers):,} answers"


def _spent(panel: BudgetPanel) -> str:
    use = panel.use
    if not is_known(use.after.value) or not is_known(use.never.value):
        return ""
    return (
        f"Of {number(use.tokens)} thinking tokens {percent(use.after.value)} came after the right answer was stated, "
        f"{percent(use.never.value)} in answers that never state it."
    )


def _concluded(panel: BudgetPanel) -> list[str]:
    """Say what forced answers show, and what too much and too little thinking cost."""
    forced = panel.forced
    if forced is None or forced.curve is None:
        return forced.sentences if forced is not None else []
    curve = forced.curve
    said = [
        *forced.sentences,
        f"After the whole reasoning {forced.agreed:,} of {forced.checked:,} forced answers are the given ones.",
        f"{percent(curve.tax.value)} of the thinking tokens came after an answer needed no more, "
        f"{percent(curve.futility.value)} went into answers that were right at no budget to the end.",
    ]
    if curve.starved:
        said.append(f"{count(curve.starved, 'cut answer')} would have needed more than the limit, or was never right.")
    return said


def _forced_cells(point: ForcedPoint) -> list[str]:
    known = is_known(point.low) and is_known(point.high)
    return [
        number(point.budget),
        percent(point.accuracy.value),
        interval(point.accuracy.low, point.accuracy.high),
        points(point.difference),
        f"{points(point.low)} to {points(point.high)}" if known else UNKNOWN,
        percent(point.settled.value),
        percent(point.share_of_tokens),
        f"{point.accuracy.n:,}",
    ]


def _native_cells(point: NativePoint) -> list[str]:
    accuracy = point.accuracy if point.is_enforced else Estimate()
    return [
        number(point.budget),
        one_line(point.field, 40),
        percent(accuracy.value) if point.is_enforced else "not enforced",
        interval(accuracy.low, accuracy.high),
        number(point.mean_tokens.value),
        f"{point.accuracy.n:,}",
    ]


def _use_rows(panel: BudgetPanel) -> list[list[str]]:
    rows = []
    for name, words in _USE:
        value: Estimate = getattr(panel.use, name)
        if value.low == value.high:  # all answers alike: how they would differ is not seen
            value = Estimate(value=value.value, n=value.n)
        if name.endswith("_tokens"):
            between = f"{number(value.low)} – {number(value.high)}" if is_known(value.low) else UNKNOWN
            rows.append([words, number(value.value), between])
        elif name.startswith("xi"):
            between = f"{number(value.low, 3)} – {number(value.high, 3)}" if is_known(value.low) else UNKNOWN
            rows.append([words, number(value.value, 3), between])
        else:
            rows.append([words, percent(value.value), interval(value.low, value.high)])
    return rows


def _cells(panel: BudgetPanel, point: CurvePoint) -> list[str]:
    least = "≥ " if panel.choice else ""
    stands = [least + percent(point.stands.value), interval(point.stands.low, point.stands.high)]
    if not panel.placed:
        stands = [UNKNOWN, UNKNOWN]
    elif panel.choice:
        stands[1] = UNKNOWN
    return [
        number(point.budget),
        *stands,
        percent(point.ended_right.value),
        interval(point.ended_right.low, point.ended_right.high),
        percent(point.ended.value),
    ]
