"""What the second opinion flags: values that a grader takes wrongly, and right answers that it does not read."""

from __future__ import annotations

import pytest

from qwq_nb.bench.protocol import Opinion
from qwq_nb.bench.worker.second_opinion import equal, second_opinion, stands_in, stated_letter

pytest.importorskip("math_verify")


def on_math(answer: str, gold: str, *, correct: bool, extracted: str = "x") -> Opinion:
    return second_opinion("math", answer, "", [gold], [], officially_correct=correct, extracted=extracted)


def on_choice(answer: str, gold: str, *, correct: bool, extracted: str) -> Opinion:
    return second_opinion("choice", answer, "", [gold], [], officially_correct=correct, extracted=extracted)


@pytest.mark.parametrize(
    ("candidate", "gold", "same"),
    [
        (r"\frac{1}{2006!}", r"\frac{1}{2004!}", False),
        (r"\frac{1}{2^{98}}", r"\frac{1}{2^{99}}", False),
        (r"2^{-99}", r"\frac{1}{2^{99}}", True),
        ("0.0000001", "0.0000002", False),
        ("0.000001234", "1.234e-6", True),
        ("52_9", "52_8", False),
        ("10 cm", "10 m", False),
        ("11a+c", "7 = 11a+c", False),
        ("0", "a^2 + b = 0", False),
        ("2", "x=2", True),
        ("m+n=371", "371", True),
    ],
)
def test_what_math_verify_takes_for_equal_wrongly_is_not(candidate: str, gold: str, same: bool) -> None:
    assert equal(candidate, gold) is same


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        (r"\boxed{x<2 \text{ or } x>3}", r"(-\infty,2)\cup(3,\infty)"),
        (r"\boxed{\mathbb{R}\setminus[2,3]}", r"(-\infty,2)\cup(3,\infty)"),
        (r"\boxed{x \neq 2}", r"(-\infty,2)\cup(2,\infty)"),
        (r"\boxed{2<x\le 3}", "(2,3]"),
        (r"\boxed{125.6637}", r"40\pi"),
        (r"\boxed{10}", "10 weeks"),
        (r"\boxed{i(2-i)}", "1+2i"),
        (r"$\boxed{１２}$", "12"),
        ("答案：4", "4"),
        ("**答案**：4", "4"),
        ("因此，答案为4。", "4"),
        ("答えは4です。", "4"),
        ("La réponse est 4.", "4"),
    ],
)
def test_a_right_answer_in_another_notation_is_found(answer: str, gold: str) -> None:
    assert on_math(answer, gold, correct=False).present


def test_the_last_box_counts_though_it_is_never_closed() -> None:
    assert on_math(r"\boxed{4}. Wrong; it is $\boxed{5", "4", correct=True).second_correct is False
    assert on_math(r"\boxed{4}. Indeed $\boxed{4", "4", correct=True).second_correct is True


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("I was not able to work this out; see Appendix B.", "B"),
        ("See Appendix B.", "B"),
        ("I think that this is hard.", "I"),
        ("Error: maximum length reached in step D", "D"),
        ("It follows from the DNA.", "A"),
    ],
)
def test_a_letter_that_is_no_answer_is_flagged(answer: str, letter: str) -> None:
    found = on_choice(answer, letter, correct=True, extracted=letter)
    assert (found.unstated, found.second_correct) == (True, False)


@pytest.mark.parametrize("text", ["**C**", "C", "the answer is therefore C.", "故选C。", "The best match is C."])
def test_a_letter_that_is_stated_is_not(text: str) -> None:
    assert stated_letter(text, 4) == "C"
    found = on_choice(text, "C", correct=True, extracted="C")
    assert (found.unstated, found.second_correct) == (False, True)


def test_a_refusal_is_no_answer_to_a_problem_of_mathematics() -> None:
    assert on_math("I cannot solve problem 4.", "4", correct=True, extracted="4").unstated
    assert not on_math("So we get 4.", "4", correct=True, extracted="4").unstated


@pytest.mark.parametrize("value", ["2/3", "0.5", "x+1", "even"])
def test_a_value_behind_a_word_is_present(value: str) -> None:
    assert stands_in(value, f"so the result is {value}.", "math")
    assert not stands_in("4", r"\boxed{4\sqrt{2}}", "math")
