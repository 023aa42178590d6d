"""Find the formulas in a text, and decide which of them may be handed to MathJax.

JupyterLab typesets `$…$`, `$$…$$`, `\\(…\\)`, `\\[…\\]` and `\\begin{…}…\\end{…}` in html outputs. Lab 4.6's MathJax
drops `\\href{javascript:…}` and positioned styles, but lets a model link to https, paint `\\rule{50em}{50em}` and
`\\def` what every later formula on the page then means; other viewers may guard less.
So nothing is left to MathJax's own search: this module finds the formulas (currency is none), lets those through
that are made of known words, and the caller breaks every other `$` and `\\`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from qwq_nb.core.vocabulary import tex_words

__all__ = ["Piece", "formulas", "is_bare", "is_safe", "looks_like_tex"]

_LIMIT = 4_000  # characters of one formula; longer ones are shown as source
_DEPTH = 30

# Everything harmless that MATH-500, AIME, GPQA and QwQ's own answers use, and its relatives. Not in the file, on
# purpose: macros that define, link, style, load, colour, or move ink out of the line (\rlap, \raise, \rule, \kern).
_ALLOWED = tex_words()

_OPEN = re.compile(r"\\begin\{(?P<env>[A-Za-z]+\*?)\}|\\boxed\s*\{|\\[(\[]|\\.|\$\$?", re.S)
_INNER = re.compile(r"\\(?:begin|end)\{[^{}]{0,30}\}|\\.|\$\$?|[{}]|\n[ \t]*\n", re.S)
# "Put your answer within \\boxed{}": a place to fill, and a tiny square if it were typeset.
_EMPTY_BOX = re.compile(r"\\boxed\s*\{\s*\}")
_CONTROL = re.compile(r"\\([A-Za-z]+|.)", re.S)
_ENV_NAME = re.compile(r"\\(begin|end)\s*(?:\{([^{}]*)\})?")
_HSPACE = re.compile(r"\\hspace\*?\s*\{\s*\d{0,2}(?:\.\d+)?\s*(?:pt|mm|cm|ex|em|in)\s*\}")
_ROW_GAP = re.compile(r"\\\\\s*\[(?!\s*\d{0,2}(?:\.\d+)?\s*(?:pt|mm|ex)\s*\])")
# Columns may be aligned and ruled; `*{99999}{c}` and `p{99em}` are refused.
_ARRAY = re.compile(r"\\begin\{array\}(?!\s*(?:\[[tbc]\])?\s*\{(?:[lcr|:\s]|@\{(?:\\[;,: ])?\}){0,40}\})")
_BARE_PERCENT = re.compile(r"(?<!\\)((?:\\\\)*)%")
_PROSE = re.compile(r"[A-Za-z][a-z]{2,}[ ,]+[a-z]{2,}")  # two words in a row; names of triangles are none
_NO_PROSE = re.compile(r"\\[A-Za-z]+\s*(?:\{[^{}]*\})?")


class Piece(NamedTuple):
    """Hold what of a text is no plain text."""

    kind: Literal["dollar", "tex", "source"]
    """An escaped dollar, a formula, or one that is refused."""
    start: int
    end: int
    shown: str
    """What is drawn of it: a formula with its delimiters."""


def formulas(text: str) -> Iterator[Piece]:
    """Yield the formulas and escaped dollars of a text in order.

    Linear: a text of nothing but openers runs out of allowance.
    """
    allowance = 2 * len(text) + 2_000
    at = 0
    while match := _OPEN.search(text, at):
        opener, start = match[0], match.start()
        at = match.end()
        if opener == r"\$":
            yield Piece("dollar", start, at, "$")
            continue
        end, steps = _close(text, match) if allowance > 0 else (-1, 0)
        allowance -= steps
        if end < 0:
            continue
        formula = text[start:end]
        at = end
        if _EMPTY_BOX.fullmatch(formula):
            yield Piece("source", start, end, formula)
            continue
        if opener.startswith(r"\boxed"):
            formula = rf"\({formula}\)"
        formula = _BARE_PERCENT.sub(r"\1\\%", formula)  # a comment would hide what follows
        yield Piece("tex" if is_safe(formula) else "source", start, end, formula)


def _close(text: str, match: re.Match[str]) -> tuple[int, int]:
    """Where the formula that `match` opens ends (-1: it is none), and how many tokens were looked at."""
    opener, start = match[0], match.end()
    if opener not in ("$", "$$", r"\(", r"\[") and not opener.startswith((r"\begin{", r"\boxed")):
        return -1, 0
    boxed, env = opener.startswith(r"\boxed"), match["env"]
    closer = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}.get(opener, rf"\end{{{env}}}")
    depth, nested, steps = int(boxed), 0, 0
    for token in _INNER.finditer(text, start, start + _LIMIT):
        steps += 1
        found = token[0]
        if found == "{":
            depth += 1
        elif found == "}":
            depth -= 1
            if boxed and depth == 0:
                return token.end(), steps
            if depth < 0:
                break
        elif found[0] == "\n":
            if opener != r"\[" and env is None:
                break
        elif env and found == opener:
            nested += 1
        elif depth == 0 and found == closer and nested:
            nested -= 1
        elif depth == 0 and (found == closer or (opener == "$" and found[0] == "$")):
            if opener == "$" and not _is_inline(text, start, token.start()):
                break
            return token.start() + len(closer), steps
    return -1, steps


def _is_inline(text: str, start: int, end: int) -> bool:
    """Whether `$…$` is a formula and not two prices: pandoc's rule, and no sentence in between."""
    body = text[start:end]
    if not body.strip() or (body[0].isdigit() and (body[-1].isspace() or text[end + 1 : end + 2].isdigit())):
        return False
    if (body[0].isspace() or body[-1].isspace()) and not re.search(r"[\\^_=+{}<>]", body):
        return False
    return not _PROSE.search(_NO_PROSE.sub("\\\\", body))


def is_safe(formula: str) -> bool:
    """Return whether MathJax may typeset it.

    Known words and environments only, balanced, not deep, no large or negative gaps.
    """
    if len(formula) > _LIMIT or formula.count(r"\!") > 20 or _ROW_GAP.search(formula) or _ARRAY.search(formula):
        return False
    words = {word for word in _CONTROL.findall(formula) if word.isalpha() and word.isascii()}
    if words - _ALLOWED.words or formula.count(r"\hspace") != len(_HSPACE.findall(formula)):
        return False
    open_environments: list[str] = []
    for kind, name in _ENV_NAME.findall(formula):
        if name not in _ALLOWED.environments:
            return False
        if kind == "begin":
            open_environments.append(name)
        elif not open_environments or open_environments.pop() != name:
            return False
    return not open_environments and len(_ENV_NAME.findall(formula)) < 40 and _is_balanced(formula)


def _is_balanced(formula: str) -> bool:
    depth = 0
    for token in re.findall(r"\\.|[{}]", formula, re.S):
        depth += (token == "{") - (token == "}")
        if not 0 <= depth <= _DEPTH:
            return False
    return depth == 0


def looks_like_tex(value: str) -> bool:
    """Return whether an extracted or gold value (`\\frac{1}{2}`, `x^2`) reads better typeset."""
    return bool(re.search(r"\\[A-Za-z]+|\^|_\{|\\[{}!,;]", value)) and "\n" not in value


def is_bare(value: str) -> bool:
    """Return whether no delimiter is in the value, so that `\\(` and `\\)` can be put around it."""
    return not re.search(r"\\[()\[\]]|(?<!\\)[$%]", value)
