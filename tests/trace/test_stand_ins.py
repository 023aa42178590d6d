"""Names by which a trace calls what is asked: a value of theirs is the answer, that of other names is not."""

from __future__ import annotations

import pytest

from tests.trace.test_answer_places import first

FIFTH_ROOTS = "Let $z^5 = 1$ and $z \\neq 1.$ Compute\n\\[z + \\frac{1}{z} + z^2 + \\frac{1}{z^2}.\\]"
TELEVISIONS = (
    "If 15 customers buy a television that costs 1500 dollars, how many customers would buy one at 2500 dollars?"
)
REMAINDER = "Find the remainder when $x^2 + 3x + 14$ is divided by $x + 2.$"
DRINKETS = "One Trinket is 4 Blinkets, and 3 Blinkets are 7 Drinkets. In Trinkets, what is the value of 56 Drinkets?"
LATER = " We look at it from another side, with care and at some length. The answer is {}."


@pytest.mark.parametrize(
    ("text", "question", "gold", "end"),
    [
        pytest.param(
            "Write:\nS = z + 1/z + z^2 + 1/z^2.\nThen S = (√5 - √5 - 2)/2 = (-2)/2 = -1.",
            FIFTH_ROOTS,
            "-1",
            "(-2)/2 = -1",
            id="a letter for the formula that is asked for",
        ),
        pytest.param(
            "Let:\n- $ P $ = popularity (number of customers who buy it)\n\nTheir product is constant.\n\n"
            "$$\nP = \\frac{22500}{2500} = 9\n$$\n\n",
            TELEVISIONS,
            "9",
            "{2500} = 9",
            id="a letter in a list of definitions",
        ),
        pytest.param(
            "The theorem helps. We need f(-2). So f(-2) = -1 + 12 + 1 = 12.",
            REMAINDER,
            "12",
            "12 + 1 = 12",
            id="what the trace says it needs",
        ),
        pytest.param(
            "So let's denote the degree of f(x) as d. Then 1 + d = 4, and d = 3.",
            "Suppose that $f$ is a polynomial with $(x-1) f(x) = x^4.$ What is the degree of $f$?",
            "3",
            "and d = 3",
            id="a letter beside the question's own",
        ),
        pytest.param(
            "We get r^3 = 3 r^2, so r = 3.",
            "What is the radius of a sphere whose volume equals its surface area?",
            "3",
            "so r = 3",
            id="a letter by custom",
        ),
        pytest.param(
            "Therefore, 56 D = 56 * (3/28) T = 2*3 T = 6 T.", DRINKETS, "6", "2*3 T = 6 T", id="a number with its unit"
        ),
        pytest.param(
            "So gcd(3339, 1491) = 21.",
            "Find the greatest common divisor of $3339$ and $1491$.",
            "21",
            "1491) = 21",
            id="an abbreviation of what is asked",
        ),
    ],
)
def test_a_value_of_what_stands_for_the_answer(text: str, question: str, gold: str, end: str) -> None:
    found = first(text + LATER.format(gold), gold, question, correct=None)
    assert found is not None
    assert found.endswith(end)


@pytest.mark.parametrize(
    ("text", "question", "gold"),
    [
        pytest.param("First we need f(5). So f(5) = 13 - 1 = 12.", REMAINDER, "12", id="needed first"),
        pytest.param(
            "Then z_1 = 1 + 2 * 137 = 275.", "Given $z_n = F(z_{n-1}),$ find $z_{2002}.$", "275", id="another index"
        ),
    ],
)
def test_a_value_of_another_name_is_none(text: str, question: str, gold: str) -> None:
    found = first(text + LATER.format(gold), gold, question, correct=None)
    assert found is not None
    assert found.endswith(f"er is {gold}")
