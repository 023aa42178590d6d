"""Numbers in words: one number is one text, in JupyterLab, in html and in plain text."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from qwq_nb.run.html import run_html
from qwq_nb.run.html_table import results_table
from qwq_nb.run.text import run_text
from qwq_nb.run.text_table import result_lines
from qwq_nb.view.wording import UNKNOWN, duration, money, number, p_text, percent, points, signed
from tests.support.made_runs import made_run, results_of
from tests.support.paths import ROOT
from tests.support.run_records import row

EXAMPLES = json.loads((ROOT / "labextension/src/__tests__/record/numbers.json").read_bytes())
"""What the renderer's own tests read too."""

RULES: dict[str, Callable[[float | None], str]] = {
    "percent": percent,
    "number": number,
    "money": money,
    "duration": duration,
}


PAIRS = [(rule, *pair) for rule, pairs in EXAMPLES.items() for pair in pairs]


@pytest.mark.parametrize(("rule", "value", "shown"), PAIRS)
def test_a_number_is_written_as_in_jupyterlab(rule: str, value: float | None, shown: str) -> None:
    assert RULES[rule](value) == shown


def test_every_rule_has_examples() -> None:
    assert set(EXAMPLES) == set(RULES)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
@pytest.mark.parametrize("rule", [percent, number, money, duration, points, signed, p_text])
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


def test_a_score_that_lies_on_a_half_is_the_same_in_html_and_text() -> None:
    """95.35 %, which Python's own formatting makes 95.3 and JavaScript's 95.4."""
    rows = [row(accuracy=0.9535, ci_low=0.9285, ci_high=0.9775)]
    for drawn in (results_table(rows), "\n".join(result_lines(rows, times=False))):
        assert "95.4 %" in drawn
        assert "92.9" in drawn
        assert "97.8 %" in drawn


def test_an_unknown_time_is_not_none_at_all() -> None:
    """A run that evalscope made without times has 0 in its files, which no answer takes."""
    made = made_run(results_of("cw"), "one")
    drawn = made.record()
    assert [view.latency_s for view in drawn.samples] == [None, None]
    assert made.samples().latency_s.isna().all()
    text = "\n".join((run_html(drawn), run_text(drawn, times=True)))
    assert "0.0 s" not in text
    assert f"{UNKNOWN}, " in text
