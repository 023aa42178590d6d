"""Formulas that differ by numbers are told apart without a symbolic proof; what is unclear is left to math-verify."""

from __future__ import annotations

import pytest

from qwq_nb.bench.worker import refute
from qwq_nb.bench.worker.second_opinion import equal

pytest.importorskip("math_verify")


def provably_different(candidate: str, gold: str) -> bool:
    from math_verify import parse

    read = [parse(f"${text}$", parsing_timeout=None) for text in (gold, candidate)]
    assert all(read)
    return refute.provably_different(*read)


@pytest.mark.parametrize(
    ("candidate", "gold"),
    [
        (r"\frac{\sin x}{\cos x}", r"\cot x"),
        ("x^3 + 3x^2", "x^3+3x-6"),
        ("1+i", "1+274i"),
        (r"\sqrt{2}", r"\frac{\sqrt{3}}{3}"),
        ("x+y", "x+z"),
    ],
)
def test_what_differs_at_every_point_is_refuted(candidate: str, gold: str) -> None:
    assert provably_different(candidate, gold)
    assert not equal(candidate, gold)


@pytest.mark.parametrize(
    ("candidate", "gold"),
    [
        (r"\frac{\cos x}{\sin x}", r"\cot x"),
        ("(x+1)^2", "x^2+2x+1"),
        (r"\frac{1}{\sqrt 3}", r"\frac{\sqrt{3}}{3}"),
        ("0.3333333", r"\frac{1}{3}"),
        ("x = 2", "2"),
        (r"10\%", "0.1"),
        ("(1, 2)", "(1, 3)"),
        (r"[1, 2)", "[1, 3)"),
        (r"\infty", "5"),
        ("a+b+c+d+f", "a+b+c+d"),
    ],
)
def test_what_is_the_same_or_unclear_is_not(candidate: str, gold: str) -> None:
    assert not provably_different(candidate, gold)
    assert equal(candidate, gold, refute=refute.provably_different) == equal(candidate, gold)
