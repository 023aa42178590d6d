"""What is said of how sure a mark is rests on labels of real traces."""

from __future__ import annotations

import re

import pytest

from qwq_nb.core.formats import CI
from qwq_nb.core.stats import wilson
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.trace.place_errors import MEASURED, AnswerKind, answer_kind
from tests.support.made_runs import result
from tests.support.paths import SHARED_DATA

pytest.importorskip("math_verify")

from tests.trace import quality_answers

needs_transcripts = pytest.mark.skipif(
    not quality_answers.LABELLED,
    reason=f"recorded transcripts are not part of the project: no {SHARED_DATA / 'transcripts'}",
)
COUNTED = ("fifth", "locked", "last")
"""The labels whose first counts are stated, together."""


def test_the_words_are_the_share_and_wilsons_interval() -> None:
    for error in MEASURED.values():
        low, high = wilson(error.agreed, error.found)
        assert low is not None
        assert high is not None
        said = [int(number) for number in re.findall(r"\d+", error.words.replace(CI, ""))]
        assert said == [round(100 * share) for share in (error.agreed / error.found, low, high)]


def test_the_marks_say_the_same_in_the_extension() -> None:
    """One sentence for both kinds there: of ten marks, as many as are measured of each."""
    for words in (VOCABULARY.answer_place.first, VOCABULARY.answer_place.left):
        said = [int(number) for number in re.findall(r"(\d+) of 10", words)]
        assert said == [round(10 * MEASURED[kind].agreed / MEASURED[kind].found) for kind in ("math", "choice")]


def test_choices_are_told_by_the_sample() -> None:
    assert answer_kind(result(1)) == "math"
    assert answer_kind(result(1, choices=["one", "two"])) == "choice"


@needs_transcripts
@pytest.mark.parametrize("kind", MEASURED)
def test_the_present_rules_are_not_worse_than_stated(kind: AnswerKind) -> None:
    cases = [case for case in quality_answers.labelled() if case.kind == kind and case.part in COUNTED]
    missing = sorted({name for part in COUNTED for name in quality_answers.missing_files(part)})
    absent = f"recorded transcripts are not part of the project: no {', '.join(missing)}"
    if not cases:
        pytest.skip(absent)
    score, stated = quality_answers.counted(cases)["all"], MEASURED[kind]
    assert score.precision >= stated.agreed / stated.found
    assert score.recall >= stated.agreed / stated.stated
    if missing:
        pytest.skip(absent)
    assert score.there == stated.stated
    shift, error = quality_answers.shift_of(cases)
    assert abs(shift - stated.shift) <= 2 * stated.error
    assert error <= 1.5 * stated.error
