"""What is only supposed, put in, denied or rewritten is no answer; what looks like it and is none is one."""

from __future__ import annotations

import pytest

from tests.trace.test_answer_places import first

SOLVE = "Find $x$ if $x \\neq 0$."
LATER = " Now for the rest of it, which takes some time to tell. The answer is {}."
PHYSICS = "75 take both, only 30 take physics and calculus. How many students take physics?"


@pytest.mark.parametrize(
    ("text", "question", "gold"),
    [
        pytest.param("So x = 0 \\quad \\text{or} \\quad x = 5.", SOLVE, "5", id="one of several, set apart"),
        pytest.param(
            "So t + 1 = 5 \\implies t = 4, or t + 1 = 18 \\implies t = 17.",
            "Find the odd $t$.",
            "17",
            id="of two cases",
        ),
        pytest.param(
            "Let s be the area of the square. Let's use s = 10 first.",
            "By what percent does the square's area decrease?",
            "10",
            id="chosen to try it",
        ),
        pytest.param(
            "We plug it in. So the left side of the equation for all values of x is 5.",
            "Find all values of $x$ that satisfy the equation $x = \\sqrt{11-2x} + 4$.",
            "5",
            id="a side of the equation",
        ),
        pytest.param(
            "But $\\frac{11}{2} = 5.5$, and that is more than 5.",
            "Find the largest $x$.",
            "\\frac{11}{2}",
            id="rewritten",
        ),
        pytest.param("|m - n| = 3: we had n = 13 there.", "What is the least value of $|m - n|$?", "3", id="a head"),
        pytest.param(
            "The smallest of them is known: all the roots are 6th roots.",
            "What is the smallest $n$ such that all the roots are $n^{\\text{th}}$ roots of unity?",
            "6",
            id="an ordinal",
        ),
    ],
)
def test_no_statement(text: str, question: str, gold: str) -> None:
    found = first(text + LATER.format(gold), gold, question, correct=None)
    assert found is not None
    assert found.endswith(f"er is {gold}"[-12:])


def test_a_sentence_that_supposes_another_problem_does_so_to_its_end() -> None:
    text = (
        "Suppose instead that the problem says that 30 take both of them, and not only these two, then the sum of all"
        " is 180 + P + 2P - 30 - 75 - 75 + 15, which is 345 because fifteen of the 360 students take none of the three"
        " at all, so that 15 + 3P = 345 → 3P = 330 → P = 110."
    )
    assert first(text, "110", PHYSICS, correct=False) is None


@pytest.mark.parametrize(
    ("text", "question", "gold", "end"),
    [
        pytest.param(
            "Now subtract $ 3i $ from $ 6 + 12i $:\n$$\n(6 + 12i) - 3i = 6 + 9i\n$$\n\n",
            "Evaluate $(1+2i)6-3i$.",
            "6+9i",
            "6 + 9i",
            id="subtract from",
        ),
        pytest.param(
            "$$\n55 \\div 9 = 6 \\text{ with a remainder of } 1\n$$\n\n",
            "What is the remainder when 55 is divided by 9?",
            "1",
            "remainder of } 1"[-12:],
            id="with a remainder",
        ),
        pytest.param(
            "Since it is an integer, the only integer with 2 < x < 4 is x = 3.",
            "Find $x$.",
            "3",
            "is x = 3",
            id="behind bounds",
        ),
        pytest.param(
            "We find the price when C = 2500: P = 22500/2500 = 9.",
            "Find $P$ when $C$ is 2500.",
            "9",
            "/2500 = 9",
            id="given",
        ),
    ],
)
def test_no_supposition(text: str, question: str, gold: str, end: str) -> None:
    found = first(text + LATER.format(gold), gold, question, correct=None)
    assert found is not None
    assert found.endswith(end)
