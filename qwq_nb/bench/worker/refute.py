"""Tell two formulas apart numerically, which spares math-verify a symbolic proof that they differ.

The analysis of a reasoning compares many formulas with the gold answer, nearly all of them different from it, and SymPy
takes 30-500 ms to find no simplification of a difference. Two formulas in the same variables that differ clearly at
each of a few points are not equal; in every unclear case (a set, an equation, a unit, a value that is no number, a per
cent sign) nothing is refuted, and math-verify decides. Source of the method: J. T. Schwartz, "Fast
probabilistic algorithms for verification of polynomial identities" (1980), used for the negative answer only, which
one point proves.
"""

from __future__ import annotations

from typing import Any

__all__ = ["differ_below_tolerance", "provably_different"]

_POINTS = (0.7391, 1.2917, 1.8409, 0.4147, 1.1353, 2.0731)
"""Values of the variables, in turn: no special values, and positive, so that roots and logarithms are real."""
_TRIALS = 2
_CLEARLY = 1e-3
"""Least relative difference that refutes; math-verify compares numbers to six digits."""
_NEAR_ZERO = 1e-2
"""Below here six decimals are less than `_CLEARLY` tells apart."""
_MOST_VARIABLES = 4


def provably_different(gold: list[Any], found: list[Any]) -> bool:
    """Return whether two answers, parsed by math-verify to formulas and texts, certainly differ; False: unclear."""
    from sympy import Expr

    formulas = [[part for part in side if not isinstance(part, str)] for side in (gold, found)]
    texts = [{part for part in side if isinstance(part, str)} for side in (gold, found)]
    if texts[0] & texts[1] or any("%" in text or "percent" in text for text in texts[0] | texts[1]):
        return False
    if len(formulas[0]) != 1 or len(formulas[1]) != 1:
        return False
    one, other = formulas[0][0], formulas[1][0]
    if not isinstance(one, Expr) or not isinstance(other, Expr):
        return False
    variables = sorted(one.free_symbols | other.free_symbols, key=str)
    if len(variables) > _MOST_VARIABLES:
        return False
    for trial in range(_TRIALS if variables else 1):
        at = {name: _POINTS[(trial + 2 * number) % len(_POINTS)] for number, name in enumerate(variables)}
        values = [_value(formula, at) for formula in (one, other)]
        if values[0] is None or values[1] is None:
            return False
        if abs(values[0] - values[1]) <= _CLEARLY * max(1.0, abs(values[0]), abs(values[1])):
            return False
    return True


def differ_below_tolerance(gold: list[Any], found: list[Any]) -> bool:
    """Return whether two answers that math-verify takes for equal differ in their leading digits.

    math-verify rounds numbers to six decimals, so that all tiny ones are alike. Numbers are compared relatively here,
    also in pairs, intervals, sets and matrices; what holds variables or no number is left to math-verify.
    """
    formulas = [[part for part in side if not isinstance(part, str)] for side in (gold, found)]
    return len(formulas[0]) == len(formulas[1]) == 1 and _differ_in_digits(formulas[0][0], formulas[1][0])


def _differ_in_digits(one: Any, other: Any) -> bool:
    from sympy import Expr, FiniteSet, Interval, MatrixBase, Tuple, Union
    from sympy.core.relational import Relational

    if isinstance(one, Relational) and not isinstance(other, Relational):
        one = one.rhs
    if isinstance(other, Relational) and not isinstance(one, Relational):
        other = other.rhs
    if isinstance(one, Expr) and isinstance(other, Expr):
        return not one.free_symbols and not other.free_symbols and _unlike(one, other)
    parts: list[list[Any]] = []
    for formula in (one, other):
        if isinstance(formula, MatrixBase):
            parts.append(list(formula))
        elif isinstance(formula, FiniteSet):
            numbers = all(part.is_number and part.is_real for part in formula.args if isinstance(part, Expr))
            numbers = numbers and all(isinstance(part, Expr) for part in formula.args)
            parts.append(sorted(formula.args) if numbers else [])
        elif isinstance(formula, Interval):
            parts.append([formula.start, formula.end])
        elif isinstance(formula, (Tuple, Union, Relational)):
            parts.append(list(formula.args))
        else:
            return False
    return len(parts[0]) == len(parts[1]) and any(_differ_in_digits(a, b) for a, b in zip(*parts, strict=True))


def _unlike(one: Any, other: Any) -> bool:
    """Whether two numbers near zero differ relatively; others are told apart by math-verify's own tolerance."""
    try:
        values = [number.evalf(15) for number in (one, other)]
        if not all(value.is_Float for value in values) or any(abs(value) >= _NEAR_ZERO for value in values):
            return False
        return bool(abs(values[0] - values[1]) > _CLEARLY * max(abs(value) for value in values))
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return False


def _value(formula: Any, at: dict[Any, float]) -> complex | None:
    """Return the formula's value at a point; None if there is no finite value (below 1e12)."""
    try:
        value = complex(formula.evalf(15, subs=at))
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return None
    return value if abs(value) < 1e12 else None
