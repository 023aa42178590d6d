"""The texts of the second opinion: boxes, letters, values that stand in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.bench.worker.second_opinion import second_opinion, stands_in, stated_letter
from qwq_nb.trace.boxed import boxed_or_stated, last_boxed, trimmed


@pytest.mark.parametrize(
    ("text", "box"),
    [
        (r"\boxed{3}", "3"),
        (r"\boxed{2}. Wait. \boxed{3}.", "3"),
        (r"\boxed {42}", "42"),
        (r"\fbox{42}", "42"),
        (r"\boxed 5", "5"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\boxed{7}}", r"\boxed{7}"),
        (r"\boxed{3} and \boxed{4", "3"),
        (r"\boxed", None),
        ("no box", None),
    ],
)
def test_last_boxed(text: str, box: str | None) -> None:
    assert last_boxed(text) == box


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("42.", "42"),
        ("42,", "42"),
        (r"\text{42}", "42"),
        (r"\mathbf{42}", "42"),
        (r"42^\circ", "42"),
        (r"42^{\circ}", "42"),
        ("$42$", "42"),
        (r"\(42\)", "42"),
        (r"\text{(C)}", "(C)"),
        (r"\text{a} + \text{b}", r"\text{a} + \text{b}"),
        ("", ""),
    ],
)
def test_trimmed(raw: str, clean: str) -> None:
    assert trimmed(raw) == clean


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The answer is C because of the B field.", "C"),
        ("ANSWER: c", "C"),
        ("**ANSWER: (D)**", "D"),
        (r"so \boxed{\text{B}}", "B"),
        ("The correct answer is option A.", "A"),
        ("Option (B) is correct", "B"),
        ("ANSWER: A ... on reflection, ANSWER: B", "B"),
        ("The answer is a matter of taste", None),
        ("B comes before C", None),
        ("ANSWER: Z", None),
        ("The answer is $\\mathbf{D}$", None),
        ("", None),
    ],
)
def test_stated_letter(text: str, letter: str | None) -> None:
    assert stated_letter(text, 4) == letter


@pytest.mark.parametrize(
    ("gold", "text", "kind", "stands"),
    [
        ("204", "so it takes 204 minutes", "math", True),
        ("204", "so it takes 1204 minutes", "math", False),
        ("204", "so it takes 204.5 minutes", "math", False),
        ("1204", "so it takes 1,204 minutes", "math", True),
        ("073", "the answer is 73", "math", True),
        ("3", "there are 3 cases", "math", False),
        ("3", "hence x = 3.", "math", True),
        ("3", r"\boxed{3", "math", True),
        (r"\frac{3}{4}", r"thus \dfrac{3}{4} of it", "math", True),
        (r"(3,4]", "in (3, 4]", "math", True),
        ("x+1", "max+1", "math", False),
        ("C", "I would take (C)", "choice", True),
        ("C", "Option C it is", "choice", True),
        ("C", "Carbon", "choice", False),
        ("C", "a C atom", "choice", False),
    ],
)
def test_stands_in(gold: str, text: str, kind: str, stands: bool) -> None:
    assert stands_in(gold, text, kind) is stands  # type: ignore[arg-type]


def test_where_nothing_is_extracted_there_is_no_opinion() -> None:
    opinion = second_opinion("math", "I do not know.", "so 204 it is", ["204"], [], officially_correct=False)
    assert (opinion.second_extracted, opinion.second_correct, opinion.present) == ("", None, True)
    opinion = second_opinion("text", r"\boxed{204}", "", ["204"], [], officially_correct=False)
    assert (opinion.second_extracted, opinion.second_correct, opinion.present) == ("", None, False)


@given(st.text(alphabet=st.sampled_from(list("\\boxed{}fx $.,=()ABC123answer: \n")), max_size=200))
def test_no_text_breaks_the_readers(text: str) -> None:
    box = last_boxed(text)
    assert box is None or box in text
    assert trimmed(trimmed(text)) == trimmed(text)
    assert len(boxed_or_stated(text)) <= len(text)
    letter = stated_letter(text, 3)
    assert letter is None or letter in "ABC"
    stands_in("12", text, "math")
    stands_in("x+1", text, "math")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="{}\\"), max_size=40))
def test_what_is_boxed_comes_out(text: str) -> None:
    assert last_boxed(f"a \\boxed{{0}} b \\boxed{{{text}}} c") == text
