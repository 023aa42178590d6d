"""The statistics of forced answers: needed tokens, the paired difference, and what may be concluded from it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from qwq_nb.analysis.budget.answers import Answer
from qwq_nb.analysis.budget.forced_curve import Cells, claim_of, forced_curve, needed_tokens
from qwq_nb.core.paired import tango
from tests.analysis.budget.simulate import claims

GRID = [0, 100, 200, 400, 800, 1600]


def answer(number: int, *, tokens: float = 1600, right: bool = True, **more: Any) -> Answer:
    outcome = "correct" if right else "wrong"
    return Answer(id=f"p{number}", tokens=tokens, right=right, outcome=outcome, **more)


@pytest.mark.parametrize(
    ("cells", "right", "ended", "needed"),
    [
        ({0: False, 100: False, 200: True, 400: True}, True, True, 200),
        ({0: False, 100: True, 200: False, 400: True}, True, True, 400),
        ({0: True, 100: True, 200: True, 400: True}, True, True, 0),
        ({0: False, 100: False, 200: False, 400: False}, True, True, 500),
        ({0: False, 100: True, 200: True, 400: True}, False, True, None),
        ({0: False, 100: True, 200: True, 400: True}, False, False, 100),
        ({0: False, 100: True, 200: True, 400: False}, False, False, None),
        ({0: False, 400: True}, True, True, 400),
    ],
    ids=["from 200", "lost and found", "at once", "at its end", "given wrong", "cut, had it", "cut, lost it", "gaps"],
)
def test_the_tokens_that_an_answer_needs(
    cells: dict[int, bool], right: bool, ended: bool, needed: float | None
) -> None:
    assert needed_tokens(answer(1, tokens=500, right=right, ended=ended), cells) == needed


def test_the_difference_is_paired_with_the_run_s_own_verdicts() -> None:
    answers = [answer(i, right=i < 8) for i in range(10)]
    cells = {a.key: {b: a.right and (b >= 400 or int(a.id[1:]) < 5) for b in GRID[:-1]} for a in answers}
    cells["p9", 0][200] = True  # right by luck
    curve = forced_curve(answers, cells, GRID)
    at = {p.budget: p for p in curve.points}
    assert at[200].accuracy.value == 0.6
    assert at[200].difference == pytest.approx(-0.2)
    assert (at[200].low, at[200].high) == pytest.approx(tango(3, 1, 10))
    assert at[200].settled.value == 0.5, "what is right by luck and lost again is not settled"
    assert at[1600].difference == 0
    assert at[400].share_of_tokens == pytest.approx(0.25)


def test_an_answer_that_has_ended_counts_with_its_own_verdict() -> None:
    answers = [answer(1, tokens=150), answer(2)]
    cells: Cells = {answers[0].key: {0: False, 100: False}, answers[1].key: dict.fromkeys(GRID[:-1], False)}
    at = {p.budget: p for p in forced_curve(answers, cells, GRID).points}
    assert [at[b].accuracy.value for b in GRID] == [0, 0, 0.5, 0.5, 0.5, 1]


def test_what_is_not_proved_counts_nowhere() -> None:
    answers = [answer(1), answer(2)]
    cells: Cells = {answers[0].key: dict.fromkeys(GRID[:-1], True), answers[1].key: {0: True, 100: True}}
    at = {p.budget: p for p in forced_curve(answers, cells, GRID).points}
    assert [at[b].accuracy.n for b in GRID] == [2, 2, 1, 1, 1, 2]


def test_tax_futility_and_starvation() -> None:
    answers = [answer(1), answer(2, right=False), answer(3, right=False, ended=False, tokens=1600)]
    cells: Cells = {
        answers[0].key: {b: b >= 400 for b in GRID[:-1]},
        answers[1].key: dict.fromkeys(GRID[:-1], True),
        answers[2].key: dict.fromkeys(GRID[:-1], False),
    }
    curve = forced_curve(answers, cells, GRID)
    assert curve.tax.value == pytest.approx(1200 / 4800)
    assert curve.futility.value == pytest.approx(1600 / 4800)
    assert curve.starved == 1


def test_repeats_are_clustered_by_problem() -> None:
    single = [answer(i) for i in range(20)]
    often = [answer(i, repeat=k) for i in range(20) for k in range(5)]
    cells = {a.key: {b: b >= 400 or int(a.id[1:]) % 4 > 0 for b in GRID[:-1]} for a in often}
    one, many = (forced_curve(rows, cells, GRID).points[1] for rows in (single, often))
    assert (many.low, many.high) == pytest.approx((one.low, one.high)), "copies of an answer say nothing new"
    assert many.p == pytest.approx(one.p)


def test_the_claim_needs_the_bound_at_every_later_budget() -> None:
    answers = [answer(i) for i in range(400)]
    # Nothing is lost at 200 or from 800 on; at 400 ten points are.
    lost = {0: 400, 100: 80, 200: 0, 400: 40, 800: 0}
    cells = {a.key: {b: int(a.id[1:]) >= lost[b] for b in GRID[:-1]} for a in answers}
    curve = forced_curve(answers, cells, GRID)
    assert curve.claim is not None
    assert (curve.claim.budget, curve.claim.margin, curve.claim.is_asked_margin) == (800, 3, True)
    assert curve.claim.share_of_tokens == pytest.approx(0.5)


def test_where_the_margin_is_not_shown_the_smallest_that_is_is_named() -> None:
    answers = [answer(i) for i in range(60)]
    cells = {a.key: {b: b >= 400 for b in GRID[:-1]} for a in answers}
    points = forced_curve(answers, cells, GRID).points
    claim = claim_of(points, 3)
    assert claim is not None
    assert not claim.is_asked_margin
    assert 3 < claim.margin < 10
    assert claim.margin / 100 > -(points[3].low or 0) > claim.margin / 100 - 0.001
    assert claim.budget == 400
    few = [answer(i) for i in range(10)]
    assert forced_curve(few, {a.key: cells["p0", 0] for a in few}, GRID).claim is None, "ten answers show nothing"


def test_of_reasonings_that_are_never_cut_nothing_is_claimed() -> None:
    assert claim_of([]) is None
    assert forced_curve([], {}, GRID).claim is None


def test_claims_hold_and_intervals_cover_in_simulation() -> None:
    """A short run of `python -m tests.analysis.budget.simulate`."""
    seen = claims(random.Random(7), n=200, accuracy=0.8, margin=3, trials=120)
    assert seen.covered >= 0.93
    assert seen.wrong <= 0.05
