"""Every statement of a candidate answer on the way, right or wrong, in order."""

from __future__ import annotations

from typing import Any

import pytest

from qwq_nb.trace.measure import measure

ROAD = "At 3 km an hour the walk of 9 km takes how many minutes with the stop? Find the number of minutes."


def no(candidate: str, gold: str) -> bool:
    return False


def stated(text: str, gold: str, question: str = ROAD, **more: Any) -> list[tuple[str, bool | None]]:
    """Each candidate's text, and whether it is the right one."""
    settings: dict[str, Any] = {"kind": "math", "choices": [], "correct": None, "equal": no} | more
    found = measure(text, "", question, gold, **settings).candidates
    assert found == sorted(found)
    return [(text[start:end].strip("$ "), right) for start, end, right in found]


def test_right_and_wrong_ones_come_in_order() -> None:
    text = (
        "So the number of minutes is 204. Let me check: 12 + 5 = 17. So the answer is 204.\n\n"
        "Wait, the stop counts twice. So the number of minutes is 60.\n\nThe final answer is \\boxed{60}."
    )
    assert stated(text, "204") == [("204", True), ("204", True), ("60", False), ("60", False)]


@pytest.mark.parametrize(
    "text",
    [
        "We walk 9 km at 3 km an hour. In step 2 we see x^{204}.",  # numbers on the way
        "If the number of minutes were 204, we would wait.",  # supposed
        "It is not 204.",  # denied
    ],
)
def test_what_is_no_statement_of_an_answer(text: str) -> None:
    assert stated(text, "204") == []


def test_without_a_gold_answer_it_is_not_known_which_are_right() -> None:
    assert stated("So the answer is 204. No, the answer is 60.", "") == [("204", None), ("60", None)]


def test_the_first_right_answer_is_always_among_them() -> None:
    text = "We have 180 + 24 = 204. Then go on."
    found = measure(text, "", ROAD, "204", kind="math", choices=[], correct=True, equal=no)
    assert found.first_correct is not None
    assert (*found.first_correct, True) in found.candidates


def test_choices_are_named_by_letter_or_by_text() -> None:
    text = "So the answer is B. Hmm, wait. The correct option is C. Therefore, it is the blue whale."
    choices = ["a small shrew", "the grey wolf", "the blue whale", "the red deer"]
    found = stated(text, "C", "Which is the largest animal?", kind="choice", choices=choices)
    assert [right for _, right in found] == [False, True, True]
    assert [said for said, _ in found][:2] == ["B", "C"]


def test_of_very_many_the_first_and_the_last_are_kept() -> None:
    text = "".join(f"So the answer is {number}. " for number in range(1000, 1500))
    found = stated(text, "1499")
    assert len(found) == 200
    assert (found[0], found[-1]) == (("1000", False), ("1499", True))
