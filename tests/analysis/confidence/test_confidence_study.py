"""What a run's confidence is worth: AUROC, calibration and weighted votes, against definitions written another way."""

from __future__ import annotations

from pathlib import Path
from random import Random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.analysis.confidence.numbers import auroc, brier, calibration_error, weighted_vote
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.entropy_strip import entropy_levels, strip_html, strip_text
from qwq_nb.run.open import load_run
from tests.support.math_problems import MATH
from tests.support.thought_server import thought_server

VALUES = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=30)


@given(VALUES, VALUES)
def test_auroc_is_the_share_of_pairs_in_the_right_order(right: list[float], wrong: list[float]) -> None:
    pairs = [(r > w) + (r == w) / 2 for r in right for w in wrong]
    found = auroc(right, wrong)
    assert found.value == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_its_interval_covers_and_does_not_collapse() -> None:
    perfect = auroc([1.0] * 17, [0.0] * 3)
    assert perfect.value == perfect.high == 1
    assert perfect.low is not None
    assert perfect.low < 0.85
    # Normal scores half a standard deviation apart have an AUROC of Φ(1 / 2√2) = 0.638.
    random = Random(1)
    held = 0
    for _ in range(400):
        right, wrong = [random.gauss(0.5, 1) for _ in range(40)], [random.gauss(0, 1) for _ in range(15)]
        found = auroc(right, wrong)
        held += (found.low or 0) <= NormalDist().cdf(0.5 / 2**0.5) <= (found.high or 1)
    assert held / 400 > 0.93


def test_without_right_or_wrong_answers_there_is_none() -> None:
    assert auroc([], [1.0]).value is None
    assert auroc([1.0], []).value is None


def test_calibration() -> None:
    assert calibration_error([(0.75, True), (0.75, True), (0.75, True), (0.75, False)]) == 0
    assert calibration_error([(0.95, False), (1.0, False)]) == pytest.approx(0.975)
    assert brier([(1.0, True), (0.5, False)]) == 0.125
    assert calibration_error([]) is None
    assert brier([]) is None


def test_a_vote_goes_to_the_heaviest_group() -> None:
    votes = [("a", 1.0, True), ("b", 2.5, False), ("a", 1.0, True), ("", 9.0, False)]
    assert weighted_vote(votes) == 0
    assert weighted_vote([*votes, ("a", 1.0, True)]) == 1
    assert weighted_vote([("a", 1.0, True), ("b", 1.0, False)]) == 0.5
    assert weighted_vote([("", 1.0, False)]) == 0


def test_a_run_with_log_probabilities(server: DemoEndpoint, tmp_path: Path) -> None:
    run = evaluate("math_500", demo=True, repeats=2, logprobs=5, out=tmp_path, show=False)
    made = load_run(run.path).confidence()
    assert str(made) == str(run.confidence())
    table = made.table().set_index("measure")
    assert set(table.n) == {len(run.results())}
    assert table.auroc["mean_probability"] > 0.8, "the built-in endpoint is surer of right answers"
    assert table.auroc_low["mean_probability"] > 0.5
    assert list(table.ece.notna()) == [True, False, False, False, False]
    votes = made.votes().set_index("measure")
    repeats = run.repeats()
    cons = repeats[(repeats.subset == "all") & (repeats.k == 2)].cons_at_k.iloc[0]
    assert votes.accuracy[""] == pytest.approx(cons)
    assert "AUROC" in made.html
    kept = run.results()[0].completion
    assert kept is not None
    assert kept.logprobs is not None
    assert kept.logprobs.tokens == kept.completion_tokens
    assert len(kept.logprobs.entropies) < kept.completion_tokens
    sample = run.sample(run.results()[0].sample.id)
    assert len(sample.entropy) == min(120, kept.reasoning_tokens)
    assert "Entropy along the reasoning" in str(sample._repr_mimebundle_())


def test_a_run_without_them_says_how_they_come(tmp_path: Path) -> None:
    with thought_server() as asked:
        endpoint = asked.endpoint(logprobs=5)
        run = evaluate("math_500", endpoint=endpoint, data=MATH, limit=3, out=tmp_path, show=False)
        assert {body.get("top_logprobs") for path, body in asked.asked if path.endswith("completions")} == {5}
    with pytest.raises(OptionError, match="--logprobs K"):
        run.confidence()
    assert any("the server sent none with 3 of 3 answers" in note for note in run.record().notes)
    assert run.sample(run.results()[0].sample.id).entropy == ""


def test_a_strip_that_somebody_else_wrote() -> None:
    assert entropy_levels(None) == ""
    assert strip_html("") == ""
    assert strip_html('9"><script>').count("<script") == 0
    assert strip_text("09x") == "Entropy along the reasoning:  █"
