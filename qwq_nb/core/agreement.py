"""Measure how far two verdicts on the same answers agree: counts, and Cohen's κ with its interval. Pure.

κ = (p_o − p_e) / (1 − p_e) with p_o the share of answers on which both say the same and p_e the share expected of two
who say "correct" as often as these and know nothing of each other (Cohen, Educational and Psychological Measurement 20,
1960). Its standard error is that of Fleiss, Cohen and Everitt (Psychological Bulletin 72, 1969, eq. 13), for large
samples: with p_ij the shares of the table, p_i. and p_.j its margins,

    n (1 − p_e)² SE² = Σ_i p_ii (1 − (p_i. + p_.i)(1 − κ))² + (1 − κ)² Σ_{i≠j} p_ij (p_.i + p_j.)² − (κ − p_e (1 − κ))²

Where all verdicts agree it is 0, whatever their number. The lower end is then that of Donner and Eliasziw's
goodness-of-fit test (Statistics in Medicine 11, 1992), which needs no large sample.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

__all__ = ["Kappa", "kappa_of"]

_Z: Final = 1.959963984540054
_CHI_SQUARE: Final = _Z * _Z
NAN: Final = float("nan")


class Kappa(msgspec.Struct, kw_only=True, frozen=True):
    """Hold κ and the ends of its 95 % interval; NaN where it is not defined, and then `why` says so."""

    value: float = NAN
    low: float = NAN
    high: float = NAN
    n: int = 0
    agreed: int = 0
    why: str = ""


def kappa_of(both: int, first: int, second: int, neither: int) -> Kappa:
    """Return Cohen's κ of two verdicts on n answers: `correct` by both, by the first alone, the second alone, neither.

    It is not defined (NaN) without answers, and where both give all answers one and the same verdict: then chance
    would agree as well. Where only one of them does, κ is 0 and has no interval.
    """
    n = both + first + second + neither
    agreed = both + neither
    if not n:
        return Kappa(why="no answer has both verdicts")
    if n in (both, neither):
        word = "correct" if both else "not correct"
        return Kappa(
            n=n, agreed=n, why=f"both call {'the only answer' if n == 1 else f'all {n:,} answers'} {word}: κ is 0 / 0"
        )
    p = ((both / n, first / n), (second / n, neither / n))
    rows = (p[0][0] + p[0][1], p[1][0] + p[1][1])
    columns = (p[0][0] + p[1][0], p[0][1] + p[1][1])
    chance = rows[0] * columns[0] + rows[1] * columns[1]
    kappa = (agreed / n - chance) / (1 - chance)
    if agreed == n:
        return Kappa(value=1.0, low=_least(rows[0], n), high=1.0, n=n, agreed=n)
    if 0.0 in (*rows, *columns):
        why = "one of the two gives all answers one and the same verdict: κ is 0 whatever the other says, no interval"
        return Kappa(value=0.0, n=n, agreed=agreed, why=why)
    own = sum(p[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in (0, 1))
    crossed = sum(p[i][j] * (columns[i] + rows[j]) ** 2 for i, j in ((0, 1), (1, 0)))
    variance = own + (1 - kappa) ** 2 * crossed - (kappa - chance * (1 - kappa)) ** 2
    half = _Z * math.sqrt(max(0.0, variance) / n) / (1 - chance)
    return Kappa(value=kappa, low=max(-1.0, kappa - half), high=min(1.0, kappa + half), n=n, agreed=agreed)


def _least(share: float, n: int) -> float:
    """Return the least κ that n agreeing verdicts, `share` of them correct, do not contradict (found by halving)."""
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _misfit(middle, share, n) <= _CHI_SQUARE else (middle, high)
    return high


def _misfit(kappa: float, share: float, n: int) -> float:
    """Return the χ² of n agreeing verdicts against the common-correlation model with this κ."""
    spread = share * (1 - share)
    expected = (share * share + spread * kappa, 2 * spread * (1 - kappa), (1 - share) ** 2 + spread * kappa)
    seen = (share, 0.0, 1 - share)
    return sum(
        math.inf if e <= 0 < s else 0.0 if e <= 0 else n * (s - e) ** 2 / e for s, e in zip(seen, expected, strict=True)
    )
