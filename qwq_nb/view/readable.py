"""Write a gold or extracted value as plain text shows it: `4/3` for `\\frac43`, `√29`, `(1 2; 3 4)` for a matrix.

The JupyterLab view's list writes values by the same rules (`labextension/src/text/readable.ts`), and
`tests/view/markdown_corpus.json` holds both to the same examples.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from qwq_nb.core.vocabulary import tex_words

__all__ = ["readable"]

LONGEST: Final = 400
"""Characters of a value that are read."""

_RAISED: Final = dict(zip("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", strict=True))
_LOWERED: Final = dict(zip("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋", strict=True))
_FRACTIONS: Final = {unicodedata.normalize("NFKC", sign).replace("\u2044", "/"): sign for sign in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_ROOTS: Final = {"3": "∛", "4": "∜"}
_BRACKETS: Final = {"p": "()", "b": "[]", "B": "{}", "v": "||", "V": "‖‖"}
_HELD: Final = {"{": "\ue001", "}": "\ue002", "$": "\ue003"}
_ARGUMENT: Final = r"\s*\{([^{}]*)\}"
_SIMPLE: Final = re.compile(r"-?[\w.]*(?:[√∛∜](?:\w+|\([^()]*\)))?\Z")


def readable(value: str) -> str:
    """Return a value as a line of plain text shows it; what is not known stays as typed."""
    text = value[:LONGEST].strip()
    if not re.search(r"[\\^_$~]", text):
        return text
    # Braces and dollars that are shown are held apart from those that are syntax.
    text = re.sub(r"\\([$%&#_{}])", lambda m: _HELD.get(m[1], m[1]), text).replace("$", "")
    text = re.sub(r"\\(?:left|right|displaystyle|[bB]igg?)(?![A-Za-z])\s*", "", text)
    text = re.sub(r"\\begin\{([pbBvV])matrix\}(.*?)\\end\{\1matrix\}", _matrix, text, flags=re.S)
    text = re.sub(r"\\[,;: ]|~", " ", text).replace(r"\!", "")
    text = re.sub(r"\\(?:boxed|text|textbf|mathrm|mathbf|mbox|operatorname)" + _ARGUMENT, r"\1", text)
    signs = tex_words().signs
    text = re.sub(r"\\mathbb\s*\{?([RZNQC])\}?", lambda m: "ℝℤℕℚℂ"["RZNQC".index(m[1])], text)
    text = re.sub(r"\\(ln|log|sin|cos|tan|cot)(?![A-Za-z])\s*", r"\1 ", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda m: signs.get(m[1], m[0]), text)
    # `\frac43` is `\frac{4}{3}`.
    text = re.sub(r"\\([dt]?frac|sqrt)\s*(\d)", r"\\\1{\2}", text)
    text = re.sub(r"\\([dt]?frac\{[^{}]*\})\s*(\d)", r"\\\1{\2}", text)
    for _ in range(4):  # from the inside out
        text = re.sub(r"\\sqrt(?:\[([34])\])?" + _ARGUMENT, _root, text)
        text = re.sub(r"(\d?)\\[dt]?frac" + _ARGUMENT + _ARGUMENT, _fraction, text)
    text = re.sub(r"\^\s*\{?\s*°\s*\}?", "°", text)
    text = re.sub(r"\^(?:\{([^{}]*)\}|(\w))", lambda m: _script(m, "^", _RAISED), text)
    text = re.sub(r"_(?:\{([^{}]*)\}|(\w))", lambda m: _script(m, "_", _LOWERED), text)
    for sign, held in _HELD.items():
        text = text.replace(held, sign)
    return re.sub(r"(?<=[(\[{]) | (?=[)\]},;])", "", re.sub(r"\s+", " ", text)).strip()


def _matrix(match: re.Match[str]) -> str:
    rows = [" ".join(cell.strip() for cell in row.split("&")) for row in match[2].split(r"\\") if row.strip()]
    opening, closing = (_HELD.get(sign, sign) for sign in _BRACKETS[match[1]])
    return f"{opening}{'; '.join(rows)}{closing}"


def _root(match: re.Match[str]) -> str:
    sign, of = _ROOTS.get(match[1] or "", "√"), match[2].strip()
    return sign + (of if of.isdigit() or len(of) == 1 else f"({of})")


def _fraction(match: re.Match[str]) -> str:
    whole, above, below = match[1], match[2].strip(), match[3].strip()
    if sign := _FRACTIONS.get(f"{above}/{below}"):
        return whole + sign
    sides = [side if _SIMPLE.match(side) else f"({side})" for side in (above, below)]
    return f"{whole}{' ' if whole else ''}{'/'.join(sides)}"


def _script(match: re.Match[str], sign: str, letters: dict[str, str]) -> str:
    text = (match[1] if match[1] is not None else match[2]).strip()
    if text and all(letter in letters for letter in text):
        return "".join(letters[letter] for letter in text)
    return sign + (text if len(text) == 1 else f"({text})")
