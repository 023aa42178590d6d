"""Where the right answer is stated as an answer, and whether a stated value is the right one."""

from __future__ import annotations

from typing import Any

import pytest

from qwq_nb.core.records import Analysis
from qwq_nb.trace.measure import measure
from qwq_nb.trace.values import Gold

QUESTION = "A park has 40 benches. How many people can sit there if $n$ fit on a bench? Find $m+n$."


def never(candidate: str, gold: str) -> bool:
    raise AssertionError(f"{candidate!r} need not have been asked about for {gold!r}")


def no(candidate: str, gold: str) -> bool:
    return False


def first(text: str, gold: str, question: str = QUESTION, correct: bool | None = True) -> str | None:
    """What stands before the first right answer's end, its last 12 characters."""
    span = measure(text, "", question, gold, kind="math", choices=[], correct=correct, equal=no).first_correct
    return None if span is None else text[max(span[1] - 12, 0) : span[1]]


# Right answers


@pytest.mark.parametrize(
    ("text", "gold", "end"),
    [
        ("Step 371 is next. In case 371 we see x^{371}.", "371", None),
        ("We have 370 + 1 = 371. Then go on.", "371", "70 + 1 = 371"),
        ("So the answer is $\\boxed{371}$.", "371", "\\boxed{371}"),
        ("That gives m + n = 1,371 altogether.", "1371", "+ n = 1,371"),
        ("So m + n = 1,371.", "1371", "+ n = 1,371"),
        ("If x = 371, it fails. Let y = 371. Suppose that z is 371.", "371", None),
        ("It is not 371. The answer isn't 371.", "371", None),
        ("Is the answer 371? Yes.", "371", "answer 371"),
        ("We get 371 - 5 and 371 times more than that.", "371", None),
        ("This equals 371/2, 371.5 and 3710.", "371", None),
        ("$$\\frac{742}{2} = 371$$ follows.", "371", "}{2} = 371"),
        ("The sum is 073.", "73", "um is 073"),
        ("9 * 41 + 2 is 371, minus 2 is 369.", "371", None),  # the calculation goes on
        ("7 * 53 = 371, which is not divisible by 8.", "371", None),
        ("If we assume that, then n = 3, which leads to m + n = 371.", "371", None),
        ("Assuming independence, m + n = 371.", "371", "m + n = 371"),
        ("所以答案是371。", "371", "答案是371"),
        ("因此总数等于371。", "371", "等于371"),
    ],
)
def test_first_correct(text: str, gold: str, end: str | None) -> None:
    found = first(text, gold, correct=None)
    assert found is None if end is None else found is not None and found.endswith(end)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a = 2. Then b = 2. The radius is 2. We go on and on.", False),  # a small number in a calculation
        ("There are 2 cases; in step 2 we take x^2.", False),
        ("Thus m+n = 2.", True),  # what was asked for
        ("So 2 people can sit.", True),
        ("So the number of people is 2.", True),
        ("x = 2. That's the answer.", True),
        ("The answer is 2.", True),
    ],
)
def test_a_small_number_must_be_said_of_what_was_asked(text: str, found: bool) -> None:
    assert (first(text, "2", correct=None) is not None) is found


def test_a_number_of_the_question_must_be_said_of_what_was_asked() -> None:
    assert (
        first("The park has benches, the number is 40. It equals 40.", "40", "A park has 40 benches. Who?", None)
        is None
    )
    assert first("So the answer is 40.", "40", "A park has 40 benches. How many?", None) is not None


COST = "A bill of 120 dollars is shared by 10 friends. How much does it cost each?"
PENS = "Pens are 2 dollars each. How much will she spend?"
TRIPLE = "Find the ordered triple $(p,q,r)$."
HEIGHT = 'What is the height, in centimeters, of the cylinder? [asy] label("$h$",(1,1)); [/asy]'
CANDLES = "Of 40 candles some are red. How many candles both smell and are red?"
SPEED = "Who has the greatest average speed?"
ROOTS = "Find the greatest possible value of $x$."


@pytest.mark.parametrize(
    ("question", "marked", "gold"),
    [
        # What "for" introduces behind "solve" is no supposition.
        ("For what value of $c$ is the radius 1?", "Solve for $c$: $c = 34 - 1 = «33»$.", "33"),
        ("For what value of $c$ is the radius 1?", "Solving for $c$ we find $c = «3»$.", "3"),
        # A sentence that begins with a pronoun has the words of the one before.
        (COST, "The bill is divided by 10, right? Which costs each friend a tenth. So that would be $«12».", "12"),
        # Words of spending are one, and a value in dollars answers "how much".
        (PENS, "So total cost is 12 * 2 = $«24»", "24"),
        (PENS, "She pays 12 * 2 = «24» dollars.", "24"),
        ("She eats 7 of 12 apples. How many are left?", "Then «5» apples remain: 12 - 7 = 5.", "5"),
        # An opinion; a value that is called the answer behind it.
        (
            "Convert it to polar coordinates.",
            "So I think «(3, pi/2)» is the answer.",
            r"\left( 3, \frac{\pi}{2} \right)",
        ),
        ("How many paths are there?", "I believe it is «12».", "12"),
        ("How many paths are there?", "Let me see. «12» is the answer.", "12"),
        # A tuple put together of its named parts.
        (TRIPLE, "So we have «p=6, q=31, r=-1». Good.", "(6,31,-1)"),
        (TRIPLE, "Hence $«p = 6$, $q = 31$ and $r = -1»$.", "(6,31,-1)"),
        # What is counted follows the number; numbers are words, too.
        (CANDLES, "Therefore, «25» candles both smell and are red.", "25"),
        ("How many different values can be obtained?", "So, «four» different values.", "4"),
        ("How many multiples are there?", "So only **«one»** multiple.", "1"),
        # A letter that the drawing gives to what is asked, or the trace.
        (HEIGHT, "45 = 9h, so h = 45/9 = «5».", "5"),
        (
            "How many blue marbles were in the bag?",
            "Let b be the number of blue marbles in the bag. Then b = 8*2 = «16».",
            "16",
        ),
        # A result that the trace stops at.
        ("What is the remainder?", "55 - 54 = «1». Wait, is that right? Let me check again.", "1"),
        # The conclusion only repeats the result before it.
        ("Evaluate it.", "We have 4*7 = «28».\n\n---\n\n### Final Answer:\n\n$$\n\\boxed{28}\n$$", "28"),
        # A name that is chosen, not one that is a mere subject.
        (SPEED, "So, Evelyn's average speed is 3.6. So «Evelyn» has the greatest.", r"\text{Evelyn}"),
        (SPEED, "So Evelyn is 3.6, Carla 1.2. Therefore «Evelyn» is the fastest.", r"\text{Evelyn}"),
        # Not one of several, but the one that is chosen of them.
        (ROOTS, "So x = 5 or x = 2. The greatest is x = «5».", "5"),
        ("Find all $n$.", "n = «-2 or n = 1».", "1,-2"),
        ("Find all $\\lambda$.", "So it holds for all $ \\lambda \\in «(3, 4]» $, and else not.", "(3,4]"),
        # Not what is yet to be reduced or computed.
        ("What is the probability?", "So the probability is 34/100 = «17/50».", r"\frac{17}{50}"),
        ("Simplify it.", "So it is $-k + 4 - 2 + 3k$. So it is $«2k+2»$.", "2k+2"),
        ("Express your answer in simplest radical form.", "So the distance is √117. It is «3√13».", r"3\sqrt{13}"),
        ("What is it in base eight?", "So the octal number is «2516». Right.", "2516_8"),
        ("What is $\\tan A$?", "So tan A = «2». Good.", "2"),
        # What a bracket of words says of the value is no part of it.
        ("What is the value of $N$?", "Thus N = «11» (since N is positive). So the answer is 11.", "11"),
        ("Compute $\\angle ABC$ in degrees.", "We get arccos(-1/2) = «120°» (since cos 120° = -1/2).", "120"),
        # "When" before a doing is no supposition, and "we take" neither.
        ("What is the greatest remainder?", "The greatest remainder when dividing by 3 is «2». However, so.", "2"),
        ("What is $8 \\cdot 8^{1/3} - 12$?", "Then we take 8 * 2 - 12 = «4». So the answer is 4.", "4"),
        # What is counted: such things; the only possibility; what the next sentence calls it.
        ("How many integers divide both?", "10, 25 and 50 do. So there are «3» such numbers. But careful.", "3"),
        ("How many sides does it have with angles of $70^\\circ$?", "So n = «8» is the only possibility.", "8"),
        ("How old is Chris now?", "So C = 26 * (5/13) = «10». Oh, that's Chris's age. Let me check.", "10"),
        # Behind an arrow; in the base that was asked for; a displayed equation; a vector.
        ("What is it in base eight?", "Putting those together: 2 5 1 6 → «2516»? Wait, let's confirm.", "2516_8"),
        ("Find the product in base 8.", "So 42 in base 10 is 5*8 + 2 = «52» in base 8. Let me see.", "52_8"),
        ("Find the equation of the plane.", "Simplify:\n\n$$\n«5x - 7y + 4 = 0»\n$$\nNow check it.", "5x-7y+4=0"),
        (
            "Find the vector $\\mathbf{v}$.",
            "$$\n\\mathbf{v} = «\\begin{pmatrix} -\\frac{1}{3} \\\\ 2 \\end{pmatrix}»\n$$",
            "\\begin{pmatrix} -1/3 \\\\ 2 \\end{pmatrix}",
        ),
        # A formula that is asked for has a name; with all its letters set it is no trial.
        ("Find the value of $\\log_2 3 \\cdot \\log_3 8$.", "So the product equals «3». Good.", "3"),
        ("What is the value of $x + y$?", "So with x = 8, y = 9, we have x + y = «17».", "17"),
        # A mixed number in prose; "is when" is no supposition; the reason behind a result, then a stop.
        ("How far does it go?", "So the distance is «137 and 1/2» miles.", "137 \\frac{1}{2}"),
        ("Find the least positive angle.", "The least positive angle is when k = 1: -60 + 180 = «120°», right?", "120"),
        ("How many would buy it?", "22500 by 2500 is «9». Because 2500*9 is 22500. Wait, that makes sense.", "9"),
        # Of the solutions of two cases the largest is chosen later.
        ("Find the largest $x$.", "Case 1: 2x = 2, so x = 1. Case 2: x = -3. So the largest x is «1».", "1"),
        # The conclusion stands below the calculation, behind a heading.
        (
            "How many different pizzas could he order?",
            "$$\n\\frac{56}{2} = «28»\n$$\n\n---\n\n### Step 3: Conclusion\n\nHe can order **28 different pizzas**.",
            "28",
        ),
    ],
)
def test_where_a_reader_sees_the_first_right_answer(question: str, marked: str, gold: str) -> None:
    """`«` and `»` mark it, as hand labels of recorded traces do."""
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    found = measure(text, "", question, gold, kind="math", choices=[], correct=None, equal=same).first_correct
    assert found is not None
    assert start <= found[0] <= end, (text[slice(*found)], text[start:end])
    assert text[slice(*found)].strip("$ ")


def same(candidate: str, gold: str) -> bool:
    """What math-verify says of the examples above."""
    return candidate.replace(" ", "") in ("-k+4-2+3k", r"\sqrt{117}")


@pytest.mark.parametrize(
    ("question", "text", "gold"),
    [
        ("What is the least number?", "the number can't be just that because that would be 11100", "11100"),
        ("Compute the sum $S$.", "For n=1: $F_2=1$, $F_1=1$, $F_3=2$", "2"),
        ("Compute the sum $S$.", "#### Term $n=2$:\n$$\n1/3\n$$", "2"),
        ("Find the smallest $a$.", "so $a$ must be at least 4, but let's confirm later.", "4"),
        ("Find $x$.", "So if x is that angle, then x = 28", "28"),
        ("Find the roots.", "We want three real roots.", "3"),
        (SPEED, "So, Evelyn's average speed is 3.6.", r"\text{Evelyn}"),
        ("What is the difference between the roots?", "The cube root of 64 is 4.", "4"),
        ("What is it?", "1+1 = 0,1,2", "0"),
        ("Find the largest $x$.", "But wait, is x=6 a valid solution?", "6"),
        ("Find all $n$, and their sum.", "Cauchy gives n >= 96^2/144 = 9216/144 = 64, so go on.", "64"),
        ("Find the maximum value of $|a+b|$.", "Four numbers with sum zero, that's it.", "0"),
        ("Find the largest $a$.", "So when $a = 2$, does that work? Let's check: $a = 2$. Then it is 8.", "2"),
        ("Find $a + b$.", "Therefore, a must be 0 and b must be 0.", "0"),
        ("What is $f(2015,2)$?", "So i=1 values: they are 2 and 3.", "1"),
        ("What is angle $H$ in degrees?", "Let's compute the 90 + 90 = 180, so go on.", "180^\\circ"),
        ("Write $\\frac{3}{20}$ as a decimal.", "So we need to convert it: it is $\\frac{3}{20}$.", "0.15"),
    ],
)
def test_what_no_reader_takes_for_the_answer(question: str, text: str, gold: str) -> None:
    assert first(text, gold, question, None) is None


def test_the_last_weak_one_counts_where_it_did_come_out() -> None:
    text = "x = 2. We go on. Then 13 minus 11 is 2. Yes."
    span = measure(text, "", "Evaluate it.", "2", kind="math", choices=[], correct=True, equal=no).first_correct
    assert span == (37, 38)


def test_the_result_before_what_is_said_of_it_is_taken_along() -> None:
    """A stop and the line's end behind it are one border: the sentence before is the one with the calculation."""
    text = "Sum = 3 + 5/3 = 14/3.\n\nThus the answer is 14/3."
    found = measure(text, "It is 14/3", "Add.", "\\frac{14}{3}", kind="math", choices=[], correct=False, equal=no)
    assert found.first_correct == (16, 20)


def test_in_a_trace_that_gave_another_answer_a_mere_result_does_not_count_unless_it_is_surely_one() -> None:
    checked = "Inclusion and exclusion: 603 - 3 + 1 = 601. Wait, let me check th"
    assert first(checked, "601", "Find the number of triples.", False) is not None, (
        "it was cut: there is no other answer"
    )
    other = measure(checked, "It is 600.", "Find it.", "601", kind="math", choices=[], correct=False, equal=no)
    assert other.first_correct == (39, 42), "the trace stopped and checked it"
    passed = "If we count all, and not those that are no triples, there are 603 - 3 + 1 = 601, less 1."
    mere = measure(passed, "It is 600.", "Find it.", "601", kind="math", choices=[], correct=False, equal=no)
    assert mere.first_correct is None


def test_rows_of_a_vector_are_its_entries() -> None:
    gold = r"\begin{pmatrix} -1/3 \\ 2/3 \\ 5/3 \end{pmatrix}"
    assert first("So v is (-1/3, 2/3, 5/3). Let us see.", gold, "Find the vector.") is not None


def test_several_values_words_and_equations() -> None:
    assert first("So the roots are 1 and -2.", "-2,1", "Find all roots.") is not None
    assert first("Evelyn ran. So Evelyn is the fastest.", "\\text{Evelyn}", "Who is the fastest?") is not None
    assert first("The line is y = 2x + 1. Good.", "y=2x+1", "Find the line.") is not None
    assert first("The point is (3, π/2).", "\\left(3, \\frac{\\pi}{2}\\right)", "Convert it.") is not None


def analysis(reasoning: str, answer: str, correct: bool | None) -> Analysis:
    return measure(reasoning, answer, QUESTION, "371", kind="math", choices=[], correct=correct, equal=no)


def test_left_is_the_right_answer_given_up_for_another() -> None:
    text = "So m+n = 371. Wait, I forgot one. So the answer is 372."
    assert analysis(text, "The answer is 372.", False).left == (9, 12)
    assert analysis(text, "The answer is 372.", True).left is None
    assert analysis("So m+n = 371. That is it.", "The answer is 371.", False).left is None, "the grader erred"
    assert analysis("So m+n = 371. And then it was c", "", False).left is None, "cut: nothing else was given"
    assert analysis("That gives 371. So the answer is 372.", "372", False).left is None, "not said of what was asked"


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Option A says red. Option C says blue. A wave comes.", None),
        ("So the answer is (C).", "C"),
        ("Thus option C is correct. ", "C"),
        ("I'll go with C.", "C"),
        ("So C.", "C"),
        ("So the choice is 5/8, which is listed as C.", "C"),
        ("So 0.5 kJ/mol, letter C.", "C"),
        ("It never does, with or without. This is option C.", "C"),
        ("8 it is. That's C in the list.", "C"),
        ("I'll go with 12 generations, which is C in the list.", "C"),
        ("Without it one gets 0.71, which is option C, the usual mistake.", None),
        ("This is option C, and that is option D.", None),
        ("\\boxed{\\text{C}}", "C"),
        ("If the answer is C, then we would see it.", None),
        ("答案应该是C。", "C"),
        ("Therefore the phenomenon must be a gamma ray burst.", "C"),
        ("C) a gamma ray burst", None),
        ("The answer is a long one. So A and B differ.", None),
    ],
)
def test_choice(text: str, letter: str | None) -> None:
    choices = ["a red shift", "a nova", "a gamma ray burst", "dust"]
    found = measure(text, "", "What is it?", "C", kind="choice", choices=choices, correct=None, equal=never)
    assert (found.first_correct is not None) is (letter is not None)


def test_left_of_a_choice() -> None:
    text = "So the answer is C. Wait, no. So the answer is B."
    found = measure(text, "Answer: B", "What?", "C", kind="choice", choices=[], correct=False, equal=never)
    assert found.left == (17, 18)


def test_other_kinds_have_no_right_place() -> None:
    kind: Any = "other"
    found = measure("The answer is 5.", "5", "Write code.", "5", kind=kind, choices=[], correct=True, equal=never)
    assert found.first_correct is None
    assert found.thoughts == 1
    assert measure("", "5", "?", "5", kind="math", choices=[], correct=True, equal=never).thoughts == 0


# Values


@pytest.mark.parametrize(
    ("value", "gold"),
    [
        ("\\dfrac{1}{2}", "\\frac12"),
        ("1/2", "0.5"),
        ("$\\boxed{1,234}$", "1234"),
        ("11111111100", "11,\\! 111,\\! 111,\\! 100"),
        ("32348", "\\$32,\\!348"),
        ("90^\\circ", "90"),
        ("90°", "90"),
        ("50\\%", "50"),
        ("√3/3", "\\frac{\\sqrt{3}}{3}"),
        ("sqrt(3)/3", "\\frac{\\sqrt{3}}{3}"),
        ("3.0", "3"),
        ("073", "73"),
        ("x = 5", "5"),
        ("5", "x=5"),
        ("137.5", "137 \\frac{1}{2}"),
        ("E", "\\text{(E)}"),
        ("x³ + 3x - 6", "x^3+3x-6"),
        ("12\\text{ cm}", "12"),
        ("0.0000672", ".0000672"),
        ("(3, \\pi/2)", "\\left( 3, \\frac{\\pi}{2} \\right)"),
        ("(a, b) = (-2, 1)", "(-2,1)"),
        ("160 m", "160"),
        ("6 T", "6"),
        ("13 \\pmod{18}", "13"),
        ("-2 $ or $ n = 1", "1,-2"),
    ],
)
def test_cheap_comparison_says_the_same(value: str, gold: str) -> None:
    assert Gold(gold, never).same(value)


@pytest.mark.parametrize(
    ("value", "gold"),
    [
        ("5!", "5"),
        ("2+3", "5"),
        ("x^2", "5"),
        ("12", "3\\sqrt{2}"),
        ("\\frac{1}{0}", "1"),
        ("3x", "3y"),
        ("6 x", "6"),
        ("(1,2)", "(1,2,3)"),
    ],
)
def test_cheap_comparison_says_another_without_asking(value: str, gold: str) -> None:
    assert not Gold(gold, never).same(value)


EQUATION = "Find the equation of the plane through these points, in the form $Ax + By + Cz + D = 0.$"
ROOTS = "What is the difference between the positive square root of 64 and the cube root of 64?"


@pytest.mark.parametrize(
    ("text", "question", "gold", "end"),
    [
        pytest.param(
            "So the cube root of 64 is 4. \n\nNow the difference is 8 minus 4, which is 4.",
            ROOTS,
            "4",
            "4, which is 4",
            id="an operand is no answer",
        ),
        pytest.param(
            "We get 24/2 = 12. Actually careful: 10 + 2 = 12. So the remainder is 12.",
            "Find the remainder when $f(x)$ is divided by $x + 2.$",
            "12",
            "get 24/2 = 12",
            id="computed again in the next sentence",
        ),
        pytest.param(
            "Let's expand: 5x - 7y - 7 + 11z + 11 = 0 => 5x - 7y + 11z + 4 = 0. Wait, let's check it.",
            EQUATION,
            "5x - 7y + 11z + 4 = 0",
            "+ 11z + 4 = 0",
            id="behind an arrow",
        ),
        pytest.param(
            "So $ n = -2 $ or $ n = 1 $\n\nCheck it.", "Find all $n$.", "1,-2", "or $ n = 1", id="two formulas"
        ),
        pytest.param(
            "So there are two y-intercepts. Is that so?",
            "How many $y$-intercepts does the graph have?",
            "2",
            "there are two",
            id="a compound noun",
        ),
        pytest.param(
            "So it will take exactly 4 such beakers.", "How many such beakers will it take?", "4", "y 4", id="such"
        ),
        pytest.param("That’s **7** values.", "For how many positive integers is it true?", "7", "**7", id="values"),
        pytest.param(
            "5 - 125 = -120, and -120 + 125 comes to it. So the integer is 5.",
            "Express $5^5\\div5^4-5^3+5^2\\cdot5^1$ as an integer.",
            "5",
            "integer is 5",
            id="in the form that is wanted",
        ),
        pytest.param(
            "(2+1)(2+1) = 9. Let me list them to make sure.",
            "How many divisors does 196 have?",
            "9",
            ") = 9",
            id="dwelt on",
        ),
    ],
)
def test_where_a_reader_takes_it(text: str, question: str, gold: str, end: str) -> None:
    found = first(text, gold, question, correct=None)
    assert found is not None
    assert found.endswith(end[-12:])


def test_the_rest_is_asked_once_each() -> None:
    asked: list[str] = []

    def equal(value: str, other: str) -> bool:
        asked.append(value)
        return True

    gold = Gold("2\\sqrt{3}", equal)
    assert gold.same("\\sqrt{12}")
    assert gold.same("$\\sqrt{12}$")
    assert gold.same("√12")
    assert asked == ["\\sqrt{12}"]


def test_a_thin_space_behind_the_comma_of_thousands_ends_no_number() -> None:
    text = (
        "$$\n2 \\times 120 \\times 120 = 2 \\times 14,\\!400 = 28,\\!800\n$$\n\nWait! Let us check that. It is 28800."
    )
    found = first(text, "28800", "In how many ways can they sit?", True)
    assert found is not None
    assert found.endswith("28,\\!800")


def test_a_pair_may_have_a_formula_inside() -> None:
    text = "Combining these results, the polar coordinates are (3, \\( \\frac{\\pi}{2} \\))."
    question = "Convert the point to polar coordinates. Enter your answer in the form $(r,\\theta)$."
    assert first(text, "\\left( 3, \\frac{\\pi}{2} \\right)", question, True) is not None


def test_a_word_is_no_answer_in_a_clause_of_its_own_that_concludes_nothing() -> None:
    text = "We know: f is odd so f(-x) = -f(x); g is even. In the end h(-x) = h(x), so h is even."
    found = first(text, "\\text{even}", 'Is $h$ "odd" or "even"?', True)
    assert found is not None
    assert found.endswith("h is even")
