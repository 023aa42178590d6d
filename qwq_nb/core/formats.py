"""Format numbers, shares, intervals, times and amounts: one form in all views.

`labextension/src/record/format.ts` has the same rules, and `labextension/src/__tests__/record/numbers.json` holds
examples that both are tested with. Signs: `−` is minus, `–` a range or a missing value; thousands have commas; a unit
stands behind one space.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypeGuard

__all__ = [
    "CI",
    "SCORE_DIGITS",
    "UNKNOWN",
    "ci",
    "count",
    "difference_interval",
    "difference_of_scores",
    "duration",
    "interval",
    "is_known",
    "listed_settings",
    "money",
    "number",
    "p_said",
    "p_text",
    "percent",
    "points",
    "range_of",
    "rough_duration",
    "score",
    "score_interval",
    "setting",
    "signed",
    "signed_score",
    "significant",
]

UNKNOWN: Final = "–"
"""What stands where a number is not known."""

CI: Final = "95 % CI"
"""The head of a column of intervals: confidence intervals, or where there are repeats a posterior's (credible) ones."""

MINUS: Final = "−"

SCORE_DIGITS: Final = 3
"""Decimals of a score that is not 0 or 1."""
_HUGE: Final = 1e15
"""From here on a number's digits would say no more, and fill the line."""
_SETTINGS: Final = ("temperature", "top_p", "top_k", "min_p", "max_tokens")
"""The order in which papers give the sampling."""


def is_known(value: float | None) -> TypeGuard[float]:
    """Return whether a value is a number: neither missing nor NaN nor infinite."""
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int = 0) -> str:
    """Format a number with commas and `digits` decimals: `1,235`, `−0.4`; UNKNOWN where it is not known.

    Every number that is drawn is rounded here: halves away from 0, as a reader rounds what the number is in decimal
    (95.35 to 95.4), and not what its binary form falls short of it. 15 digits are read, which all binary numbers have.
    From 1e15 on it is `1.2e15`. Nothing is `−0`.
    """
    if not is_known(value):
        return UNKNOWN
    if abs(value) >= _HUGE:
        return f"{value:.1e}".replace("+", "").replace("-", MINUS)
    exact = Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{abs(exact) if exact.is_zero() else exact:,f}".replace("-", MINUS)


def significant(value: float | None, digits: int = 3) -> str:
    """Format a number of unknown unit and size with so many significant `digits`: `0.0123`, `12.3`, `1,235`."""
    if not is_known(value):
        return UNKNOWN
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    return number(value, min(max(digits - 1 - math.floor(math.log10(abs(rounded))), 0), 20))


def count(n: int, noun: str, plural: str = "") -> str:
    """Format a number with its noun: `1 sample`, `2,000 samples`, `2 retries`."""
    return f"{number(n)} {noun if n == 1 else plural or noun + 's'}"


def percent(share: float | None, digits: int = 1) -> str:
    """Format a share 0…1 as `83.3 %`; UNKNOWN where it is not known."""
    return f"{number(100 * share, digits)} %" if is_known(share) else UNKNOWN


def range_of(low: str, high: str) -> str:
    """Join the ends of a range: `88.6–100.0`; with `to` where an end is signed: `−6.0 to +0.6`."""
    return f"{low} to {high}" if low[:1] in "+−" or high[:1] in "+−" else f"{low}–{high}"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Format an interval of a share: `55.2–95.3 %`; `exact` where it has no width, UNKNOWN where it is not known."""
    if not (is_known(low) and is_known(high)):
        return UNKNOWN
    return "exact" if low == high else f"{range_of(number(100 * low, digits), number(100 * high, digits))} %"


def ci(low: float | None, high: float | None) -> str:
    """Format an interval of a share with its name: `95 % CI 88.6–100.0 %`."""
    return f"{CI} {interval(low, high)}"


def score(value: float | None) -> str:
    """Format a mean of scores that are not 0 or 1: `0.583`."""
    return number(value, SCORE_DIGITS)


def score_interval(low: float | None, high: float | None) -> str:
    """Format an interval of a mean score: `0.412–0.750`, or as `interval` does."""
    if not (is_known(low) and is_known(high)):
        return UNKNOWN
    return "exact" if low == high else range_of(score(low), score(high))


def points(share: float | None) -> str:
    """Format a difference of shares in percentage points: `+1.2`, `−0.4`, `0.0`; UNKNOWN where it is not known."""
    return _with_sign(100 * share, 1) if is_known(share) else UNKNOWN


def signed(share: float | None) -> str:
    """Format a difference of shares with its unit: `+1.2 points`, `−0.4 points`; UNKNOWN where it is not known."""
    return f"{points(share)} points" if is_known(share) else UNKNOWN


def signed_score(value: float | None) -> str:
    """Format a difference of mean scores: `+0.042`, `−0.310`, `0.000`; UNKNOWN where it is not known."""
    return _with_sign(value, SCORE_DIGITS) if is_known(value) else UNKNOWN


def difference_interval(low: float | None, high: float | None) -> str:
    """Format an interval of a difference of shares in points: `−6.0 to +0.6`; UNKNOWN where it is not known."""
    return f"{points(low)} to {points(high)}" if is_known(low) and is_known(high) else UNKNOWN


def difference_of_scores(low: float | None, high: float | None) -> str:
    """Format an interval of a difference of mean scores: `−0.031 to +0.012`; UNKNOWN where it is not known."""
    return f"{signed_score(low)} to {signed_score(high)}" if is_known(low) and is_known(high) else UNKNOWN


def _with_sign(value: float, digits: int) -> str:
    text = number(value, digits)
    return f"+{text}" if value > 0 and float(text.replace(",", "")) else text


def p_text(p: float | None) -> str:
    """Format a p-value: `0.45`, `0.012`, `0.0003`, or `< 0.0001`; UNKNOWN where it is not known."""
    if not is_known(p):
        return UNKNOWN
    return "< 0.0001" if p < 0.0001 else number(p, 4 if p < 0.001 else 3 if p < 0.1 else 2)


def p_said(p: float | None) -> str:
    """Format a p-value with its name: `p = 0.012`, `p < 0.0001`."""
    shown = p_text(p)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def money(value: float | None, currency: str = "") -> str:
    """Format an amount: `12.30`, `0.0312 USD`, `0.000439`: two decimals, or three digits of what is less than 1."""
    if not is_known(value):
        return UNKNOWN
    digits = 2 if value >= 1 or value <= 0 else min(2 - math.floor(math.log10(value)), 20)
    return f"{number(value, digits)} {currency}".rstrip()


def duration(seconds: float | None) -> str:
    """Format seconds: `0.25 s`, `8.2 s`, `3 min 20 s`, `2 h 05 min`.

    UNKNOWN where they are not known, and for 0 and less: nothing that is measured takes no time, so 0 in a file says
    that it was not measured. What is shorter than 0.01 s is `< 0.01 s`.
    """
    if not is_known(seconds) or seconds <= 0:
        return UNKNOWN
    if seconds < 0.01:
        return "< 0.01 s"
    if seconds < 0.995:
        return f"{number(seconds, 2)} s"
    if seconds < 59.95:
        return f"{number(seconds, 1)} s"
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{number(minutes // 60)} h {minutes % 60:02d} min"


def rough_duration(seconds: float | None) -> str:
    """Format an estimate of seconds no finer than it is known: `about 35 s`, `about 3 min`, `about 1 h 10 min`.

    In steps of 5 s below a minute (`a few seconds` below 5 s), of a minute below an hour, of ten minutes from there on.
    """
    if not is_known(seconds) or seconds < 0:
        return UNKNOWN
    if seconds < 5:
        return "a few seconds"
    if seconds < 57.5:
        return f"about {5 * math.floor(seconds / 5 + 0.5)} s"
    minutes = math.floor(seconds / 60 + 0.5)
    if minutes < 60:
        return f"about {minutes} min"
    tens = math.floor(seconds / 600 + 0.5)
    hours, rest = divmod(10 * tens, 60)
    return f"about {number(hours)} h" + (f" {rest} min" if rest else "")


def setting(value: object) -> str:
    """Format the value of an option: `0.6`, `0`, `32768` (as it is typed, without commas), `yes`, `no`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < _HUGE:
        return str(int(value))
    return str(value)


def listed_settings(settings: dict[str, object]) -> str:
    """List the options that are set, those of the sampling first, in papers' order: `temperature 0.6, top_p 0.95`."""
    known = [name for name in _SETTINGS if name in settings]
    names = [*known, *(name for name in settings if name not in known)]
    return ", ".join(f"{name} {setting(settings[name])}" for name in names if settings[name] is not None)
