"""Means of T̂ corrected for the errors of the places, by hand and against a simulation."""

from __future__ import annotations

import random
from statistics import mean

import pytest

from qwq_nb.analysis.think.api import think
from qwq_nb.analysis.think.corrected import corrected_rows
from qwq_nb.analysis.think.efficiency import think_rows
from qwq_nb.core.records import Analysis, Completion, Outcome, Sample, SampleResult
from qwq_nb.trace import place_errors
from qwq_nb.trace.measure import VERSION
from qwq_nb.trace.place_errors import PlaceError
from tests.support.made_runs import made_run


def answer(
    number: int, share: float | None, tokens: int = 1000, outcome: Outcome = "correct", choices: int = 0
) -> SampleResult:
    """A reasoning of 1,000 characters; the right answer ends at `share` of it."""
    place = None if share is None else (round(1000 * share) - 1, round(1000 * share))
    return SampleResult(
        sample=Sample(
            benchmark="math_500",
            subset="Level 1",
            id=f"math_500/{number}",
            index=number,
            question="q",
            gold="7",
            choices=["7"] * choices,
            messages=[],
        ),
        repeat=0,
        outcome=outcome,
        completion=Completion(reasoning="x" * 1000, answer="7", reasoning_tokens=tokens),
        analysis=Analysis(version=VERSION, chars=1000, thoughts=1, first_correct=place),
    )


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers' places lie 0.05 of the trace later than those found of values, 0.02 earlier of choices."""
    monkeypatch.setitem(place_errors.MEASURED, "math", PlaceError(80, 100, 100, 0.05, 0.01))
    monkeypatch.setitem(place_errors.MEASURED, "choice", PlaceError(90, 100, 100, -0.02, 0.03))


@pytest.mark.usefixtures("measured")
def test_by_hand() -> None:
    rows = [
        answer(1, 0.5),
        answer(2, 0.2, tokens=2000),
        answer(3, 0.8, choices=4),
        answer(4, 0.6, outcome="wrong"),
        answer(5, None),
        answer(6, None, outcome="wrong"),
    ]
    level, whole = corrected_rows(rows)
    assert (level.subset, whole.subset) == ("Level 1", "all")
    first = [0.55 * 1000, 0.25 * 2000, 0.78 * 1000, 0.65 * 1000]
    assert level.first_correct_tokens.value == pytest.approx(mean(first))
    rest = [0.45 * 1000, 0.75 * 2000, 0.22 * 1000, 0.35 * 1000]
    assert level.reflection_tokens.value == pytest.approx(mean(rest))
    assert level.token_efficiency.value == pytest.approx(mean([0.55, 0.25, 0.78, 0, 0])), "5 is left out, as before"
    # The labels' variances are added: math moves 4,000 tokens of 4 answers, choices 1,000.
    plain = think_rows(rows)[0].first_correct_tokens
    assert plain.low is not None
    assert plain.high is not None
    assert level.first_correct_tokens.low is not None
    assert level.first_correct_tokens.high is not None
    half = (level.first_correct_tokens.high - level.first_correct_tokens.low) / 2
    labels = 1.96**2 * ((4000 / 4 * 0.01) ** 2 + (1000 / 4 * 0.03) ** 2)
    spread = mean_half(first)
    assert half**2 == pytest.approx(spread**2 + labels, rel=1e-3)


def mean_half(values: list[float]) -> float:
    from scipy.stats import sem, t

    return float(sem(values) * t.ppf(0.975, len(values) - 1))


@pytest.mark.usefixtures("measured")
def test_means_stay_in_their_range_and_one_problem_has_no_interval() -> None:
    row = corrected_rows([answer(1, 1.0)])[0]
    assert row.reflection_tokens.value == 0.0, "not less than nothing"
    assert row.token_efficiency.value == 1.0
    assert row.first_correct_tokens.low is None
    assert corrected_rows([answer(1, None, outcome="wrong")])[0].first_correct_tokens.value is None


def test_the_interval_covers_where_the_plain_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that find every place 0.04 too late, and labels that tell so: 300 made evaluations of 100 answers."""
    rng = random.Random(7)
    truth, covered, plain = 0.5, 0, 0
    for _ in range(300):
        differences = [-0.04 + rng.gauss(0, 0.1) for _ in range(90)]
        shift = mean(differences)
        error = (sum((d - shift) ** 2 for d in differences) / 89 / 90) ** 0.5
        monkeypatch.setitem(place_errors.MEASURED, "math", PlaceError(80, 90, 90, shift, error))
        rows = [answer(i, rng.uniform(0.3, 0.7) + 0.04) for i in range(100)]
        covered += holds(corrected_rows(rows)[0].first_correct_tokens, 1000 * truth)
        plain += holds(think_rows(rows)[0].first_correct_tokens, 1000 * truth)
    assert 0.92 <= covered / 300 <= 0.985
    assert plain / 300 < 0.15


def holds(estimate: object, value: float) -> bool:
    low, high = getattr(estimate, "low", None), getattr(estimate, "high", None)
    return low is not None and high is not None and low <= value <= high


def test_they_are_shown_with_how_sure_a_place_is() -> None:
    run = made_run([answer(number, 0.1 + number / 20) for number in range(1, 9)])
    found = think(run)
    words = place_errors.MEASURED["math"].words
    for shown in (found.html, str(found)):
        assert "tokens to first correct answer, corrected" in shown
        assert words in shown
    table = found.table()
    width = {name: table[f"{name}_high"] - table[f"{name}_low"] for name in ("reflection_tokens", "token_efficiency")}
    for name, plain in width.items():
        assert (table[f"{name}_corrected_high"] - table[f"{name}_corrected_low"] > plain).all()
    assert (table["token_efficiency_corrected"] - table["token_efficiency"]).tolist() == pytest.approx(
        [place_errors.MEASURED["math"].shift] * 2
    )
    assert f"a reader's in {words}" in found.html.replace("&#x27;", "'").replace("&#39;", "'")
