"""Compare two mathematical answers: by math-verify, and where a benchmark's comparison is known to fail.

`equal` is math-verify in either order, without what it takes for equal wrongly: numbers below its tolerance of six
decimals, another base, an equation for one of its sides, a set for a pair. `alike` takes more notations for the same
answer than math-verify does: sets of numbers as inequalities, decimals of four digits or more for an exact value,
units left out, a comma as the decimal point. The second opinion uses both, the measures of a reasoning `equal` alone.
Both expect math-verify (and so the worker); they may raise whatever SymPy raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from qwq_nb.bench.worker.refute import differ_below_tolerance
from qwq_nb.trace.boxed import trimmed

__all__ = ["SPACING", "alike", "equal", "plain"]

SPACING = re.compile(r"\\(?:displaystyle|left|right|[,!;:> ])|~|\\q?quad\b")
"""LaTeX that changes no value."""
_EQUALS = re.compile(r"(?<![<>!\\:=])=(?!=)")
_NAMES = re.compile(
    r"(?:\\(?:text|mathrm|mathbf|operatorname)\{[^{}]*\}|\\[A-Za-z]+|[A-Za-z](?:_\{?\w+\}?)?(?:\([\w,\s]*\))?|\d+(?=[A-Za-z\\])"
    r"|[-+|'\s{},:])+"
)
"""A side that names what is asked: `x`, `f(x)`, `m+n`, `|AB|`, `\\angle ABC`; no powers, no lone number."""
_BASE = re.compile(r"(-?[0-9A-Z]+)_\{?(?:\\text\{)?(\d+|two|three|four|five|six|seven|eight|nine|ten)\}*")
_ORDERED = re.compile(r"(?:\\left)?\s*[(\[].*,.*[)\]]", re.S)
_SET = re.compile(r"(?:\\left)?\s*\\\{.*\\\}", re.S)
_DECIMAL = re.compile(r"-?\d*\.(\d+)")
_COMMA_DECIMAL = re.compile(r"(?<![\d,.])(-?\d+),(\d+)(?![\d,.])")
_UNIT = re.compile(
    r"(?P<value>.*[\d}])(?:\s|\\[ ,;])*(?:(?:\\(?:text|mathrm|textrm|mbox)\s*\{\s*)?"
    r"(?P<unit>[A-Za-z]{2,}(?:\s+[A-Za-z]+)?|[mgsLh])\s*\.?\s*\}?)(?:\^\{?[23]\}?)?",
    re.S,
)
_UNITS = {
    form: unit
    for unit, forms in {
        "mm": "mm millimeter millimeters millimetre millimetres",
        "cm": "cm centimeter centimeters centimetre centimetres",
        "m": "m meter meters metre metres",
        "km": "km kilometer kilometers kilometre kilometres",
        "in": "in inch inches",
        "ft": "ft foot feet",
        "yd": "yd yard yards",
        "mi": "mi mile miles",
        "g": "g gram grams",
        "kg": "kg kilogram kilograms",
        "s": "s sec second seconds",
        "min": "min minute minutes",
        "h": "h hr hour hours",
        "d": "day days",
        "week": "week weeks",
        "month": "month months",
        "year": "year years",
        "cents": "cent cents",
        "dollars": "dollar dollars",
        "l": "L liter liters litre litres",
        "ml": "ml milliliter milliliters",
    }.items()
    for form in forms.split()
}
_RELATION = re.compile(r"[<>]|\\(?:[lg]eq?|[lg]eqslant|neq?|[lg]t|in|notin|cup|setminus|mid)(?![A-Za-z])|[≤≥≠∪∞∈]")
_BOTH = re.compile(r"\\(?:wedge|land|cap)(?![A-Za-z])|\band\b")
_SCIENTIFIC = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+")
_LEAST_DIGITS = 4
"""Significant digits from which on a decimal may stand for an exact value."""


def plain(text: str) -> str:
    """Return LaTeX without spaces, sizes of brackets and display forms of fractions, which change no value."""
    text = SPACING.sub("", trimmed(text))
    return re.sub(r"\s+", "", re.sub(r"\\[dt]frac", r"\\frac", text))


def equal(candidate: str, target: str, *, refute: Callable[[list[Any], list[Any]], bool] | None = None) -> bool:
    """Return whether math-verify finds two answers equal, in either order, and nothing speaks against it.

    `refute` is called first, with both as math-verify parsed them: True if they cannot be equal.
    """
    from math_verify import verify

    if not candidate:
        return False
    if plain(candidate) == plain(target):
        return True
    if _differ_in_form(candidate, target):
        return False
    gold, found = _parsed(trimmed(target)), _parsed(candidate)
    if not gold or not found or (refute and refute(gold, found)):
        return False
    # The other way round, math-verify takes several values in any order for a pair or an interval.
    pair = _ORDERED.fullmatch(trimmed(target))
    if not verify(gold, found, timeout_seconds=None) and (pair or not verify(found, gold, timeout_seconds=None)):
        return False
    return not differ_below_tolerance(gold, found)


def alike(candidate: str, target: str) -> bool:
    """Return whether two answers that `equal` tells apart are the same in another notation (see the module)."""
    if not candidate or not target:
        return False
    for form, gold in _readings(candidate, target):
        if equal(form, gold):
            return True
    return _same_rounded(candidate, target) or _same_sets(candidate, target) or _same_complex(candidate, target)


def _parsed(text: str) -> list[Any]:
    from math_verify import parse

    # No timers: the caller runs under a deadline, and math-verify's own need signals of the main thread.
    if _SCIENTIFIC.fullmatch(text.strip()):
        text = text.replace("e", "E")  # math-verify reads a small e as Euler's number
    return list(parse(f"${text}$", parsing_timeout=None))


def _differ_in_form(candidate: str, target: str) -> bool:
    """Whether the notations alone tell two answers apart that math-verify's parser reads as the same."""
    one, other = trimmed(candidate), trimmed(target)
    bases = [_BASE.fullmatch(plain(text)) for text in (one, other)]
    if bases[0] and bases[1] and bases[0].groups() != bases[1].groups():
        return True
    if (_ORDERED.fullmatch(one) and _SET.fullmatch(other)) or (_SET.fullmatch(one) and _ORDERED.fullmatch(other)):
        return True
    units = [_unit(text) for text in (one, other)]
    if units[0] and units[1] and units[0] != units[1]:
        return True
    return (_is_statement(one) and not _EQUALS.search(other)) or (_is_statement(other) and not _EQUALS.search(one))


def _is_statement(text: str) -> bool:
    """Whether the text is an equation between expressions, not a name with its value."""
    sides = _EQUALS.split(text)
    return len(sides) == 2 and "," not in text and not any(_NAMES.fullmatch(side.strip()) for side in sides[:1])


def _unit(text: str) -> str | None:
    match = _UNIT.fullmatch(text)
    return _UNITS.get(match.group("unit").split()[0]) if match else None


def _readings(candidate: str, target: str) -> list[tuple[str, str]]:
    """Other ways to read the pair, each with what makes it the same answer."""
    found = []
    unit = _UNIT.fullmatch(trimmed(target))
    if unit and not re.search(r"[A-Za-z]{2}", re.sub(r"\\[A-Za-z]+", "", candidate)):
        found.append((candidate, unit.group("value").strip()))
    one, other = plain(candidate), plain(target)
    if _COMMA_DECIMAL.fullmatch(one) and _DECIMAL.fullmatch(other):
        found.append((_COMMA_DECIMAL.sub(r"\1.\2", one), target))
    if _COMMA_DECIMAL.fullmatch(other) and _DECIMAL.fullmatch(one):
        found.append((candidate, _COMMA_DECIMAL.sub(r"\1.\2", other)))
    return found


def _same_rounded(candidate: str, target: str) -> bool:
    """Whether a decimal with enough digits is the other value, rounded or cut; in pairs and intervals part by part."""
    if not _DECIMAL.search(candidate) and not _DECIMAL.search(target):
        return False
    one, other = _parts(candidate), _parts(target)
    if len(one) != len(other) or not one:
        return False
    return all(_close(a, b) for a, b in zip(one, other, strict=True))


def _parts(text: str) -> list[str]:
    """The members of a pair or interval with its brackets, else the text itself."""
    text = re.sub(r"\\(?:left|right)(?![a-z])|\s", "", trimmed(text))
    match = re.fullmatch(r"([(\[])(.*)([)\]])", text)
    if not match or match.group(2).count(",") == 0:
        return [text]
    return [match.group(1), *match.group(2).split(","), match.group(3)]


def _close(one: str, other: str) -> bool:
    if one == other:
        return True
    if one in "()[]" or other in "()[]":
        return False
    decimals = [match for text in (one, other) if (match := _DECIMAL.fullmatch(text))]
    if not decimals or any(len(match.group().replace(".", "").lstrip("-0")) < _LEAST_DIGITS for match in decimals):
        return equal(one, other)
    places = min(len(match.group(1)) for match in decimals)
    values = [_number(text) for text in (one, other)]
    return values[0] is not None and values[1] is not None and abs(values[0] - values[1]) < 1.0001 * 10.0**-places


def _number(text: str) -> float | None:
    from sympy import Expr

    formulas = [part for part in _parsed(text) if isinstance(part, Expr)]
    if len(formulas) != 1 or formulas[0].free_symbols:
        return None
    try:
        return float(formulas[0].evalf(15))
    except (TypeError, ValueError, ArithmeticError):
        return None


def _same_complex(candidate: str, target: str) -> bool:
    """Whether both are the same complex number: math-verify reads `i` in `i(2-i)` as a variable."""
    from sympy import Expr, I, expand

    if not all(re.search(r"(?<![A-Za-z\\])i(?![A-Za-z])", text) for text in (candidate, target)):
        return False
    values = []
    for text in (candidate, target):
        formulas = [part for part in _parsed(text) if isinstance(part, Expr)]
        if len(formulas) != 1 or any(str(name) != "i" for name in formulas[0].free_symbols):
            return False
        values.append(formulas[0].subs(dict.fromkeys(formulas[0].free_symbols, I)))
    return bool(expand(values[0] - values[1]) == 0)


def _same_sets(candidate: str, target: str) -> bool:
    """Whether both are the same set of real numbers, one of them written by relations."""
    if not (_RELATION.search(candidate) or _RELATION.search(target)):
        return False
    one, other = _as_set(candidate), _as_set(target)
    return one is not None and other is not None and bool(one == other)


def _as_set(text: str) -> Any:
    """The set of real numbers that an interval, a union, or inequalities in one variable stand for; None: none."""
    text = trimmed(text)
    builder = re.fullmatch(r"(?:\\left)?\\\{(?:.*?)(?:\\mid|\\vert|\||:)(.*?)(?:\\right)?\\\}", text, re.S)
    if builder:
        text = builder.group(1)
    text = re.sub(r"\\(?:vee|lor)(?![A-Za-z])|∨|\bor\b(?![^{]*\})", r" \\text{ or } ", text)
    text = re.sub(r"[A-Za-z]\s*(?:\\in(?![a-z])|∈)", "", text)
    formulas = [part for part in _parsed(text) if not isinstance(part, str)]
    return _set_of(formulas[0], both=bool(_BOTH.search(text))) if len(formulas) == 1 else None


def _set_of(formula: Any, *, both: bool) -> Any:
    from sympy import And, Complement, Intersection, Interval, Or, Reals, Union
    from sympy.core.relational import Relational
    from sympy.sets.sets import FiniteSet

    if isinstance(formula, Relational):
        sides = (formula.lhs, formula.rhs)
        if len(formula.free_symbols) != 1 or not any(side.is_Symbol for side in sides):
            return None
        return formula.as_set()
    if isinstance(formula, (And, Or)) or (
        isinstance(formula, FiniteSet) and formula.args and all(isinstance(part, Relational) for part in formula.args)
    ):
        if len(formula.free_symbols) != 1:
            return None
        parts = [_set_of(part, both=both) for part in formula.args]
        if any(part is None for part in parts):
            return None
        within = isinstance(formula, And) or (both and not isinstance(formula, Or))
        return Intersection(*parts) if within else Union(*parts)
    if isinstance(formula, Complement):
        return Complement(*formula.args, evaluate=True)
    return formula if isinstance(formula, (Interval, Union)) or formula == Reals else None
