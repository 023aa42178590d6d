"""Make the rows of a curve's tables: by budget, of what the tokens went into, and by answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from qwq_nb.analysis.budget.native_points import NativePoint
from qwq_nb.analysis.budget.record import BudgetPanel
from qwq_nb.core.estimates import Estimate

__all__ = ["answer_rows", "budget_rows", "use_rows"]

_NAN: Final = float("nan")


def budget_rows(panels: Sequence[BudgetPanel]) -> list[dict[str, Any]]:
    """Make a row a budget, of each panel: `BudgetCurve.table` names the columns."""
    rows: list[dict[str, Any]] = []
    for panel in panels:
        forced = panel.forced_points
        natives = {point.budget: point for point in panel.native if point.is_enforced}
        for point in panel.points:
            own = forced.get(point.budget)
            accuracy = own.accuracy if own is not None else Estimate()
            stands = point.stands if panel.placed else Estimate()
            rows.append(
                {
                    "run": panel.run,
                    "model": panel.model,
                    "benchmark": panel.benchmark,
                    "budget": point.budget,
                    "accuracy": _value(accuracy.value),
                    "ci_low": _value(accuracy.low),
                    "ci_high": _value(accuracy.high),
                    "stands": _value(stands.value),
                    "ended": _value(point.ended.value),
                    "n": len(panel.answers),
                    "ended_right": _value(point.ended_right.value),
                    **_ends("stands", Estimate() if panel.choice else stands),
                    **_ends("ended_right", point.ended_right),
                    **_ends("ended", point.ended),
                    "forced_n": accuracy.n,
                    "difference": _value(own.difference if own is not None else None),
                    "difference_low": _value(own.low if own is not None else None),
                    "difference_high": _value(own.high if own is not None else None),
                    "p": _value(own.p if own is not None else None),
                    "settled": _value(own.settled.value if own is not None else None),
                    "share_of_tokens": _value(own.share_of_tokens if own is not None else None),
                    **_native(natives.get(point.budget)),
                }
            )
    return rows


def use_rows(panels: Sequence[BudgetPanel]) -> list[dict[str, Any]]:
    """Make a row a panel: what its thinking tokens went into."""
    rows = []
    for panel in panels:
        row: dict[str, Any] = {"run": panel.run, "model": panel.model, "benchmark": panel.benchmark}
        for name in panel.use.__struct_fields__:
            value = getattr(panel.use, name)
            row |= {name: _value(value.value), **_ends(name, value)} if isinstance(value, Estimate) else {name: value}
        rows.append(row)
    return rows


def answer_rows(panels: Sequence[BudgetPanel]) -> list[dict[str, Any]]:
    """Make a row an answer: its tokens, and by how many the right answer was stated."""
    return [
        {
            "run": panel.run,
            "benchmark": panel.benchmark,
            "id": answer.id,
            "repeat": answer.repeat,
            "outcome": answer.outcome,
            "reasoning_tokens": answer.tokens,
            "stated_tokens": _value(answer.stated) if panel.placed else _NAN,
            "stated_at": answer.at[1] if answer.at is not None else None,
            "needed_tokens": _value(panel.needed(answer)),
            "ended": answer.ended,
            "right": answer.right,
        }
        for panel in panels
        for answer in panel.answers
    ]


def _native(point: NativePoint | None) -> dict[str, Any]:
    accuracy = point.accuracy if point is not None else Estimate()
    tokens = point.mean_tokens.value if point is not None else None
    return {
        "native": _value(accuracy.value),
        **_ends("native", accuracy),
        "native_n": accuracy.n,
        "native_tokens": _value(tokens),
    }


def _value(value: float | None) -> float:
    return _NAN if value is None else value


def _ends(name: str, value: Estimate) -> dict[str, float]:
    return {f"{name}_low": _value(value.low), f"{name}_high": _value(value.high)}
