"""What a registered benchmark's `grade` may return, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from qwq_nb.bench.verdicts import complete_verdict, failed_verdict
from qwq_nb.core.records import Verdict


@pytest.mark.parametrize(
    ("given", "correct", "score"),
    [
        (Verdict(correct=True), True, 1.0),
        (Verdict(score=1.0), True, 1.0),
        (Verdict(score=0.4), False, 0.4),
        (Verdict(), False, 0.0),
        (Verdict(status="excluded", correct=True, score=1.0), False, 0.0),
    ],
)
def test_correct_and_score_agree(given: Verdict, correct: bool, score: float) -> None:
    made = complete_verdict(given)
    assert (made.correct, made.score) == (correct, score)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (True, TypeError, "returned bool, not a Verdict"),
        (None, TypeError, "returned NoneType"),
        (Verdict(correct=True, score=0.8), ValueError, "a correct answer scores 1"),
        (Verdict(score=2.0), ValueError, "not between 0 and 1"),
        (Verdict(score=float("nan")), ValueError, "not between 0 and 1"),
        (Verdict(extracted=7), TypeError, "wrong field"),  # type: ignore[arg-type]
        (Verdict(status="maybe"), TypeError, "wrong field"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_verdict_is_refused(given: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        complete_verdict(given)


def test_text_that_utf8_cannot_hold_is_mended() -> None:
    assert complete_verdict(Verdict(extracted="\ud800x")).extracted == "\ufffdx"
    assert failed_verdict("crashed", ValueError("\udfff" * 900)).explanation.startswith("the benchmark's grader failed")
    assert len(failed_verdict("crashed", ValueError("x" * 900)).explanation) == 500
