"""An answer in prose against a reference: by which rule it is right, and when by none."""

from __future__ import annotations

import pytest

from qwq_nb.bench.prompts.equality import best_match, normalised, stands_within, stated_value


@pytest.mark.parametrize(
    ("answer", "reference", "rule"),
    [
        ("Paris", "Paris", "exact"),
        ("  Paris\n", "Paris", "exact"),
        ("PARIS.", "Paris", "normalised"),
        ("**Paris**", "Paris", "normalised"),
        ("The capital of France is Paris.", "paris", "normalised"),
        ("It lies between the two.\n\nAnswer: the Adriatic Sea", "Adriatic Sea", "normalised"),
        ("\uff11\uff12", "12", "normalised"),
        ("Answer: 1,683", "1683", "normalised"),
        ("So $x = 5$.", "5", "normalised"),
        ("Answer: 4/36 = 1/9", "1/9", "normalised"),
        ("Answer: $\\frac{1}{2}$", "0.5", "mathematical"),
        ("Therefore \\boxed{\\frac{2}{4}}.", "1/2", "mathematical"),
    ],
)
def test_an_answer_is_right_by_the_first_rule_that_holds(answer: str, reference: str, rule: str) -> None:
    match = best_match(answer, [reference])
    assert match is not None
    assert match.rule == rule


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("It is not Paris.", "Paris"),
        ("Paris or London, I am not sure.", "Paris"),
        ("Answer: 5. Many say that it is 4, which is wrong.", "4"),
        # What is stated as the answer counts, not a line behind it.
        ("\\boxed{5}\n\nA careless reader would say that it is 4", "4"),
        ("12", "1"),
        ("", "Paris"),
        ("the", "a"),
    ],
)
def test_a_reference_that_merely_stands_in_the_text_makes_no_answer_right(answer: str, reference: str) -> None:
    assert best_match(answer, [reference]) is None


def test_any_of_several_references_is_accepted_and_named() -> None:
    match = best_match("Answer: four", ["4", "four"])
    assert match is not None
    assert match.reference == "four"


def test_the_value_of_a_long_answer_is_taken_only_where_it_is_stated() -> None:
    assert stated_value("Long prose. " * 20) == ""
    assert stated_value("Long prose. " * 20 + "\nAnswer: 7") == "7"
    assert stated_value("seven") == "seven"
    assert stands_within("Adriatic Sea", "You will find the adriatic sea there.")
    assert not stands_within("art", "a party")
    assert normalised("The “Adriatic  Sea”.") == "adriatic sea"
