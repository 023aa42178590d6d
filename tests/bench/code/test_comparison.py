"""Outputs are compared as evalscope's harness compares them, and returned values as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qwq_nb.bench.code.comparison import differing_line, parsed_value, same_value

PAIRS = [
    ("7\n", "7", None),
    ("  7  \n\n", "7\n", None),
    ("1 2\n3", "1 2\n3\n", None),
    ("1 2\n4", "1 2\n3\n", 1),
    ("1 2", "1 2\n3\n", 1),
    ("1\n2\n3", "1\n2", 2),
    ("7.0", "7", None),
    ("1e2", "100", None),
    ("0.1 0.2", "0.10 0.20", None),
    ("1.4142135623730951", "1.4142135623731", 0),
    ("7", "seven", 0),
    ("Yes", "yes", 0),
    ("nan", "nan", None),
    ("NaN", "nan", 0),
    ("1_0", "10", None),
    ("", "", None),
    ("", "7", 0),
    ("a  b", "a b", 0),
    ("1  2", "1 2", None),
    ("7\r\n8\r\n", "7\n8\n", None),
]


@pytest.mark.parametrize(("got", "expected", "line"), PAIRS)
def test_the_first_line_that_differs(got: str, expected: str, line: int | None) -> None:
    assert differing_line(got, expected) == line


def test_evalscope_agrees_on_each(with_evalscope: Callable[..., Any]) -> None:
    code = """
from evalscope.benchmarks.live_code_bench.testing_util import grade_stdio
result = [grade_stdio(f"print({got!r}, end='')", [""], [expected], 5)[0] == [True] for got, expected, _ in given]
"""
    assert with_evalscope(code, PAIRS) == [line is None for _, _, line in PAIRS]


@pytest.mark.parametrize(
    ("line", "expected", "same"),
    [
        ("[1, 2]", [1, 2], True),
        ("[1, [2, 3]]", [1, [2, 3]], True),
        ("1.0", 1, True),
        ("true", True, True),
        ("null", None, True),
        ('"a"', "a", True),
        ("[2, 1]", [1, 2], False),
        ('"1"', 1, False),
        ("0.30000000000000004", 0.3, False),
    ],
)
def test_values(line: str, expected: Any, same: bool) -> None:
    is_there, value = parsed_value(line)
    assert is_there
    assert same_value(value, expected) is same


def test_what_is_no_value() -> None:
    assert parsed_value("") == (False, None)
    assert parsed_value("[" * 100_000) == (False, None)
