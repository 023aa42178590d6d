"""Write tables as Markdown and as LaTeX (booktabs) of any plain cells; foreign text says itself and nothing else.

Markdown: what CommonMark or GFM would read as markup is escaped, pipes with it; `<`, `>` and `&` become entities, so no
html gets in; `$` and `\\` become entities in a `span` each, where neither Lab's search for formulas nor MathJax pairs
them with anything; addresses are shown and not made links. LaTeX: the ten specials become macros, so no command gets
in; ligatures (`--`, `` ?` ``) are kept apart; control and format characters become `?`. Letters beyond ASCII stay as
they are: XeLaTeX and LuaLaTeX set them all, pdfLaTeX those that its fonts have.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from qwq_nb.core.text import valid_text
from qwq_nb.view.clean import visible

__all__ = ["Cell", "escape_latex", "escape_markdown", "latex_table", "markdown_table"]

Cell = str | int | float | bool | None

NOTHING: Final = "–"

# Markup; what html, MathJax and Lab's search for formulas read; what GFM links without markup (schemes, www., mail).
_MARKDOWN = re.compile(
    r"(?P<mark>[`*_{}\[\]#|~!])|(?P<maths>[$\\])|(?P<html>[<>&])"
    r"|(?P<link>(?<=[a-z]):(?=//)|(?<=\bwww)\.|@|(?<=\bmailto):|(?<=\bxmpp):)",
    re.I,
)

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # Plain quotes, but never two that TeX would join.
    '"': "''{}",
    "'": "'{}",
    "`": "{}`{}",
    "–": "--{}",
    "—": "---{}",
    "×": r"\ensuremath{\times}",
    "±": r"\ensuremath{\pm}",
    "\N{NO-BREAK SPACE}": "~",
}


def escape_markdown(text: str) -> str:
    """Return `text` on one line, so that Markdown shows just that text."""
    return _MARKDOWN.sub(_inert, " ".join(visible(text).split()))


def _inert(match: re.Match[str]) -> str:
    entity = f"&#{ord(match[0])};"
    if match.lastgroup == "mark":
        return "\\" + match[0]
    return f"<span>{entity}</span>" if match.lastgroup == "maths" else entity


def escape_latex(text: str) -> str:
    """Return `text` on one line, so that LaTeX sets just that text; for the body of a document, captions and cells."""
    out: list[str] = []
    for char in valid_text(text):
        if char in _LATEX:
            out.append(_LATEX[char])
        elif char.isspace():
            out.append(" ")
        elif unicodedata.category(char)[0] == "C":
            out.append("?")
        elif char in "-," and out and out[-1][-1] == char:
            out.append("{}" + char)
        else:
            out.append(char)
    # A run of spaces is one: an empty line would end the caption.
    return re.sub(r" {2,}", " ", "".join(out)).strip(" ")


def cell_text(cell: Cell) -> str:
    """Return a cell in words: `–` for nothing, thousands' commas, floats to four digits; text as it is."""
    if cell is None or cell != cell:
        return NOTHING
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], align: str = "", caption: str = "") -> str:
    """Return a GFM table. `align` is a letter a column (`l`, `r`, `c`; all left without it), `caption` a line above.

    Raises ValueError for a row, or an `align`, of another width than `columns`.
    """
    align = _checked(columns, rows, align)
    lines = [[escape_markdown(name) for name in columns]]
    lines += [[escape_markdown(cell_text(cell)) for cell in row] for row in rows]
    width = [max(3, *(len(line[i]) for line in lines)) for i in range(len(columns))]
    rule = [
        (":" if side == "c" else "-") + "-" * (w - 2) + ("-" if side == "l" else ":")
        for side, w in zip(align, width, strict=True)
    ]

    def line(cells: list[str]) -> str:
        padded = (c.rjust(w) if side == "r" else c.ljust(w) for c, side, w in zip(cells, align, width, strict=True))
        return f"| {' | '.join(padded)} |"

    # Bold, so that no word at its beginning makes a heading or a list of it.
    head = [f"**Table.** {escape_markdown(caption)}", ""] if caption else []
    return "\n".join([*head, line(lines[0]), line(rule), *map(line, lines[1:]), ""])


def latex_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    align: str = "",
    caption: str = "",
    label: str = "",
    rules: Collection[int] = (),
) -> str:
    """Return a `table` with booktabs' rules; a `\\midrule` stands before each row whose number is in `rules`.

    It needs `\\usepackage{booktabs}`. Raises ValueError for a row, or an `align`, of another width than `columns`, and
    for a label that is not of letters, digits, `:`, `-` and `.`.
    """
    align = _checked(columns, rows, align)
    if not re.fullmatch(r"[A-Za-z0-9:.\-]*", label):
        raise ValueError(f"a label is of letters, digits, ':', '-' and '.', not {label!r}")
    lines = ["% Needs \\usepackage{booktabs}.", r"\begin{table}", r"\centering"]
    lines += [rf"\caption{{{escape_latex(caption)}}}"] if caption else []
    lines += [rf"\label{{{label}}}"] if label else []
    lines += [rf"\begin{{tabular}}{{{align}}}", r"\toprule", _latex_row(list(columns)), r"\midrule"]
    for number, row in enumerate(rows):
        lines += [r"\midrule"] if number in rules and number else []
        lines.append(_latex_row([cell_text(cell) for cell in row]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _latex_row(cells: list[str]) -> str:
    # `[` at a row's beginning would be read as the gap that \\ or \toprule takes.
    first, *rest = (escape_latex(cell) for cell in cells)
    return " & ".join(["{}" + first if first.startswith(("[", "*", "(")) else first, *rest]) + r" \\"


def _checked(columns: Sequence[str], rows: Sequence[Sequence[Cell]], align: str) -> str:
    align = align or "l" * len(columns)
    if not columns or len(align) != len(columns) or set(align) - set("lrc"):
        raise ValueError(f"align is l, r or c for each of {len(columns)} columns, not {align!r}")
    wrong = next((row for row in rows if len(row) != len(columns)), None)
    if wrong is not None:
        raise ValueError(f"a row has {len(wrong)} cells, the table {len(columns)} columns")
    return align
