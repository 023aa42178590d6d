"""Numbers, intervals, times and amounts: one value is one text, in JupyterLab, in html and in plain text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from qwq_nb.core.formats import (
    UNKNOWN,
    ci,
    count,
    difference_interval,
    difference_of_scores,
    duration,
    interval,
    is_known,
    listed_settings,
    money,
    number,
    p_said,
    p_text,
    percent,
    points,
    range_of,
    rough_duration,
    score,
    score_interval,
    setting,
    signed,
    signed_score,
    significant,
)
from tests.support.paths import ROOT

EXAMPLES = json.loads((ROOT / "labextension/src/__tests__/record/numbers.json").read_bytes())
"""What the renderer's own tests read too."""

RULES: dict[str, Callable[..., str]] = {
    "percent": percent,
    "number": number,
    "money": money,
    "duration": duration,
    "rough_duration": rough_duration,
    "interval": interval,
    "ci": ci,
    "score_interval": score_interval,
    "listed_settings": listed_settings,
}


PAIRS = [(rule, *pair) for rule, pairs in EXAMPLES.items() for pair in pairs]


@pytest.mark.parametrize(("rule", "value", "shown"), PAIRS)
def test_a_number_is_written_as_in_jupyterlab(rule: str, value: Any, shown: str) -> None:
    assert RULES[rule](*(value if isinstance(value, list) else [value])) == shown


def test_every_rule_has_examples() -> None:
    assert set(EXAMPLES) == set(RULES)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
@pytest.mark.parametrize(
    "rule", [percent, number, money, duration, rough_duration, points, signed, signed_score, p_text, score, significant]
)
def test_what_is_not_known_is_a_dash(rule: Callable[[Any], str], value: float | None) -> None:
    assert rule(value) == UNKNOWN == "–"


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0005, "+0.1"),
        (-0.0005, "−0.1"),
        (-0.0004, "0.0"),
        (0.0, "0.0"),
        (-0.0, "0.0"),
        (0.1235, "+12.4"),
        (-1, "−100.0"),
    ],
)
def test_a_difference_has_a_sign_and_halves_go_away_from_zero(share: float, shown: str) -> None:
    assert points(share) == shown
    assert signed(share) == f"{shown} points"


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(-0.06, 0.006, "−6.0 to +0.6"), (0.001, 0.03, "+0.1 to +3.0"), (-0.03, 0.0, "−3.0 to 0.0"), (None, 0.1, "–")],
)
def test_an_interval_of_differences_says_to_since_its_ends_have_signs(
    low: float | None, high: float | None, shown: str
) -> None:
    assert difference_interval(low, high) == shown


def test_a_difference_of_scores_keeps_three_decimals() -> None:
    assert difference_of_scores(-0.0314, 0.0126) == "−0.031 to +0.013"
    assert signed_score(0.0004) == "0.000"
    assert difference_of_scores(math.nan, 0.1) == UNKNOWN


def test_a_range_has_no_spaces_and_no_sign_that_could_be_its_dash() -> None:
    assert range_of("1.2", "3.4") == "1.2–3.4"
    assert range_of("−1.2", "3.4") == "−1.2 to 3.4"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.012345, "0.0123"), (12.345, "12.3"), (1234.5, "1,235"), (0.9996, "1.00"), (-0.5, "−0.500")],
)
def test_a_number_of_unknown_unit_has_three_digits(value: float, shown: str) -> None:
    assert significant(value) == shown


@pytest.mark.parametrize(("p", "shown"), [(0.45, "p = 0.45"), (0.0123, "p = 0.012"), (0.00001, "p < 0.0001")])
def test_a_p_value_is_never_said_to_equal_a_bound(p: float, shown: str) -> None:
    assert p_said(p) == shown


def test_a_noun_is_singular_behind_1_alone() -> None:
    assert [count(n, "retry", "retries") for n in (0, 1, 2_000)] == ["0 retries", "1 retry", "2,000 retries"]
    assert count(1, "token") == "1 token"


def test_a_setting_is_written_as_it_is_typed() -> None:
    assert [setting(value) for value in (0.0, 0.6, 32768, 1e300, True, "low")] == [
        *("0", "0.6", "32768", "1e+300", "yes", "low")
    ]


def test_a_missing_value_is_not_known() -> None:
    assert [is_known(value) for value in (None, math.nan, -math.inf, 0)] == [False, False, False, True]


def test_no_view_formats_a_share_by_itself() -> None:
    """`{x:.1f} %` and `{x:.1%}` round otherwise and show NaN; hover texts are formatted by plotly."""
    own = re.compile(r"(?<!%)\{[^{}]*:[,.\d]*f\} ?%|(?<!%)\{[^{}%]*:\.\d%\}")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "qwq_nb").rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if own.search(line) and "hovertemplate" not in line
    ]
    assert found == []
