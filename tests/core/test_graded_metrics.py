"""Which scores are a degree: by the benchmark's name, or seen in a verdict that is neither 0 nor 1."""

from __future__ import annotations

from typing import Any

from qwq_nb.core.graded_metrics import graded_metrics, lacks_reference
from qwq_nb.core.records import Completion, Outcome, Sample, SampleResult, Verdict
from qwq_nb.core.tally import tally


def result(
    number: int, score: float, *, benchmark: str = "mine", outcome: Outcome = "wrong", gold: str = "x", **fields: Any
) -> SampleResult:
    sample = Sample(
        benchmark=benchmark,
        subset=fields.pop("subset", "a"),
        id=f"{number}",
        index=number,
        question="?",
        gold=gold,
        messages=[],
    )
    verdict = Verdict(score=score, correct=score >= 1, extracted="y", **fields)
    return SampleResult(sample=sample, outcome=outcome, completion=Completion(answer="y"), verdict=verdict)


def test_a_score_between_0_and_1_shows_that_it_is_a_degree() -> None:
    assert graded_metrics([result(0, 0.0), result(1, 1.0, outcome="correct")]) == {}
    named = {"score": {"main_score_name": "overlap"}}
    assert graded_metrics([result(0, 0.0), result(1, 0.4, sample_score=named)]) == {"mine": "overlap"}
    assert graded_metrics([result(0, 0.4)]) == {"mine": "score"}


def test_some_benchmarks_are_known_by_name() -> None:
    """A run of which every answer scored 0 or 1 is none of right and wrong answers."""
    found = graded_metrics([result(0, 1.0, benchmark="general_qa"), result(0, 0.0, benchmark="drop")])
    assert found == {"general_qa": "Rouge-L-R", "drop": "f1"}


def test_the_name_is_evalscopes_where_its_score_has_one() -> None:
    """Options may choose another score than the benchmark's own: then that one stands in the verdicts."""
    chosen = result(0, 0.3, benchmark="general_qa", sample_score={"score": {"main_score_name": "bleu-1"}})
    assert graded_metrics([result(1, 0.0, benchmark="general_qa"), chosen]) == {"general_qa": "bleu-1"}


def test_prompts_without_a_reference_have_no_score() -> None:
    free = result(0, 0.0, benchmark="general_qa", gold="", status="no_reference", outcome="awaiting_ruling")
    assert lacks_reference(free.sample)
    assert graded_metrics([free]) == {}
    assert not lacks_reference(result(0, 0.0, benchmark="ifeval", gold="").sample)


def test_the_rows_have_the_mean_and_no_accuracy() -> None:
    results = [result(n, score, benchmark="drop") for n, score in enumerate((0.2, 0.4, 0.6))]
    results += [result(n + 3, 1.0, benchmark="drop", outcome="correct", subset="b") for n in range(2)]
    population = {"drop": {"a": 6, "b": 2}}
    first, second, whole = tally(results, population=population, metrics={"drop": "f1"})
    for row in (first, second, whole):
        assert row.accuracy is row.accuracy_finished is row.accuracy_of_asked is None
        assert row.metric == "f1"
        assert row.ci_low is not None
        assert row.ci_high is not None
        assert row.mean_score is not None
        assert row.ci_low < row.mean_score <= row.ci_high
        assert row.score == row.mean_score
    assert first.mean_score is not None
    assert round(first.mean_score, 9) == 0.4
    assert second.mean_score == 1
    assert whole.mean_score is not None
    assert round(whole.mean_score, 9) == round((6 * 0.4 + 2 * 1) / 8, 9)
    assert whole.estimated_of == 8


def test_an_answer_that_could_not_be_graded_counts_as_0() -> None:
    given_up = result(1, 0.0, benchmark="drop", outcome="not_gradable", status="crashed")
    failed = result(2, 0.0, benchmark="drop", outcome="error")
    (row, _) = tally([result(0, 0.8, benchmark="drop"), given_up, failed], metrics={"drop": "f1"})
    assert row.mean_score == 0.4


def test_what_awaits_a_ruling_is_left_out_of_the_accuracy() -> None:
    awaiting = [result(n, 0.0, status="no_reference", outcome="awaiting_ruling") for n in range(2)]
    right = result(2, 1.0, outcome="correct")
    row, whole = tally([*awaiting, right], population={"mine": {"a": 3}})
    assert (row.n, row.awaiting_ruling, row.accuracy, row.answered) == (3, 2, 1.0, 1)
    assert (whole.accuracy, whole.ci_high) == (1.0, 1.0)
    assert whole.ci_low is not None
    assert whole.ci_low < 0.6, "two of three are not known yet"
    only, _ = tally(awaiting)
    assert (only.accuracy, only.ci_low, only.awaiting_ruling) == (None, None, 2)
    assert only.mean_answer_tokens is not None, "they are answers all the same"
