"""Of answers that took several turns one reasoning is measured, and the reader is told whose."""

from __future__ import annotations

import msgspec

from qwq_nb.analysis.think.api import think
from qwq_nb.analysis.think.turns import measured_turn, of_measured_turn, turn_notes
from qwq_nb.core.records import Analysis, SampleResult
from tests.support.edited_exercises import edit, exercise, passing, turn
from tests.support.made_runs import made_run, result

FIRST, LAST = "I plan it.", "The tests say otherwise. Wait, then I plan it in another way."
STEPS = [
    turn("architect", reasoning=FIRST, tokens=(100, 40, 20)),
    turn("editor", edit=edit(), tokens=(50, 0, 300)),
    turn("architect", try_=2, reasoning=LAST, tokens=(200, 90, 25)),
    turn("editor", try_=2, edit=edit(), tokens=(50, 0, 300), execution=passing()),
]


def answered(number: int = 1) -> SampleResult:
    """A pair's answer, as the solver leaves it: with the reasoning of the architect's last turn."""
    made = exercise(number, STEPS)
    assert made.completion is not None
    completion = msgspec.structs.replace(made.completion, reasoning=LAST)
    return msgspec.structs.replace(made, completion=completion, analysis=Analysis(chars=len(LAST), thoughts=2))


def test_the_measured_turn_is_the_architects_last() -> None:
    step = measured_turn(answered())
    assert step is not None
    assert (step.role, step.try_number) == ("architect", 2)
    assert measured_turn(result(1)) is None, "one request is its own"


def test_tokens_are_those_of_the_measured_turn() -> None:
    whole, measured = answered().completion, of_measured_turn(answered()).completion
    assert whole is not None
    assert measured is not None
    assert (whole.reasoning_tokens, whole.answer_tokens) == (130, 645)
    assert (measured.reasoning_tokens, measured.answer_tokens) == (90, 25)
    (row,) = think(made_run([answered()])).samples().to_dict("records")
    assert row["reasoning_tokens"] == 90


def test_the_reader_is_told_whose_reasoning_it_is() -> None:
    shown = think(made_run([answered(1), answered(2)]))._repr_mimebundle_()
    for kind in ("text/html", "text/plain"):
        assert "the last of this role: architect (2 answers)" in shown[kind]
    assert turn_notes([result(1)]) == []
