"""Draw the lower part of a budget figure: one bar an answer, divided where its right answer is stated. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from math import ceil
from typing import Any, Final

import msgspec

from qwq_nb.analysis.budget.answers import Answer
from qwq_nb.analysis.budget.record import BudgetPanel
from qwq_nb.view.charts import GREEN, GREY, PURPLE, VERMILLION, plain
from qwq_nb.view.wording import number

__all__ = ["DENSE", "MOST_ROWS", "DrawnRow", "bar_traces", "drawn_rows"]

_SKY: Final = "#56B4E9"
_ORANGE: Final = "#E69F00"
_PALE: Final = "#9C9C9C"
"""Opaque: where bars touch, what shines through would draw stripes."""
MOST_ROWS: Final = 500
"""Bars of a panel; of more answers neighbours are drawn as one."""
DENSE: Final = 100
"""Bars from which on they touch."""
_PARTS: Final = (
    ("before", "before the right answer", _SKY),
    ("after", "after it", _ORANGE),
    ("never", "never stated", _PALE),
)
_ENDS: Final = (
    ("right", "answered right", GREEN, "circle"),
    ("wrong", "answered wrong", VERMILLION, "x"),
    ("cut", "cut", GREY, "line-ns-open"),
)


class DrawnRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one bar: an answer, or the mean of neighbours where there are more than `MOST_ROWS`."""

    label: str
    id: str
    repeat: int
    at: int | None
    """The character of the reasoning that a click leads to."""
    stated: float | None
    tokens: float
    end: str
    """`right`, `wrong` or `cut`."""
    needed: float | None = None
    """Tokens from which on a forced answer is right; drawn of single answers only."""


def drawn_rows(answers: Sequence[Answer], needed: Callable[[Answer], float | None] = lambda _: None) -> list[DrawnRow]:
    """Return the bars of the answers: those that state the right answer first, the earliest above, then the others."""
    ordered = sorted(
        answers, key=lambda a: (a.stated is None, a.stated if a.stated is not None else a.tokens, a.tokens)
    )
    size = max(1, ceil(len(ordered) / MOST_ROWS))
    rows = []
    for _, group in groupby(ordered, key=lambda a: a.stated is None):
        members = list(group)
        rows += [_row(members[start : start + size], needed) for start in range(0, len(members), size)]
    return rows


def _row(members: Sequence[Answer], needed: Callable[[Answer], float | None]) -> DrawnRow:
    first = members[0]
    ends = [end_of(a) for a in members]
    stated = [a.stated for a in members if a.stated is not None]
    repeat = f" ({first.repeat + 1})" if first.repeat else ""
    more = f" and {len(members) - 1} more" if len(members) > 1 else ""
    return DrawnRow(
        label=f"{first.id}{repeat}{more}",
        id=first.id,
        repeat=first.repeat,
        at=first.at[1] if first.at is not None else None,
        stated=sum(stated) / len(stated) if stated else None,
        tokens=sum(a.tokens for a in members) / len(members),
        end=max(dict.fromkeys(ends), key=ends.count),
        needed=needed(first) if len(members) == 1 else None,
    )


def end_of(answer: Answer) -> str:
    """Return how an answer ended: `right`, `wrong` or `cut`."""
    return "right" if answer.right else "wrong" if answer.ended else "cut"


def bar_traces(panel: BudgetPanel, x: str, y: str, *, first: bool) -> list[dict[str, Any]]:
    """Make the traces of a panel's bars, their ends, and the tokens that answers need."""
    rows = drawn_rows(panel.answers, panel.needed)
    places = list(enumerate(rows))
    base = {"xaxis": x, "yaxis": y}
    spans: dict[str, list[tuple[int, DrawnRow, float, float]]] = {"before": [], "after": [], "never": []}
    for place, row in places:
        start = min(1.0, row.tokens)
        if row.stated is None or not panel.placed:
            spans["never"].append((place, row, start, row.tokens))
        else:
            spans["before"].append((place, row, start, row.stated))
            spans["after"].append((place, row, row.stated, row.tokens))
    data: list[dict[str, Any]] = []
    for part, name, colour in _PARTS:
        own = spans[part]
        words = "where it is stated is not known" if part == "never" and not panel.placed else name
        data.append(
            {
                **base,
                "type": "bar",
                "orientation": "h",
                "name": words,
                "legendgroup": part,
                "showlegend": first and bool(own),
                "y": [place for place, *_ in own],
                "base": [round(begin, 1) for _, _, begin, _ in own],
                "x": [round(max(end - begin, 0.0), 1) for _, _, begin, end in own],
                "marker": {"color": colour, "line": {"width": 0}},
                # Bars that touch overlap a little: otherwise the ground shines through between them.
                **({"width": 1.1} if len(rows) >= DENSE else {}),
                "customdata": [_custom(panel, row) for _, row, *_ in own],
                "hovertemplate": "%{customdata[0]}: %{customdata[4]}<extra></extra>",
            }
        )
    size = 7 if len(rows) < 80 else 4
    for end, name, colour, symbol in _ENDS:
        dots = [(place, row) for place, row in places if row.end == end]
        line = {"color": colour, "width": 2 if symbol.endswith("open") else 0}
        data.append(
            {
                **base,
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "legendgroup": end,
                "showlegend": first and bool(dots),
                "x": [round(max(row.tokens, 1.0), 1) for _, row in dots],
                "y": [place for place, _ in dots],
                "marker": {"color": colour, "symbol": symbol, "size": size, "line": line},
                "customdata": [_custom(panel, row) for _, row in dots],
                "hovertemplate": f"%{{customdata[0]}}: {name}, %{{customdata[4]}}<extra></extra>",
            }
        )
    needed = [(place, row.needed) for place, row in places if row.needed]
    if needed:
        data.append(
            {
                **base,
                "type": "scatter",
                "mode": "markers",
                "name": "needed",
                "legendgroup": "needed",
                "showlegend": first,
                "x": [round(tokens, 1) for _, tokens in needed],
                "y": [place for place, _ in needed],
                "marker": {"color": PURPLE, "symbol": "line-ns-open", "size": size + 3, "line": {"width": 2}},
                "hovertemplate": "a forced answer is right from %{x:,.0f} tokens on<extra></extra>",
            }
        )
    return data


def _custom(panel: BudgetPanel, row: DrawnRow) -> list[Any]:
    """What a click or a pointer over a bar finds: label, id, repeat, the place in its reasoning, and the tokens."""
    told = f"{number(row.tokens)} tokens"
    if row.stated is not None and panel.placed:
        told += f", right answer stated by {number(row.stated)}"
    return [plain(row.label), row.id, row.repeat, row.at, told]
