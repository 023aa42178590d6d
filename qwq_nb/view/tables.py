"""Write a table as plain text or as html, the bars in its cells, and the frame of a demo: each form once.

In html a cell that is `Html` stands as it is, any other text is escaped; no table needs a script, style sheet or id to
be read, and one that is wider than the page scrolls by itself. Markdown and LaTeX tables are in `view.markup`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qwq_nb.view.html import Html, esc
from qwq_nb.view.wording import DEMO_NOTICE, UNKNOWN, is_known, percent

__all__ = [
    "Row",
    "demo_frame",
    "demo_line",
    "framed",
    "greyed",
    "html_table",
    "meter",
    "on_one_line",
    "progress_bar",
    "share_cell",
    "strong",
    "text_table",
    "unbroken",
]

Row = str | Sequence[str]
"""The cells of a row (fewer than the heads: the others stay empty), or one text: a title above the rows that follow."""

_LEFT: Final = ' style="text-align:left"'
_FRAME: Final = "border:2px solid #d18b00;border-radius:4px;padding:0.4em 0.8em"


def text_table(heads: Sequence[str], rows: Sequence[Row], align: str = "lr") -> list[str]:
    """Return the lines of a table whose columns are padded to their widest cell, two spaces between them.

    `align` is `l` or `r` a column; its last letter goes for all further columns. A row's title widens no column.
    """
    grid: list[Row] = [heads, *rows]
    cells = [row for row in grid if not isinstance(row, str)]
    width = [max(len(row[i]) for row in cells if i < len(row)) for i in range(len(heads))]
    sides = align + align[-1] * (len(heads) - len(align))
    lines = []
    for row in grid:
        if isinstance(row, str):
            lines.append(row.rstrip())
            continue
        padded = [c.rjust(w) if side == "r" else c.ljust(w) for c, w, side in zip(row, width, sides, strict=False)]
        lines.append("  ".join(padded).rstrip())
    return lines


def html_table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Row],
    *,
    bare: bool = False,
    row_heads: bool = True,
    words: bool = False,
) -> str:
    """Return a table; a row's first cell is its head unless `row_heads` is false, a title opens a group of rows.

    `bare`: without styles and without the frame that scrolls, for a few narrow columns below a figure. `words`: cells
    and heads stand at the left, as words do; numbers stand at the right.
    """
    left = "" if bare else _LEFT
    side = _LEFT if words else ""
    # Each group is a body of its own: rows that come before any title have one too.
    bodies: list[list[str]] = []
    for row in rows:
        if isinstance(row, str):
            title = f'<tr><th scope="rowgroup" colspan="{len(heads)}"{_LEFT}>{_cell(row)}</th></tr>'
            bodies.append([title])
            continue
        if not bodies:
            bodies.append([])
        first, *rest = map(_cell, row) if row_heads else ("", *map(_cell, row))
        head = f'<th scope="row"{left}>{first}</th>' if row_heads else ""
        bodies[-1].append(f"<tr>{head}{''.join(f'<td{side}>{cell}</td>' for cell in rest)}</tr>")
    top = "".join(f'<th scope="col"{side}>{_cell(head)}</th>' if head or not bare else "<th></th>" for head in heads)
    inner = f"<caption{left}>{_cell(caption)}</caption><thead><tr>{top}</tr></thead>"
    inner += "".join(f"<tbody>{''.join(body)}</tbody>" for body in bodies or [[]])
    if bare:
        return f"<table>{inner}</table>\n"
    return f'<div style="overflow-x:auto"><table style="margin-left:0;font-size:0.85em">{inner}</table></div>\n'


def _cell(text: str) -> str:
    return text if isinstance(text, Html) else esc(text)


def strong(text: str) -> Html:
    """Return a cell in bold."""
    return Html(f"<strong>{_cell(text)}</strong>")


def unbroken(text: str, *, strong: bool = False) -> Html:
    """Return a cell that no line break divides."""
    kept = esc(text).replace(" ", "&nbsp;")
    return Html(f"<strong>{kept}</strong>" if strong else kept)


def on_one_line(text: str) -> Html:
    """Return a cell that no line break divides, in views that keep styles; its text is the same for who copies it."""
    return Html(f'<span style="white-space:nowrap">{_cell(text)}</span>')


def greyed(text: str) -> Html:
    """Return a cell in grey: a number that says nothing. The parentheses say so where no style is kept."""
    return Html(f'<span style="opacity:0.65">({unbroken(text)})</span>')


def meter(share: float, style: str = ' style="width:5em"') -> Html:
    """Return a share 0…1 as a bar. It is an extra: some viewers drop it, so the number stands beside it."""
    return Html(f'<meter min="0" max="1" value="{min(max(share, 0.0), 1.0):.4f}"{style}></meter>')


def share_cell(share: float | None) -> Html:
    """Return a share in per cent with its bar below, or a dash where it is not known."""
    return Html(f"{percent(share)}<br>{meter(share)}" if is_known(share) else UNKNOWN)


def progress_bar(done: int, total: int, width: str = "12em") -> Html:
    """Return the bar of what is done; the numbers stand beside it. It moves by itself while the total is not known."""
    value = f' value="{min(done, total)}"' if total else ""
    return Html(f'<progress max="{max(total, 1)}"{value} style="width:{width}"></progress>')


def framed(mark: str, body: str) -> str:
    """Return a framed paragraph that no reader misses: `mark` in bold, then `body`, which is html."""
    return f'<p style="{_FRAME}"><strong>{mark}</strong>{body}</p>\n'


def demo_frame(notice: str = DEMO_NOTICE) -> str:
    """Return the notice that must stand above the numbers of the built-in endpoint, as html."""
    return framed("⚠ DEMO", f": {esc(notice)}")


def demo_line(notice: str = DEMO_NOTICE) -> str:
    """Return the same notice as a line of text."""
    return f"*** DEMO: {notice} ***"
