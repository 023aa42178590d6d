"""What stands around a right value tells whether it is the answer's first place; what speaks against it prevents it."""

from __future__ import annotations

import pytest

from qwq_nb.trace.answer_places import by_chance
from qwq_nb.trace.candidates import Candidates
from qwq_nb.trace.first_place import SURE, WEIGHTS, Evidence, chance_of, first_sure
from qwq_nb.trace.question import content_of
from qwq_nb.trace.statements import Teller
from qwq_nb.trace.values import Gold
from tests.trace.test_answer_places import first


def evidence_of(text: str, question: str, gold: str) -> tuple[Evidence, Gold]:
    value, request = Gold(gold, lambda a, b: False), content_of(question)
    candidates = Candidates(text, hallmark=value.hallmark, request=request)
    teller = Teller(candidates, request)
    return Evidence(candidates, request, teller, chance=by_chance(value, request)), value


def weighed(text: str, question: str, gold: str, rank: int = 0) -> dict[str, float]:
    """Return the evidence of the first place with the value, without its constant."""
    evidence, value = evidence_of(text, question, gold)
    candidates = evidence.candidates
    said = next(s for n in range(len(candidates)) if (s := candidates.statement(n)) and value.same(s.text))
    return evidence.of(said, evidence.teller.strength_of(said), rank, final_soon=False)


def test_each_kind_of_evidence_has_a_weight() -> None:
    names = set(weighed("So the sum is 66.", "What is the sum?", "66"))
    assert names == set(WEIGHTS) - {"always"}


@pytest.mark.parametrize(
    ("name", "with_it", "without"),
    [
        (
            "then checked",
            "Then it is 4 + 62 = 66.\n\nWait, is that all?",
            "Then it is 4 + 62 = 66. Next comes the rest.",
        ),
        ("then calculated with", "It is 4 + 62 = 66. Next take 66 - 5.", "It is 4 + 62 = 66. Next take 60 - 5."),
        ("one of several", "So x = 5 or x = 66.", "So x = 66."),
        ("consequence", "So the value is 66.", "By this the value is 66."),
        ("condition", "With all of them there are 4 + 62 = 66.", "All of them are 4 + 62 = 66."),
        ("denial", "It is not four more, which gives 66.", "It is four more, which gives 66."),
        ("left side", "So n = 4 + 62 = 66.", "So the value is 66."),
    ],
)
def test_what_stands_around_a_value_is_evidence(name: str, with_it: str, without: str) -> None:
    assert weighed(with_it, "How many are there?", "66")[name]
    assert not weighed(without, "How many are there?", "66")[name]


def test_the_chance_rises_with_what_speaks_for_a_place_and_falls_with_its_rank() -> None:
    checked = weighed("So n = 4 + 62 = 66.\n\nWait, is that right?", "How many are there?", "66")
    assert chance_of(checked) > chance_of({**checked, "then checked": 0.0})
    assert chance_of(checked) > chance_of({**checked, "then calculated with": 1.0})
    assert chance_of(checked) > chance_of({**checked, "rank": 2.0})
    assert chance_of(checked) >= SURE


def test_a_result_that_is_checked_at_once_is_found_though_its_value_is_small() -> None:
    text = (
        "They are at hand.\n\nThen the sum is \\(0+2+2+5+1 = 10\\).\n\nBut careful: the problem says that each is "
        "monic. They are. Thus the sum is \\(10\\)."
    )
    question = "Compute $p_1(1) + p_2(1) + \\dots + p_k(1).$"
    found = first(text, "10", question, True)
    assert found is not None
    assert found.endswith("5+1 = 10")


@pytest.mark.parametrize(
    ("text", "question", "gold"),
    [
        pytest.param(
            "So now we have two expressions. Wait.", "Compute $k$.", "2", id="a number that counts other things"
        ),
        pytest.param("So a = 7. Wait, let me check.", "Find $a+b$.", "7", id="a term of the sum that is asked for"),
        pytest.param("So x = 5 or x = 7. Wait, let me check.", "Find $x$.", "7", id="one of several"),
        pytest.param("If we take m = 7, then 2m = 14. Wait.", "Find $n$.", "7", id="supposed"),
    ],
)
def test_what_is_forbidden_is_never_surely_the_first(text: str, question: str, gold: str) -> None:
    evidence, value = evidence_of(text, question, gold)
    candidates = evidence.candidates

    def right(number: int) -> object:
        said = candidates.statement(number)
        return said if said and value.same(said.text) else None

    def strength(number: int) -> int:
        said = candidates.statement(number)
        return evidence.teller.strength_of(said) if said else 0

    assert first_sure(evidence, right, strength) is None  # type: ignore[arg-type]
