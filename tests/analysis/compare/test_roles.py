"""Runs whose answers are edits are compared exercise by exercise, and by what each role wrote."""

from __future__ import annotations

from qwq_nb.analysis.compare.api import compare
from qwq_nb.analysis.compare.inputs import role_notes
from tests.support.edited_exercises import answer, edit, exercise, malformed, turn
from tests.support.made_runs import made_run, result


def test_a_pair_is_compared_by_exercise_and_by_role() -> None:
    broken = [turn(edit=malformed()), turn(retry=1, edit=edit(files=[], diff=""))]
    alone = made_run([exercise(1, answer(editor=False)), exercise(2, broken, "wrong")], name="alone")
    pair = made_run([exercise(1, answer()), exercise(2, answer(tries=2))], name="pair")
    shown = compare(alone, pair)._repr_mimebundle_()["text/plain"]
    # A turn is of 60 tokens here: 1 and 2 of the model alone, 1 + 1 and 2 + 2 of the pair.
    assert "Tokens of an answer by role: model-alone solo 90; model-pair architect 90, editor 90." in shown
    assert "every reply of every role could be read: model-alone 1 of 2; model-pair 2 of 2." in shown
    assert "Gained: model-pair right, model-alone not (1)" in shown


def test_other_answers_have_no_roles() -> None:
    assert role_notes({"A": [result(1)], "B": [result(1, "p")]}) == []
